"""What a policy check reads and what it says; the arithmetic that several rules share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from cbops.breaker.settings import Settings
from cbops.model.base import Frozen
from cbops.model.checking import PolicyFinding

Share = Annotated[float, Field(ge=0, le=1)]
Rpm = Annotated[float, Field(ge=0)]

# A chance below this is not worth a warning.
SMALL_CHANCE = 0.01

# Fewer requests per minute (one in two years) are none.
NO_TRAFFIC = 1e-6

# Beyond this many results in a window no rule tells a difference.
_MOST_RESULTS = 1e15

# From here on sums of probabilities give way to the normal curve.
_MANY = 700


class TrafficFacts(Frozen):
    """What is known of the traffic of one circuit (tenant and provider); null is unknown.

    Requests per minute: `mean_rpm` over the time looked at, `busiest_rpm` and `quietest_rpm` in those hours.
    `ignored_share` and `lost_share` (0 to 1) are of all admitted requests: results that the breaker doesn't
    record, and results that never came. `longest_latency_ms` is the longest that a request was in flight.
    `tenants_on_timeout` counts the tenants on the provider with this timeout_ms, this one included.
    `has_fallback` is about another provider than the circuit's.
    """

    mean_rpm: Rpm | None = None
    busiest_rpm: Rpm | None = None
    quietest_rpm: Rpm | None = None
    ignored_share: Share | None = None
    lost_share: Share | None = None
    longest_latency_ms: Annotated[float, Field(ge=0)] | None = None
    tenants_on_timeout: Annotated[int, Field(ge=0)] | None = None
    has_fallback: bool | None = None

    @property
    def unrecorded_share(self) -> float | None:
        """Of all admitted requests, those without a recorded result; what is known of it, null if nothing."""
        known = [share for share in (self.ignored_share, self.lost_share) if share is not None]
        return min(1.0, sum(known)) if known else None

    @property
    def quiet(self) -> Hour | None:
        """The quietest hour, or the nearest to it that is known."""
        return _first(
            (self.quietest_rpm, "the quietest hour"),
            (self.mean_rpm, "the average hour"),
            (self.busiest_rpm, "the busiest hour"),
        )

    @property
    def busy(self) -> Hour | None:
        """The busiest hour, or the nearest to it that is known."""
        return _first(
            (self.busiest_rpm, "the busiest hour"),
            (self.mean_rpm, "the average hour"),
            (self.quietest_rpm, "the quietest hour"),
        )


class Hour(NamedTuple):
    """Requests per minute in an hour, and what the hour is called."""

    rpm: float
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.rpm:.4g} req/min)"


@dataclass(frozen=True, slots=True)
class Subject:
    """The policy under check: the block as written, its numbers, the document around it, the traffic."""

    block: Mapping[str, Any]
    settings: Settings
    document: Mapping[str, Any] | None
    facts: TrafficFacts

    def in_window(self, hour: Hour) -> float:
        """The results that the window holds on average in this hour."""
        recorded = 1 - (self.facts.unrecorded_share or 0.0)
        return min(hour.rpm * recorded * self.settings.error_rate_window_seconds / 60, _MOST_RESULTS)

    @property
    def rate_acts(self) -> bool:
        """Whether the error rate is in use as it is meant: a quotient, over a window with a length."""
        return 0 < self.settings.error_rate_threshold <= 1 and self.settings.error_rate_window_seconds > 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; it is left out when a field that it reads has no usable value."""

    find: Callable[[Subject], Iterator[PolicyFinding]]
    reads: tuple[str, ...] = ()


def successes_beside(failures: float, rate: float) -> int:
    """The most successes in the window beside which this many failures still reach the rate (0 < rate <= 1).

    About failures * (1-r)/r, compared as the router compares: failures / events >= r. At most 10**18.
    """
    rate = max(rate, 1e-9)
    nearest = round(min(failures * (1 - rate) / rate, 1e18))
    # Rounding may put the division beside the quotient that the router compares.
    near = range(max(nearest - 2, 0), nearest + 3)
    return max((count for count in near if failures / (count + failures) >= rate), default=nearest)


def at_most(count: int, mean: float) -> float:
    """The chance of `count` or fewer requests where `mean` are expected and they come independently."""
    if mean <= 0:
        return 1.0
    if mean > _MANY or count > _MANY:
        return _normal((count + 0.5 - mean) / math.sqrt(mean))
    return min(1.0, sum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(count + 1)))


def wedge_chance(probes: float, successes: float, unrecorded: float) -> float:
    """The chance that a half-open circuit of a sound provider runs out of probes before it can close.

    More than `probes - successes` of its probes then end without a recorded result, each with the chance
    `unrecorded` (0 to 1).
    """
    if probes > _MANY:
        spread = math.sqrt(probes * unrecorded * (1 - unrecorded))
        surplus = probes * unrecorded - (probes - successes + 0.5)
        return _normal(surplus / spread) if spread > 0 else float(surplus > 0)
    total = int(probes)
    lost = range(total - int(successes) + 1, total + 1)
    return min(1.0, sum(math.comb(total, n) * unrecorded**n * (1 - unrecorded) ** (total - n) for n in lost))


def percent(share: float) -> str:
    """A share (0 to 1) in words of one decimal."""
    return "under 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"


def counted(number: float, noun: str, plural: str | None = None) -> str:
    """`1 failure`, `2 failures`, `2 successes`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def _normal(deviations: float) -> float:
    return (1 + math.erf(deviations / math.sqrt(2))) / 2


def _first(*hours: tuple[float | None, str]) -> Hour | None:
    return next((Hour(rpm, name) for rpm, name in hours if rpm is not None), None)
