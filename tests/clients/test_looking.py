"""A Prometheus that is asked how it is: what it answers, what it doesn't serve, and answers that make no sense."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from loopback import Handler, serving

from cbops.clients.dates import http_date
from cbops.clients.looking import PrometheusServer
from cbops.errors import MetricsAnswerError, MetricsUnreachableError
from cbops.model.config import MetricsConfig, RetriesConfig

AT = datetime(2025, 1, 27, 9, tzinfo=UTC)


@contextmanager
def answering(data: object, status: int = 200) -> Iterator[PrometheusServer]:
    body = {"status": "success", "data": data} if status == 200 else {"status": "error", "error": "no"}

    def reply(handler: Handler) -> None:
        handler.answer(status, json.dumps(body).encode())

    with serving(reply) as server:
        config = MetricsConfig(url=server.url, retries=RetriesConfig(attempts=1))
        with PrometheusServer(config, {}) as made:
            yield made


def test_what_it_tells_of_itself() -> None:
    with answering({"version": "2.45.0"}) as server:
        assert server.version() == "2.45.0"
        assert server.requests == 1
        assert server.date is not None
        assert abs((datetime.now(UTC) - server.date).total_seconds()) < 60
    with answering({"activeAlertmanagers": [{"url": "http://a:9093/api/v2/alerts"}]}) as server:
        assert server.alertmanagers() == ("http://a:9093/api/v2/alerts",)
    with answering({"activeAlertmanagers": None}) as server:
        assert server.alertmanagers() == ()


def test_recordings_come_by_name_with_all_their_expressions() -> None:
    rules = [
        {"type": "recording", "name": "a:b:c", "query": "sum(x)"},
        {"type": "alerting", "name": "A", "query": "x > 1"},
    ]
    with answering({"groups": [{"rules": rules}, {"rules": [{**rules[0], "query": "sum(y)"}]}]}) as server:
        assert server.recordings() == {"a:b:c": ("sum(x)", "sum(y)")}


def test_values_are_labels_and_numbers() -> None:
    vector = {"resultType": "vector", "result": [{"metric": {"__name__": "x"}, "value": [1, "3"]}]}
    with answering(vector) as server:
        assert server.values("x", AT) == (({"__name__": "x"}, 3.0),)


CALLS: list[Callable[[PrometheusServer], object]] = [
    PrometheusServer.version,
    PrometheusServer.recordings,
    PrometheusServer.alertmanagers,
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("status", [404, 400])
def test_what_a_server_of_this_kind_does_not_serve_is_null(
    call: Callable[[PrometheusServer], object], status: int
) -> None:
    with answering(None, status) as server:
        assert call(server) is None


@pytest.mark.parametrize(
    ("call", "data"),
    [
        (PrometheusServer.recordings, {"groups": [{"rules": [{"type": "recording"}]}]}),
        (PrometheusServer.recordings, ["x"]),
        (PrometheusServer.alertmanagers, {"activeAlertmanagers": [{}]}),
        (lambda server: server.values("x", AT), {"result": [{"metric": {}}]}),
        (lambda server: server.values("x", AT), None),
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error(
    call: Callable[[PrometheusServer], object], data: object
) -> None:
    with answering(data) as server, pytest.raises(MetricsAnswerError):
        call(server)


def test_a_server_that_can_not_answer_is_no_server_without_the_call() -> None:
    with answering(None, 503) as server, pytest.raises(MetricsUnreachableError):
        server.version()


def test_a_version_that_is_not_told_is_null() -> None:
    with answering({}) as server:
        assert server.version() is None


def test_dates_of_answers() -> None:
    assert http_date("Mon, 27 Jan 2025 09:00:00 GMT") == AT
    assert http_date(None) is None
    assert http_date("yesterday") is None
    assert http_date("Mon, 27 Jan 99999999 09:00:00 GMT") is None
