"""Alerts and logs made from the same events by a slow evaluator of its own: honest data contradicts nothing, faults do."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from judge.build import Burst, Question, World, at, criterion

from cbops.model.base import from_ms, to_ms
from cbops.model.observation import AlertInterval, Episode, Gap, Restart, Transition
from cbops.model.telemetry import LoadedRule, LogFacts, LoggedTransition

OPENED, STAYED, PROBES = (
    f"RouterCircuitBreaker{kind}" for kind in ("Opened", "StayedOpen", "HalfOpenProbesFailed")
)
SCRAPE, GROUP = 15_000, 30_000
RULES = (
    (OPENED, 0, "circuit:router_circuit_breaker_opens:increase5m > 0"),
    (STAYED, 600, "circuit:router_circuit_breaker_unclosed:instances > 0"),
    (PROBES, 0, "circuit:router_circuit_breaker_failed_probes:increase10m >= 3"),
)
DAYS = (1, 2, 3)


@dataclass
class Made:
    """Events (ms, router, source, target) of two routers, and when each was started again."""

    events: list[tuple[int, str, str, str]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)  # not closed
    restarts: list[tuple[int, str]] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)


def made(seed: int) -> Made:
    """Several outages on days 2 and 3, hours apart; one may end with a restart, one gap lies between."""
    rng = random.Random(seed)
    found = Made()
    for number in range(4):
        now = to_ms(at(2, "02:00")) + number * 6 * 3_600_000 + rng.randrange(3_600_000)
        router = rng.choice("ab")
        first = now
        found.events.append((now, router, "closed", "open"))
        for _ in range(rng.randrange(8)):
            now += rng.randrange(30_000, 200_000)
            found.events.append((now, router, "open", "half_open"))
            now += rng.randrange(500, 40_000)
            found.events.append((now, router, "half_open", "open"))
        now += rng.randrange(30_000, 300_000)
        if rng.random() < 0.3:
            found.restarts.append((now, router))
        else:
            found.events.append((now, router, "open", "half_open"))
            now += 5_000
            found.events.append((now, router, "half_open", "closed"))
        found.spans.append((first, now))
    start = to_ms(at(2, "00:30"))
    found.gaps.append((start, start + rng.randrange(120_000, 900_000)))
    return found


def grid(ms: int) -> int:
    """The scrape that first shows it."""
    return -(-ms // SCRAPE) * SCRAPE


def conditions(one: Made, name: str, now: int) -> bool:
    """The definition itself, on what the scrapes show at that time."""
    if name == OPENED:
        return any(target == "open" and source == "closed" and grid(ms) <= now < grid(ms) + 300_000
                   for ms, _, source, target in one.events)  # fmt: skip
    if name == STAYED:
        return any(grid(first) <= now < grid(last) for first, last in one.spans)
    failed = [1 for ms, _, source, target in one.events
              if (source, target) == ("half_open", "open") and grid(ms) <= now < grid(ms) + 600_000]  # fmt: skip
    return len(failed) >= 3


def fired(one: Made) -> list[AlertInterval]:
    found = []
    for name, hold, _ in RULES:
        since = begun = None
        for now in range(to_ms(at(2, "00:00")), to_ms(at(4, "00:00")), GROUP):
            if conditions(one, name, now):
                since = now if since is None else since
                if now - since >= hold * 1000:
                    begun = now if begun is None else begun
                continue
            if begun is not None:
                found.append(AlertInterval.model_validate(
                    {"name": name, "provider": "openai", "from": from_ms(begun), "to": from_ms(now - GROUP)}
                ))  # fmt: skip
            since = begun = None
    return found


def checks(one: Made, alerts: list[AlertInterval], lines: list[LoggedTransition]) -> dict[str, list[str]]:
    """The statuses of the alert and log checks."""
    rules = tuple(
        LoadedRule(name=name, group="g", expression=text, for_seconds=hold, interval_seconds=GROUP / 1000)
        for name, hold, text in RULES
    )
    shown: dict[tuple[int, str, str, str], int] = {}
    for ms, *rest in one.events:
        key = (grid(ms), *rest)
        shown[key] = shown.get(key, 0) + 1

    def edit(day):
        inside = lambda ms: to_ms(day.window.start) < ms <= to_ms(day.window.end)  # noqa: E731
        moves = tuple(
            Transition(provider="openai", instance=router, after=from_ms(ms - SCRAPE), at=from_ms(ms),
                       source=source, target=target, count=count)
            for (ms, router, source, target), count in sorted(shown.items()) if inside(ms)
        )  # fmt: skip
        restarts = tuple(
            Restart(instance=router, after=from_ms(grid(ms) - SCRAPE), at=from_ms(grid(ms)))
            for ms, router in one.restarts if inside(grid(ms))
        )  # fmt: skip
        gaps = tuple(
            Gap.model_validate({"from": from_ms(first), "to": from_ms(last)})
            for first, last in one.gaps
            if inside(first)
        )
        scrape = day.scrape.model_copy(update={"interval_seconds": SCRAPE / 1000, "gaps": gaps})
        mine = tuple(each for each in alerts if inside(to_ms(each.start)))
        return day.model_copy(update={"transitions": moves, "restarts": restarts, "scrape": scrape,
                                      "alerts": mine, "alert_rules": rules})  # fmt: skip

    episodes = tuple(
        Episode(id=f"e{i}", provider="openai", opened=from_ms(grid(first)),
                opened_after=from_ms(grid(first) - SCRAPE), closed=from_ms(grid(last)), closed_by="results")
        for i, (first, last) in enumerate(one.spans)
    )  # fmt: skip
    world = World(bursts=tuple(
        Burst(from_ms(first - 300_000), from_ms(last + 300_000), success=1, failure=40, fail_fast=30, tenant="canary")
        for first, last in one.spans
    ))  # fmt: skip
    logs = LogFacts.model_validate({"files": ("x",), "lines": 9, "from": at(1, "00:00"), "to": at(4, "00:00"),
                                    "transitions": lines})  # fmt: skip
    asked = Question(world=world, observed=DAYS, edit=edit, episodes=episodes, logs=(logs,)).ask()
    found: dict[str, list[str]] = {}
    for each in criterion(asked, "observability").evidence["checks"]:
        found.setdefault(each["check"], []).append(each["status"])
    return {name: found.get(name, []) for name in ("alerts", "alerts_cause", "logs")}


def logged(one: Made) -> list[LoggedTransition]:
    """All lines but the last second's of a router that is started again."""
    return [
        LoggedTransition(at=from_ms(ms), provider="openai", instance=router, source=source, target=target)
        for ms, router, source, target in one.events
        if not any(router == name and 0 <= again - ms < 1000 for again, name in one.restarts)
    ]


