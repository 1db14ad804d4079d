"""The dashboard, panel by panel, against a real Prometheus without any rule: data everywhere, and the right numbers."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dashboard_worlds import SAMPLE, TENANT, Asked, instant, made, served, together
from prometheus_server import prometheus

from cbops.model.dashboard import DashboardSettings

pytestmark = [pytest.mark.needs("prometheus", "promtool"), pytest.mark.long]
DAY = 86_400
TOTALS = (
    "opens_total",
    "fail_fasts_total",
    "half_opens",
    "provider_results",
    "provider_error_rate",
    "transitions",
    "saved_by_fallback",
    "denied",
    "episodes",
    "opens",
    "fail_fasts",
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Asked, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("sample")
    with tarfile.open(SAMPLE / "tsdb.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    truth = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
    with prometheus(folder / "tsdb") as url:
        settings = DashboardSettings(dialect="router", tenant=truth["canary"])
        yield Asked(url, settings, truth["canary"]), truth


@pytest.mark.parametrize(
    ("end", "seconds", "step"),
    [
        ("2025-01-30T00:00:00", DAY, 60),
        ("2025-01-29T14:20:00", 3600, 60),
        ("2025-01-28T18:00:00", 6 * 3600, 60),  # no open anywhere
        ("2025-01-30T05:20:00", 900, 60),  # a restart
        ("2025-02-01T10:27:00", 1800, 60),  # a gap of scrapes
        ("2025-02-03T00:00:00", 7 * DAY, 900),
    ],
)
def test_every_query_of_every_panel_has_data(
    sample: tuple[Asked, dict[str, Any]], end: str, seconds: int, step: int
) -> None:
    asked, _ = sample
    answers = asked.answers(instant(end), seconds, step)
    assert len(answers) == 33
    assert [name for name, answer in answers.items() if not answer.series] == []


def test_so_has_every_query_for_all_tenants_and_providers(sample: tuple[Asked, dict[str, Any]]) -> None:
    asked, _ = sample
    everyone = Asked(asked.url, asked.settings, None, ())
    answers = everyone.answers(instant("2025-01-30T00:00:00"), DAY)
    assert [name for name, answer in answers.items() if not answer.series] == []
    (who,) = {labels["who"] for labels, _ in answers["compared_error_rate_others"].series}
    assert who == "no others"
    opened = {labels["tenant_id"]: values for labels, values in answers["opens_total"].series}
    assert set(opened) == {"tenant_canary", "tenant_b", "tenant_c"}


def test_a_tenant_that_is_not_there_has_no_circuit(sample: tuple[Asked, dict[str, Any]]) -> None:
    asked, _ = sample
    nobody = Asked(asked.url, asked.settings, "x", ())
    assert not nobody.answers(instant("2025-01-30T00:00:00"), 3600, only=("state_now",))["state_now"].series


@pytest.mark.parametrize("number", range(8))
def test_a_days_numbers_are_the_truths(sample: tuple[Asked, dict[str, Any]], number: int) -> None:
    asked, truth = sample
    day = truth["days"][number]
    begin, end = instant(day["from"]), instant(day["to"])
    found = asked.answers(end, round((end - begin).total_seconds()), only=TOTALS)
    for provider, shown in day["providers"].items():
        events, moves = shown["events"], shown["transitions_to"]
        if provider == "anthropic" and not events["success"]:
            continue
        assert found["opens_total"].value(provider) == moves["open"]
        assert found["half_opens"].value(provider) == moves["half_open"]
        assert found["fail_fasts_total"].value(provider) == events["fail_fast"]
        assert found["provider_results"].value(provider) == events["success"] + events["failure"]
        assert round(found["provider_error_rate"].value(provider), 6) == shown["error_rate"]
        edges = {
            f"{labels['from']}->{labels['to']}": next(iter(values.values()))
            for labels, values in found["transitions"].series
            if labels["provider_id"] == provider and "from" in labels
        }
        assert {edge: count for edge, count in edges.items() if count} == shown["transitions_happened"]
        assert found["episodes"].value(provider) == shown["transitions_happened"].get("closed->open", 0)
        # The bars add up to the totals; the first bar belongs to the minute before the range.
        after = round(begin.timestamp())
        for bars, total in (("opens", moves["open"]), ("fail_fasts", events["fail_fast"])):
            assert sum(v for t, v in found[bars].of(provider).items() if t > after) == total
    (fallback,) = found["saved_by_fallback"].series
    assert list(fallback[1].values()) == [day["providers"]["openai"]["events"]["fail_fast"]]


def test_the_state_is_open_within_episodes_and_closed_outside(sample: tuple[Asked, dict[str, Any]]) -> None:
    asked, truth = sample
    end = instant("2025-02-01T00:00:00")
    state = asked.answers(end, 3 * DAY, 60, only=("state_over_time",))["state_over_time"].of("openai")
    spans = [
        (instant(one["opened"]).timestamp(), instant(one["closed"]).timestamp()) for one in truth["episodes"]
    ]
    for at, value in state.items():
        if any(opened <= at < closed for opened, closed in spans):
            assert value in (1, 2)
        else:
            assert value == 0


def test_a_circuit_that_opened_before_its_breaker_was_enabled_is_open_and_passing(
    sample: tuple[Asked, dict[str, Any]],
) -> None:
    """The state gauge says open here too; after the breaker is asked, it goes on saying so, and this doesn't."""
    asked, truth = sample
    enabled = instant(truth["enabled_at"])
    for at, state in ((enabled - timedelta(minutes=5), 3), (enabled + timedelta(minutes=5), 0)):
        assert asked.answers(at, 3600, only=("state_now",))["state_now"].value("openai") == state


