"""The base of all frozen data, and the times in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer

JsonObject = dict[str, Any]
Sha = str  # hex SHA-256 of a file in the rollout's evidence folder

_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Numbers of two and of three digits.
_TWO = tuple(f"{number:02}" for number in range(60))
_THREE = tuple(f"{number:03}" for number in range(1000))


class Frozen(BaseModel):
    """Immutable; refuses keys that it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,
        allow_inf_nan=False,
        ser_json_inf_nan="constants",  # one that is there all the same is not to be taken for an unknown
        populate_by_name=True,
    )


M = TypeVar("M", bound=Frozen)

_set = object.__setattr__


@cache
def _names(model: type[Frozen]) -> set[str]:
    return set(model.model_fields)


def unchecked(model: type[M], fields: JsonObject) -> M:
    """The model with these fields, each of the right type and none missing, which nobody checks.

    For hundreds of thousands of small models: `model_construct` does the same in ten times as long.
    """
    made = model.__new__(model)
    _set(made, "__dict__", fields)
    _set(made, "__pydantic_fields_set__", _names(model))
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made


def by_default(model: type[M], **fields: Any) -> M:  # noqa: ANN401 - as the model has them
    """The model as a field's default: checked by a test, for checking it at every start of cbops takes long."""
    return cast("M", model.model_construct(**fields))


def as_utc(value: datetime) -> datetime:
    """The same instant in UTC; a time without an offset is UTC (promise to scripts). ValueError: UTC has none such."""
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time before the year 1 or after the year 9999 in UTC") from None


def within_reason(value: datetime) -> datetime:
    """The same instant; ValueError where days before or after it could leave the calendar."""
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(f"a time outside of the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return value


def iso(value: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: `2025-01-27T09:00:00.000Z`."""
    if value.tzinfo is not UTC:
        value = as_utc(value)
    # `isoformat` takes three times as long, and an answer may hold hundreds of thousands.
    return (
        f"{_date(value.year, value.month, value.day)}T{_TWO[value.hour]}:{_TWO[value.minute]}:{_TWO[value.second]}"
        f".{_THREE[value.microsecond // 1000]}Z"
    )


@lru_cache(1000)
def _date(year: int, month: int, day: int) -> str:
    return f"{year:04}-{month:02}-{day:02}"


def to_ms(value: datetime) -> int:
    """Milliseconds since the epoch; a fraction of a millisecond is cut off."""
    delta = as_utc(value) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def from_ms(ms: int) -> datetime:
    """The instant in UTC, exact to the millisecond."""
    return _EPOCH + timedelta(milliseconds=ms)


Instant = Annotated[datetime, AfterValidator(as_utc), PlainSerializer(iso, return_type=str, when_used="json")]
