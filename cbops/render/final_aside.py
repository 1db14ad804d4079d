"""What was set aside in a rollout, by whom and why: requirements, findings of the tool, measurements."""

from __future__ import annotations

from collections.abc import Iterator

from cbops.model.standing import standing
from cbops.render import text
from cbops.render.log_words import NONE_RECORDED, signed
from cbops.render.markdown import Markdown, phrase
from cbops.render.report_facts import Facts


def set_aside(facts: Facts) -> tuple[Markdown, ...]:
    """One line each; that there is nothing is said."""
    found = (
        *_requirements(facts),
        *_checklist(facts),
        *_words(facts),
        *_compared(facts),
        *_days(facts),
        *_against(facts),
    )
    return found or (NONE_RECORDED,)


def _requirements(facts: Facts) -> Iterator[Markdown]:
    """Of the selection, then of the enabling."""
    state, tz = facts.state, facts.tz
    for note in state.overrides:
        by = signed(state.opened_by, state.opened_at, tz)
        yield phrase("Requirement of the selection, {}: {} ({})", note.requirement, note.reason, by)
    enable = state.enable
    for note in enable.overrides if enable else ():
        by = signed(enable.actor, enable.intended_at, tz, enable.system) if enable else Markdown("")
        yield phrase("Requirement of enabling, {}: {} ({})", note.requirement, note.reason, by)


def _checklist(facts: Facts) -> Iterator[Markdown]:
    """Items that nobody vouches for, where the breaker was enabled all the same."""
    if facts.state.enabled_at is None:
        return
    for item in standing(facts.state, facts.state.last_at):
        if item.done:
            continue
        if item.at is None:
            yield phrase("Not on record when the breaker was enabled: {}", item.title)
        else:
            by = signed(item.by or text.UNKNOWN, item.at, facts.tz)
            yield phrase("Not vouched for: {}, {} ({})", item.title, item.state, by)


def _words(facts: Facts) -> Iterator[Markdown]:
    """Opens whose cause a person said."""
    for record in facts.state.classifications:
        said = record.classified
        by = signed(record.actor, record.at, facts.tz)
        yield phrase(
            "Open {} classified by hand as {}: {} ({})", said.episode, said.classification, said.reason, by
        )


def _compared(facts: Facts) -> Iterator[Markdown]:
    """What to compare the canary with, by hand."""
    for record in facts.state.comparisons:
        by = signed(record.actor, record.at, facts.tz)
        chosen = record.set
        told = []
        if chosen.controls is not None:
            told.append(f"controls {', '.join(chosen.controls) or 'none'}")
        if chosen.baseline_from is not None and chosen.baseline_to is not None:
            told.append(f"baseline {chosen.baseline_from.isoformat()} to {chosen.baseline_to.isoformat()}")
        what = "; ".join(told) or "all by rule again"
        yield phrase("Comparison set by hand, {}: {} ({})", what, record.set.reason, by)


def _days(facts: Facts) -> Iterator[Markdown]:
    """Days that the last judgement left out."""
    evaluation = facts.evaluation
    opens = (
        next((each for each in evaluation.criteria if each.id == "unexpected_opens"), None)
        if evaluation
        else None
    )
    for number, why in (opens.evidence.get("left_out", {}) if opens else {}).items():
        yield phrase("Day {} was left out by the judge: {}", str(number), str(why))


def _against(facts: Facts) -> Iterator[Markdown]:
    """Recommendations that a person decided against."""
    for record in facts.state.decisions:
        decided = record.decided
        if decided.recommended is not None and decided.recommended is not decided.decision:
            yield phrase(
                "Recommendation {}, decided {}: {} ({})",
                decided.recommended.value,
                decided.decision.value,
                decided.reason,
                signed(decided.by, record.at, facts.tz),
            )
