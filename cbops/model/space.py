"""A space of policies to search: for each field of the breaker block the values to try."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from cbops.model.base import Frozen

Number = int | float

# More values of one field than this are a slip of the pen.
MOST_VALUES = 1000

_SHAPE = "should be a list of values, or a range {from, to, step} or {from, to, factor}"


def _expanded(given: object) -> object:
    """A range as its values, a single value as a list of one; what is neither is left to the validation."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        return tuple(_values(given))
    if isinstance(given, int | float) and not isinstance(given, bool):
        return (given,)
    if not isinstance(given, list | tuple):
        raise ValueError(_SHAPE)  # noqa: TRY004 - pydantic takes a ValueError for a complaint
    if not given:
        raise ValueError("should hold at least one value")
    if len(given) > MOST_VALUES:
        raise ValueError(f"should hold at most {MOST_VALUES} values, not {len(given)}")
    return tuple(given)


def _values(given: Mapping[object, object]) -> Iterator[Number]:
    """The values of a range, counted in decimals so that 0.5 and three steps of 0.1 are 0.8."""
    first, last, step = _ends(given)
    factor = "factor" in given
    if step <= (1 if factor else 0) or first > last or (factor and first <= 0):
        more = "above 1, from above 0" if factor else "above 0"
        raise ValueError(
            f"is a range without values: {'factor' if factor else 'step'} must be {more}, and from at most to"
        )
    value, count = first, 0
    while value <= last:
        count += 1
        if count > MOST_VALUES:
            raise ValueError(f"is a range of more than {MOST_VALUES} values: take a larger step or factor")
        yield int(value) if value == value.to_integral_value() else float(value)
        value = value * step if factor else value + step


def _ends(given: Mapping[object, object]) -> tuple[Decimal, Decimal, Decimal]:
    """From, to, and the step or the factor."""
    wanted = {"from", "to", "factor" if "factor" in given else "step"}
    if set(given) != wanted:
        raise ValueError(_SHAPE)
    numbers = []
    for key in ("from", "to", "factor" if "factor" in given else "step"):
        number = given[key]
        if not isinstance(number, int | float) or isinstance(number, bool) or not abs(number) < 1e15:
            raise ValueError(f"has a range whose '{key}' is {number!r}, not a number")
        numbers.append(Decimal(str(number)))
    return numbers[0], numbers[1], numbers[2]


def _rounded(given: object) -> object:
    """Like `_expanded`, for whole numbers: those that a factor leads to are rounded."""
    found = _expanded(given)
    if isinstance(given, Mapping) and "factor" in given and isinstance(found, tuple):
        return tuple(round(value) for value in found)
    return found


def _ascending(values: tuple[Number, ...] | None) -> tuple[Number, ...] | None:
    return None if values is None else tuple(sorted(set(values)))


_Count = Annotated[int, Field(strict=True, ge=1, le=10**9)]
_Rate = Annotated[float, Field(strict=True, gt=0, le=1)]
Counts = Annotated[tuple[_Count, ...] | None, BeforeValidator(_rounded), AfterValidator(_ascending)]
Rates = Annotated[tuple[_Rate, ...] | None, BeforeValidator(_expanded), AfterValidator(_ascending)]


class SearchSpace(Frozen):
    """The values of each field that is searched, ascending and without doubles; null: it keeps the base's value.

    A file gives one value, a list, or a range: {from, to, step} goes on by adding, {from, to, factor} by
    multiplying (rounded where whole numbers are wanted). `timeout_ms` in milliseconds, the window in seconds.
    """

    failure_threshold: Counts = None
    error_rate_threshold: Rates = None
    error_rate_window_seconds: Counts = None
    timeout_ms: Counts = None
    success_threshold: Counts = None
    half_open_max_calls: Counts = None

    @property
    def fields(self) -> dict[str, tuple[Number, ...]]:
        """The fields that are searched, in the order above."""
        return {
            name: values for name in type(self).model_fields if (values := getattr(self, name)) is not None
        }
