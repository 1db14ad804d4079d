"""`canary approve`: one person's word, on record, before another one takes the step."""

from __future__ import annotations

from pathlib import Path

from cbops.errors import ConflictError, InputError, WrongStageError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Who, recording
from cbops.flows.steps.texts import MAX_REASON, said
from cbops.journal.signing import Signer
from cbops.model.answers.safeguards import ApproveAnswer
from cbops.model.events_safeguards import ApprovalGiven, ApprovedStep
from cbops.model.seal import approval_statement
from cbops.model.state import RolloutState, Stage


def last_evaluation(folder: Path) -> tuple[str, str]:
    """(the hash of the last evaluation, what it recommends in words); WrongStageError while there is none."""
    state = load(folder)
    if not state.evaluations:
        raise WrongStageError(
            f"nothing was evaluated in {state.id}, so there is nothing to approve",
            hint="Judge first: cbops evaluate",
        )
    last = state.evaluations[-1].evaluated
    return last.evaluation, f"the evaluation of {last.as_of:%Y-%m-%d %H:%M} UTC: {last.recommendation.value}"


def approve(
    folder: Path,
    who: Who,
    step: ApprovedStep,
    what: str,
    *,
    needed: int,
    note: str | None = None,
    signer: Signer | None = None,
) -> Outcome[ApproveAnswer]:
    """Put the approval on record; `what` is the digest of what the person was shown.

    Errors: WrongStageError (nothing to approve), ConflictError (it changed meanwhile), InputError.
    """
    note = said(note, "the note", MAX_REASON) if note is not None else None
    if who.system is None:
        raise InputError("the account that approves is not known", hint="Run it as a user of the system.")
    with recording(folder, who) as (record, state):
        _require_open(state, step, what)
        key = signer.public if signer else None
        signature = signer.sign(approval_statement(state.id, step, what, signer.public)) if signer else None
        record.append(ApprovalGiven(step=step, what=what, note=note, key=key, signature=signature))
    signed = f", signed with the key {key[:16]}…" if key else ""
    return Outcome(
        data=ApproveAnswer(
            rollout=state.id,
            step=step,
            what=what,
            by=who.actor,
            account=who.system.words,
            key=key,
            needed=needed,
        ),
        headline=f"Approved: {step} of {state.id}, by {who.actor} ({who.system.words}){signed}.",
        warnings=()
        if needed > 1
        else (f"the configuration asks nobody else's approval for {step} (approvals.{step}: 1)",),
        next_step="Somebody else goes on: "
        + ("cbops canary enable" if step == "enable" else "cbops decide proceed"),
    )


def _require_open(state: RolloutState, step: ApprovedStep, what: str) -> None:
    """The step must still be ahead, and about what was shown."""
    if step == "enable":
        if state.stage is not Stage.SELECTED:
            raise WrongStageError(
                f"rollout {state.id} is {state.stage.words}, so there is no enabling to approve",
                hint="See where it stands: cbops canary status",
            )
        return
    if state.stage is not Stage.MONITORING:
        raise WrongStageError(
            f"rollout {state.id} is {state.stage.words}, so there is no proceeding to approve",
            hint="See where it stands: cbops canary status",
        )
    if state.evaluations[-1].evaluated.evaluation != what:
        raise ConflictError(
            f"{state.id} was evaluated again meanwhile", hint="Look at it anew: cbops canary approve proceed"
        )
