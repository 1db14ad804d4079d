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
from cbops.judge.compared import Slot, Slots, grouped
from cbops.judge.numbers import rounded


@dataclass(frozen=True, slots=True)
class Seen:
    """What the tenant saw over some buckets."""

    failures: float
    results: float

    @property
    def rate(self) -> float | None:
        """Failures over results."""
        return self.failures / self.results if self.results else None

    @property
    def floor(self) -> float:
        """The variance that counting alone imposes, with one failure and one success added."""
        rate = (self.failures + 1) / (self.results + 2)
        return rate * (1 - rate) / (self.results + 2)


def seen_by_canary(case: Case, slots: Sequence[Slot]) -> Seen:
    """All its providers together."""
    failures = results = 0.0
    for slot in slots:
        rejected = case.rejected_share.get(slot.day, 0.0)
        for cell in slot.canary.values():
            extra = rejected * (cell.fail_fast or 0)
            failures += cell.failure + extra
            results += cell.results + extra
    return Seen(failures, results)


def seen_by_controls(slots: Sequence[Slot], shares: Mapping[str, float]) -> tuple[float, Seen] | None:
    """The controls' error rate at the canary's mix of providers, and their plain counts."""
    by: dict[str, tuple[int, int]] = {}
    for slot in slots:
        for rows in slot.controls.values():
            for provider, cell in rows.items():
                failures, results = by.get(provider, (0, 0))
                by[provider] = failures + cell.failure, results + cell.results
    weights = {p: shares.get(p, 0.0) for p, (_, results) in by.items() if results}
    total = sum(weights.values())
    if total <= 0:
        return None
    rate = sum(weight / total * by[p][0] / by[p][1] for p, weight in weights.items())
    used = [by[p] for p, weight in weights.items() if weight > 0]
    return rate, Seen(sum(f for f, _ in used), sum(n for _, n in used))


def error_blocks(
    case: Case, slots: Sequence[Slot], hours: int, shares: Mapping[str, float], *, controlled: bool
) -> list[Block]:
    """Canary minus controls, block by block; without a control the canary alone, full days only."""
    found = []
    for key, part in grouped(slots, hours).items():
        mine = seen_by_canary(case, part)
        others = seen_by_controls(part, shares) if controlled else None
        if mine.rate is None or (controlled and others is None) or not (controlled or part[0].full_day):
            continue
        figures: dict[str, float | int | None] = {
            "failures": rounded(mine.failures, 2),
            "results": rounded(mine.results, 2),
            "control_rate": None if others is None else rounded(others[0]),
            "control_results": None if others is None else int(others[1].results),
        }
        found.append(Block(key, mine.rate - (0.0 if others is None else others[0]), mine.results, figures))
    return found


def counting_effect(
    case: Case, slots: Slots, shares: Mapping[str, float], estimate: float, *, controlled: bool
) -> Effect:
    """The interval that counting alone imposes, however alike the blocks are."""
    variance = {"before": 0.0, "after": 0.0}
    for side, part in (("before", slots.before), ("after", slots.after)):
        if not part:
            continue
        others = seen_by_controls(part, shares) if controlled else None
        variance[side] = seen_by_canary(case, part).floor + (0.0 if others is None else others[1].floor)
    se = math.sqrt(variance["before"] + variance["after"])
    return Effect("counting alone", estimate, se, math.inf, math.sqrt(variance["before"]))
