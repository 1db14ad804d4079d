"""The base of all frozen data, and the times in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer

JsonObject = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Frozen(BaseModel):
    """Immutable; refuses keys that it does not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=True, allow_inf_nan=False, populate_by_name=True
    )


def as_utc(value: datetime) -> datetime:
    """The same instant in UTC; a time without an offset is UTC (promise to scripts)."""
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value.astimezone(UTC)


def iso(value: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: `2025-01-27T09:00:00.000Z`."""
    return as_utc(value).isoformat(timespec="milliseconds")[:-6] + "Z"


def to_ms(value: datetime) -> int:
    """Milliseconds since the epoch; a fraction of a millisecond is cut off."""
    delta = as_utc(value) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def from_ms(ms: int) -> datetime:
    """The instant in UTC, exact to the millisecond."""
    return _EPOCH + timedelta(milliseconds=ms)


Instant = Annotated[datetime, AfterValidator(as_utc), PlainSerializer(iso, return_type=str, when_used="json")]
