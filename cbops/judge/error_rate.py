"""Criterion 3: no increase in the tenant's error rate.

Source: the success criteria of phase 1. Non-inferiority with a margin: met only when the upper bound of
the increase lies below it; missed only when the lower bound is above zero and the estimate is at least
the margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cbops.judge.blocks import Block, Bounds, Effect, at_whole_days, difference, level, weighed, widest
from cbops.judge.case import Case, Judged, judged
from cbops.judge.compared import Compared, Comparison, compared, comparison_evidence, mix, what_is_missing
from cbops.judge.kept import DaySums
from cbops.judge.numbers import rounded
from cbops.judge.seen import Seen, counting_effect, error_blocks, seen_by_canary, seen_by_controls
from cbops.model.verdict import Verdict


def _effects(
    case: Case,
    days: Compared,
    blocks: tuple[Sequence[Block], Sequence[Block]],
    shares: Mapping[str, float],
    *,
    controlled: bool,
) -> list[Effect]:
    """The one that the variation between days imposes, and the one that counting alone does."""
    found = difference(*blocks) if days.before else level(blocks[1])
    if found is None:
        return []
    sides = (days.before, days.after)
    return [found, counting_effect(case, sides, blocks, shares, found, controlled=controlled)]


def compare(case: Case, *, controlled: bool) -> Comparison:
    """Canary against its baseline and the controls, as far as there are any."""
    days = compared(case, closed=False)
    shares = mix(days.before) or mix(days.after)
    before, after = (
        error_blocks(case, part, shares, controlled=controlled) for part in (days.before, days.after)
    )
    hours = {
        day: error_blocks(case, part, shares, controlled=controlled) for day, part in days.same_hours.items()
    }
    blocks = weighed(before, at_whole_days(after, before, hours))
    effects = _effects(case, days, blocks, shares, controlled=controlled)
    return Comparison(days, shares, controlled, *blocks, widest(effects, case.criteria), hours)


def _level_upper(case: Case, days: Compared) -> float | None:
    """The upper bound of the tenant's whole error rate since enabling: no increase can be larger."""
    only = Compared(before=(), after=days.after)
    blocks = weighed([], error_blocks(case, days.after, {}, controlled=False))
    bounds = widest(_effects(case, only, blocks, {}, controlled=False), case.criteria)
    return None if bounds is None else bounds.upper


def _verdict(case: Case, found: Comparison, whole_upper: float | None) -> Verdict:
    bounds, margin = found.bounds, case.criteria.error_rate_margin
    if bounds is None or not (found.compared.before or found.controlled):
        return Verdict.INCONCLUSIVE
    below = bounds.upper < margin and case.enough_days
    if not found.compared.before:
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


def _control_counts(days: Sequence[DaySums], shares: Mapping[str, float]) -> dict[str, Any] | None:
    others = seen_by_controls(days, shares)
    return None if others is None else {**_counts(others[1]), "rate_at_mix": rounded(others[0])}


def _evidence(case: Case, found: Comparison, whole_upper: float | None) -> dict[str, Any]:
    days = found.compared
    return {
        "margin": case.criteria.error_rate_margin,
        "unit": "share of results",
        "canary_before": _counts(seen_by_canary(case, days.before)),
        "canary_after": _counts(seen_by_canary(case, days.after)),
        "controls_before": _control_counts(days.before, found.shares),
        "controls_after": _control_counts(days.after, found.shares),
        "whole_rate_upper": rounded(whole_upper),
        "rejected_share_of_denied": {str(day): rounded(s) for day, s in case.rejected_share.items() if s},
        **comparison_evidence(case, found),
    }


def _summary(case: Case, found: Comparison, bounds: Bounds) -> str:
    after = seen_by_canary(case, found.compared.after).rate
    margin = 100 * case.criteria.error_rate_margin
    if found.compared.before:
        before = seen_by_canary(case, found.compared.before).rate
        change = f"The tenant's error rate went from {_percent(before)} to {_percent(after)}"
        against = " against the controls" if found.controlled else " (no control to compare with)"
    else:
        change = f"The tenant's error rate is {_percent(after)} (no baseline)"
        against = " against the controls alone"
    return (
        f"{change}: {100 * bounds.estimate:+.2f} points{against}, between {100 * bounds.lower:+.2f}"
        f" and {100 * bounds.upper:+.2f}, where the margin is {margin:.2f}."
    )


def judge_error_rate(case: Case) -> Judged:
    """The verdict with its blocks; too few of them are inconclusive."""
    found = compare(case, controlled=bool(case.controls.used))
    whole = _level_upper(case, found.compared)
    evidence = _evidence(case, found, whole)
    verdict = _verdict(case, found, whole)
    if verdict is Verdict.MISSED:
        missing: tuple[str, ...] = ("an error rate that is back where it was before enabling",)
    else:
        missing = what_is_missing(case, found, "error rate", case.criteria.error_rate_margin)
    if found.bounds is None or not (found.compared.before or found.controlled):
        summary = f"The tenant's error rate can't be compared: {'; '.join(missing)}."
    else:
        summary = _summary(case, found, found.bounds)
    return judged("error_rate", verdict, summary, evidence, missing)
