"""`report readiness`: go or no-go as a page."""

from __future__ import annotations

from pathlib import Path

from cbops.errors import WrongStageError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.diagnosis.premises import Premises
from cbops.flows.steps.diagnosis.whole import diagnose
from cbops.flows.steps.loading import load
from cbops.flows.steps.readiness import readiness, readiness_lines, verdict_words
from cbops.journal.files import write_atomically
from cbops.model.answers.readiness import ReadinessAnswer
from cbops.render.readiness import readiness_text

NAME = "readiness.md"
_FAILED = 7


def report(
    folder: Path, premises: Premises, *, out: Path | None, stdout: bool, own: Path | None
) -> Outcome[ReadinessAnswer]:
    """Look at everything and write the page to its place under the rollout or to `out`. Exits 7 for no-go.

    WrongStageError where there is nothing (more) to enable.
    """
    state = load(folder)
    diagnosis = diagnose(premises)
    found = readiness(state, premises.config, diagnosis.checks, diagnosis.at)
    if found is None:
        raise WrongStageError(
            f"rollout {state.id} is {state.stage.words}, so it is ready for nothing more",
            hint="See where it stands: cbops canary status",
        )
    page = readiness_text(found, diagnosis.checks, state.timezone, own)
    path = None if stdout else out or folder / NAME
    if path is not None:
        write_atomically(path, page.encode())
    return Outcome(
        data=ReadinessAnswer(
            readiness=found,
            checks=diagnosis.checks,
            path=str(path) if path else None,
            bytes=len(page.encode()),
            text=page if stdout else None,
        ),
        headline=verdict_words(found) + (f" Wrote {path}." if path else ""),
        body=readiness_lines(found)[1:],
        next_step="Enable the canary: cbops canary enable"
        if found.verdict == "go"
        else "Resolve each reason, then look again: cbops doctor",
        exit_status=0 if found.verdict == "go" else _FAILED,
        document=page if stdout else None,
    )
