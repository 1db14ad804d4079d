"""Counters against each other: each check gives a finding with the two numbers and what explains it.

Source: the metrics section of the domain description. What the router is known to do (births, the
sticking gauge, restarts, outcomes that aren't recorded) explains a difference; the rest contradicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cbops.judge.case import Case
from cbops.judge.check import Check
from cbops.judge.settings import FLIGHT_SHARE, FLIGHT_SLACK, UNRECORDED_SHARE
from cbops.model.base import to_ms
from cbops.model.observation import Observation, ProviderDay

ERROR_RATE = "router_circuit_breaker_error_rate"
LATENCY = "router_result_latency_ms"
# Calls again after outcomes that the breaker doesn't record, as a share of the calls.
RETRIES = 0.05


def total(values: Iterable[int | None]) -> int | None:
    """The sum; null as soon as one is unknown, or without any."""
    known = list(values)
    if not known or any(value is None for value in known):
        return None
    return sum(value for value in known if value is not None)


def results_of(day: Observation) -> int | None:
    """Successes and failures of all providers."""
    return total(n for p in day.providers.values() for n in (p.events.success, p.events.failure))


def slack(day: Observation, expected: int) -> int:
    """By how much counters of one day may differ: requests in flight, and what restarts lose."""
    seconds = (day.window.end - day.window.start).total_seconds()
    interval = day.scrape.interval_seconds or 60.0
    lost = len(day.restarts) * 2 * interval / seconds * expected if seconds > 0 else 0.0
    return round(FLIGHT_SLACK + FLIGHT_SHARE * expected + 4 * lost)


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
    text = f"{where}: only {results} results from {decisions} decisions"
    came_back = latencies is not None and latencies >= decisions - room
    if came_back or results >= UNRECORDED_SHARE * decisions:
        text += "; outcomes that the breaker doesn't record (4xx, cancelled, lost) explain it"
        return Check("decisions", "explained", text, numbers, days)
    return Check("decisions", "contradiction", text, numbers, days)


def _latency_day(day: Observation) -> Check | None:
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
        return Check("latency_count", "contradiction", text, numbers, days)
    return Check("latency_count", "agree", text, numbers, days)


def _most_calls(day: Observation) -> int | None:
    """A decision leads to one call, and to one more where a fallback takes a failure."""
    failures = total(p.events.failure for p in day.providers.values())
    return None if not day.decisions or failures is None else day.decisions + failures


def _error_rate_day(day: Observation) -> list[Check]:
    """The day's error rate must be its failures over its results."""
    found = []
    for provider, figures in day.providers.items():
        failed, results = figures.events.failure, total((figures.events.success, figures.events.failure))
        if figures.error_rate is None or failed is None or not results:
            continue
        same = abs(figures.error_rate - failed / results) <= 1e-4
        numbers = {"error_rate": figures.error_rate, "failure": failed, "results": results}
        text = f"day {day.window.day}, {provider}: {figures.error_rate:.4f} against {failed} of {results}"
        found.append(
            Check("error_rate", "agree" if same else "contradiction", text, numbers, (day.window.day,))
        )
    return found


def _interleaving(case: Case, provider: str) -> Check | None:
    """Into each state once more or once less than out of it: opens, half-opens and closes alternate."""
    figures = [day.providers.get(provider) for day in case.observed.days]
    known = [each for each in figures if each is not None]
    opens = total(each.transitions.open for each in known)
    half = total(each.transitions.half_open for each in known)
    closes = total(each.transitions.closed for each in known)
    if opens is None or half is None or closes is None:
        return None
    numbers: dict[str, Any] = {"open": opens, "half_open": half, "closed": closes}
    instances = {t.instance for day in case.observed.days for t in day.transitions if t.provider == provider}
    restarts = sum(len(day.restarts) for day in case.observed.days)
    unseen = sum(e.closed_by == "unseen" for e in case.episodes if e.provider == provider)
    room = max(1, len(instances))
    apart = max(abs(opens - half), closes - half)
    numbers |= {"instances": len(instances), "restarts": restarts, "closed_unseen": unseen}
    text = f"{provider}: {opens} opens, {half} half-opens, {closes} closes"
    days = tuple(day.window.day for day in case.observed.days)
    if apart <= room:
        return Check("interleaving", "agree", text, numbers, days)
    if apart <= room + restarts * room + unseen:
        text += "; restarts or closes that no series shows explain the difference"
        return Check("interleaving", "explained", text, numbers, days)
    return Check("interleaving", "contradiction", text + ", which cannot alternate", numbers, days)


def _half_opens(case: Case, provider: str) -> Check | None:
    """Every half-open ends in an open or a close; told only where the series name the source."""
    moves = [t for day in case.observed.days for t in day.transitions if t.provider == provider]
    if not moves or any(t.source is None for t in moves):
        return None
    entered = sum(t.count for t in moves if t.target == "half_open")
    reopened = sum(t.count for t in moves if (t.source, t.target) == ("half_open", "open"))
    closed = sum(t.count for t in moves if (t.source, t.target) == ("half_open", "closed"))
    room = len({t.instance for t in moves})
    restarts = sum(len(day.restarts) for day in case.observed.days)
    unseen = sum(e.closed_by == "unseen" for e in case.episodes if e.provider == provider)
    numbers = {"half_open": entered, "reopened": reopened, "closed": closed, "restarts": restarts}
    text = f"{provider}: {entered} half-opens ended in {reopened} opens and {closed} closes"
    days = tuple(day.window.day for day in case.observed.days)
    apart = abs(entered - reopened - closed)
    if apart <= room:
        return Check("half_open", "agree", text, numbers, days)
    if apart <= room + restarts * room + unseen:
        text += "; restarts or closes that no series shows explain the difference"
        return Check("half_open", "explained", text, numbers, days)
    return Check("half_open", "contradiction", text, numbers, days)


