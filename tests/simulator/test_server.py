"""The server: keys, sizes, odd bodies, starting and stopping."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from itertools import count
from pathlib import Path

import httpx
import pytest
from simulator_worlds import CANARY, KEY, world

from cbops.errors import InputError
from cbops.simulator.guard import MAX_BODY_BYTES
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND
from cbops.simulator.server import RunningServer

BASE = "/api/v1/admin/policies"
CANARY_PATH = f"{BASE}/{CANARY[0]}/{CANARY[1]}"
CALLS = [
    ("GET", BASE),
    ("GET", f"{BASE}/"),
    ("GET", CANARY_PATH),
    ("GET", f"{CANARY_PATH}/history"),
    ("PUT", CANARY_PATH),
    ("POST", f"{BASE}/validate"),
    ("POST", f"{BASE}/dry-run"),
    ("POST", f"{CANARY_PATH}/rollback"),
    ("POST", "/admin/policies/tenant_canary/canary_policy/reload"),
    ("POST", "/admin/circuit-breaker/disable"),
    ("POST", "/sim/advance"),
    ("POST", "/sim/restart"),
    ("GET", "/no/such/path"),
]


def call(server: RunningServer, method: str, path: str, **more: object) -> httpx.Response:
    more.setdefault("headers", {"x-api-key": KEY})
    return httpx.request(method, server.url + path, **more)


def refusal(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert body["error"]["message"]
    return response.status_code, body["error"]["code"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": "wrong"},
        {"x-api-key": ""},
        {"x-api-key": KEY + "x"},
        {"authorization": KEY},
        {"authorization": f"Basic {KEY}"},
        {"authorization": "Bearer wrong"},
    ],
)
def test_without_the_key_every_call_is_refused_and_nothing_changes(
    shared: RunningServer, headers: dict[str, str]
) -> None:
    before = shared.router.policies(), shared.router.now
    with httpx.Client(base_url=shared.url, headers=headers) as client:
        for method, path in CALLS:
            answer = client.request(method, path, content=b"not even JSON" if method != "GET" else None)
            assert refusal(answer) == (401, "unauthorized"), (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
    assert (shared.router.policies(), shared.router.now) == before


def test_metrics_and_health_need_no_key(server: RunningServer) -> None:
    server.router.advance_to(server.router.now_ms + 60_000)
    page = httpx.get(f"{server.url}/metrics")
    assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "router_policy_decisions_total" in page.text
    assert httpx.get(f"{server.url}/health").json() == {
        "status": "ok",
        "now": "2025-01-24T00:01:00.000Z",
        "scenario": "sound",
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PUT", CANARY_PATH, b"{", (400, "bad_request")),
        ("PUT", CANARY_PATH, b"[" * 200_000, (400, "bad_request")),
        ("PUT", CANARY_PATH, b"\xff\xfe", (400, "bad_request")),
        ("PUT", CANARY_PATH, b"", (422, "invalid_body")),
        ("PUT", CANARY_PATH, b"[]", (422, "invalid_body")),
        ("PUT", CANARY_PATH, b'{"policy_json": 1}', (422, "invalid_body")),
        ("PUT", CANARY_PATH, b'{"policy_json": {}, "version": "1"}', (422, "invalid_body")),
        ("PUT", CANARY_PATH, b'{"policy_json": {}, "validate": "no"}', (422, "invalid_body")),
        ("PUT", CANARY_PATH, b'{"policy_json": {"a": NaN}, "validate": false}', (422, "invalid_body")),
        ("PUT", CANARY_PATH, b'{"policy_json": {"a": 1e999}, "validate": false}', (422, "invalid_body")),
        ("PUT", CANARY_PATH, b'{"policy_json": {"a": "\\ud800"}, "validate": false}', (422, "invalid_body")),
        ("PUT", CANARY_PATH, b'{"policy_json": {"\\ud800": 1}, "validate": false}', (422, "invalid_body")),
        ("PUT", CANARY_PATH, b'{"policy_json": ' + b'{"a":' * 60 + b"1" + b"}" * 61, (422, "invalid_body")),
        ("PUT", CANARY_PATH, b'{"policy_json": {}, "comment": "\\udfff"}', (422, "invalid_body")),
        ("PUT", CANARY_PATH, b'{"policy_json": {}}', (422, "invalid_policy")),
        ("PUT", f"{BASE}/{'x' * 129}/p", b'{"policy_json": {}}', (422, "invalid_body")),
        ("PUT", f"{BASE}/a%00b/p", b'{"policy_json": {}}', (422, "invalid_body")),
        (
            "POST",
            f"{BASE}/dry-run",
            b'{"tenant_id": "a", "policy_id": "b", "request": {}}',
            (404, "not_found"),
        ),
        ("POST", f"{CANARY_PATH}/rollback", b'{"target_version": "x"}', (422, "invalid_body")),
        ("GET", f"{BASE}?limit=0", None, (422, "invalid_body")),
        ("GET", f"{BASE}?offset=-1", None, (422, "invalid_body")),
        ("GET", f"{CANARY_PATH}?version=7.7", None, (404, "not_found")),
        ("GET", f"{BASE}/a%2Fb/p", None, (400, "bad_request")),
        ("GET", f"{BASE}/one", None, (404, "not_found")),
        ("DELETE", CANARY_PATH, None, (405, "method_not_allowed")),
        ("POST", "/sim/advance", b"{}", (422, "invalid_body")),
        ("POST", "/sim/advance", b'{"seconds": 1, "to": "2025-01-25T00:00:00Z"}', (422, "invalid_body")),
        ("POST", "/sim/advance", b'{"seconds": -1}', (422, "invalid_body")),
        ("POST", "/sim/advance", b'{"seconds": 1e9}', (422, "invalid_body")),
        ("POST", "/sim/advance", b'{"to": "soon"}', (422, "invalid_body")),
        ("POST", "/sim/advance", b'{"to": "2025-01-23T23:59:59Z"}', (409, "clock_conflict")),
        ("POST", "/sim/advance", b'{"to": "2026-01-23T23:59:59Z"}', (409, "clock_conflict")),
        ("POST", "/sim/advance", b'{"to": "0001-01-01T00:00:00+14:00"}', (409, "clock_conflict")),
    ],
)
def test_a_bad_call_gets_a_clear_refusal_and_changes_nothing(
    shared: RunningServer, method: str, path: str, body: bytes | None, expected: tuple[int, str]
) -> None:
    before = shared.router.policies(), shared.router.now
    headers = {"x-api-key": KEY, "content-type": "application/json"}
    assert refusal(call(shared, method, path, content=body, headers=headers)) == expected
    assert (shared.router.policies(), shared.router.now) == before


def test_a_large_body_is_refused_whether_its_size_is_declared_or_not(server: RunningServer) -> None:
    large = b" " * (MAX_BODY_BYTES + 1)

    def chunks():
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    for content in (large, chunks()):
        assert refusal(call(server, "PUT", CANARY_PATH, content=content)) == (413, "too_large")
    fits = json.dumps({"policy_json": {"x": "y" * (MAX_BODY_BYTES - 200)}, "validate": False}).encode()
    json_key = {"x-api-key": KEY, "content-type": "application/json"}
    assert call(server, "PUT", CANARY_PATH, content=fits, headers=json_key).status_code == 200


def test_time_passes_only_when_told(server: RunningServer) -> None:
    assert call(server, "POST", "/sim/advance", json={"seconds": 90}).json() == {
        "now": "2025-01-24T00:01:30.000Z"
    }
    assert call(server, "POST", "/sim/advance", json={"to": "2025-01-24T02:00:00+01:00"}).json() == {
        "now": "2025-01-24T01:00:00.000Z"
    }
    assert "router_policy_decisions_total" in server.router.metrics()
    assert call(server, "POST", "/sim/restart").json() == {"now": "2025-01-24T01:00:00.000Z"}
    assert "router_policy_decisions_total" not in server.router.metrics()


def test_calls_are_answered_while_time_is_advanced(server: RunningServer) -> None:
    """The lock is held for slices, so a reader does not wait for the end of a long advance."""
    start = server.router.now_ms
    week = threading.Thread(target=server.router.advance_to, args=(start + 2 * 86_400_000,))
    week.start()
    while server.router.now_ms == start:
        pass
    answer = call(server, "GET", CANARY_PATH)
    between = server.router.now_ms
    week.join()
    assert answer.status_code == 200
    assert between < start + 2 * 86_400_000


def test_in_real_time_the_clock_follows_the_given_one_and_takes_no_orders() -> None:
    ticks = count()
    router = Router(world())
    start = router.now_ms
    # A clock that shows one second more each time it is read: time passes without waiting for it.
    with RunningServer(router, token=KEY, speed=60.0, monotonic=lambda: float(next(ticks))) as server:
        while router.now_ms < start + 120_000:
            pass
        answer = call(server, "POST", "/sim/advance", json={"seconds": 1})
    assert refusal(answer) == (409, "clock_conflict")
    stopped = router.now_ms
    assert (stopped - start) % 60_000 == 0
    assert not any(each.name == "practice-clock" for each in threading.enumerate())


def test_a_failure_of_the_clock_is_not_swallowed() -> None:
    class BrokenClockError(Exception):
        pass

    readings = iter([0.0])

    def monotonic() -> float:
        for reading in readings:
            return reading
        raise BrokenClockError

    running = RunningServer(Router(world()), token=KEY, speed=1.0, monotonic=monotonic)
    with pytest.raises(BrokenClockError), running:
        running._pacer._thread.join()


def test_a_taken_port_is_an_error_that_says_so(shared: RunningServer) -> None:
    port = int(shared.url.rsplit(":", 1)[1])
    with (
        pytest.raises(InputError, match=f"can't listen on 127.0.0.1:{port}"),
        RunningServer(shared.router, token=KEY, port=port),
    ):
        pass


def test_it_stops_and_gives_its_port_back() -> None:
    before = set(threading.enumerate())
    with RunningServer(Router(world()), token=KEY) as server:
        port = int(server.url.rsplit(":", 1)[1])
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
    assert set(threading.enumerate()) == before


SERVE = """
import sys
from pathlib import Path
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND
from cbops.simulator.server import serve
serve(Router(SOUND, state_file=Path(sys.argv[1])), "127.0.0.1", 0, token="practice-key",
      on_ready=lambda url: print(url, flush=True))
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_served_router_keeps_policies_and_clock_over_a_restart(
    tmp_path: Path, sign: signal.Signals
) -> None:
    state = tmp_path / "state.json"
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(state)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with httpx.Client(base_url=url, headers={"x-api-key": KEY}) as client:
            document = client.get(CANARY_PATH).json()["policy_json"]
            client.put(CANARY_PATH, json={"policy_json": document, "comment": "kept"}).raise_for_status()
            client.post("/sim/advance", json={"seconds": 60}).raise_for_status()
        process.send_signal(sign)
        _, said = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "Warning" not in said
    again = Router(SOUND, state_file=state)
    assert again.now.isoformat() == "2025-01-24T00:01:00+00:00"
    assert again.policy(*CANARY).live.comment == "kept"
