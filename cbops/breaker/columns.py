"""Columns of a trace: whatever holds the numbers or letters, seen as one kind of thing, mostly without a copy."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from cbops.errors import InputError

OUTCOMES = "sfil"

_INTEGERS = frozenset("bBhHiIlLqQnN")
_BYTE_ORDERS = frozenset(("", "<", ">", "=", "!", "@"))
_LONG = array("q").itemsize
_LETTERS: dict[object, int] = {letter: ord(letter) for letter in OUTCOMES}
_LETTERS |= {letter.encode(): code for letter, code in list(_LETTERS.items()) if isinstance(letter, str)}
_LETTERS |= {ord(letter): ord(letter) for letter in OUTCOMES}


def milliseconds(column: Iterable[int], name: str) -> Sequence[int]:
    """A column of whole numbers as signed 64-bit ones.

    Shared with what was given where that holds 64-bit integers side by side (an `array`, a NumPy column);
    read-only then. Copied otherwise. InputError where a value is no whole number or does not fit.
    """
    if isinstance(column, array) and column.typecode == "q":
        return column
    view = _view(column, name)
    try:
        if view is None:
            return array("q", column)
        if view.format in ("q", "l") and view.itemsize == _LONG and view.c_contiguous:
            return view.toreadonly()
        order, kind = view.format[:-1], view.format[-1:]
        if kind not in _INTEGERS or order not in _BYTE_ORDERS:
            raise InputError(
                f"the column {name} holds no whole numbers (its format is '{view.format}')",
                hint="Give milliseconds as integers.",
            )
        # A foreign byte order is for those to read who made the column.
        return array("q", column if order else view)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"the column {name} holds a value that is no 64-bit whole number: {error}",
            hint="Give milliseconds as integers.",
        ) from error


def letters(column: Iterable[object], name: str) -> Sequence[int]:
    """A column of outcomes, one ASCII code a request: bytes and 8-bit columns are shared, the rest is copied.

    Letters may come as text, as bytes or as codes. InputError names the first that is no outcome.
    """
    found: Sequence[int] | None = None
    if isinstance(column, bytes):
        found = column
    elif not isinstance(column, str):
        view = _view(column, name)
        if view is not None and view.c_contiguous and view.format == "B":
            found = view.toreadonly()
        elif view is not None and view.format in ("c", "1s"):
            found = view.tobytes()
    if found is None:
        found = _encoded(column)
    # One pass in C; what is left over is no outcome.
    strange = bytes(found).translate(None, OUTCOMES.encode())
    if strange:
        raise _no_outcome(chr(strange[0]), bytes(found).index(strange[0]))
    return found


def count_outcomes(codes: bytes) -> tuple[int, ...]:
    """How many of s, f, i and l; each is a pass in C."""
    return tuple(len(codes) - len(codes.translate(None, letter.encode())) for letter in OUTCOMES)


def _encoded(column: Iterable[object]) -> bytes:
    codes = bytearray()
    for number, value in enumerate(column):
        code = _LETTERS.get(value) if isinstance(value, str | bytes | int) else None
        if code is None:
            raise _no_outcome(value, number)
        codes.append(code)
    return bytes(codes)


def _no_outcome(value: object, number: int) -> InputError:
    return InputError(
        f"row {number} of the trace has the outcome {value!r}",
        hint="An outcome is s (success), f (failure), i (not recorded by the breaker) or l (result lost).",
    )


def _view(column: object, name: str) -> memoryview[Any] | None:
    """The column's memory, None where it has none to show."""
    try:
        view = memoryview(column)  # type: ignore[arg-type] # this asks whether it can
    except TypeError:
        return None
    except ValueError as error:
        raise InputError(
            f"the column {name} holds neither whole numbers nor letters: {error}",
            hint="Give times as integers, milliseconds each.",
        ) from error
    if view.ndim != 1:
        raise InputError(
            f"the column {name} has {view.ndim} dimensions, not one", hint="Give one value a request."
        )
    return view
