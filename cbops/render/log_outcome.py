"""The execution log from the evaluation to the lessons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Literal, get_args

from cbops.model.events import CriterionVerdict
from cbops.model.events_change import RollbackProof
from cbops.model.state import DecisionRecord, RollbackRecord, RolloutState, Stage
from cbops.model.ticket import Ticket
from cbops.model.verdict import (
    CriterionId,
    CriterionResult,
    Evaluation,
    Recommendation,
    ShadowResult,
    Verdict,
)
from cbops.render import text
from cbops.render.log_judged import behind
from cbops.render.log_view import PLACEHOLDER, EvaluationView, Field, RollbackView, Tick, TicketView
from cbops.render.log_words import DECISIONS, NONE, NONE_RECORDED, approvals, finished, named, unfilled, when
from cbops.render.markdown import EMPTY, Markdown, phrase

_MARKS = {Verdict.MET: "✅", Verdict.INCONCLUSIVE: "⚠️", Verdict.ERROR: "⚠️", Verdict.MISSED: "❌"}


def evaluation_view(state: RolloutState | None, evaluation: Evaluation | None, tz: tzinfo) -> EvaluationView:
    """Step 4: the criteria, the recommendation and the decision of a person.

    Without an evaluation the last one on record speaks, which has no reasons.
    """
    recorded = state.evaluations[-1].evaluated if state and state.evaluations else None
    judged = evaluation or recorded
    over = finished(state)
    date = when(judged.as_of, tz) if judged else unfilled(over=over, said=Markdown("Not evaluated"))
    if evaluation is not None and evaluation.preliminary:
        date = phrase("{} (preliminary: a day that isn't over was looked at)", date)
    return EvaluationView(
        date=date,
        criteria=_criteria(judged.criteria if judged else (), over=over),
        recommendation=_recommendation(evaluation, recorded.recommendation if recorded else None),
        decision=_decision(state, tz),
        boxes=_boxes(state),
        behind=behind(evaluation, recorded.evaluation) if evaluation and recorded else (),
        approvals=approvals(state, "proceed", tz),
    )


def _criteria(
    results: Sequence[CriterionResult | CriterionVerdict], *, over: bool
) -> Mapping[CriterionId, Tick]:
    silent = Tick(remark=Markdown(" — not evaluated") if over else EMPTY)
    told = {result.id: _criterion(result) for result in results}
    return {criterion: told.get(criterion, silent) for criterion in get_args(CriterionId)}


def _criterion(result: CriterionResult | CriterionVerdict) -> Tick:
    mark = Markdown(_MARKS[result.verdict])
    remark = phrase(" — {} {}: {}", mark, result.verdict.value, result.summary)
    return Tick(ticked=result.verdict is Verdict.MET, remark=remark)


def _recommendation(evaluation: Evaluation | None, recorded: Recommendation | None) -> Field | None:
    if evaluation is None:
        return Field(DECISIONS[recorded]) if recorded else None
    return recommendation_field(evaluation)


def recommendation_field(evaluation: Evaluation | None) -> Field | None:
    """What is recommended, with the reasons and what is missing; null without a judgement."""
    if evaluation is None:
        return None
    missing = tuple(phrase("Still missing: {}", each) for each in evaluation.missing)
    reasons = tuple(phrase("{}", reason) for reason in evaluation.reasons)
    shadows = tuple(_shadow(each) for each in evaluation.shadows)
    return Field(DECISIONS[evaluation.recommendation], reasons + missing + shadows + _by_hand(evaluation))


def _shadow(shadow: ShadowResult) -> Markdown:
    mark = Markdown(_MARKS[shadow.verdict])
    kind = "Binding shadow criterion" if shadow.binding else "Shadow criterion"
    return phrase("{} {} — {} {}: {}", kind, shadow.id, mark, shadow.verdict.value, shadow.summary)


def _by_hand(evaluation: Evaluation) -> tuple[Markdown, ...]:
    """What a person set to compare with, and what is to be known of it."""
    word = evaluation.comparison
    if word is None:
        return ()
    told = []
    if word.controls is not None:
        told.append(phrase("controls {}", ", ".join(word.controls) or "none"))
    if word.baseline_from is not None and word.baseline_to is not None:
        told.append(phrase("baseline {} to {}", word.baseline_from.isoformat(), word.baseline_to.isoformat()))
    what = Markdown("; ".join(told))
    first = phrase("Set by hand: {}, by {}; reason: {}", what, word.by, word.reason)
    return (first, *(phrase("{}", note) for note in evaluation.notes))


def _decision(state: RolloutState | None, tz: tzinfo) -> Field:
    if state is None or not state.decisions:
        return Field(unfilled(over=finished(state), said=Markdown("None on record")))
    *earlier, last = state.decisions
    return Field(_decided(last, tz), tuple(_decided(each, tz) for each in earlier))


def _decided(record: DecisionRecord, tz: tzinfo) -> Markdown:
    decided = record.decided
    by = phrase("by {}, {}", decided.by, text.instant(record.at, tz))
    if record.actor != decided.by:
        by = phrase("{} (recorded by {})", by, record.actor)
    if record.system is not None:
        by = phrase("{} (account {})", by, record.system.words)
    told = phrase("{}, {}; reason: {}", DECISIONS[decided.decision], by, decided.reason)
    if decided.recommended is None:
        return phrase("{}; recommended: nothing, it was not evaluated before", told)
    against = Markdown("") if decided.recommended is decided.decision else Markdown(" (decided otherwise)")
    return phrase("{}; recommended: {}{}", told, DECISIONS[decided.recommended], against)


def _boxes(state: RolloutState | None) -> Mapping[Recommendation, Tick]:
    last = state.decisions[-1].decided.decision if state and state.decisions else None
    return {each: Tick(ticked=each is last) for each in Recommendation}


def ticket_views(state: RolloutState | None, tz: tzinfo) -> tuple[TicketView, ...]:
    """The tickets; while there is none, the place that waits for the first."""
    over = finished(state)
    if state is not None and state.tickets:
        return tuple(_ticket(ticket, tz, over=over) for ticket in state.tickets)
    rest = unfilled(over=over, said=NONE)
    title = Markdown("None created") if over else Markdown("`[TO BE CREATED IF NEEDED]`")
    return (TicketView(title, date=rest, signal=rest, priority=rest, status=rest, resolution=rest),)


def _ticket(ticket: Ticket, tz: tzinfo, *, over: bool) -> TicketView:
    """As its file says it, in short."""
    resolution = ticket.resolution
    return TicketView(
        title=phrase("[CB-OPS] {} ({})", ticket.title, ticket.id),
        date=phrase("{} by {}", when(ticket.opened_at, tz), ticket.opened_by),
        signal=phrase("{} ({})", ticket.signal, ticket.kind.words),
        priority=phrase("{}", ticket.priority.words),
        status=phrase("{}", ticket.state.words.capitalize()),
        resolution=unfilled(over=over, said=NONE) if resolution is None else phrase("{}", resolution),
    )


def rollback_views(state: RolloutState | None, tz: tzinfo) -> tuple[RollbackView, ...]:
    """Every rollback; while there is none, the place that waits for the first."""
    if state is not None and state.rollbacks:
        return tuple(_rollback(record, tz) for record in state.rollbacks)
    if state is not None and state.stage is Stage.DECIDED:
        return (
            RollbackView(Markdown("No rollback"), date=NONE, reason=NONE, action=NONE, result=Field(NONE)),
        )
    return (
        RollbackView(
            Markdown("`[TO BE FILLED IF NEEDED]`"),
            date=PLACEHOLDER,
            reason=PLACEHOLDER,
            action=PLACEHOLDER,
            result=Field(PLACEHOLDER),
        ),
    )


def _rollback(record: RollbackRecord, tz: tzinfo) -> RollbackView:
    return RollbackView(
        title=phrase("policy {} of tenant {}", record.policy, record.tenant),
        date=phrase("{} by {}", when(record.intended_at, tz), named(record.actor, record.system)),
        reason=phrase("{}", record.reason),
        action=_action(record, tz),
        result=_result(record, tz),
    )


def _action(record: RollbackRecord, tz: tzinfo) -> Markdown:
    if record.written_version is not None:
        wrote = phrase("breaker disabled in version {}", record.written_version)
    elif record.done_at is not None:
        wrote = Markdown("nothing written: the breaker was disabled already")
    else:
        wrote = Markdown("nothing written so far")
    if record.reloaded_at is None:
        return wrote
    return phrase("{}, policy reloaded {}", wrote, when(record.reloaded_at, tz))


def _result(record: RollbackRecord, tz: tzinfo) -> Field:
    details = [phrase("Failed: {}", failure) for failure in record.failures]
    if record.proof is not None:
        details.append(_proof(record.proof))
    if record.done_at is None:
        return Field(Markdown("⚠️ Pending: the breaker may still be enabled"), tuple(details))
    version = phrase("version {} is live", record.version) if record.version else Markdown("version unknown")
    since = record.disabled_at or record.done_at
    said = phrase(": {}", record.verification) if record.verification else EMPTY
    return Field(phrase("disabled {}, {}{}", when(since, tz), version, said), tuple(details))


def _proof(proof: RollbackProof) -> Markdown:
    mark = Markdown("✅") if proof.proven else Markdown("⚠️")
    figures = phrase(
        "decisions {}, fail_fast {}, to half-open {}, fallback decisions {}",
        text.number(proof.decisions),
        text.number(proof.fail_fast),
        text.number(proof.half_open),
        text.number(proof.fallback_decisions),
    )
    return phrase("{} {} ({})", mark, proof.summary, figures)


def lessons(
    state: RolloutState | None, kind: Literal["well", "improve", "tuning"], *, otherwise: bool = True
) -> tuple[Markdown, ...]:
    """What people learnt, of one kind; where that is nothing, the place that waits for it if `otherwise`."""
    told = state.lessons if state else ()
    found = tuple(phrase("{} ({})", each.text, each.actor) for each in told if each.kind == kind)
    if found or not otherwise:
        return found
    return (unfilled(over=finished(state), said=NONE_RECORDED),)