SEEDS = range(20)


@pytest.mark.parametrize("seed", SEEDS)
def test_honest_alerts_and_logs_contradict_nothing(seed):
    one = made(seed)
    found = checks(one, fired(one), logged(one))
    assert "contradiction" not in [status for each in found.values() for status in each], found
    assert len(found["alerts"]) == len(RULES)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_planted_fault_is_found(seed):
    one = made(seed)
    alerts, lines = fired(one), logged(one)
    closed = [index for index, (_, last) in enumerate(one.spans) if all(last != ms for ms, _ in one.restarts)]
    if not closed:
        pytest.skip("every outage ended with a restart")
    first, last = one.spans[closed[0]]
    missing = [a for a in alerts if a.name != OPENED or not first <= to_ms(a.start) <= last + 600_000]
    assert "contradiction" in checks(one, missing, lines)["alerts"]
    gone = next(line for line in lines if to_ms(line.at) == first)
    assert "contradiction" in checks(one, alerts, [line for line in lines if line is not gone])["logs"]
    more = gone.model_copy(update={"at": gone.at + timedelta(hours=3)})
    assert "contradiction" in checks(one, alerts, [*lines, more])["logs"]
    stray = alerts[0].model_copy(update={"start": at(1, "15:00"), "end": at(1, "15:20"), "name": OPENED})
    assert "contradiction" in checks(one, [*alerts, stray], lines)["alerts_cause"]
