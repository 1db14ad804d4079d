"""What a policy would have done with recorded traffic."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant, JsonObject
from cbops.model.observation import State, TransitionCounts
from cbops.model.traffic import Circuit, TrafficSummary
from cbops.model.verdict import Classification

LIMIT = (
    "Recorded outcomes are not counterfactual: a request that a replay denies was sent when it was recorded, "
    "and an admitted one is taken to end as it did. Fewer or more calls would have changed the provider's answers."
)


class Outcomes(Frozen):
    """Requests by how they ended; `ignored` is not recorded by the breaker, `lost` never came back."""

    success: int = 0
    failure: int = 0
    ignored: int = 0
    lost: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.success + self.failure + self.ignored + self.lost

    def __add__(self, other: Outcomes) -> Outcomes:
        return Outcomes(
            success=self.success + other.success,
            failure=self.failure + other.failure,
            ignored=self.ignored + other.ignored,
            lost=self.lost + other.lost,
        )


class ForecastTransition(Frozen):
    """One transition of the replayed circuit."""

    at: Instant
    source: State
    target: State
    reason: str


class ForecastEpisode(Frozen):
    """From closed→open to the next close (null: none before the trace ended).

    `window_results` and `window_failures` are what the error-rate window held at the opening, the failure that
    opened included. `denied` are the requests denied meanwhile, by how they ended when they were recorded.
    `single_failure`: one failure was enough; no other was needed, neither in the window nor in a row before it.
    """

    opened: Instant
    closed: Instant | None
    reopened: int
    reason: str
    window_results: int
    window_failures: int
    classification: Classification
    source: Literal["incident", "trace", "none"]
    evidence: str  # the sentence behind the classification, with its numbers
    denied: Outcomes
    single_failure: bool = False


class Outage(Frozen):
    """A stretch in which the provider failed: a declared incident, or what the trace's own results show.

    The outcomes are those of the trace in it. `opened_after_ms` is from its beginning to the first opening in
    it (0: the circuit was open already; null: it never opened), `closed_after_ms` from its end to the close
    (0: closed by then; null: still not closed when the trace ended).
    """

    begins: Instant
    ends: Instant
    source: Literal["incident", "trace"]
    results: int
    failures: int
    opened_after_ms: int | None = None
    closed_after_ms: int | None = None


class Wedge(Frozen):
    """Half-open for ever: every probe is used up, none is out, and nothing but an operator frees it."""

    since: Instant
    denied: Outcomes


class CircuitForecast(Frozen):
    """One circuit under one policy."""

    circuit: Circuit
    admitted: Outcomes
    denied: Outcomes
    counts: TransitionCounts
    transitions: tuple[ForecastTransition, ...]
    episodes: tuple[ForecastEpisode, ...]
    outages: tuple[Outage, ...]
    wedge: Wedge | None
    final_state: State


class ForecastTotals(Frozen):
    """A policy over all circuits.

    `saved` are denied calls that had failed, `rejected` denied ones that had succeeded, `failed_through` failing
    calls that went through. Times are medians over the outages in which the circuit opened (ms), null without one;
    those of the same names in `PolicyScore` count a missed outage too, as the worst.
    """

    requests: int
    opens: int
    expected: int
    unexpected: int
    unexplained: int
    single_failure: int
    reopened: int
    fail_fast: int
    saved: int
    rejected: int
    failed_through: int
    outages: int
    outages_missed: int  # the circuit never opened in them
    opened_after_ms: int | None
    closed_after_ms: int | None
    wedged: int  # circuits


class PolicyForecast(Frozen):
    """One policy on the traffic; `block` null is no breaker at all."""

    name: str
    block: JsonObject | None
    totals: ForecastTotals
    circuits: tuple[CircuitForecast, ...]


class Timeline(Frozen):
    """What happened when, in equal steps from `begins` on.

    `results` and `failures` are those of the trace by their arrival, all circuits together; `denied` and `open`
    are by the policy's name: denied requests, and the share (0 to 1) of the step in which a circuit was not closed
    (the largest over the circuits).
    """

    begins: Instant
    step_ms: int
    results: tuple[int, ...]
    failures: tuple[int, ...]
    denied: dict[str, tuple[int, ...]]
    open: dict[str, tuple[float, ...]]


class Forecast(Frozen):
    """What each policy would have done with the same traffic, side by side; `timeline` null without a request."""

    schema_version: Literal[1] = 1
    traffic: TrafficSummary
    policies: tuple[PolicyForecast, ...]
    timeline: Timeline | None
    timezone: str = "UTC"
    summary: tuple[str, ...] = ()  # sentences for people, the first about the policy asked for
    limit: str = LIMIT
