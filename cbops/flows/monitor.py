"""`monitor daily`: collect days into the log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from cbops.errors import ChangedError, MetricsError, UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort, Clock, NumberPort, SamplePort
from cbops.flows.steps.baseline import baseline_windows
from cbops.flows.steps.breakers import Breakers, ask_breakers, candidates
from cbops.flows.steps.days import Collected, day_answers
from cbops.flows.steps.drift import brief, check_drift, drift_warnings
from cbops.flows.steps.keeping import Measured, keep
from cbops.flows.steps.loading import document, load, policy_providers
from cbops.flows.steps.logs import ReadLogs, keep_logs, logs_answer, logs_warnings, require_transitions
from cbops.flows.steps.recording import Who, recording, require_enabled
from cbops.flows.steps.shadows import Shadows
from cbops.flows.steps.wording import latency_words, plural
from cbops.measure import breaker_rules, gather_day, measure_day
from cbops.model.answers.monitor import DayAnswer, MonitorDayAnswer, MonitorDaysAnswer
from cbops.model.calendar import day_number, zone
from cbops.model.config import CriteriaConfig, MetricsConfig
from cbops.model.observation import DayWindow, Drift, Finding, Observation
from cbops.model.state import RolloutState
from cbops.model.telemetry import LoadedRule
from cbops.rollout.days import days_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which days: a number, a date, all of them, or (all null) the last ended one."""

    as_of: datetime
    day: int | None = None
    date: date | None = None
    all: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a day comes from; `admin` null: there is none to ask."""

    samples: SamplePort
    admin: AdminPort | None
    metrics: MetricsConfig
    criteria: CriteriaConfig
    logs: ReadLogs | None = None  # null: no logs were given
    numbers: NumberPort | None = None  # null: the metrics source evaluates no expressions


def collect(folder: Path, sources: Sources, who: Who, wanted: Wanted) -> Outcome[MonitorDaysAnswer]:
    """Measure the wanted days, and what is missing of the baseline, and put them on record.

    Measuring happens before the lock is taken, so that a slow metrics source holds nobody up. A good
    measurement is never replaced by a worse one (metrics are forgotten after a while).
    Errors: WrongStageError, UsageError (no such day), MetricsError.
    """
    state = load(folder)
    require_enabled(state, "monitor daily")
    windows = (
        *baseline_windows(folder, state, wanted.as_of, sources.criteria.shadow),
        *_windows(state, wanted),
    )
    providers = _known_providers(folder, state)
    facts = None if sources.logs is None else sources.logs(state.target.tenant)
    rules = _loaded_rules(sources)
    shadows = Shadows(sources.criteria.shadow, sources.numbers)
    measured = [
        shadows.of(_measure(sources, state, window, wanted.as_of, providers, rules)) for window in windows
    ]
    require_transitions(facts, measured)
    drift = check_drift(folder, state, sources.admin, who.clock.now())
    breakers = _breakers(sources, state, measured, who.clock, drift)
    measured = [breakers.of(day) for day in measured]
    kept = list(breakers.warnings)
    with recording(folder, who) as (session, fresh):
        if (fresh.enabled_at, fresh.disabled_at) != (state.enabled_at, state.disabled_at):
            raise ChangedError(
                f"rollout {state.id} changed while its days were measured", hint="Collect again."
            )
        for seen in measured:
            kept += keep(folder, session, fresh, Measured(seen, brief(drift)))
        if facts is not None:
            keep_logs(session, facts)
    outcome = _outcome(folder, sources.criteria, [w.day for w in windows if w.day >= 1], drift, kept)
    data = outcome.data.model_copy(update={"logs": logs_answer(facts)})
    return replace(outcome, data=data, warnings=(*outcome.warnings, *logs_warnings(facts, measured)))


def single(outcome: Outcome[MonitorDaysAnswer]) -> Outcome[MonitorDayAnswer]:
    """The same outcome about its only day."""
    answer = outcome.data
    return Outcome(
        data=MonitorDayAnswer(
            rollout=answer.rollout,
            day=answer.days[0],
            baseline_days=answer.baseline_days,
            drift=answer.drift,
            logs=answer.logs,
        ),
        headline=outcome.headline,
        body=outcome.body,
        warnings=outcome.warnings,
        next_step=outcome.next_step,
        exit_status=outcome.exit_status,
    )


def _windows(state: RolloutState, wanted: Wanted) -> tuple[DayWindow, ...]:
    begun = days_of(state, wanted.as_of)
    if not begun:
        raise UsageError(
            f"day 1 of {state.id} begins at {state.enabled_at:%Y-%m-%d %H:%M} UTC, after {wanted.as_of:%Y-%m-%d %H:%M} UTC",
            hint="Correct --as-of, or come back later.",
        )
    if wanted.all:
        return begun
    if wanted.day is None and wanted.date is None:
        ended = [window for window in begun if not window.partial]
        if ended:
            return (ended[-1],)
        raise UsageError(
            f"no day of {state.id} has ended yet", hint="Collect the running one: cbops monitor daily --day 1"
        )
    return (_named(state, wanted, begun),)


def _named(state: RolloutState, wanted: Wanted, begun: tuple[DayWindow, ...]) -> DayWindow:
    assert state.enabled_at is not None
    tz = zone(state.timezone)
    number = (
        wanted.day if wanted.day is not None else day_number(wanted.date or date.min, state.enabled_at, tz)
    )
    found = next((window for window in begun if window.day == number), None)
    if found is not None:
        return found
    asked = f"day {number}" if wanted.date is None else f"day {wanted.date}"
    until = "" if state.disabled_at is None else ", when the breaker was disabled"
    raise UsageError(
        f"{state.id} has no {asked}; it has days 1 to {begun[-1].day}, from {begun[0].date} to "
        f"{begun[-1].date}{until}",
        hint="Correct --day or --date.",
    )


def _known_providers(folder: Path, state: RolloutState) -> tuple[str, ...]:
    named = [state.target.provider]
    if state.document is not None:
        named += policy_providers(document(folder, state.document))
    return tuple(dict.fromkeys(named))


@dataclass(frozen=True, slots=True)
class _Rules:
    """The alert rules about breakers that the source has loaded now (null: it doesn't tell), and what to know of that."""

    loaded: tuple[LoadedRule, ...] | None
    findings: tuple[Finding, ...] = ()


def _loaded_rules(sources: Sources) -> _Rules:
    """Asked once for all days; that it fails makes no measurement fail."""
    try:
        rules = sources.samples.alert_rules()
    except MetricsError as error:
        return _Rules(
            None,
            (
                Finding(
                    code="alert_rules_unknown",
                    message=f"Which alert rules are loaded could not be asked: {error.message}",
                ),
            ),
        )
    if rules is None:
        return _Rules(None)
    kept, more = breaker_rules(rules, sources.metrics)
    if not more:
        return _Rules(kept)
    text = f"{len(kept) + more} loaded alert rules are about circuit breakers; only {len(kept)} of them are kept."
    return _Rules(kept, (Finding(code="alert_rules_many", message=text),))


def _measure(  # noqa: PLR0917 - each is one thing of its own
    sources: Sources,
    state: RolloutState,
    window: DayWindow,
    as_of: datetime,
    providers: tuple[str, ...],
    rules: _Rules,
) -> Observation:
    """One day; its samples are let go before the next one is asked for."""
    source = sources.samples
    named = (state.comparison.controls or ()) if state.comparison is not None else ()
    samples = gather_day(source.fetch, source.kind, state.target, window, sources.metrics, providers, named)
    since = window.day >= 1  # before enabling, alerts judge nothing
    seen = measure_day(
        state.target,
        window,
        as_of,
        samples,
        sources.metrics,
        known_providers=providers,
        alert_rules=rules.loaded if since else None,
        error_rate_windows=_error_rate_windows(state),
    )
    return seen.model_copy(update={"findings": (*seen.findings, *rules.findings)}) if since else seen


def _breakers(
    sources: Sources, state: RolloutState, measured: list[Observation], clock: Clock, drift: Drift
) -> Breakers:
    """Asked once for all days, and not again of a router that gave no answer about drift."""
    was_asked = state.document is not None or state.disabled_at is not None
    silent = drift.message if was_asked and not drift.checked else None
    return ask_breakers(sources.admin, candidates(measured), clock.now, silent)


def _error_rate_windows(state: RolloutState) -> tuple[float, ...]:
    """The seconds that the enabled policy gives, where they are known."""
    given = (state.block or {}).get("error_rate_window_seconds")
    return (float(given),) if isinstance(given, int | float) and not isinstance(given, bool) else ()


def _outcome(
    folder: Path, criteria: CriteriaConfig, numbers: list[int], drift: Drift, kept: list[str]
) -> Outcome[MonitorDaysAnswer]:
    state = load(folder)
    collected = Collected.of(folder, state, criteria)
    days = tuple(day for day in day_answers(state, collected) if day.day in numbers)
    warnings = [f"day {day.day}: {finding.message}" for day in days for finding in day.findings]
    warnings += [*kept, *drift_warnings(drift)]
    told = f"day {numbers[0]}" if len(numbers) == 1 else f"days {numbers[0]} to {numbers[-1]}"
    partial = " (partial: not over yet)" if days and days[-1].partial else ""
    return Outcome(
        data=MonitorDaysAnswer(rollout=state.id, days=days, baseline_days=len(state.baseline), drift=drift),
        headline=f"Collected {told} of {state.id}{partial}; baseline: "
        f"{sum(seen.scrape.seen > 0 for seen in collected.baseline)} of {plural(len(state.baseline), 'day')} with data.",
        body=tuple(line for day in days for line in day_lines(day)),
        warnings=tuple(warnings),
        next_step="Judge what is there: cbops evaluate",
    )


def day_lines(day: DayAnswer) -> tuple[str, ...]:
    """A day in a few lines, for people."""
    span = f"{day.start:%H:%M}–{day.end:%H:%M} UTC" if day.partial else f"{day.date}"
    lines = [
        (
            f"  Day {day.day} ({day.date}{', ' + span if day.partial else ''})  decisions {_count(day.decisions)}, "
            f"seen {day.coverage:.1%}"
        )
    ]
    for name, provider in sorted(day.providers.items()):
        events, moves, latency = provider.events, provider.transitions, provider.latency
        rate = "unknown" if provider.error_rate is None else f"{provider.error_rate:.2%}"
        lines.append(
            f"    {name}: success {_count(events.success)}, failure {_count(events.failure)}, "
            f"fail_fast {_count(events.fail_fast)}; error rate {rate}; {latency_words(latency)}; "
            f"open {_count(moves.open)}, half-open {_count(moves.half_open)}, closed {_count(moves.closed)}"
        )
    for episode in day.episodes:
        closed = f"{episode.closed:%H:%M:%S}" if episode.closed else "still open"
        lines.append(
            f"    episode {episode.id}: {episode.opened:%H:%M:%S} – {closed}, reopened {episode.reopened}×, "
            f"{episode.classification}"
        )
    return tuple(lines)


def _count(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"
