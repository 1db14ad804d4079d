from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest
import stamina

from cbops.clients.prometheus import PrometheusSource
from cbops.clients.promql_text import promql
from cbops.errors import (
    MetricsAnswerError,
    MetricsQueryError,
    MetricsRefusedError,
    MetricsUnreachableError,
)
from cbops.model.config import MetricsConfig
from cbops.model.series import Matcher, SeriesQuery, any_of, regex_literal


@pytest.fixture(autouse=True)
def _no_pauses():
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


START, END = datetime(2025, 1, 29, tzinfo=UTC), datetime(2025, 1, 29, 1, tzinfo=UTC)
AT = 1738108800  # START
QUERY = SeriesQuery("a test", ("m_total",), (Matcher("tenant_id", "=", "t1"),))


def answering(reply, **config) -> PrometheusSource:
    handler = reply if callable(reply) else lambda request: reply
    return PrometheusSource(
        MetricsConfig(**({"url": "http://prom.example/base/"} | config)),
        {"Authorization": "Bearer s3cret"},
        transport=httpx.MockTransport(handler),
    )


def matrix(*result: object, **more: object) -> httpx.Response:
    data = {"resultType": "matrix", "result": list(result)}
    return httpx.Response(200, json={"status": "success", "data": data, **more})


def one_series(*values: object, **labels: str) -> dict:
    return {"metric": {"__name__": "m_total", **labels}, "values": list(values)}


def fetched(reply, query: SeriesQuery = QUERY, **config):
    with answering(reply, **config) as source:
        return source.fetch(query, START, END)


def test_the_raw_samples_are_asked_at_the_windows_end_with_the_lookback():
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return matrix()

    answer = fetched(reply)

    (request,) = asked
    form = dict(httpx.QueryParams(request.content.decode()))
    assert (request.method, str(request.url)) == ("POST", "http://prom.example/base/api/v1/query")
    assert form["query"] == '{__name__="m_total",tenant_id="t1"}[25200000ms]'
    assert form["time"] == f"{AT + 3600}.000"
    assert request.headers["authorization"] == "Bearer s3cret"
    assert answer.series == ()
    assert "s3cret" not in answer.record.model_dump_json()


def test_samples_begin_with_the_last_one_at_or_before_the_start():
    answer = fetched(matrix(one_series([AT - 60, "1"], [AT, "2"], [AT + 60.123, "3.5"], tenant_id="t1")))

    (series,) = answer.series
    assert (series.name, series.labels) == ("m_total", {"tenant_id": "t1"})
    assert list(series.times) == [AT * 1000, AT * 1000 + 60_123]
    assert list(series.values) == [2.0, 3.5]
    assert (answer.record.series, answer.record.samples) == (1, 2)


def test_a_series_without_samples_or_with_native_histograms_is_left_out():
    native = {"metric": {"__name__": "h"}, "histograms": [[AT, {}]]}

    assert fetched(matrix(one_series(), native)).series == ()


def test_warnings_of_the_server_are_kept():
    answer = fetched(matrix(warnings=["one store is down"], infos=["a note"]))

    assert answer.record.warnings == ("one store is down", "a note")


def test_a_flood_of_warnings_is_kept_short_and_each_once():
    answer = fetched(matrix(warnings=["one", "one", *(f"warning {n}" for n in range(20))]))

    assert answer.record.warnings == ("one", *(f"warning {n}" for n in range(8)), "and 12 more")


@pytest.mark.parametrize(
    ("series", "why"),
    [
        (
            [{"metric": {"__name__": "m_total", "tenant_id": 5}, "values": [[AT, "1"]]}],
            "a label that is no text",
        ),
        ([{"metric": {"__name__": 7}, "values": [[AT, "1"]]}], "a label that is no text"),
        ([{"metric": {"__name__": "m", "x": None}, "values": [[AT, "1"]]}], "a label that is no text"),
        ([one_series([AT + 60, "5"], [AT, "1"])], "samples that do not ascend in time"),
        ([one_series([AT, "5"], [AT, "6"])], "samples that do not ascend in time"),
        (
            [one_series([AT, "5"], a="1", b="2"), one_series([AT, "6"], b="2", a="1")],
            "a series that is there twice",
        ),
    ],
)
def test_series_that_would_be_counted_wrong_are_refused(series, why):
    with pytest.raises(MetricsAnswerError, match=why):
        fetched(matrix(*series))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (SeriesQuery("p", ("a", "b")), '{__name__=~"a|b"}[1ms]'),
        (SeriesQuery("p", ("a.b", "c")), r'{__name__=~"a\\.b|c"}[1ms]'),
        (SeriesQuery("p", ("a",), step_seconds=300), '{__name__="a"}[1ms:300s]'),
        (
            SeriesQuery("p", ("a",), (Matcher("x", "!~", 'a"b\\c\nd'),)),
            '{__name__="a",x!~"a\\"b\\\\c\\nd"}[1ms]',
        ),
        (SeriesQuery("p", ("a",), (Matcher("x.y", "=", "1"),)), '{__name__="a","x.y"="1"}[1ms]'),
    ],
)
def test_queries_are_written_as_promql(query, text):
    assert promql(query, 1) == text


