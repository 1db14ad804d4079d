"""Answers of `monitor …`, `incident …` and `lesson add`."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from cbops.model.answers.logs import LogsAnswer
from cbops.model.base import Frozen, Instant
from cbops.model.observation import AlertInterval, Dialect, Drift, Finding, ProviderDay
from cbops.model.telemetry import MetricFound
from cbops.model.verdict import Classification


class EpisodeAnswer(Frozen):
    """An episode as the log tells it; `evidence` is what its classification rests on."""

    id: str
    provider: str
    opened: Instant
    closed: Instant | None
    reopened: int
    reason: str | None
    classification: Classification
    evidence: dict[str, Any]


class DayAnswer(Frozen):
    """One day of the log. Unknown is null, never 0; `coverage` is the share of scrapes that were seen."""

    day: int
    date: date
    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")
    partial: bool
    coverage: float
    decisions: int | None
    fallback_decisions: int | None
    dialect: Dialect | None
    metrics: tuple[MetricFound, ...]
    providers: dict[str, ProviderDay]
    episodes: tuple[EpisodeAnswer, ...]
    alerts: tuple[AlertInterval, ...] | None
    findings: tuple[Finding, ...]
    issues: tuple[str, ...]
    actions: tuple[str, ...]
    notes: tuple[str, ...]
    observation: str


class MonitorDayAnswer(Frozen):
    rollout: str
    day: DayAnswer
    baseline_days: int
    drift: Drift
    logs: LogsAnswer | None = None  # null: none were given


class MonitorDaysAnswer(Frozen):
    rollout: str
    days: tuple[DayAnswer, ...]
    baseline_days: int
    drift: Drift
    logs: LogsAnswer | None = None


class NoteAnswer(Frozen):
    rollout: str
    day: int | None
    kind: Literal["issue", "action", "note"]
    text: str


class ScrapeAnswer(Frozen):
    """`failed` scrapes are in the store as `up` 0."""

    url: str
    store: str
    scrapes: int
    failed: int
    samples: int
    first: Instant | None
    last: Instant | None


class IncidentAnswer(Frozen):
    provider: str
    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")
    note: str | None


class IncidentsAnswer(Frozen):
    """For `incident add`: those added now; for `incident list`: all."""

    rollout: str
    incidents: tuple[IncidentAnswer, ...]


class LessonAnswer(Frozen):
    rollout: str
    kind: Literal["well", "improve", "tuning"]
    text: str


class ClassifyAnswer(Frozen):
    rollout: str
    episode: EpisodeAnswer