def test_the_time_to_half_open_is_about_the_policys_timeout(sample: tuple[Asked, dict[str, Any]]) -> None:
    asked, _ = sample
    found = asked.answers(instant("2025-01-30T00:00:00"), DAY, only=("time_to_half_open", "episode_time"))
    assert found["time_to_half_open"].value("openai") == pytest.approx(31.5, abs=1.5)
    assert found["episode_time"].value("openai") == 2400


def test_an_alert_is_shown_for_the_time_that_it_fired(sample: tuple[Asked, dict[str, Any]]) -> None:
    asked, _ = sample
    found = asked.answers(instant("2025-01-29T14:30:00"), DAY, only=("alerts_now",))["alerts_now"]
    ((labels, values),) = [one for one in found.series if one[0]]
    assert (labels["alertname"], list(values.values())) == ("RouterCircuitBreakerOpened", [1])
    later = asked.answers(instant("2025-01-30T00:00:00"), DAY, only=("alerts_now", "alerts_time"))
    assert [values for _, values in later["alerts_now"].series] == [
        {round(instant("2025-01-30T00:00:00").timestamp()): 0}
    ]
    fired = [next(iter(values.values())) for labels, values in later["alerts_time"].series if labels]
    assert fired == [pytest.approx(34 * 60, abs=120)]


def test_a_gap_of_scrapes_lowers_the_coverage(sample: tuple[Asked, dict[str, Any]]) -> None:
    asked, _ = sample
    ((_, values),) = asked.answers(instant("2025-02-01T12:00:00"), 3 * 3600, only=("coverage",))[
        "coverage"
    ].series
    assert values[round(instant("2025-02-01T10:30:00").timestamp())] == pytest.approx(35 / 60, abs=0.03)
    assert values[round(instant("2025-02-01T11:45:00").timestamp())] == 1


def denials(folder: Path, provider: str, begin: datetime, end: datetime) -> int:
    """Requests that the breaker denied, as they happened."""
    with gzip.open(folder / "out" / "requests.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return sum(
        row["provider_id"] == provider
        and not row["admitted"]
        and begin.timestamp() < row["ts"] <= end.timestamp()
        for row in rows
    )


