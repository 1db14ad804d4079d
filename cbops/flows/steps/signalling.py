"""The signals of a rollout, from its evidence alone."""

from __future__ import annotations

from pathlib import Path

from cbops.errors import InputError
from cbops.flows.steps.days import Collected
from cbops.flows.steps.loading import document, evaluation, last_forecast, last_tuning
from cbops.model.config import CriteriaConfig
from cbops.model.state import RolloutState
from cbops.model.ticket import TicketDraft
from cbops.rollout.signals import Found, Seen, find_signals


def signals_of(folder: Path, state: RolloutState, criteria: CriteriaConfig) -> Found:
    """What is found in everything that is on record. RecordError when evidence is damaged."""
    collected = Collected.of(folder, state, criteria)
    return find_signals(
        Seen(
            state=state,
            days=collected.days,
            episodes=collected.classified,
            evaluation=evaluation(folder, state.evaluations[-1].evaluated.evaluation)
            if state.evaluations
            else None,
            tuning=last_tuning(folder, state),
            forecast=last_forecast(folder, state),
            document=None if state.document is None else document(folder, state.document),
        )
    )


def chosen(found: Found, wanted: str) -> tuple[TicketDraft, ...]:
    """All of them, or the one whose id begins so. InputError for none, or several."""
    if wanted == "all":
        return found.drafts
    fitting = [draft for draft in found.drafts if draft.fingerprint.startswith(wanted)]
    if len(fitting) == 1:
        return (fitting[0],)
    what = "is no signal" if not fitting else f"is the beginning of {len(fitting)} signals"
    known = ", ".join(draft.fingerprint for draft in found.drafts) or "none"
    raise InputError(f"'{wanted[:60]}' {what} of what is on record", hint=f"Signals: {known}.")
