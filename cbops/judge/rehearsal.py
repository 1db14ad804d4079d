"""Recovery without any open in the period: met only by a rehearsal on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cbops.judge.case import Case, Judged, judged
from cbops.model.base import iso
from cbops.model.policy import BreakerPolicy
from cbops.model.state import RehearsalRecord
from cbops.model.verdict import Verdict


def _resolved(block: Mapping[str, Any]) -> dict[str, Any]:
    """What the breaker sees of a block: defaults filled in, `enabled` not its business."""
    return {**BreakerPolicy().model_dump(), **block, "enabled": True}


def fitting_rehearsals(case: Case) -> tuple[RehearsalRecord, ...]:
    """Those of the enabled block, oldest first; all of them where the block is unknown."""
    if case.state.block is None:
        return case.state.rehearsals
    block = _resolved(case.state.block)
    return tuple(r for r in case.state.rehearsals if _resolved(r.rehearsal.block) == block)


def _opens_unknown(case: Case) -> str | None:
    """Why 'no open' can't be said; null when it can."""
    if not case.after.days:
        return "no day has been measured yet that counts"
    for day in case.observed.days:
        figures = day.providers.get(case.state.target.provider)
        if figures is None or figures.transitions.open is None:
            return f"transitions of day {day.window.day} are unknown"
    return None


def judge_without_opens(case: Case) -> Judged:
    """The last rehearsal of the enabled block decides."""
    fitting = fitting_rehearsals(case)
    evidence: dict[str, Any] = {
        "episodes": [],
        "block": case.state.block,
        "rehearsals_on_record": len(case.state.rehearsals),
        "rehearsals_of_this_block": len(fitting),
        "rehearsal": None,
        **case.days_evidence(),
    }
    how = "rehearse the enabled policy and put it on record (canary enable does), or wait for an outage"
    if fitting:
        last = fitting[-1]
        evidence["rehearsal"] = {
            "at": iso(last.at),
            "by": last.actor,
            **last.rehearsal.model_dump(mode="json"),
        }
        if not last.rehearsal.passed:
            stuck = last.rehearsal.steps[-1] if last.rehearsal.steps else "no step is on record"
            summary = f"The rehearsal of the policy did not recover: {stuck}"
            return judged("recovery", Verdict.MISSED, summary, evidence, ("a policy that closes again",))
    unknown = _opens_unknown(case)
    if unknown is not None:
        summary = f"Whether a circuit opened can't be said: {unknown}."
        return judged("recovery", Verdict.INCONCLUSIVE, summary, evidence, (how,))
    if not fitting:
        other = " (those on record were of other settings)" if case.state.rehearsals else ""
        summary = f"No circuit opened, and no rehearsal of the policy is on record{other}."
        return judged("recovery", Verdict.INCONCLUSIVE, summary, evidence, (how,))
    took = fitting[-1].rehearsal.recovered_after_ms
    after = "" if took is None else f" There it closed {took / 1000:g} s after it had opened."
    known = (
        "" if case.state.block is not None else " The enabled block is unknown, so it couldn't be compared."
    )
    summary = f"Rehearsed, not observed: no circuit opened in the period.{after}{known}"
    return judged("recovery", Verdict.MET, summary, evidence)
