"""Difference in differences on blocks of a day.

A block holds one number: canary minus controls (error rate), or the logarithm of their ratio (latency).
The effect is the mean of the blocks since enabling minus the mean of those before. Its uncertainty comes
from the variation between the blocks of either side around their own mean, because results of one tenant
drift together for hours: counting requests alone would promise far too much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise
from statistics import median
from typing import Any

from cbops.breaker.statistics import normal_quantile
from cbops.judge.looks import Look
from cbops.judge.numbers import rounded, student_quantile
from cbops.judge.settings import (
    BLOCK_HOURS,
    DRIFT_HOURS,
    MIN_BLOCK_WEIGHT,
    MIN_BLOCKS_ALONE,
    MIN_BLOCKS_BEFORE,
)
from cbops.model.config import CriteriaConfig


@dataclass(frozen=True, slots=True)
class Block:
    """One day: its value, how much it weighs (results, then a share of a usual day), and its counts."""

    day: int
    full: bool
    value: float
    weight: float
    figures: Mapping[str, float | int | None]


def weighed(before: Sequence[Block], after: Sequence[Block]) -> tuple[list[Block], list[Block]]:
    """Results become shares of a usual full day's, at most 1; days with next to nothing are left out."""
    every = [*before, *after]
    usual = [b.weight for b in every if b.full and b.weight > 0] or [b.weight for b in every if b.weight > 0]
    if not usual:
        return [], []
    size = median(usual)

    def side(blocks: Sequence[Block]) -> list[Block]:
        shares = (replace(block, weight=min(1.0, block.weight / size)) for block in blocks)
        return [block for block in shares if block.weight >= MIN_BLOCK_WEIGHT]

    return side(before), side(after)


def at_whole_days(
    after: Sequence[Block], before: Sequence[Block], same_hours: Mapping[int, Sequence[Block]]
) -> list[Block]:
    """A cut-short day's value, less what its hours alone make it differ from a whole day.

    That is how much the days before lie higher in the same hours (`same_hours`, by the cut-short day) than as
    wholes, weighed as wholes. Without such days nothing is known of it, and the value stays.
    """
    whole = {block.day: block for block in before}
    found = []
    for block in after:
        pairs = [(one, whole[one.day]) for one in same_hours.get(block.day, ()) if one.day in whole]
        weight = sum(full.weight for _, full in pairs)
        if weight > 0:
            higher = sum(full.weight * (one.value - full.value) for one, full in pairs) / weight
            figures = {**block.figures, "hours_higher": rounded(higher)}
            found.append(replace(block, value=block.value - higher, figures=figures))
        else:
            found.append(block)
    return found


@cache
def neighbours() -> float:
    """Correlation of the means of two adjoining blocks, for a drift that lasts `DRIFT_HOURS`.

    For a correlation that falls exponentially, over blocks of a drift times long:
    (1 - exp(-a))² / (2 (a - 1 + exp(-a))). Blocks further apart are as good as independent.
    """
    a = BLOCK_HOURS / DRIFT_HOURS
    return (1 - math.exp(-a)) ** 2 / (2 * (a - 1 + math.exp(-a)))


@dataclass(frozen=True, slots=True)
class Mean:
    """A weighted mean of one side's blocks.

    `squares` around it; `adjoining`: the sum over adjoining days of the root of their weights' product.
    """

    value: float
    weight: float
    count: int
    squares: float
    adjoining: float

    @property
    def spread(self) -> float:
        """The mean's variance, for blocks of weight 1 with variance 1, neighbours being alike."""
        return 1 / self.weight + 2 * neighbours() * self.adjoining / self.weight**2

    @property
    def freedom(self) -> float:
        """What `squares` is expected to be, for blocks of weight 1 with variance 1."""
        return self.count - 1 - 2 * neighbours() * self.adjoining / self.weight


def weighted_mean(blocks: Sequence[Block]) -> Mean | None:
    """Null without a block; the blocks ascend."""
    total = sum(block.weight for block in blocks)
    if total <= 0:
        return None
    mean = sum(block.weight * block.value for block in blocks) / total
    squares = sum(block.weight * (block.value - mean) ** 2 for block in blocks)
    adjoining = sum(
        math.sqrt(one.weight * two.weight) for one, two in pairwise(blocks) if two.day == one.day + 1
    )
    return Mean(mean, total, len(blocks), squares, adjoining)


