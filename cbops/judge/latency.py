"""Criterion 4: latency rises by less than 5 %.

Source: the success criteria of phase 1. What binds is the mean (exact, from the histogram's sum and
count) as a ratio to the baseline and the controls, at the baseline's mix of providers, over time with
the circuit closed and the provider healthy. Ratios are compared as logarithms. The p95 binds beside it where
it is asked to and the buckets allow it (cbops/judge/tail.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cbops.judge.blocks import Block, Bounds, at_whole_days, difference, weighed, widest
from cbops.judge.case import Case, Judged, judged
from cbops.judge.compared import Compared, Comparison, compared, comparison_evidence, mix, what_is_missing
from cbops.judge.kept import DaySums, Sums
from cbops.judge.numbers import rounded
from cbops.judge.settings import MIN_SHARE, STEADY_SHARE
from cbops.judge.tail import Tail, judge_tail
from cbops.model.observation import Observation
from cbops.model.verdict import Verdict

Latency = tuple[float, int]  # mean in ms, count


def _mean(sums: Sums | None) -> Latency | None:
    """Null without any result that came back."""
    if sums is None or not sums.latency_count or sums.latency_sum <= 0:
        return None
    return sums.latency_sum / sums.latency_count, sums.latency_count


def _canary(days: Iterable[DaySums], provider: str) -> Latency | None:
    """Over several days."""
    total, count = 0.0, 0
    for day in days:
        if provider in day.canary:
            total += day.canary[provider].latency_sum
            count += day.canary[provider].latency_count
    return (total / count, count) if count and total > 0 else None


def _control(day: DaySums, tenant: str, provider: str) -> Latency | None:
    return _mean(day.controls.get(tenant, {}).get(provider))


def steady_controls(case: Case, days: Sequence[DaySums], provider: str) -> tuple[str, ...]:
    """Controls with latencies on the provider on nearly all of the canary's days.

    The same controls on every day: one that comes and goes would shift the comparison.
    """
    mine = [day for day in days if _mean(day.canary.get(provider)) is not None]
    found = []
    for tenant in case.controls.used:
        present = sum(_control(day, tenant, provider) is not None for day in mine)
        if mine and present >= STEADY_SHARE * len(mine):
            found.append(tenant)
    return tuple(found)


def _log_ratio(day: DaySums, provider: str, controls: Sequence[str]) -> float | None:
    mine = _mean(day.canary.get(provider))
    if mine is None:
        return None
    others = [_control(day, tenant, provider) for tenant in controls]
    known = [math.log(other[0]) for other in others if other is not None]
    if len(known) < len(controls):
        return None
    return math.log(mine[0]) - (sum(known) / len(known) if known else 0.0)


def latency_blocks(
    days: Iterable[DaySums], shares: Mapping[str, float], controls: Mapping[str, Sequence[str]]
) -> list[Block]:
    """One value a day: the providers' log-ratios at the given mix; days that lack one are left out."""
    found = []
    for day in days:
        ratios = {p: _log_ratio(day, p, controls.get(p, ())) for p in shares}
        values = [share * ratio for p, share in shares.items() if (ratio := ratios[p]) is not None]
        if len(values) < len(shares) or not shares:
            continue
        counts = [_mean(day.canary.get(p)) for p in shares]
        weight = sum(mine[1] for mine in counts if mine is not None)
        figures: dict[str, float | int | None] = {"count": weight}
        for p, mine in zip(shares, counts, strict=True):
            figures[f"{p}_mean_ms"] = None if mine is None else rounded(mine[0], 3)
            figures[f"{p}_log_ratio"] = rounded(ratios[p])
        found.append(Block(day.day, day.full, sum(values), weight, figures))
    return found


def judged_mix(days: Compared) -> dict[str, float]:
    """The baseline's mix of the providers that carry a share worth judging, adding up to 1."""
    shares = {p: share for p, share in mix(days.before or days.after).items() if share >= MIN_SHARE}
    total = sum(shares.values())
    return {provider: share / total for provider, share in shares.items()}


def compare(case: Case, days: Compared, shares: Mapping[str, float]) -> Comparison:
    """The comparison over these providers at this mix; bounds are of the log-ratio."""
    everything = (*days.before, *days.after)
    controls = {provider: steady_controls(case, everything, provider) for provider in shares}
    controlled = bool(shares) and all(controls.values())
    used = controls if controlled else {}
    sides = ([day for day in part if controlled or day.full] for part in (days.before, days.after))
    before, after = (latency_blocks(part, shares, used) for part in sides)
    hours = {day: latency_blocks(part, shares, used) for day, part in days.same_hours.items()}
    blocks = weighed(before, at_whole_days(after, before, hours))
    effect = difference(*blocks)
    bounds = widest([] if effect is None else [effect], case.criteria)
    return Comparison(days, shares, controlled, *blocks, bounds, hours)


