"""One number, and the loaded rules: what servers answer instead. The real ones: tests/integration."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Handler, Loopback, serving

from cbops.clients.loaded_rules import loaded_rules
from cbops.clients.prometheus import PrometheusSource
from cbops.clients.promql_text import promql, selector_text
from cbops.clients.rule_series import PrometheusRules
from cbops.clients.store import SampleStore
from cbops.errors import MetricsAnswerError, MetricsManyError, MetricsMissingError, MetricsNoDataError
from cbops.model.config import MetricsConfig
from cbops.model.series import Matcher, SeriesQuery

AT = datetime(2025, 1, 29, tzinfo=UTC)


def answering(data: object, index: object = (), status: int = 200) -> Callable[[Handler], None]:
    """`data` to everything but questions to the index."""

    def reply(handler: Handler) -> None:
        found = index if "/series" in handler.path else data
        handler.answer(status, json.dumps({"status": "success", "data": found}).encode())

    return reply


def asked(reply: Callable[[Handler], None], expression: str = "m") -> tuple[float, Loopback]:
    with serving(reply) as server, PrometheusSource(MetricsConfig(url=server.url), {}) as source:
        found = source.single(expression, AT)
        assert source.requests == len(server.requests)
        return found, server


def vector(*result: object) -> dict[str, object]:
    return {"resultType": "vector", "result": list(result)}


@pytest.mark.parametrize("value", ["0", "-1.5", "1e3", "+Inf", "NaN"])
def test_one_series_gives_its_number_in_one_request(value):
    found, server = asked(answering(vector({"metric": {"__name__": "m"}, "value": [AT.timestamp(), value]})))

    assert found == float(value) or math.isnan(found)
    ((method, path, _, form),) = server.requests
    assert (method, path) == ("POST", "/api/v1/query")
    assert f"time={AT.timestamp():.3f}" in form


def test_a_scalar_is_a_number_too():
    assert asked(answering({"resultType": "scalar", "result": [0, "7"]}))[0] == 7


@pytest.mark.parametrize("count", [2, 5000])
def test_several_series_are_an_error_with_their_number_and_two_examples(count):
    several = [{"metric": {"instance": f"r{n}"}, "value": [0, "1"]} for n in range(count)]
    with pytest.raises(MetricsManyError) as raised:
        asked(answering(vector(*several)))

    assert raised.value.message.startswith(f"{count} series answer where one is expected: m; among them ")
    assert raised.value.message.endswith('{"instance": "r0"} and {"instance": "r1"}')


def test_the_index_is_asked_only_where_nothing_answers_and_tells_why():
    with pytest.raises(MetricsMissingError, match=r'no such series: \{__name__="m",a="b"\} \(of'):
        asked(answering(vector()), 'sum(rate(m{a="b"}[5m]))')
    with pytest.raises(MetricsNoDataError, match="no sample of them at 2025-01-29T00:00:00"):
        asked(answering(vector(), index=[{"__name__": "m"}]), "m")
    with pytest.raises(MetricsNoDataError):  # what the parser here can't read is not called missing
        asked(answering(vector()), "some_new_syntax(((")


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"resultType": "vector"},
        {"resultType": "vector", "result": {}},
        vector("x"),
        vector({"metric": {}}),
        vector({"metric": {}, "value": [1]}),
        vector({"metric": {}, "value": [1, "many"]}),
        {"resultType": "scalar", "result": []},
    ],
    ids=str,
)
def test_what_is_no_number_makes_no_sense(data):
    with pytest.raises(MetricsAnswerError):
        asked(answering(data))


def test_an_index_that_is_none_makes_no_sense():
    with pytest.raises(MetricsAnswerError, match="no list of series"):
        asked(answering(vector(), index={}))


def rules_of(reply: Callable[[Handler], None], kind: type[PrometheusSource] = PrometheusSource):
    with serving(reply) as server, kind(MetricsConfig(url=server.url), {}) as source:
        found = source.alert_rules()
        assert [path for _, path, _, _ in server.requests] == ["/api/v1/rules?type=alert"]
        return found


RULE = {"name": "Opened", "query": "up == 0", "type": "alerting"}


def groups(*rules: object) -> dict[str, object]:
    return {"groups": [{"name": "g", "file": "f.yml", "interval": 15, "rules": list(rules)}]}


@pytest.mark.parametrize("kind", [PrometheusSource, PrometheusRules])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, "404 page not found"),
        (405, ""),
        (501, ""),
        (422, '{"status": "error", "errorType": "bad_data", "error": "rules API is not supported"}'),
        (500, '{"status": "error", "errorType": "internal", "error": "Not supported here"}'),
    ],
)
def test_a_server_that_lists_no_rules_gives_null(status, body, kind):
    assert rules_of(lambda handler: handler.answer(status, body.encode(), "text/plain"), kind) is None


def test_no_rules_are_not_the_same_as_unknown_ones():
    assert rules_of(answering({"groups": []})) == ()


def test_recording_rules_are_left_out_where_the_server_sends_them_all_the_same():
    (found,) = rules_of(answering(groups({"name": "r", "query": "1", "type": "recording"}, RULE)))
    assert (found.name, found.health, found.last_evaluation, found.keep_firing_seconds) == (
        "Opened",
        "unknown",
        None,
        0,
    )


def test_all_that_is_told_of_a_rule_is_kept():
    whole = RULE | {
        "duration": 120,
        "keepFiringFor": 60,
        "labels": {"severity": "critical"},
        "health": "err",
        "lastError": "too many series",
        "lastEvaluation": "2025-01-29T00:00:00.123456789+01:00",
    }
    (found,) = loaded_rules(groups(whole))
    assert (found.for_seconds, found.keep_firing_seconds, found.interval_seconds) == (120, 60, 15)
    assert (found.health, found.last_error) == ("err", "too many series")
    assert found.last_evaluation == datetime(2025, 1, 28, 23, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("never", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "", None, "soon"])
def test_a_rule_that_was_never_evaluated_says_so(never):
    (found,) = loaded_rules(groups(RULE | {"lastEvaluation": never}))
    assert found.last_evaluation is None


@pytest.mark.parametrize(
    "data",
    [None, [], {}, {"groups": 3}, {"groups": [{}]}, groups({}), groups("x"), groups(RULE | {"query": 3})],
)
def test_what_is_no_list_of_rules_makes_no_sense(data):
    with pytest.raises(MetricsAnswerError, match="no list of rules"):
        rules_of(answering(data))


def test_the_embedded_store_evaluates_no_rules(tmp_path):
    with SampleStore(tmp_path / "s.db") as store:
        assert store.alert_rules() is None


def test_without_names_the_conditions_choose():
    query = SeriesQuery("p", (), (Matcher("__name__", "=~", "router_.+"), Matcher("a", "=", "b")))
    assert promql(query, 5) == '{__name__=~"router_.+",a="b"}[5ms]'


@given(st.text(max_size=30))
def test_any_value_is_one_string_in_promql(value):
    text = selector_text([Matcher("a", "=", value)])
    inside = text.removeprefix('{a="').removesuffix('"}')
    assert "\n" not in text
    assert inside.replace("\\\\", "").replace('\\"', "").count('"') == 0
    assert inside.replace("\\\\", "\0").replace('\\"', '"').replace("\\n", "\n").replace(
        "\0", "\\"
    ) == value.replace("\0", "\\")
