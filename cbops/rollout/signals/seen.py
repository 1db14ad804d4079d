"""What signals are found in, and what the finders share: context, replay, checklist, words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cbops.breaker.checks import TrafficFacts
from cbops.model.base import JsonObject, iso
from cbops.model.forecast import Forecast
from cbops.model.observation import Buckets, Observation
from cbops.model.policy import BreakerPolicy
from cbops.model.state import RolloutState
from cbops.model.ticket import TicketContext, TicketDraft, TicketKind
from cbops.model.tuning import PolicyScore, Tuning
from cbops.model.verdict import ClassifiedEpisode, CriterionId, CriterionResult, Evaluation, Verdict

TUNE = "Search better thresholds on recorded traffic: cbops replay tune --record"
MOST_LINES = 12  # of a list in a ticket


@dataclass(frozen=True, slots=True)
class Seen:
    """The record of a rollout, read back: what was collected since enabling, and the last of each other kind.

    `episodes` are those of the days, classified; `document` is the policy that was enabled; null: none on record.
    """

    state: RolloutState
    days: tuple[Observation, ...]
    episodes: tuple[ClassifiedEpisode, ...]
    evaluation: Evaluation | None = None
    tuning: Tuning | None = None
    forecast: Forecast | None = None
    document: JsonObject | None = None

    @property
    def last(self) -> datetime:
        """Until when the record tells anything."""
        return max((day.window.end for day in self.days), default=self.state.last_at)

    def criterion(self, wanted: CriterionId) -> CriterionResult | None:
        """The last judgement of a criterion; null: nothing was evaluated."""
        criteria = self.evaluation.criteria if self.evaluation else ()
        return next((each for each in criteria if each.id == wanted), None)

    def missed(self, wanted: CriterionId) -> bool:
        """Whether the last judgement misses this criterion, so that what is behind it blocks the rollout."""
        found = self.criterion(wanted)
        return found is not None and found.verdict is Verdict.MISSED

    def policy(self) -> BreakerPolicy | None:
        """The block that was enabled with the router's values; null where it is unknown or not usable."""
        block = self.state.block
        if block is None:
            return None
        known = {name: block[name] for name in BreakerPolicy.model_fields if name in block}
        try:
            return BreakerPolicy.model_validate(known)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Gap:
    """What couldn't be looked at, and why."""

    kind: TicketKind
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """The drafts of the signals, and what the record doesn't tell of."""

    drafts: tuple[TicketDraft, ...] = ()
    not_looked_at: tuple[Gap, ...] = ()


def context(seen: Seen, providers: Iterable[str] | None = None) -> TicketContext:
    """The tenant, the providers (null: the target's), the policy, the collected days and their traffic."""
    target = seen.state.target
    return TicketContext(
        tenants=(target.tenant,),
        providers=(target.provider,) if providers is None else tuple(sorted(set(providers))),
        policies=(target.policy,),
        start=seen.days[0].window.start if seen.days else None,
        end=seen.days[-1].window.end if seen.days else None,
        traffic=_traffic_words(seen),
    )


def _traffic_words(seen: Seen) -> str | None:
    facts = traffic(seen)
    decisions = [day.decisions for day in seen.days]
    total = sum(number for number in decisions if number is not None)
    if facts.mean_rpm is None:
        return None
    busy = "" if facts.busiest_rpm is None else f", {facts.busiest_rpm:.1f} in the busiest hour"
    routed = "" if None in decisions else f"; {total:,} routing decisions on {days(len(decisions))}"
    return f"{facts.mean_rpm:.1f} results a minute from {seen.state.target.provider} on average{busy}{routed}"


def traffic(seen: Seen) -> TrafficFacts:
    """What the collected buckets tell of the target's circuit; hours with a gap tell nothing."""
    hours: dict[datetime, list[int]] = {}
    for row in own_buckets(seen.days):
        if row.provider != seen.state.target.provider:
            continue
        for start, number in calls(row):
            hours.setdefault(start.replace(minute=0, second=0, microsecond=0), []).append(number)
    step = next((row.step_seconds for row in own_buckets(seen.days)), 300)
    whole = {hour: sum(found) for hour, found in hours.items() if len(found) * step >= 3600}
    if not whole:
        return TrafficFacts()
    return TrafficFacts(
        mean_rpm=sum(whole.values()) / len(whole) / 60,
        busiest_rpm=max(whole.values()) / 60,
        quietest_rpm=min(whole.values()) / 60,
    )