def not_closed(case: Case, provider: str) -> list[tuple[int, int]]:
    """When some circuit of the provider may not have been closed (ms), generously at both ends."""
    spans = [
        (to_ms(e.opened_after or e.opened), case.until if e.closed is None else to_ms(e.closed))
        for e in case.episodes
        if e.provider == provider
    ]
    for day in case.observed.days:
        moves = [t for t in day.transitions if t.provider == provider]
        if day.state_at_start.get(provider, "closed") != "closed":
            closes = [to_ms(t.at) for t in moves if t.target == "closed"]
            spans.append((to_ms(day.window.start), min(closes, default=to_ms(day.window.end))))
        for move in moves:
            if move.target != "closed":
                later = [to_ms(t.at) for t in moves if t.target == "closed" and t.at >= move.at]
                spans.append((to_ms(move.after or move.at), min(later, default=to_ms(day.window.end))))
    return spans


def _fail_fast(case: Case, provider: str) -> Check | None:
    """Only a circuit that isn't closed denies."""
    row = case.observed.canary.get(provider, ())
    denied = [cell for cell in row if cell.fail_fast]
    if not denied:
        return None
    spans = not_closed(case, provider)
    stray = [
        cell
        for cell in denied
        # a scrape may show the last denials one bucket after the close
        if not any(
            s - (cell.end - cell.start) < cell.end and cell.start < e + (cell.end - cell.start)
            for s, e in spans
        )
    ]
    numbers = {
        "fail_fast": sum(cell.fail_fast or 0 for cell in denied),
        "while_closed": sum(cell.fail_fast or 0 for cell in stray),
        "buckets_while_closed": len(stray),
    }
    text = f"{provider}: {numbers['fail_fast']} denied, {numbers['while_closed']} of them while the circuit was closed"
    days = tuple(day.window.day for day in case.observed.days)
    return Check("fail_fast", "contradiction" if stray else "agree", text, numbers, days)


def _fallbacks_day(day: Observation) -> Check | None:
    """A decision by circuit_breaker_fallback needs a denied request."""
    denied = total(p.events.fail_fast for p in day.providers.values())
    if denied is None or not day.fallback_decisions:
        return None
    numbers = {"fallback_decisions": day.fallback_decisions, "fail_fast": denied}
    fits = day.fallback_decisions <= denied + slack(day, denied)
    text = f"day {day.window.day}: {day.fallback_decisions} fallbacks for an open circuit, {denied} denied"
    if not fits and day.dialect == "documented" and denied == 0:
        text += "; the documented dialect counts no fail_fast"
        return Check("fallbacks", "explained", text, numbers, (day.window.day,))
    return Check("fallbacks", "agree" if fits else "contradiction", text, numbers, (day.window.day,))


def _present(days: Sequence[Observation], read: str) -> bool:
    def of(figures: ProviderDay) -> int | None:
        if read == "events":
            return total((figures.events.success, figures.events.failure))
        if read == "transitions":
            return total(
                (figures.transitions.open, figures.transitions.half_open, figures.transitions.closed)
            )
        return figures.latency.count

    return all(day.providers and all(of(p) is not None for p in day.providers.values()) for day in days)


def missing_series(case: Case) -> list[str]:
    """Required series without an answer on some day; a counter never born is 0 and not missing."""
    days = case.observed.days
    missing = [name for name in ("events", "transitions", "latency") if not _present(days, name)]
    if any(day.decisions is None for day in days) or no_decisions_at_all(case):
        missing.append("decisions")
    if any(_without_rate(day) for day in days):
        missing.append("error_rate")
    return missing


def _without_rate(day: Observation) -> bool:
    """Results, and no gauge of the error rate among the metrics that were found; null where nobody looked."""
    return bool(day.metrics and results_of(day)) and all(one.metric != ERROR_RATE for one in day.metrics)


def no_decisions_at_all(case: Case) -> bool:
    """Results on record but not one decision on any day: the metric goes by another name."""
    results = sum(results_of(day) or 0 for day in case.observed.days)
    return results > 0 and not any(day.decisions for day in case.observed.days)


def all_checks(case: Case) -> list[Check]:
    """Every check that the data allows, over all days since enabling."""
    found: list[Check | None] = []
    for day in case.observed.days:
        found += [] if no_decisions_at_all(case) else [_decisions_day(day)]
        found += [_latency_day(day), _fallbacks_day(day), *_error_rate_day(day)]
    for provider in sorted({p for day in case.observed.days for p in day.providers}):
        found += [_interleaving(case, provider), _half_opens(case, provider), _fail_fast(case, provider)]
    return [check for check in found if check is not None]
