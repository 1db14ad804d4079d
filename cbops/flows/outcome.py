"""What every flow returns: the answer, and the words around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from cbops.model.base import Frozen  # pydantic is not needed for help

T_co = TypeVar("T_co", bound="Frozen", covariant=True)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T_co]):
    """An answer that is ready to be shown.

    `data` is the JSON answer; `headline` says what happened (the first line), `body` holds plain lines
    between, `next_step` says what to do now (the last line; empty: nothing). `warnings` are what a person must know
    besides. `exit_status` is 0, 10 (extend), 20 (rollback), 7 (a check found problems) or 130 (interrupted, with something
    found).
    `document`, where there is one, is the whole text output, printed byte for byte in place of the
    words (for `--stdout`); JSON answers carry it in their data instead.
    """

    data: T_co
    headline: str
    next_step: str
    exit_status: int = 0
    warnings: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    document: str | None = None
