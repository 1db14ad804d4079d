"""Criterion 3: no increase in the tenant's error rate.

Source: the success criteria of phase 1. Non-inferiority with a margin: met only when the upper bound of
the increase lies below it; missed only when the lower bound is above zero and the estimate is at least
the margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cbops.judge.blocks import Block, Bounds, Effect, by_blocks, difference, level, widest
from cbops.judge.case import Case, Judged, judged
from cbops.judge.compared import (
    AllSlots,
    Comparison,
    Slot,
    Slots,
    block_lengths,
    compared_slots,
    comparison_evidence,
    mix,
    what_is_missing,
)
from cbops.judge.numbers import rounded
from cbops.judge.seen import Seen, counting_effect, error_blocks, seen_by_canary, seen_by_controls
from cbops.model.verdict import Verdict

Blocks = dict[int, list[Block]]


def _effects(
    case: Case, slots: Slots, before: Blocks, after: Blocks, shares: Mapping[str, float], *, controlled: bool
) -> list[Effect]:
    """One a block length that has blocks enough, and the one that counting alone imposes."""
    single = not slots.before
    found = by_blocks(
        {
            hours: level(f"{hours} h", blocks) if single else difference(f"{hours} h", before[hours], blocks)
            for hours, blocks in after.items()
        }
    )
    if found:
        found.append(counting_effect(case, slots, shares, found[0].estimate, controlled=controlled))
    return found


def compare(case: Case, everything: AllSlots, *, controlled: bool) -> Comparison:
    """Canary against its baseline and the controls, as far as there are any."""
    slots = compared_slots(case, everything, closed=False)
    shares = mix(slots.before) or mix(slots.after)
    lengths = block_lengths(controlled=controlled)
    before = {h: error_blocks(case, slots.before, h, shares, controlled=controlled) for h in lengths}
    after = {h: error_blocks(case, slots.after, h, shares, controlled=controlled) for h in lengths}
    effects = _effects(case, slots, before, after, shares, controlled=controlled)
    return Comparison(slots, shares, controlled, before, after, widest(effects, case.criteria))


def _level_upper(case: Case, slots: Slots) -> float | None:
    """The upper bound of the tenant's whole error rate since enabling: no increase can be larger."""
    only = Slots(before=(), after=slots.after, left_out={}, outages=())
    blocks = {
        h: error_blocks(case, only.after, h, {}, controlled=False) for h in block_lengths(controlled=True)
    }
    effects = _effects(case, only, {h: [] for h in blocks}, blocks, {}, controlled=False)
    bounds = widest(effects, case.criteria)
    return None if bounds is None else bounds.upper


def _verdict(case: Case, found: Comparison, whole_upper: float | None) -> Verdict:
    bounds, margin = found.bounds, case.criteria.error_rate_margin
    if bounds is None or not (found.slots.before or found.controlled):
        return Verdict.INCONCLUSIVE
    below = bounds.upper < margin and case.enough_days
    if not found.slots.before:
        # Without a baseline a lasting difference to the controls is no increase, and hides none
        # only when the whole rate is below the margin.
        small = whole_upper is not None and whole_upper < margin
        return Verdict.MET if below and small else Verdict.INCONCLUSIVE
    if bounds.lower > 0 and bounds.estimate >= margin:
        return Verdict.MISSED
    return Verdict.MET if below else Verdict.INCONCLUSIVE


def _percent(rate: float | None) -> str:
    return "unknown" if rate is None else f"{100 * rate:.2f} %"


def _counts(seen: Seen) -> dict[str, Any]:
    return {
        "failures": rounded(seen.failures, 2),
        "results": rounded(seen.results, 2),
        "rate": rounded(seen.rate),
    }


def _control_counts(slots: Sequence[Slot], shares: Mapping[str, float]) -> dict[str, Any] | None:
    others = seen_by_controls(slots, shares)
    return None if others is None else {**_counts(others[1]), "rate_at_mix": rounded(others[0])}


def _evidence(case: Case, found: Comparison, whole_upper: float | None) -> dict[str, Any]:
    slots = found.slots
    return {
        "margin": case.criteria.error_rate_margin,
        "unit": "share of results",
        "canary_before": _counts(seen_by_canary(case, slots.before)),
        "canary_after": _counts(seen_by_canary(case, slots.after)),
        "controls_before": _control_counts(slots.before, found.shares),
        "controls_after": _control_counts(slots.after, found.shares),
        "whole_rate_upper": rounded(whole_upper),
        "rejected_share_of_denied": {str(day): rounded(s) for day, s in case.rejected_share.items() if s},
        **comparison_evidence(case, found),
    }


def _summary(case: Case, found: Comparison, bounds: Bounds) -> str:
    after = seen_by_canary(case, found.slots.after).rate
    margin = 100 * case.criteria.error_rate_margin
    if found.slots.before:
        before = seen_by_canary(case, found.slots.before).rate
        change = f"The tenant's error rate went from {_percent(before)} to {_percent(after)}"
        against = " against the controls" if found.controlled else " (no control to compare with)"
    else:
        change = f"The tenant's error rate is {_percent(after)} (no baseline)"
        against = " against the controls alone"
    return (
        f"{change}: {100 * bounds.estimate:+.2f} points{against}, between {100 * bounds.lower:+.2f}"
        f" and {100 * bounds.upper:+.2f}, where the margin is {margin:.2f}."
    )


def judge_error_rate(case: Case, everything: AllSlots) -> Judged:
    """The verdict with its blocks; too few of them are inconclusive."""
    found = compare(case, everything, controlled=bool(case.controls.used))
    whole = _level_upper(case, found.slots)
    evidence = _evidence(case, found, whole)
    verdict = _verdict(case, found, whole)
    if verdict is Verdict.MISSED:
        missing: tuple[str, ...] = ("an error rate that is back where it was before enabling",)
    else:
        missing = what_is_missing(case, found, case.criteria.error_rate_margin)
    if found.bounds is None or not (found.slots.before or found.controlled):
        summary = f"The tenant's error rate can't be compared: {'; '.join(missing)}."
    else:
        summary = _summary(case, found, found.bounds)
    return judged("error_rate", verdict, summary, evidence, missing)