def _verdict(case: Case, bounds: Bounds | None) -> Verdict:
    if bounds is None:
        return Verdict.INCONCLUSIVE
    margin = math.log1p(case.criteria.latency_margin)
    if bounds.lower > 0 and bounds.estimate >= margin:
        return Verdict.MISSED
    return Verdict.MET if bounds.upper < margin and case.enough_days else Verdict.INCONCLUSIVE


def _ratio(log: float | None) -> float | None:
    """A log-ratio as a relative change."""
    return None if log is None else math.expm1(log)


def _provider_evidence(case: Case, found: Comparison, share: float, provider: str) -> dict[str, Any]:
    days = found.compared
    only = list(found.shares) == [provider]
    alone = found.bounds if only else compare(case, days, {provider: 1.0}).bounds
    sides = {"before": _canary(days.before, provider), "after": _canary(days.after, provider)}
    return {
        "share": rounded(share),
        **{f"mean_ms_{side}": None if m is None else rounded(m[0], 3) for side, m in sides.items()},
        **{f"count_{side}": 0 if m is None else m[1] for side, m in sides.items()},
        "change": None if alone is None else rounded(_ratio(alone.estimate)),
        "change_lower": None if alone is None else rounded(_ratio(alone.lower)),
        "change_upper": None if alone is None else rounded(_ratio(alone.upper)),
        "binds": share >= MIN_SHARE,
    }


def _by_day(days: Iterable[Observation]) -> list[dict[str, Any]]:
    return [
        {"day": day.window.day, "provider": provider, **figures.latency.model_dump()}
        for day in days
        for provider, figures in day.providers.items()
        if figures.latency.count
    ]


def _evidence(case: Case, found: Comparison, tail: Tail) -> dict[str, Any]:
    bounds, days = found.bounds, found.compared
    shares = mix(days.before or days.after)
    return {
        "margin": case.criteria.latency_margin,
        "unit": "natural logarithm of the ratio of means; change is the ratio less 1",
        "change": None if bounds is None else rounded(_ratio(bounds.estimate)),
        "change_lower": None if bounds is None else rounded(_ratio(bounds.lower)),
        "change_upper": None if bounds is None else rounded(_ratio(bounds.upper)),
        "providers": {p: _provider_evidence(case, found, shares[p], p) for p in shares},
        "days": _by_day((*case.before.days, *case.after.days)),
        "min_share": MIN_SHARE,
        "percentiles": tail.evidence,
        **comparison_evidence(case, found),
    }


def _summary(case: Case, found: Comparison, bounds: Bounds) -> str:
    change, low, high = (100 * math.expm1(x) for x in (bounds.estimate, bounds.lower, bounds.upper))
    against = (
        "its baseline and the controls" if found.controlled else "its baseline (no control to compare with)"
    )
    return (
        f"The mean latency changed by {change:+.1f} % against {against}, between {low:+.1f} % and"
        f" {high:+.1f} %, where the margin is {100 * case.criteria.latency_margin:g} %."
    )


def _without_metric(case: Case) -> bool:
    return not any(any(row.latency_count) for row in case.after.canary.values())


def _missing(case: Case, found: Comparison, verdict: Verdict) -> tuple[str, ...]:
    if verdict is Verdict.MISSED:
        return ("a mean latency that is back where it was before enabling",)
    if verdict is Verdict.MET:
        return ()
    return what_is_missing(case, found, "mean latency", math.log1p(case.criteria.latency_margin))


def judge_latency(case: Case) -> Judged:
    """The verdict with its blocks; without a latency histogram nothing can be said."""
    days = compared(case, closed=True)
    shares = judged_mix(days)
    tail = judge_tail(case, days, shares)
    case = tail.rest_of_budget(case)
    found = compare(case, days, shares)
    evidence = _evidence(case, found, tail)
    if case.after.days and _without_metric(case):
        remedy = "a latency histogram: remap a gateway's onto router_result_latency_ms (metrics.names)"
        summary = "Latency can't be judged: no latency histogram of this tenant was scraped."
        return judged("latency", Verdict.INCONCLUSIVE, summary, evidence, (remedy,))
    of_mean = _verdict(case, found.bounds)
    verdict = tail.with_mean(of_mean)
    missing = (*_missing(case, found, of_mean), *tail.missing)
    if verdict is Verdict.MISSED and of_mean is not Verdict.MISSED:
        missing = tail.missing
    if found.bounds is None:
        said = "; ".join(_missing(case, found, of_mean))
        summary = f"Latency can't be compared: {said}."
        return judged("latency", verdict, summary, evidence, missing)
    return judged("latency", verdict, _summary(case, found, found.bounds) + tail.sentence, evidence, missing)
