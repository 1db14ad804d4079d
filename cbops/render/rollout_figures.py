"""What the pictures of a rollout are drawn from: its days, episodes, outages, latencies and judged looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cbops.model.base import to_ms
from cbops.model.calendar import day_number, zone
from cbops.model.observation import Observation
from cbops.model.spans import united
from cbops.model.state import RolloutState
from cbops.model.verdict import Classification, ClassifiedEpisode, CriterionId, Evaluation, Verdict
from cbops.render.figured_latency import ProviderLatency, latencies
from cbops.render.figured_states import Band, bands


@dataclass(frozen=True, slots=True)
class RateStep:
    """Results of all of the tenant's providers in (start, end], in milliseconds; null: not scraped."""

    start: int
    end: int
    failures: int | None
    results: int | None


@dataclass(frozen=True, slots=True)
class OpenEpisode:
    """Not closed from `start` to `end` (ms); where it isn't closed so far, to the end of what was seen."""

    provider: str
    start: int
    end: int
    classification: Classification
    closed: bool


@dataclass(frozen=True, slots=True)
class Shade:
    """An outage of a provider (ms), and who says so: incident (declared), controls, canary."""

    provider: str
    start: int
    end: int
    by: str


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A day's events of all providers together; null is unknown. Days 0, -1, … are those before enabling."""

    number: int
    date: date
    start: int
    end: int
    partial: bool
    coverage: float
    success: int | None
    failure: int | None
    fail_fast: int | None

    @property
    def error_rate(self) -> float | None:
        """Failures over results; null without any, or where one is unknown."""
        if self.success is None or self.failure is None or not self.success + self.failure:
            return None
        return self.failure / (self.success + self.failure)


@dataclass(frozen=True, slots=True)
class JudgedLook:
    """The verdicts of one judgement, and the last day that it looked at."""

    day: int
    as_of: datetime
    verdicts: Mapping[CriterionId, Verdict]
    recommendation: str


@dataclass(frozen=True, slots=True)
class RolloutFigures:
    """Everything that is drawn; times are milliseconds since the epoch, days ascend."""

    rollout: str
    tenant: str
    provider: str
    timezone: str
    enabled_at: int | None
    disabled_at: int | None
    days: tuple[DayFigures, ...]
    steps: tuple[RateStep, ...]
    bands: tuple[Band, ...]
    episodes: tuple[OpenEpisode, ...]
    outages: tuple[Shade, ...]
    latencies: tuple[ProviderLatency, ...]
    looks: tuple[JudgedLook, ...]

    @property
    def begin(self) -> int | None:
        """The beginning of the first day; null without days."""
        return self.days[0].start if self.days else None

    @property
    def end(self) -> int | None:
        """The end of the last day; null without days."""
        return self.days[-1].end if self.days else None


def rollout_figures(
    state: RolloutState,
    *,
    observations: Mapping[int, Observation],
    classified: Mapping[str, ClassifiedEpisode],
    evaluation: Evaluation | None = None,
) -> RolloutFigures:
    """The figures of the days that are given; `evaluation` is the last one on record (bounds of the latency, outages
    that the controls showed).

    `observations` by the number of the day, `classified` by the episode's id. ConfigError for an unknown time zone.
    """
    seen = tuple(observations[number] for number in sorted(observations))
    end = to_ms(seen[-1].window.end) if seen else 0
    episodes = _episodes(classified.values(), seen, end)
    return RolloutFigures(
        rollout=state.id,
        tenant=state.target.tenant,
        provider=state.target.provider,
        timezone=state.timezone,
        enabled_at=_ms(state.enabled_at),
        disabled_at=_ms(state.disabled_at),
        days=tuple(_day(day) for day in seen),
        steps=tuple(step for day in seen for step in steps_of(day) or [_whole(day)]),
        bands=bands(seen, {(each.provider, each.start, each.end) for each in episodes}),
        episodes=episodes,
        outages=_outages(state, evaluation, seen),
        latencies=latencies(seen, evaluation),
        looks=_looks(state),
    )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def _sum(values: Iterable[int | None]) -> int | None:
    """Null as soon as one is unknown, or without any."""
    known = list(values)
    whole = [value for value in known if value is not None]
    return sum(whole) if known and len(whole) == len(known) else None


