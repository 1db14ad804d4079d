"""The error rate that a tenant saw, and the controls' at the same mix of providers.

Source: the domain description counts what a tenant saw: results of all its providers, with denied
requests that a router rejects counted as errors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cbops.judge.blocks import Block, Effect
from cbops.judge.case import Case
from cbops.judge.kept import DaySums
from cbops.judge.looks import Look
from cbops.judge.numbers import rounded


@dataclass(frozen=True, slots=True)
class Seen:
    """What the tenant saw over some days."""

    failures: float
    results: float

    @property
    def rate(self) -> float | None:
        """Failures over results."""
        return self.failures / self.results if self.results else None

    @property
    def one(self) -> float:
        """The variance of one result's failing, with one failure and one success added."""
        rate = (self.failures + 1) / (self.results + 2)
        return rate * (1 - rate)


def seen_by_canary(case: Case, days: Sequence[DaySums]) -> Seen:
    """All its providers together."""
    failures = results = 0.0
    for day in days:
        rejected = case.rejected_share.get(day.day, 0.0)
        for sums in day.canary.values():
            extra = rejected * sums.fail_fast
            failures += sums.failure + extra
            results += sums.results + extra
    return Seen(failures, results)


def seen_by_controls(days: Sequence[DaySums], shares: Mapping[str, float]) -> tuple[float, Seen] | None:
    """The controls' error rate at the canary's mix of providers, and their plain counts."""
    by: dict[str, tuple[int, int]] = {}
    for day in days:
        for rows in day.controls.values():
            for provider, sums in rows.items():
                failures, results = by.get(provider, (0, 0))
                by[provider] = failures + sums.failure, results + sums.results
    weights = {p: shares.get(p, 0.0) for p, (_, results) in by.items() if results}
    total = sum(weights.values())
    if total <= 0:
        return None
    rate = sum(weight / total * by[p][0] / by[p][1] for p, weight in weights.items())
    used = [by[p] for p, weight in weights.items() if weight > 0]
    return rate, Seen(sum(f for f, _ in used), sum(n for _, n in used))


def error_blocks(
    case: Case, days: Sequence[DaySums], shares: Mapping[str, float], *, controlled: bool
) -> list[Block]:
    """Canary minus controls, day by day; without a control the canary alone, full days only."""
    found = []
    for day in days:
        mine = seen_by_canary(case, (day,))
        others = seen_by_controls((day,), shares) if controlled else None
        if mine.rate is None or (controlled and others is None) or not (controlled or day.full):
            continue
        figures: dict[str, float | int | None] = {
            "failures": rounded(mine.failures, 2),
            "results": rounded(mine.results, 2),
            "control_rate": None if others is None else rounded(others[0]),
            "control_results": None if others is None else int(others[1].results),
        }
        value = mine.rate - (0.0 if others is None else others[0])
        found.append(Block(day.day, day.full, value, mine.results, figures))
    return found


def _counting_variance(
    case: Case,
    days: Sequence[DaySums],
    blocks: Sequence[Block],
    shares: Mapping[str, float],
    *,
    controlled: bool,
) -> float:
    """Of the blocks' weighted mean, were every result an independent draw at its side's rate."""
    used = [day for day in days if any(block.day == day.day for block in blocks)]
    mine = seen_by_canary(case, used).one
    others = seen_by_controls(used, shares) if controlled else None
    total = sum(block.weight for block in blocks)
    variance = 0.0
    for block in blocks:
        share = (block.weight / total) ** 2
        variance += share * mine / float(block.figures["results"] or 1)
        if others is not None:
            variance += share * others[1].one / float(block.figures["control_results"] or 1)
    return variance


def counting_effect(
    case: Case,
    sides: tuple[Sequence[DaySums], Sequence[DaySums]],
    blocks: tuple[Sequence[Block], Sequence[Block]],
    shares: Mapping[str, float],
    found: Effect,
    *,
    controlled: bool,
) -> Effect:
    """The interval that counting alone imposes on an effect, however alike the days are."""
    before, after = (
        _counting_variance(case, days, some, shares, controlled=controlled) if some else 0.0
        for days, some in zip(sides, blocks, strict=True)
    )
    look = Look(found.look.before, found.look.after)
    return Effect("counting alone", found.estimate, 1.0, before, after, math.inf, look)