def own_buckets(observations: Iterable[Observation]) -> list[Buckets]:
    """The canary's own rows."""
    return [row for day in observations for row in day.buckets if row.tenant == day.target.tenant]


def calls(row: Buckets) -> list[tuple[datetime, int]]:
    """Calls that asked for the provider in each bucket that was scraped: results, and calls that were denied."""
    found = []
    for place, (success, failure) in enumerate(zip(row.success, row.failure, strict=True)):
        if success is None or failure is None:
            continue
        denied = row.fail_fast[place] if place < len(row.fail_fast) else None
        start = row.start + timedelta(seconds=place * row.step_seconds)
        found.append((start, success + failure + (denied or 0)))
    return found


def replayed(seen: Seen) -> tuple[str, ...]:
    """What the replays on record say; nothing when there is none."""
    told = []
    if seen.tuning is not None:
        at = seen.state.tunings[-1].at
        told.append(f"Searched on {at:%Y-%m-%d}: {seen.tuning.summary}")
        told += [
            f"{name}: {score_words(score)}"
            for name, role in (
                ("The thresholds searched from", None),
                ("The recommended ones", "recommended"),
            )
            if (score := _score(seen.tuning, role)) is not None
        ]
    if seen.forecast is not None and seen.forecast.summary:
        at = seen.state.forecasts[-1].at
        told.append(f"Replayed on {at:%Y-%m-%d}: {seen.forecast.summary[0]}")
    return tuple(told)


def _score(tuning: Tuning, role: str | None) -> PolicyScore | None:
    if role == "recommended":
        return tuning.with_role("recommended")
    return tuning.with_role("live") or tuning.with_role("base")


def score_words(score: PolicyScore) -> str:
    """A policy's figures over the replayed traffic."""
    return (
        f"{score.opens} opens ({score.needless_opens} without an outage), {score.rejected} good calls denied, "
        f"{score.failed_through} failing calls let through, {score.outages_missed} outages missed"
    )


def tuned_change(seen: Seen) -> tuple[str, ...]:
    """The fields in which the recommended thresholds differ from the enabled ones; nothing without a recommendation."""
    block = seen.tuning.recommended.block if seen.tuning else None
    if block is None:
        return ()
    defaults: Mapping[str, object] = BreakerPolicy().model_dump()
    live = {**defaults, **(seen.state.block or {})}
    return tuple(
        f"{name}: {live[name]} → {block[name]}"
        for name in BreakerPolicy.model_fields
        if name != "enabled" and name in block and block[name] != live[name]
    )


def threshold_proposal(seen: Seen, otherwise: str) -> tuple[str, ...]:
    """The tuned thresholds where a search recommended others, else what is to be found out first."""
    changes = tuned_change(seen)
    if changes:
        return (f"Change the circuit_breaker block as tuned: {'; '.join(changes)}",)
    return (otherwise,)


def block_words(seen: Seen) -> tuple[str, ...]:
    """The enabled thresholds, in a line."""
    policy = seen.policy()
    if policy is None:
        return ("The enabled thresholds are unknown",)
    fields = ("failure_threshold", "error_rate_threshold", "error_rate_window_seconds", "timeout_ms")
    return (f"Enabled: {', '.join(f'{name} {getattr(policy, name):g}' for name in fields)}",)


def days(number: int) -> str:
    """`1 day`, `2 days`."""
    return f"{number} day" if number == 1 else f"{number} days"


def some(lines: Iterable[str]) -> tuple[str, ...]:
    """The first lines of a list, and how many more there are."""
    every = tuple(lines)
    if len(every) <= MOST_LINES:
        return every
    return (*every[:MOST_LINES], f"and {len(every) - MOST_LINES} more")


def queries(seen: Seen, *purposes: str) -> tuple[str, ...]:
    """What the last day asked of the metrics source; with words given, only queries that hold one of them."""
    asked = seen.days[-1].queries if seen.days else ()
    wanted = [each.query for each in asked if not purposes or any(word in each.query for word in purposes)]
    return tuple(dict.fromkeys(wanted))[:3]


def at(moment: datetime) -> str:
    """An instant inside a sentence."""
    return iso(moment)