def _day(seen: Observation) -> DayFigures:
    events = [figures.events for figures in seen.providers.values()]
    return DayFigures(
        number=seen.window.day,
        date=seen.window.date,
        start=to_ms(seen.window.start),
        end=to_ms(seen.window.end),
        partial=seen.window.partial,
        coverage=seen.scrape.coverage,
        success=_sum(each.success for each in events),
        failure=_sum(each.failure for each in events),
        fail_fast=_sum(each.fail_fast for each in events),
    )


def steps_of(seen: Observation) -> list[RateStep]:
    """A day's buckets with the providers added up; they lie on one grid."""
    mine = [each for each in seen.buckets if each.tenant == seen.target.tenant]
    found: dict[int, tuple[int, list[int | None], list[int | None]]] = {}
    for each in mine:
        size, begin = each.step_seconds * 1000, to_ms(each.start)
        for place, (success, failure) in enumerate(zip(each.success, each.failure, strict=True)):
            start = begin + place * size
            _, failures, successes = found.setdefault(start, (start + size, [], []))
            failures.append(failure)
            successes.append(success)
    last = to_ms(seen.window.end)
    steps = []
    for start, (end, failures, successes) in sorted(found.items()):
        failed, made = _sum(failures), _sum((*failures, *successes))
        steps.append(RateStep(start, min(end, last), failed if made is not None else None, made))
    return [step for step in steps if step.start < step.end]


def _whole(seen: Observation) -> RateStep:
    """A day without buckets as one step."""
    day = _day(seen)
    results = _sum((day.success, day.failure))
    return RateStep(day.start, day.end, None if results is None else day.failure, results)


def _episodes(
    classified: Iterable[ClassifiedEpisode], seen: Sequence[Observation], end: int
) -> tuple[OpenEpisode, ...]:
    """Those that lie in the days at least in part."""
    begin = to_ms(seen[0].window.start) if seen else 0
    found = []
    for each in classified:
        start, until = to_ms(each.opened), _ms(each.closed)
        if start <= end and (until is None or until >= begin):
            shown = max(start, begin), min(end if until is None else until, end)
            found.append(OpenEpisode(each.provider, *shown, each.classification, until is not None))
    return tuple(sorted(found, key=lambda episode: (episode.start, episode.provider)))


def _outages(
    state: RolloutState, evaluation: Evaluation | None, seen: Sequence[Observation]
) -> tuple[Shade, ...]:
    """Declared ones and those that the last judgement saw, each source made one stretch where it overlaps."""
    if not seen:
        return ()
    told = [
        (record.incident.provider, "incident", to_ms(record.incident.start), to_ms(record.incident.end))
        for record in state.incidents
    ]
    told += _judged_outages(evaluation)
    begin, end = to_ms(seen[0].window.start), to_ms(seen[-1].window.end)
    sources: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for provider, by, start, until in told:
        if start < end and until > begin:
            sources.setdefault((provider, by), []).append((max(start, begin), min(until, end)))
    return tuple(
        Shade(provider, start, until, by)
        for (provider, by), spans in sorted(sources.items())
        for start, until in united(spans)
    )


def _judged_outages(evaluation: Evaluation | None) -> list[tuple[str, str, int, int]]:
    found = []
    for result in evaluation.criteria if evaluation else ():
        for each in result.evidence.get("compared", {}).get("outages_left_out", ()):
            start, end = (to_ms(datetime.fromisoformat(each[key])) for key in ("from", "to"))
            found.append((str(each["provider"]), str(each["by"]), start, end))
    return found


def _looks(state: RolloutState) -> tuple[JudgedLook, ...]:
    """In the order of judging; a look at midnight is one at the day that ended."""
    if state.enabled_at is None:
        return ()
    found = []
    for record in state.evaluations:
        judged = record.evaluated
        ended = [day.window.day for day in state.days if day.window.end <= judged.as_of]
        begun = day_number(
            judged.as_of.astimezone(zone(state.timezone)).date(), state.enabled_at, zone(state.timezone)
        )
        found.append(
            JudgedLook(
                day=max(ended, default=max(begun, 1)),
                as_of=judged.as_of,
                verdicts={each.id: each.verdict for each in judged.criteria},
                recommendation=judged.recommendation.value,
            )
        )
    return tuple(found)
