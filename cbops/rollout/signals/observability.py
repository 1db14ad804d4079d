"""Observability gaps: series that are missing, gauges and counters that contradict each other, rules that fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cbops.model.base import iso
from cbops.model.checklist import ItemId
from cbops.model.ticket import TicketBody, TicketDraft, TicketKind, TicketPriority, fingerprint
from cbops.rollout.signals.seen import Found, Gap, Seen, context, days, queries, some

KIND = TicketKind.OBSERVABILITY_GAP
LEAST_COVERAGE = 0.9  # of the scrapes of a day
# What measuring says of a metric that isn't there, and which one that is; the rest name it themselves.
_ABSENT = {
    "latency_absent": "router_result_latency_ms",
    "decisions_absent": "router_policy_decisions_total",
    "transitions_absent": "router_circuit_breaker_state_transitions_total",
    "metric_under_another_name": "",
    "no_series": "every series of the router",
    "no_such_tenant": "every series of the tenant",
    "no_such_job": "up",
}
# What the fifth criterion calls the series that it requires.
_REQUIRED = {
    "events": "router_circuit_breaker_events_total",
    "transitions": "router_circuit_breaker_state_transitions_total",
    "decisions": "router_policy_decisions_total",
    "latency": "router_result_latency_ms",
    "error_rate": "router_circuit_breaker_error_rate",
}
_CONTRADICTION = "contradiction"
# Items of the checklist that are held against the series, and what mends them.
_LOOKED: Mapping[ItemId, tuple[str, str]] = {
    "dashboards": ("Panels of the dashboard", "cbops dashboard render"),
    "alert_rules": ("Alert rules", "cbops alerts check FILE"),
}
# The judge's checks of alerts: an alert is noise, not a gap.
_ALERTS = ("alerts", "alerts_cause")


def observability_signals(seen: Seen) -> Found:
    """One for each missing metric, each pair that contradicts itself, each rule that fails, and for scraping."""
    if not seen.days:
        return Found((), (Gap(KIND, "no day was collected since enabling"),))
    gaps: tuple[Gap, ...] = (
        () if seen.evaluation else (Gap(KIND, "counters were not held against each other: cbops evaluate"),)
    )
    if not any(item in seen.state.verifications for item in _LOOKED):
        gaps += (
            Gap(KIND, "panels and alert rules were not held against the series: cbops checklist verify"),
        )
    parts = (_missing(seen), _contradictions(seen), _rules(seen), _unmatched(seen), _scraping(seen))
    return Found(tuple(draft for part in parts for draft in part), gaps)


def _draft(
    seen: Seen,
    code: str,
    parts: Sequence[str],
    *,
    title: str,
    signal: str,
    issue: str,
    expected: str,
    lines: Sequence[str],
    proposal: str,
    priority: TicketPriority,
    day: int,
) -> TicketDraft:
    end = next((each.window.end for each in seen.days if each.window.day == day), seen.last)
    return TicketDraft(
        fingerprint=fingerprint(code, seen.state.target.tenant, *parts),
        kind=KIND,
        title=title,
        priority=priority,
        signal=signal,
        last_seen=end,
        body=TicketBody(
            issue=issue,
            context=context(seen),
            current=(signal,),
            expected=(expected,),
            evidence=some(lines),
            queries=queries(seen),
            proposal=(proposal,),
            replay=("A replay doesn't bear on what is measured",),
            user_impact="None directly",
            system_impact="What the breaker does can't be told, or is told wrong",
            business_impact="Criterion 5 (metrics and logs are accurate and useful) can't be met without it",
            checklist=(
                "Find out why: cbops doctor",
                "Repair the exporter, the scraping or the names in cbops.yaml",
                "Collect a day and judge again",
            ),
        ),
    )


def _missing(seen: Seen) -> Iterator[TicketDraft]:
    found: dict[str, list[tuple[int, str]]] = {}
    for day in seen.days:
        for finding in day.findings:
            if finding.code in _ABSENT:
                metric = finding.numbers.get("metric") or _ABSENT[finding.code]
                found.setdefault(str(metric), []).append((day.window.day, finding.message))
    for name in _judged_missing(seen):
        metric = _REQUIRED.get(name, name)
        if metric not in found:
            why = "The last judgement found no answer of it: cbops doctor says where it is looked for"
            found[metric] = [(seen.days[-1].window.day, why)]
    for metric, told in sorted(found.items()):
        number = len({day for day, _ in told})
        judged = seen.criterion("observability")
        blocks = judged is not None and judged.verdict.value in ("inconclusive", "missed")
        yield _draft(
            seen,
            "missing-series",
            (metric,),
            title=f"Missing: {metric}",
            signal=f"{metric} gave no answer on {days(number)}",
            issue=f"{metric} isn't there although it should be, so what it tells is unknown.",
            expected=f"{metric} is scraped for the tenant on every day",
            lines=[f"day {day}: {message}" for day, message in told],
            proposal=told[-1][1],
            priority=TicketPriority.HIGH if blocks else TicketPriority.MEDIUM,
            day=told[-1][0],
        )


def _judged_missing(seen: Seen) -> list[str]:
    """Required series that the last judgement found no answer of."""
    judged = seen.criterion("observability")
    missing = judged.evidence.get("missing_series") if judged else None
    return [str(name) for name in missing] if isinstance(missing, list) else []


def _checks(seen: Seen) -> list[dict[str, Any]]:
    """What the last judgement held against each other."""
    judged = seen.criterion("observability")
    checks = judged.evidence.get("checks") if judged else None
    return [each for each in checks if isinstance(each, dict)] if isinstance(checks, list) else []


def _contradictions(seen: Seen) -> Iterator[TicketDraft]:
    """Of the counters (as judged) by the check, of the gauges by gauge and provider."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for check in _checks(seen):
        if check.get("status") == _CONTRADICTION and check.get("check") not in _ALERTS:
            last = max(check.get("days") or [seen.days[-1].window.day])
            found.setdefault((str(check["check"]), ""), []).append((last, str(check["text"])))
    for day in seen.days:
        for one in day.gauges:
            if one.status == _CONTRADICTION:
                told = f"day {day.window.day}, {one.instance}: {one.text}"
                found.setdefault((one.gauge, one.provider), []).append((day.window.day, told))
        for finding in day.findings:
            if finding.code.startswith(_CONTRADICTION):
                told = f"day {day.window.day}: {finding.message}"
                found.setdefault((finding.code, ""), []).append((day.window.day, told))
    for (what, provider), lines in sorted(found.items()):
        of = f" of {provider}" if provider else ""
        yield _draft(
            seen,
            "contradiction",
            (what, provider),
            title=f"{what.replace('_', ' ').capitalize()}{of}: series contradict each other",
            signal=f"{len(lines)} contradiction{'s' if len(lines) != 1 else ''} of {what.replace('_', ' ')}{of} that nothing explains",
            issue="Two series of the router say what can't both be true, and nothing that the router is known to do explains it.",
            expected="Gauges and counters agree, but for what the router is known to do",
            lines=[text for _, text in lines],
            proposal="Find which of the two is wrong, in the router's logs: cbops evaluate --logs FILE",
            priority=TicketPriority.CRITICAL if seen.missed("observability") else TicketPriority.HIGH,
            day=max(number for number, _ in lines),
        )


