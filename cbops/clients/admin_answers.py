"""The shapes of the admin API's answers, as far as cbops relies on them; whatever else they hold is ignored."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from cbops.model.base import JsonObject


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


class PolicyDocument(_Answer):
    info: VersionInfo
    policy_json: JsonObject


class HistoryLine(_Answer):
    version: str
    policy_json: JsonObject
    is_active: bool
    created_at: str | None = None
    created_by: str | None = None
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
    updated_at: str | None = None
