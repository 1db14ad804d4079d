"""What was found of one item of the checklist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cbops.errors import AdminRefusedError, CbopsError
from cbops.model.base import JsonObject

FoundState = Literal["verified", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`sentence` with the numbers of this place; `command` resolves what is not verified; `figures` go into the evidence.

    `happened_at`: when what it rests on happened, where that isn't now.
    """

    state: FoundState
    sentence: str
    command: str | None = None
    figures: JsonObject = field(default_factory=dict)
    happened_at: datetime | None = None


def guarded(make: Callable[[], Finding]) -> Finding:
    """The finding. A service that can't be asked leaves the item unknown; one that refuses the key fails it."""
    try:
        return make()
    except AdminRefusedError as error:
        return Finding("failed", error.message, error.hint, {"error": error.code})
    except CbopsError as error:
        return Finding("unknown", error.message, error.hint, {"error": error.code})