@pytest.mark.parametrize("dialect", ["router", "documented"])
@pytest.mark.parametrize(("traces", "instances"), [(False, 1), (True, 1), (True, 2)])
def test_made_worlds_count_right(dialect: str, traces: bool, instances: int, tmp_path: Path) -> None:
    """Restarts in the middle of an outage, a gap, trace ids, two routers: nothing lost but what no scrape saw."""
    names = [f"r{number}:9001" for number in range(1, instances + 1)]
    folders = {name: tmp_path / name.partition(":")[0] for name in names}
    truths = [
        made(folder, seed, dialect=dialect, trace_labels=traces)
        for seed, folder in enumerate(folders.values(), start=1)
    ]
    together(folders, tmp_path / "all.om")
    settings = DashboardSettings.model_validate({"dialect": dialect, "tenant": TENANT})
    with served(tmp_path, tmp_path / "all.om") as url:
        asked = Asked(url, settings, TENANT)
        for number, day in enumerate(truths[0]["days"]):
            begin, end = instant(day["from"]), instant(day["to"])
            found = asked.answers(end, round((end - begin).total_seconds()))
            assert [name for name, answer in found.items() if not answer.series] == []
            for provider in day["providers"]:
                days = [truth["days"][number]["providers"][provider] for truth in truths]

                def total(part: str, key: str, days: list[dict[str, Any]] = days) -> int:
                    return sum(one[part].get(key, 0) for one in days)

                results = total("events", "success") + total("events", "failure")
                assert found["provider_results"].value(provider) == results
                assert found["provider_error_rate"].value(provider) == total("events", "failure") / results
                # The truth's count of what samples show misses a counter that is born again as high as it was.
                denied = sum(denials(folder, provider, begin, end) for folder in folders.values())
                assert total("events", "fail_fast") <= found["fail_fasts_total"].value(provider) <= denied
                happened = total("transitions_happened", "closed->open") + total(
                    "transitions_happened", "half_open->open"
                )
                seen = total("transitions_to", "open")
                assert seen <= found["opens_total"].value(provider) <= happened
                assert happened - found["opens_total"].value(provider) <= 3 * instances
                most = max(one["transitions_happened"].get("closed->open", 0) for one in days)
                assert most - 1 <= found["episodes"].value(provider) <= most
            bars = sum(v for t, v in found["opens"].of("openai").items() if t > round(begin.timestamp()))
            assert bars == found["opens_total"].value("openai")
            ends = [
                (instant(one["opened"]).timestamp(), instant(one["closed"]).timestamp())
                for truth in truths
                for one in truth["episodes"]
                if one["provider"] == "openai" and one["closed"]
            ]
            shown = found["state_over_time"].of("openai")
            calm = [t for t in shown if not any(a - 60 <= t <= b + 360 for a, b in ends)]
            restarted = [instant(at).timestamp() for at in truths[0]["restarts"]]
            assert {shown[t] for t in calm if not any(at - 3600 <= t <= at + 3600 for at in restarted)} <= {
                0.0
            }
            assert len(found["coverage"].series) == instances


def test_remapped_names_and_labels_are_asked_for(tmp_path: Path) -> None:
    theirs = {
        "router_circuit_breaker_events_total": "gw_results_total",
        "tenant_id": "customer",
        "provider_id": "upstream",
        "instance": "pod",
        "event_type": "kind",
    }
    truth = made(tmp_path / "r1", 3, days=1)
    together({"r1:9001": tmp_path / "r1"}, tmp_path / "all.om")
    text = (tmp_path / "all.om").read_text(encoding="utf-8")
    for ours, named in theirs.items():
        text = text.replace(ours.removesuffix("_total"), named.removesuffix("_total"))
    (tmp_path / "theirs.om").write_text(text, encoding="utf-8")
    (name, *labels) = theirs.items()
    metrics = {"job": "router", "names": dict([name]), "labels": dict(labels)}
    settings = DashboardSettings.model_validate({"dialect": "router", "metrics": metrics})
    (day,) = truth["days"]
    begin, end = instant(day["from"]), instant(day["to"])
    with served(tmp_path, tmp_path / "theirs.om") as url:
        found = Asked(url, settings, TENANT).answers(end, round((end - begin).total_seconds()))
    assert [name for name, answer in found.items() if not answer.series] == []
    results = {
        labels["upstream"]: next(iter(values.values())) for labels, values in found["provider_results"].series
    }
    assert results == {
        provider: shown["events"]["success"] + shown["events"]["failure"]
        for provider, shown in day["providers"].items()
    }
