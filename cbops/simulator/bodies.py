"""What goes over the wire: the bodies and answers of the admin API, as the domain description lists them."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from cbops.simulator.problems import Code

_DEEPEST = 50


def _clean(value: object, depth: int = 0) -> object:
    """JSON that can be stored and sent again: finite, not too deep, without half characters."""
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
            raise ValueError("half of a surrogate pair")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("not a finite number")
    elif isinstance(value, dict):
        for key, each in value.items():
            _clean(key, depth)
            _clean(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _clean(each, depth + 1)
    return value


# An id that begins with a dot could be '.' or '..', which a path does not carry.
_ID = r"^[^\x00-\x1f\x7f/\\.][^\x00-\x1f\x7f/\\]*$"
Id = Annotated[str, Field(min_length=1, max_length=128, pattern=_ID)]
Version = Annotated[str, Field(max_length=13, pattern=r"^[0-9]{1,6}\.[0-9]{1,6}$")]
Document = Annotated[dict[str, Any], BeforeValidator(_clean)]
Text = Annotated[str, Field(max_length=2000), BeforeValidator(_clean)]


Status = Literal["active", "inactive"]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, populate_by_name=True)


class ErrorBody(_Wire):
    """A code for programs and a message for people."""

    code: Code
    message: str


class ErrorAnswer(_Wire):
    """The answer to every call that is refused."""

    error: ErrorBody


class PolicyLine(_Wire):
    """One policy in the list; `version` is the latest, which need not be the live one."""

    tenant_id: str
    policy_id: str
    version: str
    status: Status
    created_at: str
    updated_at: str
    provider_count: int
    has_fallbacks: bool
    has_extensions: bool


class PolicyList(_Wire):
    """One page of the list."""

    policies: list[PolicyLine]
    total: int
    limit: int
    offset: int


class Info(_Wire):
    """Which version this is; `active` is the live one."""

    tenant_id: str
    policy_id: str
    version: str
    status: Status


class Metadata(_Wire):
    """Requests since the router's last restart."""

    schema_version: str
    loaded_at: str
    last_used_at: str | None
    request_count: int


class PolicyAnswer(_Wire):
    """One version of a policy."""

    info: Info
    policy_json: dict[str, Any]
    metadata: Metadata


class ValidateBody(_Wire):
    """A document to check; `strict` also warns of unknown keys."""

    policy_json: Document
    strict: bool = False


class ComplaintLine(_Wire):
    """What is said about one key."""

    field: str
    message: str
    path: str


class ValidateAnswer(_Wire):
    """What is wrong with the document."""

    valid: bool
    errors: list[ComplaintLine]
    warnings: list[ComplaintLine]


class DryRunRequest(_Wire):
    """A request to decide about; a context may name a `provider_id`."""

    message: Any = None
    context: Document = {}


class DryRunBody(_Wire):
    """Whose request it is."""

    tenant_id: Id
    policy_id: Id
    request: DryRunRequest


class DryRunMetadata(_Wire):
    """The version that decided."""

    version: str


class DryRunAnswer(_Wire):
    """Where the request would go."""

    provider_id: str
    reason: str
    steps: list[str]
    context: dict[str, Any]
    metadata: DryRunMetadata


class PutBody(_Wire):
    """A new version; without `version` it is the next minor one."""

    policy_json: Document
    version: Version | None = None
    check: bool = Field(default=True, alias="validate")
    dry_run: bool = False
    comment: Text | None = None


class PutAnswer(_Wire):
    """What was written; `previous_version` was live before, null for a new policy."""

    success: bool
    new_version: str
    previous_version: str | None
    updated_at: str


class RollbackBody(_Wire):
    """The version that is to be live again."""

    target_version: Version
    comment: Text | None = None


class RollbackAnswer(_Wire):
    """Which version is live now, and which was."""

    success: bool
    current_version: str
    previous_version: str | None
    rolled_back_at: str


class HistoryLine(_Wire):
    """One version; exactly one of them `is_active`, and that one is live."""

    version: str
    policy_json: dict[str, Any]
    created_at: str
    created_by: str
    comment: str | None
    is_active: bool


class HistoryAnswer(_Wire):
    """Versions, the newest first."""

    versions: list[HistoryLine]


class ReloadAnswer(_Wire):
    """The version that was taken up again."""

    success: bool
    tenant_id: str
    policy_id: str
    version: str
    reloaded_at: str


class DisableAnswer(_Wire):
    """Circuits are no longer asked."""

    success: bool
    disabled_at: str


class AdvanceTo(_Wire):
    """Up to an instant, ISO 8601; without an offset it is UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Annotated[datetime, Field(strict=False)]


class AdvanceBy(_Wire):
    """By so many seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(ge=0, le=31 * 86_400, allow_inf_nan=False)


class OutageBody(_Wire):
    """A provider fails for every tenant, from now on; `latency` multiplies its median."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: Id
    seconds: float = Field(gt=0, le=31 * 86_400, allow_inf_nan=False)
    failure: float = Field(default=0.9, ge=0, le=1, allow_inf_nan=False)
    latency: float = Field(default=1, ge=0.01, le=100, allow_inf_nan=False)


class OutageAnswer(_Wire):
    """When it is over, by the router's clock, ISO 8601 in UTC."""

    provider: str
    until: str


class ClockAnswer(_Wire):
    """The router's time, ISO 8601 in UTC."""

    now: str


class HealthAnswer(_Wire):
    """Whether the router serves; `now` is its own time."""

    status: Literal["ok"]
    now: str
    scenario: str
