"""One test a cell of criterion 5: each check by kind of evidence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from judge.build import (
    Burst,
    Question,
    World,
    at,
    criterion,
    episode,
    finding,
    moved,
    restart_at,
    with_provider,
)

from cbops.model.observation import AlertInterval, EventCounts, LatencyFigures, Observation, TransitionCounts
from cbops.model.telemetry import GaugeComparison, LoadedRule, LogFacts, LoggedTransition, MetricFound

Edit = Callable[[Observation], Observation]
ERROR_RATE = "router_circuit_breaker_error_rate"
RULE = LoadedRule(
    name="RouterCircuitBreakerOpened",
    group="g",
    expression="circuit:router_circuit_breaker_opens:increase5m > 0",
    last_evaluation=at(1, "12:00"),
)
OPEN = episode(at(3, "14:01"), at(3, "14:03"))
DENYING = World(bursts=(Burst(at(3, "14:00"), at(3, "14:40"), success=90, fail_fast=10, tenant="canary"),))
LONG = episode(at(3, "14:01"), at(3, "14:41"))
UNKNOWN = EventCounts(success=None, failure=None, fail_fast=None)


def day_three(edit: Edit) -> Edit:
    return lambda day: edit(day) if day.window.day == 3 else day


def changed(**changes: object) -> Edit:
    return day_three(lambda day: day.model_copy(update=changes))


def provider(**changes: object) -> Edit:
    return day_three(lambda day: with_provider(day, **changes))


def gauge(status: str, cause: str | None = None) -> tuple[GaugeComparison, ...]:
    made = {
        "gauge": "state",
        "provider": "openai",
        "instance": "a",
        "text": "the gauge",
        "numbers": {"gauge": 1},
    }
    return (GaugeComparison.model_validate(made | {"status": status, "cause": cause}),)


def counts(opens: int, half: int, closed: int) -> TransitionCounts:
    return TransitionCounts(open=opens, half_open=half, closed=closed)


def alerts(*spans: tuple[str, str], listed: bool = True) -> Edit:
    fired = tuple(
        AlertInterval.model_validate(
            {"name": RULE.name, "provider": "openai", "from": at(3, start), "to": at(3, end)}
        )
        for start, end in spans
    )

    def edit(day: Observation) -> Observation:
        mine = fired if day.window.day == 3 else ()
        return day.model_copy(update={"alerts": mine, "alert_rules": (RULE,) if listed else None})

    return edit


def logs(*targets: str, clock: str = "14:00:30") -> tuple[LogFacts, ...]:
    told = tuple(
        LoggedTransition.model_validate({"at": at(3, clock), "provider": "openai", "target": target})
        for target in targets
    )
    made = {"files": ("x",), "lines": 3, "from": at(1, "00:00"), "to": at(6, "00:00"), "transitions": told}
    return (LogFacts.model_validate(made),)


def found(*names: str) -> Edit:
    metrics = tuple(MetricFound(metric=name, server_name=name, series=1, samples=9) for name in names)
    return lambda day: day.model_copy(update={"metrics": metrics})


def probed(*edges: tuple[str, str]) -> Edit:
    return changed(transitions=tuple(moved(at(3, f"14:0{n}"), *edge) for n, edge in enumerate(edges, 1)))


FLAPS = (("closed", "open"), ("open", "half_open"), ("half_open", "open"), ("open", "half_open"))
MOVE = (moved(at(3, "14:01"), "closed", "open"),)
PLAIN = Question()
NOTHING: Edit = lambda day: day  # noqa: E731 - one of many edits

# check, evidence, question, verdict, status of the check (null: there is none)
CELLS = [
    ("decisions", "for", PLAIN, "met", "agree"),
    ("decisions", "against", PLAIN.but(edit=changed(decisions=100)), "missed", "contradiction"),
    ("decisions", "none", PLAIN.but(edit=lambda d: d.model_copy(update={"decisions": None})), "inconclusive", None),
    ("decisions", "too little", PLAIN.but(observed=(1, 2)), "inconclusive", "agree"),
    ("decisions", "conflicting", PLAIN.but(edit=changed(decisions=43_000)), "met", "explained"),
    ("latency_count", "for", PLAIN, "met", "agree"),
    ("latency_count", "against", PLAIN.but(edit=provider(latency=LatencyFigures(count=9))), "missed", "contradiction"),
    ("latency_count", "none", PLAIN.but(edit=provider(latency=LatencyFigures())), "inconclusive", None),
    ("latency_count", "too little", PLAIN.but(world=World(coverage=0.5)), "inconclusive", "agree"),
    ("latency_count", "conflicting", PLAIN.but(edit=provider(latency=LatencyFigures(count=40_000))), "met", "explained"),
    ("interleaving", "for", PLAIN.but(edit=provider(transitions=counts(75, 75, 1))), "met", "agree"),
    ("interleaving", "against", PLAIN.but(edit=provider(transitions=counts(20, 2, 2))), "missed", "contradiction"),
    ("interleaving", "none", PLAIN.but(edit=provider(transitions=counts(None, None, None))), "inconclusive", None),
    ("interleaving", "too little", PLAIN.but(observed=(1, 2)), "inconclusive", "agree"),
    ("interleaving", "conflicting", PLAIN.but(edit=day_three(lambda d: with_provider(d, transitions=counts(3, 1, 1)).model_copy(update={"restarts": (restart_at(at(3, "14:05")),)}))), "met", "explained"),
    ("half_open", "for", PLAIN.but(edit=probed(*FLAPS)), "met", "agree"),
    ("half_open", "against", PLAIN.but(edit=probed(*FLAPS, ("open", "half_open"), ("open", "half_open"))), "missed", "contradiction"),
    ("half_open", "none", PLAIN, "met", None),
    ("half_open", "too little", PLAIN.but(edit=probed((None, "half_open"))), "met", None),
    ("half_open", "conflicting", PLAIN.but(edit=day_three(lambda d: probed(*FLAPS, ("open", "half_open"))(d).model_copy(update={"restarts": (restart_at(at(3, "14:05")),)}))), "met", "explained"),
    ("fail_fast", "for", PLAIN.but(world=DENYING, episodes=(LONG,)), "met", "agree"),
    ("fail_fast", "against", PLAIN.but(world=DENYING), "missed", "contradiction"),
    ("fail_fast", "none", PLAIN, "met", None),
    ("fail_fast", "too little", PLAIN.but(world=DENYING, episodes=(LONG,), observed=(2, 3)), "inconclusive", "agree"),
    ("fail_fast", "conflicting", PLAIN.but(world=DENYING, episodes=(OPEN,)), "missed", "contradiction"),
    ("fallbacks", "for", PLAIN.but(world=DENYING, episodes=(LONG,)), "met", "agree"),
    ("fallbacks", "against", PLAIN.but(edit=changed(fallback_decisions=500)), "missed", "contradiction"),
    ("fallbacks", "none", PLAIN, "met", None),
    ("fallbacks", "too little", PLAIN.but(edit=changed(fallback_decisions=4)), "met", "agree"),
    ("fallbacks", "conflicting", PLAIN.but(edit=changed(fallback_decisions=500, dialect="documented"), episodes=(LONG,)), "met", "explained"),
    ("gauge_state", "for", PLAIN.but(edit=changed(gauges=gauge("agree"))), "met", "agree"),
    ("gauge_state", "against", PLAIN.but(edit=changed(gauges=gauge("contradiction"))), "missed", "contradiction"),
    ("gauge_state", "none", PLAIN, "met", None),
    ("gauge_state", "too little", PLAIN.but(edit=changed(gauges=gauge("unknown"))), "met", "unknown"),
    ("gauge_state", "conflicting", PLAIN.but(edit=changed(gauges=gauge("known", "sticking"))), "met", "explained"),
    ("alerts", "for", PLAIN.but(edit=alerts(("14:02", "14:08")), episodes=(OPEN,)), "met", "agree"),
    ("alerts", "against", PLAIN.but(edit=alerts(), episodes=(OPEN,)), "missed", "contradiction"),
    ("alerts", "none", PLAIN.but(edit=alerts(listed=False), episodes=(OPEN,)), "met", None),
    ("alerts", "too little", PLAIN.but(edit=day_three(alerts()), episodes=(episode(at(2, "14:01"), at(2, "14:03")),)), "met", "unknown"),
    ("alerts", "conflicting", PLAIN.but(edit=lambda d: alerts()(changed(restarts=(restart_at(at(3, "14:02")),))(d)), episodes=(OPEN,)), "met", "explained"),
    ("alerts_cause", "for", PLAIN.but(edit=alerts(("14:02", "14:08")), episodes=(OPEN,)), "met", "agree"),
    ("alerts_cause", "against", PLAIN.but(edit=alerts(("14:02", "14:08"))), "missed", "contradiction"),
    ("alerts_cause", "none", PLAIN.but(edit=alerts()), "met", "agree"),
    ("alerts_cause", "too little", PLAIN.but(edit=alerts(("14:02", "14:08"), listed=False)), "met", None),
    ("alerts_cause", "conflicting", PLAIN.but(edit=alerts(("14:02", "20:00")), episodes=(OPEN,)), "missed", "contradiction"),
    ("logs", "for", PLAIN.but(edit=changed(transitions=MOVE), logs=logs("open")), "met", "agree"),
    ("logs", "against", PLAIN.but(edit=changed(transitions=MOVE), logs=logs()), "missed", "contradiction"),
    ("logs", "none", PLAIN.but(edit=changed(transitions=MOVE)), "met", None),
    ("logs", "too little", PLAIN.but(logs=(LogFacts(files=("x",), lines=0),)), "met", "unknown"),
    ("logs", "conflicting", PLAIN.but(edit=changed(transitions=MOVE), logs=logs("open", clock="20:00")), "missed", "contradiction"),
    ("contradiction_copies", "for", PLAIN, "met", None),
    ("contradiction_copies", "against", PLAIN.but(edit=changed(findings=(finding("contradiction_copies"),))), "missed", "contradiction"),
    ("contradiction_copies", "none", PLAIN.but(observed=()), "inconclusive", None),
    ("contradiction_copies", "too little", PLAIN.but(observed=(1, 2)), "inconclusive", None),
    ("contradiction_copies", "conflicting", PLAIN.but(edit=changed(findings=(finding("gap"), finding("contradiction_copies")))), "missed", "contradiction"),
]  # fmt: skip
WORST = ("agree", "unknown", "explained", "contradiction")


@pytest.mark.parametrize(
    ("check", "evidence", "question", "verdict", "status"), CELLS, ids=[f"{c[0]}-{c[1]}" for c in CELLS]
)
def test_each_check_by_each_kind_of_evidence(check, evidence, question, verdict, status):
    judged = criterion(question.ask(), "observability")
    seen = [one["status"] for one in judged.evidence.get("checks", ()) if one["check"] == check]
    if check == "latency_count" and evidence == "none":
        seen = [one for one in seen if one != "agree"]  # the other days have theirs
    assert (judged.verdict.value, max(seen, key=WORST.index, default=None)) == (verdict, status), (
        judged.summary
    )


def test_the_table_has_every_cell():
    checks = {cell[0] for cell in CELLS}
    assert len({cell[:2] for cell in CELLS}) == len(CELLS) == 5 * len(checks)


def test_a_contradiction_outweighs_everything_that_agrees_or_is_unknown():
    question = PLAIN.but(edit=changed(gauges=(*gauge("agree"), *gauge("unknown"), *gauge("contradiction"))))
    judged = criterion(question.ask(), "observability")
    assert judged.verdict.value == "missed"
    assert judged.summary.startswith("1 contradiction between the metrics: day 3 (a): the gauge")
