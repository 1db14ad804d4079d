"""`cbops journal verify`."""

from __future__ import annotations

import typer

from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.record import verify
from cbops.model.answers.record import JournalVerifyAnswer


def command(context: typer.Context) -> Outcome[JournalVerifyAnswer]:
    """Prove that nobody changed the record.

    Checks the chain of hashes, the head file and all evidence. Exit 7 when something does not fit.
    """
    place = workplace(context)
    folder = place.rollout()
    return place.told(folder, verify(folder))
