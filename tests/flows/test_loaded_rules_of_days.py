"""What a metrics source has loaded goes on record with the days since enabling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cbops.clients.store import SampleStore
from cbops.errors import MetricsError, MetricsRefusedError
from cbops.flows.monitor import Sources, Wanted, collect
from cbops.flows.steps.loading import load, observations
from cbops.flows.steps.recording import Who
from cbops.measure.loaded_rules import MAX_RULES
from cbops.model.base import to_ms
from cbops.model.config import CriteriaConfig, MetricsConfig
from cbops.model.observation import Observation
from cbops.model.series import Fetched, SeriesQuery
from cbops.model.telemetry import LoadedRule
from tests.conftest import Cli

NOW = datetime(2025, 1, 29, 12, tzinfo=UTC)
TENANTS = """
tenants:
  - {id: t1, critical: false, owner: {name: a, contact: a@b.example, responsive: true}, policies: [p1]}
"""
STATE = "router_circuit_breaker_state"
OURS = LoadedRule(name="RouterCircuitBreakerOpened", group="router", expression=f"{STATE} == 1")
OTHER = LoadedRule(name="HostDown", group="node", expression="up == 0")


@dataclass
class Ruled:
    """The embedded store, as a server that lists its rules, or that fails to."""

    store: SampleStore
    rules: tuple[LoadedRule, ...] | MetricsError | None
    asked: int = 0
    queries: list[str] = field(default_factory=list)
    kind: str = "prometheus"

    def fetch(self, query: SeriesQuery, start: datetime, end: datetime) -> Fetched:
        self.queries.append(query.purpose)
        return self.store.fetch(query, start, end)

    def alert_rules(self) -> tuple[LoadedRule, ...] | None:
        self.asked += 1
        if isinstance(self.rules, MetricsError):
            raise self.rules
        return self.rules


class Noon:
    def now(self) -> datetime:
        return NOW

    def wait(self, seconds: float) -> None:
        raise AssertionError(f"waits {seconds} s")


@contextmanager
def ruled(folder: Path, rules: tuple[LoadedRule, ...] | MetricsError | None) -> Iterator[Ruled]:
    with SampleStore(folder / "samples.db") as store:
        up = store.series_id("up", {"job": "router", "instance": "a"})
        begin = to_ms(datetime(2025, 1, 26, tzinfo=UTC))
        for at in range(begin, to_ms(NOW), 600_000):
            store.append(at, [(up, 1)])
        yield Ruled(store, rules)


def days(cli: Cli, *rules: tuple[LoadedRule, ...] | MetricsError | None) -> tuple[list[Observation], Ruled]:
    """All days of an adopted rollout, those of the baseline first, collected once for each of `rules`, an hour apart."""
    (cli.folder / "cbops.yaml").write_text("version: 1\nmetrics: {source: embedded}\nbaseline_days: 1\n")
    (cli.folder / "tenants.yaml").write_text(TENANTS)
    opened = cli.json(
        "canary", "adopt", "t1", "--policy", "p1", "--provider", "openai", "--enabled-at", "2025-01-27T09:00:00Z"
    )  # fmt: skip
    folder = cli.folder / "rollouts" / opened.data["rollout"]
    last: Ruled | None = None
    for hours, each in enumerate(rules):
        as_of = NOW + timedelta(hours=hours)
        with ruled(cli.folder, each) as source:
            sources = Sources(samples=source, admin=None, metrics=MetricsConfig(), criteria=CriteriaConfig())
            collect(folder, sources, Who("ada", "monitor daily", Noon()), Wanted(as_of=as_of, all=True))
            last = source
    assert last is not None
    state = load(folder)
    return [*observations(folder, state.baseline), *observations(folder, state.days)], last


def test_the_rules_are_asked_for_once_and_kept_for_the_days_since_enabling(cli: Cli) -> None:
    found, source = days(cli, (OURS, OTHER))

    assert source.asked == 1
    assert [one.window.day for one in found] == [0, 1, 2, 3]
    assert [one.alert_rules for one in found] == [None, (OURS,), (OURS,), (OURS,)]


def test_a_source_without_rules_tells_nothing(cli: Cli) -> None:
    found, _ = days(cli, None)

    assert {one.alert_rules for one in found} == {None}
    assert not [one for day in found for one in day.findings if one.code.startswith("alert_rules")]


def test_rules_that_can_not_be_asked_for_are_a_finding_and_the_days_are_collected(cli: Cli) -> None:
    found, _ = days(cli, MetricsRefusedError("The metrics source refused (HTTP 403)", hint="-"))

    assert {one.alert_rules for one in found} == {None}
    told = [
        (day.window.day, one.message)
        for day in found
        for one in day.findings
        if one.code == "alert_rules_unknown"
    ]
    assert [day for day, _ in told] == [1, 2, 3]
    assert "HTTP 403" in told[0][1]


def test_more_rules_than_a_record_holds_are_cut_and_that_is_said(cli: Cli) -> None:
    many = tuple(OURS.model_copy(update={"name": f"r{number}"}) for number in range(MAX_RULES + 1))

    found, _ = days(cli, many)

    assert len(found[1].alert_rules or ()) == MAX_RULES
    assert "alert_rules_many" in {one.code for one in found[1].findings}


@pytest.mark.parametrize("later", [None, MetricsRefusedError("no (HTTP 403)", hint="-")])
def test_rules_that_were_seen_stay_when_a_day_is_collected_again_without_them(
    cli: Cli, later: MetricsError | None
) -> None:
    found, _ = days(cli, (OURS,), later, later)

    first = found[1]
    assert first.window.day == 1
    assert first.alert_rules == (OURS,)
    assert first.as_of == NOW + timedelta(hours=2)
    told = [one.message for one in first.findings if one.code == "alert_rules_kept"]
    assert told == [
        "Which alert rules are loaded is not known now: those seen at 2025-01-29T12:00:00.000Z are kept."
    ]
    assert [one.code for one in first.findings].count("alert_rules_unknown") == (later is not None)


def test_rules_that_are_not_loaded_any_more_are_gone(cli: Cli) -> None:
    found, _ = days(cli, (OURS,), (OTHER,))

    assert {one.alert_rules for one in found[1:]} == {()}


@pytest.mark.parametrize("rules", [(OURS,), None])
def test_a_day_costs_the_same_whether_rules_are_loaded_or_not(
    cli: Cli, rules: tuple[LoadedRule, ...] | None
) -> None:
    _, source = days(cli, rules)

    # No series of the tenant at all: each of the four days looks for other names once, and for older samples never.
    assert len(source.queries) == 4 * 6
