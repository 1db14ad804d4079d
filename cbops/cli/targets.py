"""Which policy a command is about: the one named, else the rollout's; found even where the record is damaged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cbops.cli.lazy import lazy
from cbops.errors import CbopsError, UsageError
from cbops.model.events import RolloutOpened
from cbops.model.events_change import RollbackScope
from cbops.model.tenant import Target

if TYPE_CHECKING:
    from cbops.cli.wiring import Workplace
    from cbops.model.events import Entry
    from cbops.model.state import RolloutState

SCOPES: tuple[RollbackScope, ...] = ("policy", "tenant", "global")  # from the narrowest
ALL = "*"  # every tenant, or every policy of one


@dataclass(frozen=True, slots=True)
class Named:
    """A tenant's policy, and the rollout that it belongs to (null: none is known); `*` is every one."""

    tenant: str
    policy: str
    provider: str | None
    folder: Path | None
    warnings: tuple[str, ...] = ()
    scope: RollbackScope = "policy"


def target_of(place: Workplace, tenant: str | None, policy: str | None) -> Named:
    """The policy that was named, else the rollout's; UsageError when only one of the two was."""
    if (tenant is None) != (policy is None):
        raise UsageError("a tenant and a policy go together", hint="Give both, or neither for the rollout's.")
    if tenant is not None and policy is not None:
        return Named(tenant, policy, None, None)
    folder = place.rollout()
    target = _opened(folder)
    if target is None:
        raise UsageError(
            f"the journal of {folder.name} does not say which policy it is about",
            hint="Give tenant and policy.",
        )
    return Named(target.tenant, target.policy, target.provider, folder)


def rollback_target(
    place: Workplace, tenant: str | None, policy: str | None, scope: RollbackScope | None
) -> Named:
    """Like `target_of`, but a record that is damaged, locked or missing never stands in the way.

    Without a scope it is the policy where one is named, else that of the rollback that is pending, else the
    policy. A pending one that is wider is told.
    """
    if scope != "global" and policy is not None and tenant is None:
        raise UsageError("a policy needs its tenant", hint="Add --tenant TENANT.")
    if tenant is not None and policy is None and scope in (None, "policy"):
        raise UsageError(
            "a tenant and a policy go together",
            hint="Add --policy POLICY, or --scope tenant for all of them.",
        )
    named = _of_the_rollout(place, scope) if tenant is None else _of_the_tenant(place, tenant, policy)
    pending = _pending_scope(named.folder)
    wanted = scope or ("policy" if policy is not None else pending or "policy")
    return replace(named, scope=wanted, warnings=(*named.warnings, *_wider(named, wanted, pending)))


def _wider(named: Named, wanted: RollbackScope, pending: RollbackScope | None) -> tuple[str, ...]:
    """That this run leaves a part of what is pending undone."""
    if pending is None or SCOPES.index(pending) <= SCOPES.index(wanted) or named.folder is None:
        return ()
    what = f"every policy of {named.tenant}" if pending == "tenant" else "every breaker of the router"
    only = f"every policy of {named.tenant}" if wanted == "tenant" else named.policy
    told = f"a rollback of {what} is still pending, and this one is only of {only}; finish the wider one: "
    return (f"{told}cbops rollback --scope {pending} --rollout {named.folder.name}",)


def _of_the_rollout(place: Workplace, scope: RollbackScope | None) -> Named:
    try:
        return target_of(place, None, None)
    except CbopsError as error:
        if scope == "global":
            return Named(ALL, ALL, None, None, (f"no rollout is taken for the record: {error.message}",))
        raise type(error)(
            error.message, hint=f"{error.hint} Or name what to disable: --tenant T --policy P"
        ) from error


def _of_the_tenant(place: Workplace, tenant: str, policy: str | None) -> Named:
    """The rollout of that policy (null: of any of the tenant's): one that is not over before one that is."""
    what = f"{tenant}/{policy}" if policy else tenant
    try:
        folders: tuple[Path, ...] = lazy("cbops.journal.folders", "find_rollouts")(place.rollouts)
    except CbopsError as error:
        warning = f"the rollouts could not be read: {error.message}"
        return Named(tenant, policy or ALL, None, None, (warning,))
    wanted = place.settings.rollout
    found = [
        (_rank(folder), folder, target)
        for folder in folders
        if wanted in (None, folder.name) and (target := _opened(folder)) is not None
        if target.tenant == tenant and policy in (None, target.policy)
    ]
    if not found:
        return Named(tenant, policy or ALL, None, None, (f"no rollout of {what} is on record",))
    _, folder, target = max(found, key=lambda each: each[0])
    return Named(tenant, target.policy, target.provider, folder)


def _rank(folder: Path) -> tuple[bool, float]:
    """Active before over, then the latest; a damaged record comes before those that are over."""
    state = _state(folder)
    return (True, 0.0) if state is None else (state.stage.active, state.opened_at.timestamp())


def _pending_scope(folder: Path | None) -> RollbackScope | None:
    state = _state(folder) if folder else None
    pending = state.pending_rollback if state else None
    return pending.scope if pending else None


def _state(folder: Path) -> RolloutState | None:
    try:
        state: RolloutState = lazy("cbops.flows.steps.folded", "load")(folder)
    except CbopsError:
        return None
    return state


def _opened(folder: Path) -> Target | None:
    """What the rollout is about, from the intact part of its journal."""
    try:
        entries: tuple[Entry, ...] = lazy("cbops.journal.reader", "salvage")(folder)
    except CbopsError:
        return None
    opened = next((e.event for e in entries if isinstance(e.event, RolloutOpened)), None)
    return opened.target if opened else None