@dataclass(frozen=True, slots=True)
class Effect:
    """After minus before. `df` infinite: the standard error doesn't come from blocks.

    The variance is that of one usual day times (before_spread + after_spread).
    """

    source: str
    estimate: float
    day_variance: float
    before_spread: float
    after_spread: float
    df: float
    look: Look

    @property
    def se(self) -> float:
        """The standard error."""
        return math.sqrt(self.day_variance * (self.before_spread + self.after_spread))

    def quantile(self, budget: float) -> float:
        """Standard errors that a bound lies from the estimate, at this look's part of the budget."""
        level = self.look.level(budget)
        return normal_quantile(1 - level) if math.isinf(self.df) else _student(1 - level, self.df)

    def lower(self, budget: float) -> float:
        """One-sided lower bound."""
        return self.estimate - self.quantile(budget) * self.se

    def upper(self, budget: float) -> float:
        """One-sided upper bound."""
        return self.estimate + self.quantile(budget) * self.se

    def later(self, days: int) -> Effect:
        """The same after so many more days like those so far."""
        grown = self.look.after + days
        return replace(
            self,
            after_spread=self.after_spread * self.look.after / grown,
            df=self.df + days,
            look=replace(self.look, after=grown),
        )

    def after_days(self, days: int) -> Effect:
        """The same with so many usual full days since enabling, whose values are as those before."""
        return replace(self, after_spread=self.before_spread * self.look.before / days)

    def as_evidence(self, criteria: CriteriaConfig) -> dict[str, Any]:
        """Every number of it; the bounds are the estimate plus and minus quantile × standard error."""
        return {
            "variation": self.source,
            "estimate": rounded(self.estimate),
            "standard_error": rounded(self.se),
            "degrees_of_freedom": rounded(self.df, 1),
            "days_before": rounded(self.look.before, 2),
            "days_after": rounded(self.look.after, 2),
            "level_met": rounded(self.look.level(criteria.false_met), 8),
            "level_missed": rounded(self.look.level(criteria.false_missed), 8),
            "quantile_met": rounded(self.quantile(criteria.false_met), 3),
            "quantile_missed": rounded(self.quantile(criteria.false_missed), 3),
        }


@lru_cache(1024)
def _student(probability: float, df: float) -> float:
    return student_quantile(probability, df)


def difference(before: Sequence[Block], after: Sequence[Block]) -> Effect | None:
    """After minus before, the variation of both sides pooled; null where a side has too few blocks."""
    first, second = weighted_mean(before), weighted_mean(after)
    if first is None or second is None or first.count < MIN_BLOCKS_BEFORE:
        return None
    freedom = first.freedom + second.freedom
    return Effect(
        source="between days",
        estimate=second.value - first.value,
        day_variance=(first.squares + second.squares) / freedom,
        before_spread=first.spread,
        after_spread=second.spread,
        df=first.count + second.count - 2,
        look=Look(first.weight, second.weight),
    )


def foreseen(before: Sequence[Block], days: int) -> Effect | None:
    """No effect after so many full days that vary as those before; null with too few before.

    By then the variation will have been pooled with that of the days since.
    """
    first = weighted_mean(before)
    if first is None or first.count < MIN_BLOCKS_BEFORE:
        return None
    return Effect(
        source="between days",
        estimate=0.0,
        day_variance=first.squares / first.freedom,
        before_spread=first.spread,
        after_spread=1 / days + 2 * neighbours() * (days - 1) / days**2,
        df=first.count + days - 2,
        look=Look(first.weight, float(days)),
    )


def level(after: Sequence[Block]) -> Effect | None:
    """The mean since enabling by itself, where there is nothing before."""
    mean = weighted_mean(after)
    if mean is None or mean.count < MIN_BLOCKS_ALONE:
        return None
    return Effect(
        source="between days",
        estimate=mean.value,
        day_variance=mean.squares / mean.freedom,
        before_spread=0.0,
        after_spread=mean.spread,
        df=mean.count - 1,
        look=Look(math.inf, mean.weight),
    )


@dataclass(frozen=True, slots=True)
class Bounds:
    """The estimate with the widest of the intervals."""

    estimate: float
    lower: float
    upper: float
    effects: tuple[Effect, ...]


def widest(effects: Sequence[Effect], criteria: CriteriaConfig) -> Bounds | None:
    """The lowest lower and the highest upper bound of this look."""
    if not effects:
        return None
    return Bounds(
        estimate=effects[0].estimate,
        lower=min(effect.lower(criteria.false_missed) for effect in effects),
        upper=max(effect.upper(criteria.false_met) for effect in effects),
        effects=tuple(effects),
    )


def days_until(bounds: Bounds, margin: float, budget: float, most: int) -> int | None:
    """More days until `met` at this estimate and this noise; null: not within `most` days."""
    for days in range(1, most + 1):
        if all(effect.later(days).upper(budget) < margin for effect in bounds.effects):
            return days
    return None
