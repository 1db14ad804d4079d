"""Criterion 5: metrics and logs are accurate and useful.

Source: the success criteria of phase 1. Contradictions that nothing explains miss it. A required series
that gave no answer, or too few scrapes, leave it inconclusive: they show nothing wrong and nothing right.
What the router is known to do is shown and by itself misses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cbops.judge.alerting import alert_checks
from cbops.judge.case import Case, Judged, counted, judged
from cbops.judge.check import Check
from cbops.judge.checks import all_checks
from cbops.judge.gauged import gauged_checks
from cbops.judge.loaded import KINDS
from cbops.judge.logged import logged_checks
from cbops.judge.numbers import rounded
from cbops.judge.required import missing_series
from cbops.model.base import iso
from cbops.model.observation import Drift
from cbops.model.telemetry import LogFacts
from cbops.model.verdict import Verdict

REMEDIES = {
    "events": "router_circuit_breaker_events_total scraped for this tenant",
    "transitions": "router_circuit_breaker_state_transitions_total scraped for this tenant",
    "decisions": "router_policy_decisions_total scraped for this tenant",
    "latency": "a latency histogram: remap a gateway's onto router_result_latency_ms (metrics.names)",
    "error_rate": "router_circuit_breaker_error_rate scraped for this tenant",
}
# Measuring itself marks what can't both be true with a code that begins so.
CONTRADICTION = "contradiction"


def _coverage(case: Case) -> float:
    expected = sum(day.scrape.expected for day in case.observed.days)
    return min(1.0, sum(day.scrape.seen for day in case.observed.days) / expected) if expected else 0.0


def _measured_contradictions(case: Case) -> list[Check]:
    return [
        Check(finding.code, "contradiction", finding.message, dict(finding.numbers), (day.window.day,))
        for day in case.observed.days
        for finding in day.findings
        if finding.code.startswith(CONTRADICTION)
    ]


def _not_asked(case: Case, readings: Sequence[LogFacts], drift: Drift | None) -> list[dict[str, str]]:
    """What wasn't there to be asked, and why; none of it makes the criterion inconclusive."""
    days = case.observed.days
    found = []
    if drift is None or not drift.checked:
        why = "it was not looked at" if drift is None else drift.message
        found.append({"what": "admin API", "why": why})
    unlisted = [day.window.day for day in days if day.alert_rules is None]
    if unlisted:
        told = ", ".join(map(str, unlisted))
        found.append(
            {
                "what": "loaded alert rules",
                "why": f"the metrics source listed none to ask about on day {told}",
            }
        )
    unknown = [day.window.day for day in days if day.alerts is None]
    if unknown:
        told = ", ".join(map(str, unknown))
        found.append({"what": "alerts that fired", "why": f"the metrics source doesn't tell, on day {told}"})
    found.append(
        {"what": "Alertmanager", "why": "what fires now is none of a judgement; see 'cbops canary status'"}
    )
    if not readings:
        found.append({"what": "logs", "why": "none were given (--logs FILE)"})
    return found


def _rules(case: Case) -> dict[str, Any]:
    """What is loaded and fired, judged or only shown."""
    listed = {rule.name: rule for day in case.observed.days for rule in day.alert_rules or ()}
    fired: dict[str, int] = {}
    for day in case.observed.days:
        for one in day.alerts or ():
            fired[one.name] = fired.get(one.name, 0) + 1
    return {
        "loaded": [
            {
                "name": name,
                "judged": name in KINDS,
                "health": rule.health,
                "expression": rule.expression,
                "for_seconds": rule.for_seconds,
            }
            for name, rule in sorted(listed.items())
        ],
        "not_loaded": [name for name in KINDS if name not in listed],
        "fired_without_a_loaded_rule": {n: k for n, k in sorted(fired.items()) if n not in listed},
    }


def _logs(readings: Sequence[LogFacts]) -> list[dict[str, Any]]:
    return [
        {
            "files": list(facts.files[:20]),
            "lines": facts.lines,
            "unread": facts.unread,
            "from": None if facts.start is None else iso(facts.start),
            "to": None if facts.end is None else iso(facts.end),
            "transitions": len(facts.transitions),
        }
        for facts in readings
    ]


