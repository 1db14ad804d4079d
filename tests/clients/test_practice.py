"""The practice router's clock, as cbops lives by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from cbops.clients.practice import PracticeClock
from cbops.errors import ConfigError
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND
from cbops.simulator.server import RunningServer

KEY = "practice-key"


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with RunningServer(Router(SOUND), token=KEY) as running:
        yield running


@pytest.fixture
def clock(server: RunningServer) -> Iterator[PracticeClock]:
    made = PracticeClock(server.url + "/", KEY)
    yield made
    made.close()


def test_its_time_is_the_routers(clock: PracticeClock) -> None:
    assert clock.now() == SOUND.start


def test_waiting_lets_the_routers_time_pass(clock: PracticeClock) -> None:
    clock.wait(90)
    assert clock.now() == SOUND.start + timedelta(seconds=90)
    clock.wait(0)
    assert clock.now() == SOUND.start + timedelta(seconds=90)


def test_without_its_key_its_time_can_be_read_and_not_moved(server: RunningServer) -> None:
    clock = PracticeClock(server.url, None)
    assert clock.now() == SOUND.start
    with pytest.raises(ConfigError, match="/sim/advance answers 401"):
        clock.wait(1)
    clock.close()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(404), "/health answers 404"),
        (httpx.Response(200, json={"status": "ok"}), "its /health is another router's"),
        (httpx.Response(200, json=["ok"]), "/health answers no object"),
        (httpx.Response(200, text="OK"), "/health does not answer as its would"),
        (httpx.Response(200, json={"scenario": "sound", "now": "soon"}), "its answer has no time"),
    ],
)
def test_a_router_that_is_no_practice_router_has_no_time_for_us(answer: httpx.Response, says: str) -> None:
    clock = PracticeClock("http://router:1", None, transport=httpx.MockTransport(lambda _request: answer))
    with pytest.raises(ConfigError, match=says) as caught:
        clock.now()
    assert "unset CBOPS_CLOCK" in caught.value.hint
    clock.close()


def test_a_router_that_is_down_has_no_time() -> None:
    clock = PracticeClock("http://127.0.0.1:1", None)
    with pytest.raises(ConfigError, match=r"/health does not answer as its would \(ConnectError\)"):
        clock.now()
    clock.close()
