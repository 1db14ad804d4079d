"""Everything that a judgement rests on, put in order once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from cbops.judge.by_hand import in_baseline
from cbops.judge.cells import DayCells, Period, canary_rows, control_rows, day_cells
from cbops.judge.controls import ControlChoice, choose_controls
from cbops.judge.other_days import OtherDays, other_days
from cbops.judge.outages import Provider, study_provider
from cbops.judge.standing import standing_circuits
from cbops.model.base import to_ms
from cbops.model.config import CriteriaConfig
from cbops.model.observation import Drift, Episode, Observation
from cbops.model.policy import BreakerPolicy
from cbops.model.state import CollectedDay, RolloutState
from cbops.model.verdict import CriterionId, CriterionResult, Verdict


@dataclass(frozen=True, slots=True)
class Case:
    """The input of every criterion.

    `observed` holds all days since enabling, `after` those of them that count (over, and scraped
    enough), `before` the days before enabling that count. `until`: nothing later is known (ms).
    Nothing counts that happened after the breaker was disabled.
    """

    state: RolloutState
    criteria: CriteriaConfig
    episodes: tuple[Episode, ...]
    controls: ControlChoice
    observed: Period
    before: Period
    after: Period
    providers: Mapping[str, Provider]
    left_out: Mapping[int, str]  # days that don't count, and why
    until: int
    policy: BreakerPolicy | None  # null: the enabled block is unknown
    rejected_share: Mapping[int, float]  # per day: share of fail_fast that ended as an error
    others: OtherDays  # days under another policy, which don't count
    standing: tuple[Episode, ...] = ()  # circuits that weren't closed at enabling, until they were

    @property
    def not_closed(self) -> tuple[Episode, ...]:
        """Every stretch in which a circuit wasn't closed: those from enabling on, and the episodes."""
        return (*self.standing, *self.episodes)

    def provider(self, name: str) -> Provider:
        """What is known of it; nothing for one that the canary never used."""
        return self.providers.get(name) or study_provider(name, (), ())

    @property
    def full_days(self) -> tuple[int, ...]:
        """Whole calendar days that count."""
        return tuple(day.window.day for day in self.after.days if day.window.full)

    @property
    def enough_days(self) -> bool:
        """Whether a criterion that needs the least number of full days can be met."""
        return len(self.full_days) >= self.criteria.min_full_days

    @property
    def without_traffic(self) -> tuple[str, ...]:
        """What is missing where the target's provider gave no result on any full day; else nothing."""
        name = self.state.target.provider
        full = [day for day in self.after.days if day.window.full]
        events = [day.providers[name].events for day in full if name in day.providers]
        if not full or any((each.success or 0) + (each.failure or 0) for each in events):
            return ()
        return (f"results on {name}: there was none in {counted(len(full), 'full day')}",)

    def days_evidence(self) -> dict[str, Any]:
        """Which measurements were used, by day number and hash, and which were not."""
        known = {day.window.day: day for day in (*self.state.baseline, *self.state.days)}
        found: dict[str, Any] = {
            "observed": [_source(day, known) for day in self.after.days],
            "baseline": [_source(day, known) for day in self.before.days],
            "left_out": {str(number): why for number, why in self.left_out.items()},
            "full_days": list(self.full_days),
        }
        word = self.state.comparison
        if word is not None and word.baseline_from is not None:
            found["baseline_set_by_hand"] = word.model_dump(mode="json", exclude={"controls"})
        return found


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion's result, and what it still lacks to be met."""

    result: CriterionResult
    missing: tuple[str, ...] = ()


def judged(
    criterion: CriterionId,
    verdict: Verdict,
    summary: str,
    evidence: dict[str, Any],
    missing: Iterable[str] = (),
) -> Judged:
    """Put together; a criterion that is met lacks nothing."""
    result = CriterionResult(id=criterion, verdict=verdict, summary=summary, evidence=evidence)
    return Judged(result, () if verdict is Verdict.MET else tuple(missing))


def _source(day: Observation, known: Mapping[int, CollectedDay]) -> dict[str, Any]:
    number = day.window.day
    stored = known.get(number)
    return {
        "day": number,
        "date": day.window.date.isoformat(),
        "full": day.window.full,
        "observation": None if stored is None else stored.observation,
    }


def counted(value: int, one: str, many: str | None = None) -> str:
    """'1 day', '3 days'."""
    return f"{value} {one if value == 1 else many or one + 's'}"


def _why_not(day: Observation, criteria: CriteriaConfig, disabled_at: datetime | None) -> str | None:
    """Why a day doesn't count; null when it does."""
    if disabled_at is not None and day.window.end > disabled_at:
        return "the breaker was disabled"
    if day.window.partial:
        return "not over yet"
    if day.scrape.coverage < criteria.min_coverage:
        return f"only {day.scrape.coverage:.0%} of its scrapes were seen"
    return None


