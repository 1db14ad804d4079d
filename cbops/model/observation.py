"""What a day showed: counts, episodes and alerts, with how they were measured."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cbops.model.base import Frozen, Instant
from cbops.model.comparison import BreakersAsked, ShadowMeasured
from cbops.model.day_window import DayWindow as DayWindow
from cbops.model.day_window import Drift as Drift
from cbops.model.series import QueryRecord
from cbops.model.telemetry import GaugeComparison, LoadedRule, MetricFound
from cbops.model.tenant import Target

State = Literal["closed", "open", "half_open"]
Dialect = Literal["router", "documented"]


class EventCounts(Frozen):
    """Whole numbers; null is unknown."""

    success: int | None
    failure: int | None
    fail_fast: int | None


class TransitionCounts(Frozen):
    """Transitions to each state; null is unknown."""

    open: int | None
    half_open: int | None
    closed: int | None


class LatencyBucket(Frozen):
    """The bucket of a histogram in which a percentile lies; `upper_ms` null: above its highest bound."""

    lower_ms: float
    upper_ms: float | None


class LatencyFigures(Frozen):
    """Of results that came back. Percentiles are interpolated inside their histogram bucket.

    What is certain is only the bucket; null in evidence of before buckets were kept.
    """

    count: int | None = None
    mean_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    p50_bucket: LatencyBucket | None = None
    p95_bucket: LatencyBucket | None = None
    p99_bucket: LatencyBucket | None = None


class ProviderDay(Frozen):
    """One provider of the tenant on one day; `error_rate` is failures over results, null without any."""

    events: EventCounts
    transitions: TransitionCounts
    error_rate: float | None
    latency: LatencyFigures


class Episode(Frozen):
    """From closed→open to the next close. Times are those of the sample that first showed it.

    `opened_after` is the sample before. `closed` null: not closed so far. `reopened`: half_open→open
    inside the episode. `closed_by` tells a close on results from one by a restart.
    """

    id: str
    provider: str
    opened: Instant
    opened_after: Instant | None = None
    closed: Instant | None = None
    closed_by: Literal["results", "restart", "unseen"] | None = None
    reopened: int = 0
    reason: str | None = None


class Carried(Frozen):
    """What a day adds to an episode that was running when it began."""

    provider: str
    closed: Instant | None = None
    closed_by: Literal["results", "restart", "unseen"] | None = None
    reopened: int = 0


class Transition(Frozen):
    """Transitions that one scrape interval (after, at] of one router instance showed."""

    provider: str
    instance: str
    after: Instant | None  # null: the first scrape of that instance
    at: Instant
    source: State | None  # null in the documented dialect, which only has the target
    target: State
    count: int


class NotClosed(Frozen):
    """A time in which a circuit wasn't closed, between the samples that bound it generously.

    `start` null: since before the window; `end` null: still so at the end of it.
    """

    start: Instant | None = Field(alias="from")
    end: Instant | None = Field(alias="to")


class UnseenMoves(Frozen):
    """Moves that no transition metric shows, somewhere in (after, at]: an operator's call, or a crash.

    `after` is the sample that last told the circuit's state (null: none did), `count` the least number.
    """

    after: Instant | None
    at: Instant
    count: int


class CircuitDay(Frozen):
    """The circuit of one router instance and provider over the window, worked out from its transitions."""

    provider: str
    instance: str
    not_closed: tuple[NotClosed, ...] = ()
    unseen: tuple[UnseenMoves, ...] = ()


class AlertInterval(Frozen):
    """An alert that fired: the first and the last instant at which it was seen firing."""

    name: str
    severity: str | None = None
    provider: str | None = None
    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")


class Gap(Frozen):
    """No scrape between these two."""

    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")


class Restart(Frozen):
    """A router instance whose counters went back: somewhere in (after, at]."""

    instance: str
    after: Instant
    at: Instant


class ScrapeHealth(Frozen):
    """How much of the window was seen; `interval_seconds` null when nothing tells how often."""

    interval_seconds: float | None
    expected: int
    seen: int
    coverage: float  # seen / expected, at most 1; 0 when nothing was scraped
    gaps: tuple[Gap, ...] = ()


class Buckets(Frozen):
    """Counts of one (tenant, provider) per step, aligned to `start`; null where nothing was scraped.

    Bucket i covers (start + i·step, start + (i+1)·step].
    """

    tenant: str
    provider: str
    start: Instant
    step_seconds: int
    success: tuple[int | None, ...]
    failure: tuple[int | None, ...]
    fail_fast: tuple[int | None, ...] = ()
    half_open: tuple[int | None, ...] = ()  # transitions to half_open
    latency_count: tuple[int | None, ...] = ()
    latency_sum_ms: tuple[float | None, ...] = ()


class LatencyHistogram(Frozen):
    """Latencies of one provider of the canary per step (an hour), aligned to `start`.

    Row i covers (start + i·step, start + (i+1)·step]: the results of each bucket, not added up, the last above
    the highest of `bounds_ms` (finite, ascending). Null where nothing was scraped.
    """

    provider: str
    start: Instant
    step_seconds: int
    bounds_ms: tuple[float, ...]
    counts: tuple[tuple[int, ...] | None, ...]


class Finding(Frozen):
    """Something that a reader of the day must know: a gap, a restart, a metric that isn't there.

    `numbers`: what the message rests on, where it is two numbers that don't go together or a metric's name.
    """

    code: str
    message: str
    numbers: dict[str, float | int | str | None] = {}


class Observation(Frozen):
    """Everything that was measured about one day; stored as evidence and judged from there."""

    schema_version: Literal[1] = 1
    target: Target
    window: DayWindow
    as_of: Instant
    source: str  # "prometheus" or "embedded"
    dialect: Dialect | None  # null: no transition was ever seen, so nothing tells
    scrape: ScrapeHealth
    restarts: tuple[Restart, ...] = ()
    decisions: int | None
    fallback_decisions: int | None
    providers: dict[str, ProviderDay]
    state_at_start: dict[str, State] = {}  # per provider, the worst of its instances
    transitions: tuple[Transition, ...] = ()
    circuits: tuple[CircuitDay, ...] = ()  # those with any transition on record
    episodes: tuple[Episode, ...] = ()  # opened in this window
    carried: tuple[Carried, ...] = ()
    alerts: tuple[AlertInterval, ...] | None = None  # null: could not be asked
    buckets: tuple[Buckets, ...] = ()  # the canary's
    controls: tuple[Buckets, ...] = ()  # the other tenants' on the same providers
    latency_histograms: tuple[LatencyHistogram, ...] = ()  # the canary's
    findings: tuple[Finding, ...] = ()
    metrics: tuple[MetricFound, ...] = ()  # in the order of their documented names
    gauges: tuple[GaugeComparison, ...] = ()
    alert_rules: tuple[LoadedRule, ...] | None = (
        None  # loaded at the time of looking; null: could not be asked
    )
    queries: tuple[QueryRecord, ...] = ()
    breakers: BreakersAsked | None = None  # of the tenants in `controls`; null: could not be asked
    shadows: tuple[ShadowMeasured, ...] = ()
