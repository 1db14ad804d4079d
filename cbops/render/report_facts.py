"""What the rollout's documents are told from, and what several of them say alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from cbops.model.calendar import zone
from cbops.model.forecast import Forecast
from cbops.model.observation import Observation
from cbops.model.state import ClassificationRecord, RolloutState
from cbops.model.ticket import Ticket
from cbops.model.tuning import Tuning
from cbops.model.verdict import ClassifiedEpisode, Evaluation
from cbops.render import text
from cbops.render.log_days import Measured
from cbops.render.log_words import when
from cbops.render.markdown import EMPTY, Markdown, phrase
from cbops.render.rollout_figures import steps_of


@dataclass(frozen=True, slots=True)
class Facts:
    """The rollout and its evidence. `observations` by the number of the day, `classified` by the episode's id;
    evaluation, forecast and tuning are the latest on record.
    """

    state: RolloutState
    observations: Mapping[int, Observation]
    classified: Mapping[str, ClassifiedEpisode]
    evaluation: Evaluation | None = None
    forecast: Forecast | None = None
    tuning: Tuning | None = None

    @property
    def tz(self) -> tzinfo:
        """The rollout's; ConfigError when it is unknown."""
        return zone(self.state.timezone)

    @property
    def measured(self) -> Measured:
        """The same, as the log's days are told."""
        return Measured(self.state, self.tz, self.observations, self.classified)

    @property
    def words(self) -> dict[str, ClassificationRecord]:
        """What people said of episodes, by the episode's id."""
        return {record.classified.episode: record for record in self.state.classifications}

    def days(self, first: int, last: int) -> tuple[Observation, ...]:
        """The measured days among these, ascending."""
        return tuple(self.observations[n] for n in sorted(self.observations) if first <= n <= last)

    def episodes(self, days: Sequence[Observation]) -> tuple[ClassifiedEpisode, ...]:
        """Those that opened in these days, by time."""
        found = [
            each
            for each in self.classified.values()
            if any(day.window.start < each.opened <= day.window.end for day in days)
        ]
        return tuple(sorted(found, key=lambda each: (each.opened, each.id)))


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of some days, all providers together; null as soon as one is unknown, or without any day."""

    success: int | None
    failure: int | None
    fail_fast: int | None
    opens: int | None

    @property
    def results(self) -> int | None:
        """Successes and failures."""
        return None if self.success is None or self.failure is None else self.success + self.failure

    @property
    def error_rate(self) -> float | None:
        """Failures over results; null without any."""
        return self.failure / self.results if self.failure is not None and self.results else None


def totals(days: Sequence[Observation]) -> Totals:
    """Of these days."""
    figures = [provider for day in days for provider in day.providers.values()]
    blind = any(not day.providers and not day.scrape.seen for day in days)
    return Totals(
        success=_sum((each.events.success for each in figures), blind=blind),
        failure=_sum((each.events.failure for each in figures), blind=blind),
        fail_fast=_sum((each.events.fail_fast for each in figures), blind=blind),
        opens=_sum((each.transitions.open for each in figures), blind=blind),
    )


def _sum(values: Iterable[int | None], *, blind: bool) -> int | None:
    known = list(values)
    whole = [value for value in known if value is not None]
    return sum(whole) if known and not blind and len(whole) == len(known) else None


def rate_told(counts: Totals) -> Markdown:
    """`0.15 % (283 of 191,974 results)`; what is unknown is said so."""
    if counts.results is None:
        return Markdown(text.UNKNOWN)
    if not counts.results:
        return Markdown("no results")
    return phrase(
        "{} ({} of {})",
        text.percent(counts.error_rate),
        text.number(counts.failure),
        text.counted(counts.results, "result"),
    )


def worst_step(days: Sequence[Observation]) -> tuple[float, int, int, int, int] | None:
    """The highest error rate in a bucket: (rate, failures, results, start ms, end ms); null without any result."""
    from_steps = [step for day in days for step in steps_of(day)]
    rated = [
        (step.failures / step.results, step.failures, step.results, step.start, step.end)
        for step in from_steps
        if step.results and step.failures is not None
    ]
    return max(rated, key=lambda each: (each[0], -each[3]), default=None)


def ticket_line(ticket: Ticket, tz: tzinfo) -> Markdown:
    """In short: name, kind, priority, where it stands, and its resolution."""
    resolution = phrase("; resolution: {}", ticket.resolution) if ticket.resolution else EMPTY
    return phrase(
        "{} {} ({}, {}): {} since {}{}",
        ticket.id,
        ticket.title,
        ticket.kind.words,
        ticket.priority.value,
        ticket.state.words,
        when(ticket.steps[-1].at if ticket.steps else ticket.opened_at, tz),
        resolution,
    )
