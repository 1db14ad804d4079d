"""Criterion 4: latency rises by less than 5 %.

Source: the success criteria of phase 1. What binds is the mean (exact, from the histogram's sum and
count) as a ratio to the baseline and the controls, at the baseline's mix of providers, over time with
the circuit closed and the provider healthy. Ratios are compared as logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cbops.judge.blocks import Block, Bounds, by_blocks, difference, widest
from cbops.judge.case import Case, Judged, judged
from cbops.judge.cells import Cell
from cbops.judge.compared import (
    AllSlots,
    Comparison,
    Slot,
    Slots,
    block_lengths,
    compared_slots,
    comparison_evidence,
    grouped,
    mix,
    what_is_missing,
)
from cbops.judge.numbers import rounded
from cbops.judge.settings import MIN_SHARE, STEADY_SHARE
from cbops.model.observation import Observation
from cbops.model.verdict import Verdict


def _mean(cells: Iterable[Cell]) -> tuple[float, int] | None:
    """(mean in ms, count); null without any result that came back."""
    total, count = 0.0, 0
    for cell in cells:
        if cell.latency_count and cell.latency_sum is not None:
            total, count = total + cell.latency_sum, count + cell.latency_count
    return (total / count, count) if count and total > 0 else None


def _canary(slots: Sequence[Slot], provider: str) -> tuple[float, int] | None:
    return _mean(slot.canary[provider] for slot in slots if provider in slot.canary)


def _control(slots: Sequence[Slot], tenant: str, provider: str) -> tuple[float, int] | None:
    rows = (slot.controls.get(tenant, {}) for slot in slots)
    return _mean(row[provider] for row in rows if provider in row)


def steady_controls(case: Case, groups: Sequence[Sequence[Slot]], provider: str) -> tuple[str, ...]:
    """Controls with latencies on the provider in nearly all of the canary's blocks.

    The same controls in every block: one that comes and goes would shift the comparison.
    """
    mine = [slots for slots in groups if _canary(slots, provider) is not None]
    found = []
    for tenant in case.controls.used:
        present = sum(_control(slots, tenant, provider) is not None for slots in mine)
        if mine and present >= STEADY_SHARE * len(mine):
            found.append(tenant)
    return tuple(found)


def _log_ratio(slots: Sequence[Slot], provider: str, controls: Sequence[str]) -> float | None:
    mine = _canary(slots, provider)
    if mine is None:
        return None
    others = [_control(slots, tenant, provider) for tenant in controls]
    known = [math.log(other[0]) for other in others if other is not None]
    if len(known) < len(controls):
        return None
    return math.log(mine[0]) - (sum(known) / len(known) if known else 0.0)


def latency_blocks(
    groups: Mapping[str, Sequence[Slot]], shares: Mapping[str, float], controls: Mapping[str, Sequence[str]]
) -> list[Block]:
    """One value a block: the providers' log-ratios at the given mix; blocks that lack one are left out."""
    found = []
    for key, slots in groups.items():
        ratios = {p: _log_ratio(slots, p, controls.get(p, ())) for p in shares}
        values = [share * ratio for p, share in shares.items() if (ratio := ratios[p]) is not None]
        if len(values) < len(shares) or not shares:
            continue
        counts = [_canary(slots, p) for p in shares]
        weight = sum(mine[1] for mine in counts if mine is not None)
        figures: dict[str, float | int | None] = {"count": weight}
        for p, mine in zip(shares, counts, strict=True):
            figures[f"{p}_mean_ms"] = None if mine is None else rounded(mine[0], 3)
            figures[f"{p}_log_ratio"] = rounded(ratios[p])
        found.append(Block(key, sum(values), weight, figures))
    return found


def _judged_mix(slots: Slots) -> dict[str, float]:
    """The baseline's mix of the providers that carry a share worth judging, adding up to 1."""
    shares = {p: share for p, share in mix(slots.before or slots.after).items() if share >= MIN_SHARE}
    total = sum(shares.values())
    return {provider: share / total for provider, share in shares.items()}


def compare(case: Case, slots: Slots, shares: Mapping[str, float]) -> Comparison:
    """The comparison over these providers at this mix; bounds are of the log-ratio."""
    everything = list(grouped((*slots.before, *slots.after), min(block_lengths(controlled=True))).values())
    controls = {provider: steady_controls(case, everything, provider) for provider in shares}
    controlled = bool(shares) and all(controls.values())
    used = controls if controlled else {}
    before: dict[int, list[Block]] = {}
    after: dict[int, list[Block]] = {}
    for hours in block_lengths(controlled=controlled):
        for side, part in ((before, slots.before), (after, slots.after)):
            chosen = [slot for slot in part if controlled or slot.full_day]
            side[hours] = latency_blocks(grouped(chosen, hours), shares, used)
    effects = by_blocks({hours: difference(f"{hours} h", before[hours], after[hours]) for hours in after})
    bounds = widest(effects, case.criteria)
    return Comparison(slots, shares, controlled, before, after, bounds)


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
    slots = found.slots
    only = list(found.shares) == [provider]
    alone = found.bounds if only else compare(case, slots, {provider: 1.0}).bounds
    sides = {"before": _canary(slots.before, provider), "after": _canary(slots.after, provider)}
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


def _evidence(case: Case, found: Comparison) -> dict[str, Any]:
    bounds, slots = found.bounds, found.slots
    shares = mix(slots.before or slots.after)
    return {
        "margin": case.criteria.latency_margin,
        "unit": "natural logarithm of the ratio of means; change is the ratio less 1",
        "change": None if bounds is None else rounded(_ratio(bounds.estimate)),
        "change_lower": None if bounds is None else rounded(_ratio(bounds.lower)),
        "change_upper": None if bounds is None else rounded(_ratio(bounds.upper)),
        "providers": {p: _provider_evidence(case, found, shares[p], p) for p in shares},
        "days": _by_day((*case.before.days, *case.after.days)),
        "min_share": MIN_SHARE,
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
    cells = [cell for row in case.after.canary.values() for cell in row]
    return not any(cell.latency_count for cell in cells)


def judge_latency(case: Case, everything: AllSlots) -> Judged:
    """The verdict with its blocks; without a latency histogram nothing can be said."""
    slots = compared_slots(case, everything, closed=True)
    found = compare(case, slots, _judged_mix(slots))
    evidence = _evidence(case, found)
    if case.after.days and _without_metric(case):
        remedy = "a latency histogram: remap a gateway's onto router_result_latency_ms (metrics.names)"
        summary = "Latency can't be judged: no latency histogram of this tenant was scraped."
        return judged("latency", Verdict.INCONCLUSIVE, summary, evidence, (remedy,))
    verdict = _verdict(case, found.bounds)
    if verdict is Verdict.MISSED:
        missing: tuple[str, ...] = ("a mean latency that is back where it was before enabling",)
    else:
        missing = what_is_missing(case, found, math.log1p(case.criteria.latency_margin))
    if found.bounds is None:
        summary = f"Latency can't be compared: {'; '.join(missing)}."
        return judged("latency", verdict, summary, evidence, missing)
    return judged("latency", verdict, _summary(case, found, found.bounds), evidence, missing)
