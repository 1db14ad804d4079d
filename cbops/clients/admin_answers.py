"""The shapes of the admin API's answers, as far as cbops relies on them; whatever else they hold is ignored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from cbops.model.base import JsonObject

# Numbers below this are seconds since 1970 (until the year 5138), the others a thousand times finer, or more.
_SECONDS = 1e11
_LARGEST = 1e20


def _told_time(value: object) -> str | None:
    """A time as text: ISO 8601 where the router gives a number (s, ms, µs or ns since 1970); None where it is neither.

    Times of the admin API are told, and nothing hangs on them: one in another shape is no reason to refuse the
    answer, least of all the answer to a write.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        return None
    seconds = float(value)
    while abs(seconds) >= _SECONDS:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _told_name(value: object) -> str | None:
    return value if isinstance(value, str) else None


_Time = Annotated[str | None, BeforeValidator(_told_time)]
_Name = Annotated[str | None, BeforeValidator(_told_name)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, defer_build=True)


class PolicyLine(_Answer):
    tenant_id: str
    policy_id: str
    version: str
    status: str | None = None
    provider_count: int | None = None
    has_fallbacks: bool | None = None


class PolicyPage(_Answer):
    policies: list[PolicyLine]
    total: int | None = None


class VersionInfo(_Answer):
    tenant_id: str | None = None
    policy_id: str | None = None
    version: str


class PolicyMetadata(_Answer):
    loaded_at: _Time = None


class PolicyDocument(_Answer):
    info: VersionInfo
    policy_json: JsonObject
    metadata: PolicyMetadata | None = None


class HistoryLine(_Answer):
    version: str
    policy_json: JsonObject
    is_active: bool
    created_at: _Time = None
    created_by: _Name = None
    comment: str | None = None


class History(_Answer):
    versions: list[HistoryLine]


class Complaint(_Answer):
    field: str | None = None
    message: str
    path: str | None = None


class Validation(_Answer):
    valid: bool
    errors: list[Complaint] = Field(default_factory=list)


class Written(_Answer):
    success: bool
    new_version: str | None = None
    previous_version: str | None = None
    updated_at: _Time = None
