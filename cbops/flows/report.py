"""`report log`: the execution log, a pure function of the journal."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from cbops.errors import RecordError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.days import Collected
from cbops.flows.steps.loading import last_forecast, last_tuning, load
from cbops.journal.evidence import load_evidence
from cbops.journal.files import write_atomically
from cbops.model.answers.record import ReportAnswer
from cbops.model.config import CriteriaConfig
from cbops.model.state import RolloutState
from cbops.model.verdict import Evaluation
from cbops.render.engine import execution_log
from cbops.render.log_builder import execution_log_view

LOG_NAME = "execution-log.md"


def log_text(folder: Path | None, criteria: CriteriaConfig, own: Path | None = None) -> str:
    """The log of a rollout; without one, the empty log. `own`: the user's templates."""
    if folder is None:
        return execution_log(execution_log_view(None, observations={}, classified={}), own)
    state = load(folder)
    collected = Collected.of(folder, state, criteria)
    view = execution_log_view(
        state,
        observations={seen.window.day: seen for seen in (*collected.baseline, *collected.days)},
        classified={episode.id: episode for episode in collected.classified},
        evaluation=_evaluation(folder, state),
        forecast=last_forecast(folder, state),
        tuning=last_tuning(folder, state),
    )
    return execution_log(view, own)


def _evaluation(folder: Path, state: RolloutState) -> Evaluation | None:
    if not state.evaluations:
        return None
    sha = state.evaluations[-1].evaluated.evaluation
    try:
        return Evaluation.model_validate_json(load_evidence(folder, sha))
    except ValidationError as error:
        raise RecordError(
            f"evidence {sha[:12]}… is not an evaluation", hint="Judge again: cbops evaluate"
        ) from error


def log(
    folder: Path | None,
    criteria: CriteriaConfig,
    *,
    out: Path | None,
    stdout: bool,
    own: Path | None = None,
) -> Outcome[ReportAnswer]:
    """Write the log to its place under the rollout or to `out`, or hand it over for stdout."""
    text = log_text(folder, criteria, own)
    size = len(text.encode())
    rollout = folder.name if folder else None
    path = out or (folder / LOG_NAME if folder else None)
    if stdout or path is None:
        return Outcome(
            data=ReportAnswer(rollout=rollout, document="log", path=None, bytes=size, text=text),
            headline="The execution log.",
            next_step="",
            document=text,
        )
    write_atomically(path, text.encode())
    return Outcome(
        data=ReportAnswer(rollout=rollout, document="log", path=str(path), bytes=size),
        headline=f"Wrote the execution log: {path} ({size:,} bytes).",
        next_step="Commit it, or send it on; rendering again gives the same bytes.",
    )
