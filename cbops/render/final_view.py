"""The final report: what was decided and why, what happened when, what was set aside, what was learnt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cbops.model.observation import Observation
from cbops.model.state import Stage
from cbops.model.verdict import CriterionId, Recommendation
from cbops.render import text
from cbops.render.figured_latency import latencies
from cbops.render.final_aside import set_aside
from cbops.render.final_timeline import timeline
from cbops.render.log_outcome import evaluation_view, lessons, rollback_views
from cbops.render.log_tuning import tuning_view
from cbops.render.log_view import EvaluationView, Field, PictureView, RollbackView, Tick
from cbops.render.log_words import NONE, when
from cbops.render.markdown import Markdown, joined, phrase
from cbops.render.report_episodes import classified_line
from cbops.render.report_facts import Facts, Totals, rate_told, ticket_line, totals

_OUTCOMES = {
    Stage.DECIDED: Markdown("✅ **Proceed to Phase 2**"),
    Stage.ROLLED_BACK: Markdown("↩️ **Rolled Back**"),
    Stage.ROLLING_BACK: Markdown("↩️ **Rollback Pending**"),
}
_DRAFT = Markdown("📝 **Draft**: the rollout is not over yet")


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure before enabling and since."""

    label: Markdown
    before: Markdown
    since: Markdown


@dataclass(frozen=True, slots=True)
class FinalReportView:
    """What templates/final_report.md.j2 puts out."""

    rollout: Markdown
    target: Markdown
    outcome: Markdown
    period: Markdown
    decision: Field
    boxes: Mapping[Recommendation, Tick]
    recommendation: Field
    evaluated: Markdown
    criteria: Mapping[CriterionId, Tick]
    compared: tuple[Compared, ...]
    opens: Field
    timeline: tuple[Markdown, ...]
    aside: tuple[Markdown, ...]
    tickets: Field
    rollbacks: tuple[RollbackView, ...]
    went_well: tuple[Markdown, ...]
    could_improve: tuple[Markdown, ...]
    tuning: tuple[Markdown, ...]
    search: Field | None
    record: Markdown
    pictures: tuple[PictureView, ...] = ()


def final_report(facts: Facts, pictures: tuple[PictureView, ...] = ()) -> FinalReportView:
    """The report of a rollout; before its end, a draft of it."""
    state, tz = facts.state, facts.tz
    judged: EvaluationView = evaluation_view(state, facts.evaluation, tz)
    search = tuning_view(state, facts.tuning, tz)
    target = state.target
    return FinalReportView(
        rollout=phrase("{}", state.id),
        target=phrase("{} (policy {}, provider {})", target.tenant, target.policy, target.provider),
        outcome=_OUTCOMES.get(state.stage, _DRAFT),
        period=_period(facts),
        decision=judged.decision,
        boxes=judged.boxes,
        recommendation=judged.recommendation or Field(Markdown("None on record")),
        evaluated=judged.date,
        criteria=judged.criteria,
        compared=_compared(facts),
        opens=_opens(facts),
        timeline=timeline(facts),
        aside=set_aside(facts),
        tickets=_tickets(facts),
        rollbacks=rollback_views(state, tz) if state.rollbacks else (),
        went_well=lessons(state, "well"),
        could_improve=lessons(state, "improve"),
        tuning=lessons(state, "tuning", otherwise=search is None),
        search=search,
        record=_record(facts),
        pictures=pictures,
    )


def _period(facts: Facts) -> Markdown:
    state = facts.state
    if state.enabled_at is None:
        return Markdown("The breaker was not enabled")
    days = [day for number, day in facts.observations.items() if number >= 1]
    began = when(state.enabled_at, facts.tz)
    if not days:
        return phrase("Enabled {}; no day was measured", began)
    last = max(day.window.end for day in days)
    full = sum(day.window.full for day in days)
    disabled = (
        phrase(", disabled {}", when(state.disabled_at, facts.tz)) if state.disabled_at else Markdown("")
    )
    return phrase(
        "Enabled {}{}; measured to {} ({}, {} of them whole)",
        began,
        disabled,
        when(last, facts.tz),
        text.counted(len(days), "day"),
        full,
    )


def _compared(facts: Facts) -> tuple[Compared, ...]:
    before = [facts.observations[n] for n in sorted(facts.observations) if n < 1]
    since = [facts.observations[n] for n in sorted(facts.observations) if n >= 1]
    one, other = totals(before), totals(since)
    rows = [
        Compared(Markdown("Days measured"), *(phrase("{}", len(days)) for days in (before, since))),
        Compared(
            Markdown("Error rate"), *(_rate(days, told) for days, told in ((before, one), (since, other)))
        ),
        Compared(Markdown("Transitions to open"), *(_count(told.opens) for told in (one, other))),
        Compared(Markdown("Calls failed fast"), *(_count(told.fail_fast) for told in (one, other))),
    ]
    return (*rows, *_latencies(before, since))


def _rate(days: Sequence[Observation], counts: Totals) -> Markdown:
    return rate_told(counts) if days else Markdown("not measured")


def _count(value: int | None) -> Markdown:
    return phrase("{}", text.number(value))


def _latencies(before: Sequence[Observation], since: Sequence[Observation]) -> list[Compared]:
    """The mean of each provider; of the days since, each by its results."""
    found = []
    for each in latencies((*before, *since), None):
        known = [(day.mean_ms, day.count) for day in each.days if day.day >= 1]
        parts = [(mean, count) for mean, count in known if mean is not None and count]
        results = sum(count for _, count in parts)
        now = sum(mean * count for mean, count in parts) / results if results else None
        found.append(Compared(phrase("Mean latency, {}", each.provider), _ms(each.baseline_ms), _ms(now)))
    return found


def _ms(value: float | None) -> Markdown:
    return phrase("{}", text.UNKNOWN if value is None else f"{value:.1f} ms")


def _opens(facts: Facts) -> Field:
    days = [day for number, day in facts.observations.items() if number >= 1]
    episodes = facts.episodes(days)
    if not episodes:
        unknown = totals(days).opens is None
        return Field(Markdown(text.UNKNOWN) if unknown else NONE)
    kinds = Counter(each.classification for each in episodes)
    told = joined([phrase("{} {}", count, kind) for kind, count in sorted(kinds.items())], ", ")
    lines = tuple(classified_line(each, facts) for each in episodes)
    return Field(phrase("{} ({})", len(episodes), told), lines)


def _tickets(facts: Facts) -> Field:
    tickets = facts.state.tickets
    if not tickets:
        return Field(NONE)
    left = sum(not ticket.state.over for ticket in tickets)
    value = phrase("{}, {} of them not resolved", text.counted(len(tickets), "ticket"), left)
    return Field(value, tuple(ticket_line(ticket, facts.tz) for ticket in tickets))


def _record(facts: Facts) -> Markdown:
    state = facts.state
    torn = phrase("; {} torn", text.counted(state.torn_lines, "line")) if state.torn_lines else Markdown("")
    return phrase(
        "{} in journal.jsonl, the last of {}{}. Whether anybody changed it: `cbops journal verify`",
        text.counted(state.last_seq, "event"),
        when(state.last_at, facts.tz),
        torn,
    )