def _rules(seen: Seen) -> Iterator[TicketDraft]:
    """Loaded alert rules of which the server says that they fail."""
    last: dict[str, tuple[int, str]] = {}
    for day in seen.days:
        for rule in day.alert_rules or ():
            if rule.health == "err":
                last[rule.name] = (day.window.day, rule.last_error or "the server doesn't say why")
            else:
                last.pop(rule.name, None)
    for name, (number, why) in sorted(last.items()):
        yield _draft(
            seen,
            "failing-rule",
            (name,),
            title=f"Alert rule {name} can't be evaluated",
            signal=f"{name} fails: {why}",
            issue=f"The metrics server can't evaluate {name}, so it never fires.",
            expected="Every loaded rule is evaluated",
            lines=[f"day {number}: {why}"],
            proposal="Correct the rule: cbops alerts check FILE, or cbops alerts render",
            priority=TicketPriority.HIGH,
            day=number,
        )


def _unmatched(seen: Seen) -> Iterator[TicketDraft]:
    """Panels and alert rules that had no series, when they were looked at last. What could not be looked at is no signal."""
    for item, (what, command) in _LOOKED.items():
        record = seen.state.verifications.get(item)
        if record is None or record.verified.state != "failed":
            continue
        found = _draft(
            seen,
            "unmatched",
            (item,),
            title=f"{what} don't match the series that there are",
            signal=record.verified.sentence,
            issue=f"{what} were held against the metrics server, and what they show or watch for is not there as they ask for it.",
            expected="Every panel and every alert rule matches series of the tenant",
            lines=[f"{iso(record.at)}: {record.verified.sentence}"],
            proposal=f"Mend the names, labels or the dialect ({command}), then look again: cbops checklist verify {item}",
            priority=TicketPriority.HIGH if item == "alert_rules" else TicketPriority.MEDIUM,
            day=seen.days[-1].window.day,
        )
        yield found.model_copy(update={"last_seen": record.at})


def _scraping(seen: Seen) -> Iterator[TicketDraft]:
    """Days of which too few scrapes were seen to count."""
    thin = [day for day in seen.days if day.scrape.expected and day.scrape.coverage < LEAST_COVERAGE]
    if not thin:
        return
    yield _draft(
        seen,
        "scraping",
        (),
        title="Too few scrapes of the router",
        signal=f"On {days(len(thin))} less than {LEAST_COVERAGE:.0%} of the scrapes were seen",
        issue="Scraping stops for long times, so days don't count and times of opens are unknown.",
        expected=f"At least {LEAST_COVERAGE:.0%} of the scrapes of each day",
        lines=[
            f"day {day.window.day}: {day.scrape.seen} of {day.scrape.expected} scrapes, {len(day.scrape.gaps)} gaps"
            for day in thin
        ],
        proposal="Find why scraping stopped: cbops doctor",
        priority=TicketPriority.MEDIUM,
        day=thin[-1].window.day,
    )