def _period(days: Iterable[Observation], cells: Mapping[int, DayCells], controls: ControlChoice) -> Period:
    chosen = tuple(days)
    return _joined(chosen, [cells[day.window.day] for day in chosen], controls)


def _joined(days: tuple[Observation, ...], parts: list[DayCells], controls: ControlChoice) -> Period:
    others = {t: rows for t, rows in control_rows(parts).items() if t in controls.used}
    return Period(days=days, canary=canary_rows(parts), controls=others)


def _ordered(days: Iterable[Observation]) -> tuple[Observation, ...]:
    return tuple(sorted(days, key=lambda day: day.window.day))


def resolved_policy(state: RolloutState) -> BreakerPolicy | None:
    """The enabled block with defaults filled in; keys that the router ignores are ignored here too."""
    if state.block is None:
        return None
    known = {key: value for key, value in state.block.items() if key in BreakerPolicy.model_fields}
    try:
        return BreakerPolicy.model_validate(known)
    except ValidationError:  # adopted with a value that cbops wouldn't have written
        return None


def _rejected_share(day: Observation) -> float:
    """Share of the day's denied requests that no fallback took (domain description, metrics)."""
    denied = sum(figures.events.fail_fast or 0 for figures in day.providers.values())
    if denied == 0 or day.fallback_decisions is None:
        return 0.0
    return max(0, denied - day.fallback_decisions) / denied


def make_case(
    state: RolloutState,
    observations: Iterable[Observation],
    baseline: Iterable[Observation],
    episodes: Iterable[Episode],
    *,
    criteria: CriteriaConfig,
    as_of: datetime,
    rejected: bool,
    drift: Drift | None = None,
) -> Case:
    """Sort the days, choose the controls, and say which days count."""
    disabled = state.disabled_at
    known = tuple(d for d in _ordered(observations) if disabled is None or d.window.start < disabled)
    others = other_days(state, drift, (day.window for day in known))
    seen = tuple(d for d in known if d.window.day not in others.whole)
    earlier = _ordered(day for day in baseline if in_baseline(state, day.window))
    cells = {day.window.day: _known_cells(day, disabled) for day in (*earlier, *seen)}
    controls = choose_controls(list(cells.values()), (*earlier, *seen), state.comparison)
    reasons = {
        day.window.day: others.why.get(day.window.day) or _why_not(day, criteria, disabled)
        for day in (*earlier, *known)
    }
    ends = [to_ms(day.window.end) for day in seen]
    until = min(to_ms(as_of), max(ends, default=to_ms(as_of)))
    if disabled is not None:
        until = min(until, to_ms(disabled))
    mine = (_until(episode, disabled) for episode in episodes if not others.opened(episode))
    merged = tuple(sorted((e for e in mine if e is not None), key=lambda each: (each.opened, each.id)))
    # The totals of a day that goes on past the disabling can't be cut; its buckets can.
    whole = tuple(day for day in seen if disabled is None or day.window.end <= disabled)
    observed = _joined(whole, [cells[day.window.day] for day in seen], controls)
    before = _period((day for day in earlier if reasons[day.window.day] is None), cells, controls)
    return Case(
        state=state,
        criteria=criteria,
        episodes=merged,
        controls=controls,
        observed=observed,
        before=before,
        after=_period((day for day in seen if reasons[day.window.day] is None), cells, controls),
        providers=_providers(state, (before, observed), {episode.provider for episode in merged}),
        left_out={number: why for number, why in reasons.items() if why is not None},
        until=until,
        policy=resolved_policy(state),
        rejected_share={day.window.day: _rejected_share(day) if rejected else 0.0 for day in seen},
        others=others,
        standing=tuple(
            each
            for episode in standing_circuits(seen, state.enabled_at)
            if (each := _until(episode, disabled)) is not None
        ),
    )


def _until(episode: Episode, disabled_at: datetime | None) -> Episode | None:
    """The episode as it was when the breaker was disabled; null when it opened later."""
    if disabled_at is None:
        return episode
    if episode.opened > disabled_at:
        return None
    if episode.closed is not None and episode.closed > disabled_at:
        return episode.model_copy(update={"closed": None, "closed_by": None})
    return episode


def _known_cells(day: Observation, disabled_at: datetime | None) -> DayCells:
    cells = day_cells(day)
    return cells if disabled_at is None or day.window.end <= disabled_at else cells.until(to_ms(disabled_at))


def _providers(state: RolloutState, periods: tuple[Period, Period], opened: set[str]) -> dict[str, Provider]:
    names = {state.target.provider, *opened, *(name for period in periods for name in period.canary)}
    incidents = [record.incident for record in state.incidents]
    return {name: study_provider(name, periods, incidents) for name in sorted(names)}
