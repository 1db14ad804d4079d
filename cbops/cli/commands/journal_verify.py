"""`cbops journal verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.options import words
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.proof import Against, verify
from cbops.journal.keys import public_key
from cbops.model.answers.record import JournalVerifyAnswer


def command(
    context: typer.Context,
    *,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="PUBLIC",
            parser=words,
            help="A public key (64 hex digits, or a file) that must have sealed it.",
        ),
    ] = None,
    seal: Annotated[
        list[Path] | None,
        typer.Option("--seal", metavar="FILE", help="A seal that was kept elsewhere. Repeatable."),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare", metavar="FOLDER", help="Another copy: the rollout's folder, or that of all."
        ),
    ] = None,
    against_router: Annotated[
        bool,
        typer.Option("--against-router", help="Also the head hashes in the router's history of the policy."),
    ] = False,
) -> Outcome[JournalVerifyAnswer]:
    """Prove that nobody changed the record.

    Checks the chain of hashes, the head file, all evidence and all seals; what is named besides, too. Exit 7 when
    something does not fit.
    """
    place = workplace(context)
    folder = place.rollout()
    against = Against(
        keys=place.config.signing.trusted,
        key=public_key(key, Path.cwd()) if key else None,
        seals=tuple(seal or ()),
        other=compare,
        admin=place.admin if against_router else None,
    )
    return place.told(folder, verify(folder, against))
