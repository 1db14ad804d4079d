"""Counters against each other: each check gives a finding with the two numbers and what explains it.

Source: the metrics section of the domain description. What the router is known to do (births, the
sticking gauge, restarts, outcomes that aren't recorded) explains a difference; the rest contradicts.
"""

from __future__ import annotations

from cbops.judge.case import Case
from cbops.judge.check import Check, Status
from cbops.judge.circuit_checks import circuit_checks
from cbops.judge.figures import results_of, slack, total
from cbops.judge.not_closed import maybe_not_closed, not_closed, touches
from cbops.judge.required import no_decisions_at_all, transitions_missing
from cbops.judge.settings import CALLS_PER_DECISION, UNRECORDED_SHARE
from cbops.model.base import to_ms
from cbops.model.observation import Observation

EVENTS = "router_circuit_breaker_events_total"
LATENCY = "router_result_latency_ms"
# Calls again after outcomes that the breaker doesn't record, as a share of the calls.
RETRIES = 0.05


def _decisions_day(day: Observation) -> Check | None:
    """Every decision gives at most one result, and one more for each failure that a fallback took."""
    results, decisions = results_of(day), day.decisions
    if results is None or decisions is None:
        return None
    failures = total(p.events.failure for p in day.providers.values()) or 0
    latencies = total(p.latency.count for p in day.providers.values())
    numbers = {"decisions": decisions, "results": results, "failures": failures, "latency_count": latencies}
    where, days, room = f"day {day.window.day}", (day.window.day,), slack(day, max(decisions, results))
    if results > decisions + failures + room:
        text = f"{where}: {results} results from {decisions} decisions"
        return Check("decisions", "contradiction", text, numbers, days)
    if results > decisions + room:
        text = f"{where}: {results} results from {decisions} decisions; fallbacks after {failures} failures explain it"
        return Check("decisions", "explained", text, numbers, days)
    if results >= decisions - room:
        return Check(
            "decisions", "agree", f"{where}: {decisions} decisions, {results} results", numbers, days
        )
    return _few_results(day, decisions, results, latencies, numbers)


def _few_results(
    day: Observation, decisions: int, results: int, latencies: int | None, numbers: dict[str, int | None]
) -> Check:
    """Outcomes that the breaker doesn't record (4xx, cancelled) may be missing from the results; 4xx have a latency."""
    text = f"day {day.window.day}: only {results} results from {decisions} decisions"
    days = (day.window.day,)
    came_back = latencies is not None and latencies >= decisions - slack(day, decisions)
    if came_back or results >= UNRECORDED_SHARE * decisions:
        text += "; outcomes that the breaker doesn't record (4xx, cancelled, lost) explain it"
        return Check("decisions", "explained", text, numbers, days)
    if latencies is None:
        text += (
            "; without latencies nothing tells how many came back with an outcome that isn't recorded (4xx)"
        )
        return Check("decisions", "unknown", text, numbers, days)
    return Check("decisions", "contradiction", f"{text}, and {latencies} latencies", numbers, days)


def _latency_day(case: Case, day: Observation) -> Check | None:
    """Every success came back and so has a latency; a timeout needn't."""
    latencies = total(p.latency.count for p in day.providers.values())
    successes = total(p.events.success for p in day.providers.values())
    if latencies is None or successes is None:
        return None
    numbers = {"latency_count": latencies, "success": successes}
    days = (day.window.day,)
    text = f"day {day.window.day}: {latencies} latencies, {successes} successes"
    if latencies < successes - slack(day, successes):
        return Check("latency_count", "contradiction", text, numbers, days)
    most = _most_calls(day)
    if most is not None and latencies > most * (1 + RETRIES) + slack(day, most):
        text += f", and {day.decisions} decisions with at most {most} calls"
        numbers["decisions"] = day.decisions or 0
        if any(one.metric.startswith(LATENCY) and one.server_name != one.metric for one in day.metrics):
            text += "; another server's histogram stands for it, which may count retries of its own"
            return Check("latency_count", "explained", text, numbers, days)
        twice = CALLS_PER_DECISION * (day.decisions or 0)
        if _may_fall_back(case) and latencies <= twice * (1 + RETRIES) + slack(day, twice):
            text += "; fallbacks after outcomes that the breaker doesn't record (429) have a second latency"
            return Check("latency_count", "explained", text, numbers, days)
        return Check("latency_count", "contradiction", text, numbers, days)
    return Check("latency_count", "agree", text, numbers, days)


def _most_calls(day: Observation) -> int | None:
    """A decision leads to one call, and to one more where a fallback takes a failure."""
    failures = total(p.events.failure for p in day.providers.values())
    return None if not day.decisions or failures is None else day.decisions + failures


def _may_fall_back(case: Case) -> bool:
    """Whether the policy may have a fallback; false only where selecting the tenant found none."""
    told = [reason.verdict for reason in case.state.reasons if reason.criterion == "fallback"]
    return "against" not in told or any(day.fallback_decisions for day in case.observed.days)


def _counts_denied(case: Case, day: Observation) -> bool:
    """Whether this router counts denied calls; told from its events on any day, else from the day's dialect."""
    found = [one.dialect for each in case.observed.days for one in each.metrics if one.metric == EVENTS]
    return any(found) if found else day.dialect != "documented"


def _fallbacks_day(case: Case, day: Observation) -> Check | None:
    """A decision by circuit_breaker_fallback needs a denied request, and that a circuit that isn't closed."""
    denied = total(p.events.fail_fast for p in day.providers.values())
    if denied is None or not day.fallback_decisions:
        return None
    numbers = {"fallback_decisions": day.fallback_decisions, "fail_fast": denied}
    text = f"day {day.window.day}: {day.fallback_decisions} fallbacks for an open circuit, {denied} denied"
    status: Status = "agree"
    if day.fallback_decisions > denied + slack(day, denied):
        status = "contradiction"
        if denied == 0 and not _counts_denied(case, day):
            status, why = _without_denied(case, day)
            text += why
    return Check("fallbacks", status, text, numbers, (day.window.day,))


def _without_denied(case: Case, day: Observation) -> tuple[Status, str]:
    """Fallbacks held against the circuits, where the events don't count denied calls."""
    uncounted = "; this router's events count no fail_fast"
    start, end = to_ms(day.window.start), to_ms(day.window.end)
    if any(touches(not_closed(case, name), start, end) for name in day.providers):
        return "explained", uncounted
    if any(touches(maybe_not_closed(case, name), start, end) for name in day.providers):
        return "explained", f"{uncounted}, and a circuit moved without a metric"
    if transitions_missing(case):
        return "unknown", f"{uncounted}, and no transition tells of a circuit: its metric is missing"
    return "contradiction", f"{uncounted}, but no circuit was open"


def all_checks(case: Case) -> list[Check]:
    """Every check that the data allows, over all days since enabling."""
    found: list[Check | None] = []
    for day in case.observed.days:
        found += [] if no_decisions_at_all(case) else [_decisions_day(day)]
        found += [_latency_day(case, day), _fallbacks_day(case, day)]
    return [*(check for check in found if check is not None), *circuit_checks(case)]