def test_alternatives_are_taken_literally():
    assert any_of("x", ["b", "a", "b"]) == Matcher("x", "=~", "a|b")
    assert any_of("x", ["a.b"]) == Matcher("x", "=", "a.b")
    assert regex_literal("a.b|c\\d") == r"a\.b\|c\\d"


def failing(error: Exception):
    def reply(request: httpx.Request) -> httpx.Response:
        raise error

    return reply


def said(status: int, kind: str, text: str = "why") -> httpx.Response:
    return httpx.Response(status, json={"status": "error", "errorType": kind, "error": text})


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failing(httpx.ConnectError("refused")), MetricsUnreachableError),
        (failing(httpx.ReadTimeout("slow")), MetricsUnreachableError),
        (failing(httpx.RemoteProtocolError("cut")), MetricsUnreachableError),
        (failing(httpx.DecodingError("gzip")), MetricsAnswerError),
        (failing(httpx.InvalidURL("url")), MetricsUnreachableError),
        (said(503, "timeout"), MetricsUnreachableError),
        (httpx.Response(503, json={}), MetricsUnreachableError),
        (httpx.Response(401, text="no"), MetricsRefusedError),
        (httpx.Response(403, json={}), MetricsRefusedError),
        (said(400, "bad_data"), MetricsQueryError),
        (said(422, "execution", "query processing would load too many samples"), MetricsQueryError),
        (said(500, "internal"), MetricsAnswerError),
        (httpx.Response(302, headers={"location": "http://elsewhere.example"}), MetricsAnswerError),
        (httpx.Response(200, text="<html>"), MetricsAnswerError),
        (httpx.Response(404, text="page not found"), MetricsAnswerError),
        (httpx.Response(200, text="[" * 100_000), MetricsAnswerError),
        (httpx.Response(200, json=[]), MetricsAnswerError),
        (httpx.Response(200, json={"status": "success"}), MetricsAnswerError),
        (
            httpx.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": []}}),
            MetricsAnswerError,
        ),
        (matrix("series"), MetricsAnswerError),
        (matrix({"metric": []}), MetricsAnswerError),
        (matrix({"metric": {}, "values": [[1]]}), MetricsAnswerError),
        (matrix({"metric": {}, "values": [["x", "1"]]}), MetricsAnswerError),
        (matrix({"metric": {}, "values": [[1, "many"]]}), MetricsAnswerError),
    ],
)
def test_whatever_goes_wrong_is_a_metrics_error_with_a_hint_and_without_secrets(reply, error):
    with pytest.raises(error) as raised:
        fetched(reply, url="http://user:pa55word@prom.example/base")

    text = raised.value.message + raised.value.hint
    assert type(raised.value) is error
    assert raised.value.hint
    assert "s3cret" not in text
    assert "pa55word" not in text


def test_what_the_server_says_of_a_bad_query_is_shown():
    with pytest.raises(MetricsQueryError, match="parse error"):
        fetched(said(400, "bad_data", "parse error at char 3"))


@pytest.mark.parametrize(
    "url", ["not a url", "http://", "ftp://prom.example", "http://[", "http://x:99999999"]
)
def test_an_address_that_is_none_is_unreachable(url):
    with pytest.raises(MetricsUnreachableError), PrometheusSource(MetricsConfig(url=url), {}) as source:
        source.fetch(QUERY, START, END)


@pytest.mark.parametrize("value", ["line\nbreak", "snow ☃"])
def test_a_header_that_cannot_be_sent_is_an_error_that_does_not_show_it(value):
    with (
        pytest.raises(MetricsUnreachableError) as raised,
        PrometheusSource(MetricsConfig(url="http://127.0.0.1:9"), {"x-key": value}) as source,
    ):
        source.fetch(QUERY, START, END)

    assert value not in raised.value.message
    assert "metrics.headers" in raised.value.hint or "metrics.url" in raised.value.hint


def test_a_day_at_fifteen_seconds_is_read_into_packed_columns():
    values = [[AT + 15 * index, str(index)] for index in range(240)]
    body = json.dumps(
        {
            "status": "success",
            "data": {"resultType": "matrix", "result": [one_series(*values, n=str(n)) for n in range(3)]},
        }
    )

    answer = fetched(httpx.Response(200, text=body))

    assert answer.record.samples == 720
    assert {getattr(series.times, "itemsize", None) for series in answer.series} == {8}
