"""Looking every day without erring more often: how much of a budget one look may spend.

The comparison since enabling grows by a day a look, and its estimates are those of a random walk in
information: with B days before and A days after, information is 1 / (1/B + 1/A). A constant bound on that
walk (O'Brien and Fleming's shape) is crossed anywhere up to the horizon with twice the probability of being
above it at the horizon (the reflection principle); looks once a day, not all the time, let the bound lie
0.583 steps lower (Siegmund's correction). So early looks spend almost nothing and no look is forbidden.

The first horizon is a week; the rest of the budget is kept for horizons twice, four times … as far, each with
two thirds of what is left, so that looks stay valid for as long as a rollout is extended.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from cbops.breaker.statistics import normal_quantile
from cbops.judge.settings import FIRST_HORIZON_DAYS, FIRST_HORIZON_SHARE

_STEP = 0.5826  # Siegmund: minus zeta(1/2) over the root of two pi


@dataclass(frozen=True, slots=True)
class Look:
    """Days on each side of enabling, in usual full days; `before` infinite: nothing before is compared."""

    before: float
    after: float

    def information(self, after: float) -> float:
        """What so many days after enabling would tell, up to a factor."""
        return 1.0 / (1.0 / self.before + 1.0 / after)

    @property
    def horizon(self) -> tuple[float, float]:
        """Days up to which the look's bound holds, and the share of the budget that it spends by then."""
        days, share, left = float(FIRST_HORIZON_DAYS), FIRST_HORIZON_SHARE, 1.0 - FIRST_HORIZON_SHARE
        while self.after > days + 1e-9:
            days, share, left = 2 * days, left * 2 / 3, left / 3
        return days, share

    def level(self, budget: float) -> float:
        """The one-sided level of this look, of a budget for all looks together."""
        days, share = self.horizon
        return _level(self.before, self.after, days, round(budget * share, 12))


@lru_cache(4096)
def _level(before: float, after: float, days: float, alpha: float) -> float:
    look = Look(before, after)
    last = look.information(days)
    fraction = min(1.0, look.information(after) / last)
    step = 1.0 - look.information(days - 1) / last
    bound = (normal_quantile(1 - alpha / 2) - _STEP * math.sqrt(step)) / math.sqrt(fraction)
    return max(1e-12, NormalDist().cdf(-bound))
