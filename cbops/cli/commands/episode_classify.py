"""`cbops episode classify`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cbops.cli.options import By, Reason, words
from cbops.cli.wiring import workplace
from cbops.flows.judgement import classify_episode
from cbops.flows.outcome import Outcome
from cbops.model.answers.monitor import ClassifyAnswer


class Word(StrEnum):
    """What a person can say of an open."""

    EXPECTED = "expected"
    UNEXPECTED = "unexpected"


def command(
    context: typer.Context,
    episode: Annotated[str, typer.Argument(metavar="ID", parser=words, help="As 'monitor daily' names it.")],
    classification: Annotated[Word, typer.Argument(metavar="WORD", help="What it was.")],
    reason: Reason,
    by: By = None,
) -> Outcome[ClassifyAnswer]:
    """Say whether an open that nothing explains was expected."""
    place = workplace(context)
    folder = place.rollout()
    outcome = classify_episode(
        folder,
        place.who(by),
        place.config.criteria,
        episode=episode,
        classification=classification.value,
        reason=reason,
    )
    return place.told(folder, outcome)
