"""Criterion 5: metrics and logs are accurate and useful.

Source: the success criteria of phase 1. Contradictions that nothing explains miss it. A required series
that gave no answer, or too few scrapes, leave it inconclusive: they show nothing wrong and nothing right.
What the router is known to do is shown and by itself misses nothing.
"""

from __future__ import annotations

from typing import Any

from cbops.judge.case import Case, Judged, counted, judged
from cbops.judge.checks import Check, all_checks, missing_series
from cbops.judge.numbers import rounded
from cbops.model.verdict import Verdict

REMEDIES = {
    "events": "router_circuit_breaker_events_total scraped for this tenant",
    "transitions": "router_circuit_breaker_state_transitions_total scraped for this tenant",
    "decisions": "router_policy_decisions_total scraped for this tenant",
    "latency": "a latency histogram: remap a gateway's onto router_result_latency_ms (metrics.names)",
}
# Measuring itself marks what can't both be true with a code that begins so.
CONTRADICTION = "contradiction"


def _coverage(case: Case) -> float:
    expected = sum(day.scrape.expected for day in case.observed.days)
    return min(1.0, sum(day.scrape.seen for day in case.observed.days) / expected) if expected else 0.0


def _measured_contradictions(case: Case) -> list[Check]:
    return [
        Check(finding.code, "contradiction", finding.message, {}, (day.window.day,))
        for day in case.observed.days
        for finding in day.findings
        if finding.code.startswith(CONTRADICTION)
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
        "not_asked": "alert rules, Alertmanager and the router's logs; they make nothing inconclusive",
        "min_full_days": case.criteria.min_full_days,
        **case.days_evidence(),
    }


def _lacking(case: Case, missing: list[str]) -> list[str]:
    lacking = [REMEDIES[name] for name in missing]
    coverage = _coverage(case)
    if case.observed.days and coverage < case.criteria.min_coverage:
        least = f"at least {case.criteria.min_coverage:.0%}"
        lacking.append(f"{least} of all scrapes (now {coverage:.1%}): find why scraping stopped")
    if not case.enough_days:
        lacking.append(counted(case.criteria.min_full_days - len(case.full_days), "more full day"))
    return [*lacking, *case.without_traffic]


def judge_observability(case: Case) -> Judged:
    """Missed by a contradiction; met when all required series answered over enough well-scraped days."""
    missing = missing_series(case)
    checks = [*all_checks(case), *_measured_contradictions(case)]
    evidence = _evidence(case, checks, missing)
    wrong = [check for check in checks if check.status == "contradiction"]
    explained = sum(check.status == "explained" for check in checks)
    seen = f"{_coverage(case):.1%} of the scrapes over {counted(len(case.observed.days), 'day')} were seen"
    if wrong:
        text = f"{counted(len(wrong), 'contradiction')} between the metrics: {wrong[0].text}."
        change = tuple(f"explain or repair: {check.text}" for check in wrong[:5])
        return judged("observability", Verdict.MISSED, text, evidence, change)
    lacking = _lacking(case, missing)
    if lacking:
        text = f"No contradiction, but not enough to rely on ({seen}): {'; '.join(lacking)}."
        return judged("observability", Verdict.INCONCLUSIVE, text, evidence, lacking)
    differences = f", {counted(explained, 'difference')} explained" if explained else ""
    text = f"{counted(len(checks), 'check')} of the metrics against each other agree{differences}; {seen}."
    return judged("observability", Verdict.MET, text, evidence)
