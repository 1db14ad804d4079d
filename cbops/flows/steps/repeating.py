"""The last judgement once more, from the record alone: as it was settled then, with what was on record then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cbops.errors import WrongStageError
from cbops.flows.steps.days import Collected
from cbops.flows.steps.loading import evaluation, logs_read
from cbops.journal.reader import read
from cbops.judge import evaluate as judge
from cbops.model.base import iso
from cbops.model.config import Config
from cbops.model.events import Evaluated
from cbops.model.state import RolloutState
from cbops.model.verdict import Evaluation, EvaluationSettings
from cbops.rollout.fold import fold


@dataclass(frozen=True, slots=True)
class Repeated:
    """`differences` name each verdict that came out otherwise; `identical`: not one byte of evidence differs."""

    state: RolloutState
    event: Evaluated
    recorded: Evaluation
    again: Evaluation
    differences: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def identical(self) -> bool:
        return self.again == self.recorded


def repeat(folder: Path, config: Config) -> Repeated:
    """Asks nobody and writes nothing. WrongStageError when there is no judgement to repeat.

    `config` stands in only for an old record, which didn't keep its settings.
    """
    entries = read(folder).entries
    last = max((i for i, entry in enumerate(entries) if isinstance(entry.event, Evaluated)), default=None)
    if last is None:
        raise WrongStageError(
            f"{folder.name} was never judged, so there is nothing to repeat", hint="Judge it: cbops evaluate"
        )
    event = entries[last].event
    assert isinstance(event, Evaluated)
    state = fold(entries[:last])
    recorded = evaluation(folder, event.evaluation)
    notes = []
    settings = recorded.settings
    if settings is None:
        notes.append("the record doesn't hold the settings of that judgement; today's stand in for them")
        settings = EvaluationSettings(
            criteria=config.criteria, denied_without_fallback=config.metrics.denied_without_fallback
        )
    days = tuple(day for day in state.days if day.window.end <= event.as_of)
    seen = Collected.among(folder, state, settings.criteria, days, event.as_of)
    again = judge(
        state,
        observations=seen.days,
        baseline=seen.baseline,
        episodes=seen.episodes,
        criteria=settings.criteria,
        as_of=event.as_of,
        denied_without_fallback=settings.denied_without_fallback,
        drift=event.drift,
        logs=logs_read(folder, state),
    )
    # As it is read back: numbers on their way through JSON.
    again = Evaluation.model_validate_json(again.model_dump_json(by_alias=True))
    return Repeated(state, event, recorded, again, _differences(recorded, again), tuple(notes))


def _differences(recorded: Evaluation, again: Evaluation) -> tuple[str, ...]:
    then = {one.id: one.verdict.value for one in recorded.criteria}
    now = {one.id: one.verdict.value for one in again.criteria}
    found = [
        f"{name}: {then.get(name, 'not judged')} then, {now.get(name, 'not judged')} now"
        for name in dict.fromkeys((*then, *now))
        if then.get(name) != now.get(name)
    ]
    if recorded.recommendation is not again.recommendation:
        found.append(
            f"recommendation: {recorded.recommendation.value} then, {again.recommendation.value} now"
        )
    return tuple(found)


def told(repeated: Repeated) -> str:
    """The first line."""
    when = iso(repeated.event.as_of)
    if repeated.differences:
        return f"Repeated the judgement as of {when}: NOT the same: {'; '.join(repeated.differences)}."
    how = "the same, evidence and all" if repeated.identical else "the same verdicts"
    return f"Repeated the judgement as of {when} from the record alone: {how}: {repeated.again.recommendation.value}."
