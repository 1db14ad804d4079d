"""Difference in differences on blocks of time.

A block holds one number: canary minus controls (error rate), or the logarithm of their ratio (latency).
The effect is the mean of the blocks since enabling minus the mean of those before. Its uncertainty comes
from the variation between blocks, because results of one tenant drift together for hours; every block
length in use gives an interval, and the widest binds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cbops.breaker.statistics import normal_quantile
from cbops.judge.numbers import rounded, student_quantile
from cbops.judge.settings import LOOKS, MIN_BLOCKS, SHORT_BLOCK_FACTOR
from cbops.model.config import CriteriaConfig


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its value, how much it weighs (results), and the counts behind it, for the record."""

    key: str
    value: float
    weight: float
    figures: Mapping[str, float | int | None]


@dataclass(frozen=True, slots=True)
class Mean:
    """A weighted mean of blocks, its variance, and how many blocks of equal weight it is worth."""

    value: float
    variance: float
    effective: float


@dataclass(frozen=True, slots=True)
class Effect:
    """After minus before. `df` infinite: the standard error doesn't come from blocks."""

    length: str
    estimate: float
    se: float
    df: float
    se_before: float

    def _reach(self, alpha: float) -> float:
        quantile = normal_quantile(1 - alpha) if math.isinf(self.df) else student_quantile(1 - alpha, self.df)
        return quantile * self.se

    def lower(self, alpha: float) -> float:
        """One-sided lower bound."""
        return self.estimate - self._reach(alpha)

    def upper(self, alpha: float) -> float:
        """One-sided upper bound."""
        return self.estimate + self._reach(alpha)

    def as_evidence(self) -> dict[str, Any]:
        """Every number of it."""
        return {
            "blocks": self.length,
            "estimate": rounded(self.estimate),
            "standard_error": rounded(self.se),
            "degrees_of_freedom": rounded(self.df, 1),
        }


@dataclass(frozen=True, slots=True)
class Bounds:
    """The estimate with the widest of the intervals; alphas are those of one look."""

    estimate: float
    lower: float
    upper: float
    alpha_met: float
    alpha_missed: float
    effects: tuple[Effect, ...]


def weighted_mean(blocks: Sequence[Block]) -> Mean | None:
    """Null with fewer than three blocks of any weight."""
    used = [block for block in blocks if block.weight > 0]
    total = sum(block.weight for block in used)
    if len(used) < MIN_BLOCKS:
        return None
    mean = sum(block.weight * block.value for block in used) / total
    squares = sum(block.weight**2 for block in used)
    spread = sum((block.weight * (block.value - mean)) ** 2 for block in used)
    variance = spread / total**2 * len(used) / (len(used) - 1)
    return Mean(mean, variance, total**2 / squares)


def difference(length: str, before: Sequence[Block], after: Sequence[Block]) -> Effect | None:
    """After minus before with Welch's degrees of freedom; null where a side has too few blocks."""
    first, second = weighted_mean(before), weighted_mean(after)
    if first is None or second is None:
        return None
    return _effect(length, first, second)


def level(length: str, after: Sequence[Block]) -> Effect | None:
    """The mean since enabling by itself, where there is nothing before."""
    mean = weighted_mean(after)
    return None if mean is None else _effect(length, Mean(0.0, 0.0, math.inf), mean)


def _effect(length: str, first: Mean, second: Mean) -> Effect:
    variance = first.variance + second.variance
    parts = sum(m.variance**2 / (m.effective - 1) for m in (first, second) if m.variance > 0)
    df = max(1.0, variance**2 / parts) if parts > 0 else max(1.0, min(first.effective, second.effective) - 1)
    return Effect(length, second.value - first.value, math.sqrt(variance), df, math.sqrt(first.variance))


def by_blocks(effects: Mapping[int, Effect | None]) -> list[Effect]:
    """Those that there are, by length in hours; short blocks alone are given a wider error."""
    found = {hours: effect for hours, effect in effects.items() if effect is not None}
    if 24 in found:
        return list(found.values())
    factor = SHORT_BLOCK_FACTOR
    return [
        replace(e, length=f"{e.length}, error x {factor:g}", se=factor * e.se, se_before=factor * e.se_before)
        for e in found.values()
    ]


def widest(effects: Sequence[Effect], criteria: CriteriaConfig) -> Bounds | None:
    """The lowest lower and the highest upper bound; the confidence is split over the looks of a week."""
    if not effects:
        return None
    alpha_met, alpha_missed = criteria.false_met / LOOKS, criteria.false_missed / LOOKS
    return Bounds(
        estimate=effects[0].estimate,
        lower=min(effect.lower(alpha_missed) for effect in effects),
        upper=max(effect.upper(alpha_met) for effect in effects),
        alpha_met=alpha_met,
        alpha_missed=alpha_missed,
        effects=tuple(effects),
    )


def days_to_verdict(bounds: Bounds, margin: float, days: int) -> int | None:
    """Days in all until `met` at this estimate and this noise; null: never, or not to be foreseen.

    The noise since enabling shrinks with the days; that of the days before enabling doesn't.
    """
    needed = 0.0
    for effect in bounds.effects:
        room = margin - bounds.estimate
        reach = effect.upper(bounds.alpha_met) - effect.estimate
        if room <= 0 or days == 0 or effect.se == 0:
            return None
        target = room / (reach / effect.se)
        spare = target**2 - effect.se_before**2
        if spare <= 0:
            return None
        needed = max(needed, days * (effect.se**2 - effect.se_before**2) / spare)
    return math.ceil(needed)
