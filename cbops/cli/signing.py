"""The private key of a command that signs: named, new, or the configuration's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cbops.cli.lazy import lazy
from cbops.cli.options import words
from cbops.errors import UsageError

if TYPE_CHECKING:
    from cbops.cli.wiring import Workplace
    from cbops.journal.signing import Signer

KeyPlace = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="PLACE",
        parser=words,
        help="The private key: a file (mode 0600) or keyring:SERVICE/NAME. Default: signing.key.",
    ),
]


def signer(place: Workplace, key: str | None, new_key: str | None = None) -> Signer:
    """The key to sign with. UsageError when none is named; InputError when it can't be used."""
    if new_key is not None:
        made: Signer = lazy("cbops.journal.keys", "create_signer")(new_key, Path.cwd())
        return made
    named = key or place.config.signing.key
    if named is None:
        raise UsageError(
            "no key to sign with",
            hint="Name it (--key), set signing.key in cbops.yaml, or make one: cbops journal seal --new-key FILE",
        )
    base = Path.cwd() if key else place.base
    loaded: Signer = lazy("cbops.journal.keys", "load_signer")(named, base)
    return loaded
