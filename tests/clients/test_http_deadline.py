"""One attempt ends when its time is over, however the server spends it, over real connections."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from threading import Event

import pytest
import stamina
from loopback import Handler, serving

from cbops.clients.prometheus import PrometheusSource
from cbops.errors import MetricsUnreachableError
from cbops.model.config import MetricsConfig, RetriesConfig
from cbops.model.series import SeriesQuery

START, END = datetime(2025, 1, 29, tzinfo=UTC), datetime(2025, 1, 29, 1, tzinfo=UTC)
QUERY = SeriesQuery("a test", ("m_total",))
EMPTY = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": []}}).encode()
SECONDS = 0.5
BOUND = 1.6 * SECONDS  # less than twice the time-out


@pytest.fixture(autouse=True)
def _no_pauses():
    with stamina.set_testing(True, attempts=1, cap=True):
        yield


def source(url: str) -> PrometheusSource:
    config = MetricsConfig(url=url, timeout_seconds=SECONDS, retries=RetriesConfig(attempts=1))
    return PrometheusSource(config, {})


def silent_in_mid_answer(handler: Handler, over: Event) -> None:
    """Nearly until the end it answers, then it says nothing."""
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b"{")
    over.wait(0.8 * SECONDS)
    handler.wfile.write(b" ")
    over.wait(4 * SECONDS)


def silent_without_a_length(handler: Handler, over: Event) -> None:
    """What came so far would be a whole answer if the connection ended there."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(EMPTY)
    handler.close_connection = True
    over.wait(4 * SECONDS)


def dripping_headers(handler: Handler, over: Event) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(40):
        handler.wfile.write(f"x-{number}: y\r\n".encode())
        over.wait(0.2 * SECONDS)


def silent_error(handler: Handler, over: Event) -> None:
    handler.send_response(400)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b"\xff")
    over.wait(4 * SECONDS)


@pytest.mark.parametrize(
    "how", [silent_in_mid_answer, silent_without_a_length, dripping_headers, silent_error]
)
def test_an_attempt_takes_no_longer_than_its_time_out(how):
    over = Event()
    with serving(lambda handler: how(handler, over)) as server, source(server.url) as asked:
        begun = time.monotonic()
        with pytest.raises(MetricsUnreachableError) as raised:
            asked.fetch(QUERY, START, END)
        taken = time.monotonic() - begun
        over.set()
    assert f"did not answer within {SECONDS} s" in raised.value.message
    assert raised.value.hint == "Try again, or raise metrics.timeout_seconds."
    assert taken < BOUND


def test_a_connection_that_is_used_again_has_the_same_bound_and_the_next_call_a_new_one():
    over = Event()

    def reply(handler: Handler) -> None:
        if len(server.requests) == 2:
            silent_in_mid_answer(handler, over)
        else:
            handler.answer(200, EMPTY)

    with serving(reply) as server, source(server.url) as asked:
        assert asked.fetch(QUERY, START, END).series == ()
        begun = time.monotonic()
        with pytest.raises(MetricsUnreachableError, match="did not answer within"):
            asked.fetch(QUERY, START, END)
        assert time.monotonic() - begun < BOUND
        over.set()
        assert asked.fetch(QUERY, START, END).series == ()


def test_time_between_calls_does_not_count():
    with serving(lambda handler: handler.answer(200, EMPTY)) as server, source(server.url) as asked:
        asked.fetch(QUERY, START, END)
        Event().wait(1.2 * SECONDS)  # the time itself is what is tested
        assert asked.fetch(QUERY, START, END).series == ()
    assert len(server.requests) == 2
