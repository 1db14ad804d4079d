"""The days of a rollout as they are told: measurement, classification and people's notes together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cbops.flows.steps.loading import observations
from cbops.judge import classify, other_days
from cbops.measure import merge_episodes
from cbops.model.answers.monitor import DayAnswer, EpisodeAnswer
from cbops.model.config import CriteriaConfig
from cbops.model.observation import (
    Episode,
    EventCounts,
    Finding,
    LatencyFigures,
    Observation,
    ProviderDay,
    TransitionCounts,
)
from cbops.model.state import CollectedDay, RolloutState
from cbops.model.verdict import ClassifiedEpisode


@dataclass(frozen=True, slots=True)
class Collected:
    """Everything that was measured, read back from the evidence."""

    days: tuple[Observation, ...]
    baseline: tuple[Observation, ...]
    episodes: tuple[Episode, ...]
    classified: tuple[ClassifiedEpisode, ...]

    @staticmethod
    def of(folder: Path, state: RolloutState, criteria: CriteriaConfig) -> Collected:
        """All collected days of the rollout, as they were last looked at."""
        as_of = max((day.as_of for day in state.days), default=state.last_at)
        return Collected.among(folder, state, criteria, state.days, as_of)

    @staticmethod
    def among(
        folder: Path,
        state: RolloutState,
        criteria: CriteriaConfig,
        days: tuple[CollectedDay, ...],
        as_of: datetime,
    ) -> Collected:
        """These days of the rollout, and all of its baseline; nothing after `as_of` is known.

        A day that began after the breaker was disabled is none of the rollout's.
        """
        end = state.disabled_at
        days = tuple(day for day in days if end is None or day.window.start < end)
        seen = observations(folder, days)
        baseline = observations(folder, state.baseline)
        episodes = merge_episodes(seen)
        classified = classify(
            state, observations=seen, baseline=baseline, episodes=episodes, criteria=criteria, as_of=as_of
        )
        seen = _with_other_policies(state, seen)
        return Collected(days=seen, baseline=baseline, episodes=episodes, classified=classified)


def _with_other_policies(state: RolloutState, days: tuple[Observation, ...]) -> tuple[Observation, ...]:
    """A day in which another policy than the applied one was live says so, with the difference."""
    found = other_days(state, None, (day.window for day in days)).why
    return tuple(
        day.model_copy(update={"findings": (*day.findings, Finding(code="other_policy", message=f"{why}."))})
        if (why := found.get(day.window.day)) is not None
        else day
        for day in days
    )


def day_answers(state: RolloutState, collected: Collected) -> tuple[DayAnswer, ...]:
    """One answer a day, with every provider that any of the days has."""
    providers = sorted({name for seen in collected.days for name in seen.providers})
    names = {day.window.day: day.observation for day in state.days}
    return tuple(
        _day_answer(state, seen, collected.classified, providers, names[seen.window.day])
        for seen in collected.days
    )


def _day_answer(
    state: RolloutState,
    seen: Observation,
    classified: tuple[ClassifiedEpisode, ...],
    providers: list[str],
    sha: str,
) -> DayAnswer:
    window = seen.window
    mine = [e for e in classified if window.start < e.opened <= window.end]
    return DayAnswer.model_validate(
        {
            "day": window.day,
            "date": window.date,
            "from": window.start,
            "to": window.end,
            "partial": window.partial,
            "coverage": round(seen.scrape.coverage, 6),
            "decisions": seen.decisions,
            "fallback_decisions": seen.fallback_decisions,
            "dialect": seen.dialect,
            "metrics": seen.metrics,
            "providers": {name: seen.providers.get(name) or _absent(seen) for name in providers},
            "episodes": tuple(_episode(e) for e in mine),
            "alerts": seen.alerts,
            "findings": seen.findings,
            "issues": _notes(state, window.day, "issue"),
            "actions": _notes(state, window.day, "action"),
            "notes": _notes(state, window.day, "note"),
            "observation": sha,
        }
    )


def _episode(episode: ClassifiedEpisode) -> EpisodeAnswer:
    return EpisodeAnswer.model_validate(episode.model_dump())


def _notes(state: RolloutState, day: int, kind: str) -> tuple[str, ...]:
    return tuple(note.text for note in state.notes if note.day == day and note.kind == kind)


def _absent(seen: Observation) -> ProviderDay:
    """A provider without series that day: zeros where the target was scraped, unknown where it wasn't.

    Latency stays unknown where no provider's was exported: a stock router has no such histogram.
    """
    zero = 0 if seen.scrape.seen else None
    exported = any(figures.latency.count is not None for figures in seen.providers.values())
    return ProviderDay(
        events=EventCounts(success=zero, failure=zero, fail_fast=zero),
        transitions=TransitionCounts(open=zero, half_open=zero, closed=zero),
        error_rate=None,
        latency=LatencyFigures(count=zero if exported else None),
    )