def _dialects(case: Case) -> list[dict[str, Any]]:
    """Metrics of which both dialects answered, and labels that split series and mean nothing."""
    return [
        {
            "day": day.window.day,
            "metric": one.metric,
            "dialect": one.dialect,
            "labels": list(one.extra_labels),
        }
        for day in case.observed.days
        for one in day.metrics
        if one.dialect == "both" or one.extra_labels
    ]


def _evidence(case: Case, checks: list[Check], missing: list[str]) -> dict[str, Any]:
    days = case.observed.days
    return {
        "coverage": rounded(_coverage(case), 4),
        "min_coverage": case.criteria.min_coverage,
        "coverage_by_day": [
            {
                "day": day.window.day,
                "expected": day.scrape.expected,
                "seen": day.scrape.seen,
                "coverage": rounded(day.scrape.coverage, 4),
                "gaps": [gap.model_dump(mode="json", by_alias=True) for gap in day.scrape.gaps],
                "restarts": [restart.model_dump(mode="json") for restart in day.restarts],
            }
            for day in days
        ],
        "missing_series": missing,
        "checks": [check.as_evidence() for check in checks],
        "findings": [
            {"day": day.window.day, "code": f.code, "message": f.message}
            for day in days
            for f in day.findings
        ],
        "metrics": _dialects(case),
        "alert_rules": _rules(case),
        "min_full_days": case.criteria.min_full_days,
        **case.days_evidence(),
    }


def _sides(checks: Sequence[Check]) -> str:
    """What was held against the counters: metrics alone, or alerts and logs too."""
    kinds = {check.id.partition("_")[0] for check in checks if check.status != "unknown"}
    sides = ["metrics", *(word for word in ("alerts", "logs") if word in kinds)]
    return sides[0] if len(sides) == 1 else f"{', '.join(sides[:-1])} and {sides[-1]}"


def _between(wrong: Sequence[Check]) -> str:
    return {"metrics": "the metrics"}.get(sides := _sides(wrong), sides)


def _lacking(case: Case, missing: list[str]) -> list[str]:
    lacking = [REMEDIES[name] for name in missing]
    coverage = _coverage(case)
    if case.observed.days and coverage < case.criteria.min_coverage:
        least = f"at least {case.criteria.min_coverage:.0%}"
        lacking.append(f"{least} of all scrapes (now {coverage:.1%}): find why scraping stopped")
    if not case.enough_days:
        lacking.append(counted(case.criteria.min_full_days - len(case.full_days), "more full day"))
    return [*lacking, *case.without_traffic]


def judge_observability(case: Case, readings: Sequence[LogFacts] = (), drift: Drift | None = None) -> Judged:
    """Missed by a contradiction; met when all required series answered over enough well-scraped days.

    `readings` are those of the router's logs, in the order in which they were made; `drift` is what was seen of the
    live policy.
    """
    missing = missing_series(case)
    checks = [
        *all_checks(case),
        *gauged_checks(case),
        *alert_checks(case),
        *logged_checks(case, readings),
        *_measured_contradictions(case),
    ]
    evidence = {
        **_evidence(case, checks, missing),
        "logs": _logs(readings),
        "not_asked": _not_asked(case, readings, drift),
    }
    wrong = [check for check in checks if check.status == "contradiction"]
    explained = sum(check.status == "explained" for check in checks)
    seen = f"{_coverage(case):.1%} of the scrapes over {counted(len(case.observed.days), 'day')} were seen"
    if wrong:
        text = f"{counted(len(wrong), 'contradiction')} between {_between(wrong)}: {wrong[0].text}."
        change = tuple(f"explain or repair: {check.text}" for check in wrong[:5])
        return judged("observability", Verdict.MISSED, text, evidence, change)
    lacking = _lacking(case, missing)
    if lacking:
        text = f"No contradiction, but not enough to rely on ({seen}): {'; '.join(lacking)}."
        return judged("observability", Verdict.INCONCLUSIVE, text, evidence, lacking)
    known = sum(check.status != "unknown" for check in checks)
    agree = (
        f": {known - explained} agree, and {explained} differ for a known reason" if explained else " agree"
    )
    text = f"{counted(known, 'check')} of the {_sides(checks)} against each other{agree}; {seen}."
    return judged("observability", Verdict.MET, text, evidence)
