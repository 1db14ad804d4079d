"""Thresholds searched over recorded traffic: what each policy scored, the best trades, and what is recommended."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, JsonObject
from cbops.model.forecast import LIMIT
from cbops.model.space import Number, SearchSpace
from cbops.model.traffic import TrafficSummary

Role = Literal["live", "base", "usual", "recommended"]
Objective = Literal[
    "needless_opens", "rejected", "failed_through", "outages_missed", "opened_after_ms", "wedge_chance"
]
# What the front is about.
OBJECTIVES: tuple[Objective, ...] = (
    "needless_opens",
    "rejected",
    "failed_through",
    "outages_missed",
    "opened_after_ms",
    "wedge_chance",
)


class PolicyScore(Frozen):
    """What one policy would have done with all the traffic; in every figure less is better, but for `saved`.

    `unexpected` opens had a provider that was well, `unexplained` ones are told by nothing. `rejected` are good
    calls denied, `saved` failing calls denied, `failed_through` failing calls that went through. The times
    are medians over the outages (the upper one of two), from the beginning of an outage to the open and from its
    end to the close; a missed outage counts as the worst, so null means: half the outages or more were missed
    (never closed again), or there was none; those of the same names in `ForecastTotals` leave missed outages out.
    `wedged` counts the circuits that ended half-open for ever; `wedge_chance` is the chance that a recovery ends so,
    from the share of results that the breaker never gets.
    """

    block: JsonObject
    roles: tuple[Role, ...] = ()
    on_front: bool = False
    opens: int
    expected: int
    unexpected: int
    unexplained: int
    rejected: int
    saved: int
    failed_through: int
    outages_missed: int
    opened_after_ms: int | None
    closed_after_ms: int | None
    wedged: int
    wedge_chance: float

    @property
    def needless_opens(self) -> int:
        """Opens that no outage explains: those that are unexpected, and those of which nothing is known."""
        return self.unexpected + self.unexplained

    @property
    def figures(self) -> tuple[object, ...]:
        """The objectives, and wedges seen."""
        return (*(getattr(self, name) for name in OBJECTIVES), self.wedged)


class Searched(Frozen):
    """What was searched. `band` names the band of traffic whose values are the usual ones.

    `source` "band": the default values of that band; "file": a space file. `combinations` are all that the
    fields' values make; of these `never_closing` were left out, because they need more successes to close than
    they admit probes. `policies` are to be scored, the live (or base) and the usual policy among them.
    """

    source: Literal["band", "file"]
    file: str | None = None
    band: str
    busiest_rpm: float
    fields: SearchSpace
    combinations: int
    never_closing: int
    policies: int


class Recommended(Frozen):
    """The outcome of the rule. `block` null: nothing is recommended; `reasons` then say why."""

    block: JsonObject | None
    reasons: tuple[str, ...]


class Winner(Frozen):
    """A policy that won some resamples; `share` of all of them (0 to 1)."""

    block: JsonObject
    share: float


class Stability(Frozen):
    """How often the rule chooses alike when the days are drawn again, with replacement.

    `days` is how many calendar days the traffic has, `judged` how many resamples held an outage, so that the rule
    could be applied. Shares are of those: `same` chose this policy, `near` this or one that is a step away in one
    field, `live` the live (or base) policy. `winners` are the most frequent, at most five. Null: unknown.
    """

    days: int
    resamples: int
    judged: int
    seed: int
    same: float | None
    near: float | None
    live: float | None
    winners: tuple[Winner, ...] = ()


class Neighbour(Frozen):
    """A policy one step away from the chosen one in one field, and by how much each figure differs (its minus
    the chosen one's). Null: one of the two is unknown.
    """

    field: str
    value: Number
    needless_opens: int
    rejected: int
    failed_through: int
    outages_missed: int
    opened_after_ms: int | None
    wedge_chance: float


class Tuning(Frozen):
    """One search. `complete` false: it was interrupted when `scored` of `searched.policies` were done.

    `candidates` are the scored policies, best first by the rule's figures; on record only those of the front and
    those with a role are kept, and `scored` still counts all.
    """

    schema_version: Literal[1] = 1
    traffic: TrafficSummary
    circuits: int
    outages: int
    timezone: str = "UTC"
    base: Literal["live", "rollout", "file", "canary"]
    searched: Searched
    scored: int
    complete: bool
    front: int
    candidates: tuple[PolicyScore, ...]
    rule: tuple[str, ...]
    recommended: Recommended
    stability: Stability | None
    neighbours: tuple[Neighbour, ...]
    summary: str
    limit: str = LIMIT

    def with_role(self, role: Role) -> PolicyScore | None:
        """The score of the policy that has this role, null where none has it (or it was not reached)."""
        return next((score for score in self.candidates if role in score.roles), None)
