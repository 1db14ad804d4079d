"""One contract for every metrics source: the same samples in, the same answers out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_server import blocks_from, prometheus

from cbops.clients.prometheus import PrometheusSource
from cbops.clients.store import SampleStore
from cbops.errors import MetricsError, MetricsQueryError
from cbops.flows.ports import SamplePort
from cbops.model.config import MetricsConfig
from cbops.model.series import Fetched, Matcher, SeriesQuery, any_of

DAY = datetime(2025, 1, 29, tzinfo=UTC)
ZERO = round(DAY.timestamp())

# name, labels, {seconds of the day: value}; scrapes do not fall on whole steps.
SAMPLES: list[tuple[str, dict[str, str], dict[float, float]]] = [
    ("m_total", {"tenant_id": "a", "kind": "x"}, {60 * n + 7: float(n) for n in range(200)}),
    ("m_total", {"tenant_id": "b", "kind": "x"}, {60 * n + 7.25: n / 8 for n in range(100, 200)}),
    ("m_total", {"tenant_id": "b.c"}, {3607: 5.0}),
    ("n_total", {"tenant_id": "a"}, {-20_000: 9.0, 3667: 10.0}),
    ("n_total", {"tenant_id": 'odd "one"\\'}, {-30_000: 9.0, -25_000: 9.5}),
    ("g", {}, {3607: 0.5, 3667: 1e300}),
]


def openmetrics() -> str:
    lines = []
    for name in sorted({name for name, _, _ in SAMPLES}):
        family = name.removesuffix("_total")
        lines.append(f"# TYPE {family} {'gauge' if family == name else 'counter'}")
        for series, labels, points in SAMPLES:
            if series == name:
                inner = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
                lines += [f"{name}{{{inner}}} {value!r} {ZERO + at:.3f}" for at, value in points.items()]
    return "\n".join([*lines, "# EOF", ""])


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


@pytest.fixture(
    scope="module",
    params=[
        "embedded",
        pytest.param("prometheus", marks=[pytest.mark.needs("prometheus"), pytest.mark.needs("promtool")]),
    ],
)
def source(request, tmp_path_factory) -> Iterator[SamplePort]:
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        if request.param == "embedded":
            store = stack.enter_context(SampleStore(folder / "samples.db"))
            for name, labels, points in SAMPLES:
                for at, value in points.items():
                    store.append(round((ZERO + at) * 1000), [(store.series_id(name, labels), value)])
            yield store
        else:
            (folder / "samples.om").write_text(openmetrics(), encoding="utf-8")
            blocks_from(folder / "samples.om", folder / "tsdb")
            url = stack.enter_context(prometheus(folder / "tsdb"))
            yield stack.enter_context(PrometheusSource(MetricsConfig(url=url), {}))


def ask(
    source: SamplePort,
    *matchers: Matcher,
    names: tuple[str, ...] = ("m_total",),
    start: float = 3600,
    end: float = 7200,
    step: int | None = None,
) -> Fetched:
    query = SeriesQuery("a test", names, matchers, step)
    return source.fetch(query, DAY + timedelta(seconds=start), DAY + timedelta(seconds=end))


def tenants(found: Fetched) -> list[str]:
    return [series.labels.get("tenant_id", "") for series in found.series]


def points(found: Fetched, index: int = 0) -> dict[float, float]:
    series = found.series[index]
    return {at / 1000 - ZERO: value for at, value in zip(series.times, series.values, strict=True)}


def test_raw_samples_are_exact_with_one_base_before_the_window(source):
    found = points(ask(source, Matcher("tenant_id", "=", "a")))

    assert found == {60 * n + 7: float(n) for n in range(59, 120)}


def test_times_are_kept_to_the_millisecond(source):
    found = points(ask(source, Matcher("tenant_id", "=", "b"), start=6000, end=6100))

    assert found == {6007.25: 12.5, 6067.25: 12.625}


def test_a_sample_at_the_start_is_the_base_and_one_at_the_end_is_in(source):
    assert list(points(ask(source, Matcher("tenant_id", "=", "a"), start=67, end=187))) == [67, 127, 187]


def test_the_base_is_looked_for_six_hours_back_and_no_further(source):
    found = ask(source, names=("n_total",), start=0, end=3000)

    assert tenants(found) == ["a"]
    assert points(found) == {-20_000: 9.0}


def test_a_series_that_has_only_a_base_is_in_the_answer(source):
    found = ask(
        source, Matcher("tenant_id", "=", 'odd "one"\\'), names=("n_total",), start=-10_000, end=-5_000
    )

    assert points(found) == {-25_000: 9.5}


def test_several_names_are_one_question(source):
    found = ask(source, names=("n_total", "m_total", "unknown"))

    assert [series.name for series in found.series] == ["m_total", "m_total", "m_total", "n_total"]
    assert all("__name__" not in series.labels for series in found.series)


def test_without_a_name_the_conditions_choose_and_one_may_be_on_the_name(source):
    answer = ask(source, Matcher("__name__", "=~", "[mn]_tot.*"), Matcher("tenant_id", "=", "a"), names=())

    assert [one.name for one in answer.series] == ["m_total", "n_total"]


def test_no_series_is_an_empty_answer(source):
    found = ask(source, names=("unknown",))

    assert (found.series, found.record.series, found.record.samples) == ((), 0, 0)


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        (Matcher("tenant_id", "=~", "a|b"), ["a", "b"]),
        (Matcher("tenant_id", "=~", "b"), ["b"]),
        (Matcher("tenant_id", "=~", "b.*"), ["b", "b.c"]),
        (Matcher("tenant_id", "!~", "b.*"), ["a"]),
        (Matcher("tenant_id", "!=", "a"), ["b", "b.c"]),
        (Matcher("kind", "=", ""), ["b.c"]),
        (Matcher("kind", "!=", ""), ["a", "b"]),
        (Matcher("kind", "=~", "x|"), ["a", "b", "b.c"]),
        (Matcher("kind", "!~", ""), ["a", "b"]),
        (any_of("tenant_id", ["b.c"]), ["b.c"]),
        (any_of("tenant_id", ["b.c", "a"]), ["a", "b.c"]),
    ],
)
def test_conditions_are_anchored_and_a_missing_label_is_the_empty_string(source, matcher, expected):
    assert sorted(tenants(ask(source, matcher, start=3600, end=7200))) == expected


def test_a_condition_on_a_label_that_does_not_exist_matches_nothing(source):
    assert ask(source, Matcher("nowhere", "=", "x")).series == ()


def test_a_step_answers_with_the_last_sample_at_each_of_its_multiples(source):
    found = points(ask(source, Matcher("tenant_id", "=", "a"), start=3700, end=4900, step=600))

    assert found == {3600: 59.0, 4200: 69.0, 4800: 79.0}


def test_a_step_knows_no_sample_older_than_five_minutes(source):
    found = points(ask(source, Matcher("tenant_id", "=", "b.c"), start=3000, end=7200, step=60))

    assert found == dict.fromkeys(range(3660, 3960, 60), 5.0)


def test_large_and_broken_values_come_through(source):
    found = ask(source, names=("g",))

    assert points(found) == {3607: 0.5, 3667: 1e300}
    assert found.series[0].labels == {}


def test_the_record_says_what_was_asked(source):
    record = ask(source, Matcher("tenant_id", "=~", "a|b"), step=600).record

    assert (record.purpose, record.step_seconds, record.series) == ("a test", 600, 2)
    assert (record.start, record.end) == (DAY + timedelta(hours=1), DAY + timedelta(hours=2))
    assert "a|b" in record.query
    assert record.samples == sum(
        len(series.times) for series in ask(source, Matcher("tenant_id", "=~", "a|b"), step=600).series
    )


def test_a_bad_regular_expression_is_a_bad_query(source):
    with pytest.raises(MetricsQueryError) as raised:
        ask(source, Matcher("tenant_id", "=~", "("))

    assert isinstance(raised.value, MetricsError)
    assert raised.value.hint


def test_the_source_says_what_it_is(source):
    assert source.kind in ("embedded", "prometheus")
