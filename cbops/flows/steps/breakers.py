"""Whose breaker is enabled: asked of the admin API for the tenants that a canary may be compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cbops.errors import AdminError, AdminMissingError, InputError
from cbops.flows.ports import AdminPort
from cbops.flows.steps.texts import clipped
from cbops.model.comparison import BreakersAsked, TenantBreaker
from cbops.model.observation import Observation
from cbops.model.policy import enables_breaker
from cbops.rollout.planning import live_version

# One for a tenant's policies and one for the history of each: twenty candidates with four policies each.
MAX_CALLS = 100
MAX_SECONDS = 60  # after that no more is asked
MAX_WHY = 160  # characters


@dataclass(frozen=True, slots=True)
class Breakers:
    """What was asked for all days of a command; `asked` null: nothing could be, and `why` says why."""

    asked: BreakersAsked | None
    why: str | None = None

    def of(self, day: Observation) -> Observation:
        """The day with what was found out about the tenants that were measured beside the canary."""
        if self.asked is None:
            return day
        mine = candidates((day,))
        found = tuple(one for one in self.asked.tenants if one.tenant in mine)
        return day.model_copy(update={"breakers": self.asked.model_copy(update={"tenants": found})})

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person must know of it."""
        told = "whether it is a control is told from its series: no fail_fast, no transition to half_open"
        if self.why is not None:
            return (f"controls: whose breaker is enabled could not be asked ({self.why}); {told}",)
        unknown = [one for one in (self.asked.tenants if self.asked else ()) if one.enabled is None]
        return tuple(f"controls: {one.tenant}: {one.why}; {told}" for one in unknown)


def candidates(days: Iterable[Observation]) -> tuple[str, ...]:
    """The tenants that were measured beside the canary."""
    return tuple(sorted({buckets.tenant for day in days for buckets in day.controls}))


@dataclass(slots=True)
class _Asking:
    """The calls that are left; `stopped`: why no more of them are made."""

    admin: AdminPort
    now: Callable[[], datetime]
    until: datetime
    left: int = MAX_CALLS
    stopped: str | None = None

    def ask(self, tenant: str) -> TenantBreaker:
        """One tenant, unless asking has stopped."""
        if self.stopped is None and self.left < 2:
            self.stopped = f"not asked: a command makes at most {MAX_CALLS} requests for this"
        if self.stopped is None and self.now() > self.until:
            self.stopped = f"not asked: the router took more than {MAX_SECONDS} s for the others"
        if self.stopped is not None:
            return TenantBreaker(tenant=tenant, enabled=None, why=self.stopped)
        try:
            return self._policies(tenant)
        except (AdminMissingError, InputError) as error:
            return TenantBreaker(tenant=tenant, enabled=None, why=clipped(error.message, MAX_WHY))
        except AdminError as error:
            self.stopped = clipped(error.message, MAX_WHY)
            return TenantBreaker(tenant=tenant, enabled=None, why=self.stopped)

    def _policies(self, tenant: str) -> TenantBreaker:
        self.left -= 1
        policies = self.admin.policies(tenant)
        if not policies:
            return TenantBreaker(tenant=tenant, enabled=None, why="the router lists no policy of it")
        enabling = []
        for info in policies:
            if not self.left:
                why = f"{len(policies)} policies: a command makes at most {MAX_CALLS} requests for this"
                break
            self.left -= 1
            live = live_version(self.admin.history(tenant, info.policy))
            if live is not None and enables_breaker(live.document):
                enabling.append(info.policy)
        else:
            return TenantBreaker(tenant=tenant, enabled=bool(enabling), policies=tuple(enabling))
        if enabling:
            return TenantBreaker(tenant=tenant, enabled=True, policies=tuple(enabling))
        return TenantBreaker(tenant=tenant, enabled=None, why=why)


def ask_breakers(
    admin: AdminPort | None,
    tenants: tuple[str, ...],
    now: Callable[[], datetime],
    unreachable: str | None,
) -> Breakers:
    """Of these tenants, whose live policies enable the breaker; at most `MAX_CALLS` calls (a tenant with more than a
    hundred policies takes a few requests for one of them), none begun after `MAX_SECONDS`. Nothing that fails is an
    error.

    `unreachable`: why the router couldn't be asked a moment ago; then it isn't asked again.
    """
    if not tenants:
        return Breakers(None)
    if admin is None or unreachable is not None:
        return Breakers(None, unreachable or "there is no admin API to ask")
    at = now()
    asking = _Asking(admin, now, at + timedelta(seconds=MAX_SECONDS))
    found = tuple(asking.ask(tenant) for tenant in tenants)
    if all(one.enabled is None for one in found) and asking.stopped is not None:
        return Breakers(None, asking.stopped)
    return Breakers(BreakersAsked(asked_at=at, requests=MAX_CALLS - asking.left, tenants=found))
