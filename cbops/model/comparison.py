"""What a canary is compared with: whose breaker is enabled, and what a person set."""

from __future__ import annotations

from datetime import date

from cbops.model.base import Frozen, Instant


class TenantBreaker(Frozen):
    """Whether any live policy of a tenant enables its breaker; `enabled` null: not found out, `why` says why.

    `policies` are those whose live version enables it.
    """

    tenant: str
    enabled: bool | None
    policies: tuple[str, ...] = ()
    why: str | None = None


class BreakersAsked(Frozen):
    """What the router's admin API said of other tenants' breakers, as of the instant of asking.

    `requests` is what all of it cost, for every day of the same command together.
    """

    asked_at: Instant
    requests: int
    tenants: tuple[TenantBreaker, ...]


class ShadowMeasured(Frozen):
    """A shadow criterion's number for one day: `query` is `template` with its places filled in, asked at `at`.

    `value` null: `error` says why; without one it is no number (0/0: there was no traffic).
    """

    id: str
    template: str
    query: str
    at: Instant
    value: float | None
    error: str | None = None


class ComparisonWord(Frozen):
    """What a person set the canary to be compared with, by whom and why.

    `controls` null: by rule; none at all: with no tenant. `baseline_from` and `baseline_to` (dates, both included)
    null: the days before enabling.
    """

    controls: tuple[str, ...] | None
    baseline_from: date | None
    baseline_to: date | None
    reason: str
    by: str
    at: Instant
