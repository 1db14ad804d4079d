"""The practice router's answers carry its own clock."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND
from cbops.simulator.server import RunningServer

AT = datetime(2025, 1, 27, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/health", 200), ("/metrics", 200), ("/api/v1/admin/policies", 401), ("/nowhere", 401)],
)
def test_every_answer_has_one_date_by_the_router_s_clock(path: str, status: int) -> None:
    router = Router(SOUND, start=AT)
    with RunningServer(router, token="key") as server:
        answer = httpx.get(server.url + path)
        assert answer.status_code == status
        assert answer.headers.get_list("date") == ["Mon, 27 Jan 2025 09:00:00 GMT"]
        router.advance_to(router.now_ms + 61_000)
        assert httpx.get(server.url + path).headers["date"] == "Mon, 27 Jan 2025 09:01:01 GMT"
