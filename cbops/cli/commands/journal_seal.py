"""`cbops journal seal`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.options import By
from cbops.cli.signing import KeyPlace, signer
from cbops.cli.wiring import workplace
from cbops.errors import UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.seal import seal
from cbops.model.answers.safeguards import JournalSealAnswer


def command(
    context: typer.Context,
    *,
    key: KeyPlace = None,
    new_key: Annotated[
        str | None,
        typer.Option(
            "--new-key",
            metavar="PLACE",
            help="Make a key first, and keep it there (a file, beside it FILE.pub; or keyring:SERVICE/NAME).",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the seal there too, to be kept elsewhere."),
    ] = None,
    by: By = None,
) -> Outcome[JournalSealAnswer]:
    """Sign the record up to its last event.

    The seal is the record's next event. Whoever rewrites the record later can't make it anew without the key.
    """
    if key and new_key:
        raise UsageError("--key and --new-key exclude each other", hint="Give one of the two.")
    place = workplace(context)
    folder = place.rollout()
    with_key = signer(place, key, new_key)
    return place.told(folder, seal(folder, place.who(by), with_key, out=out, created=new_key))
