"""Which policy a command is about: the one named, else the rollout's; found even where the record is damaged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cbops.cli.lazy import lazy
from cbops.errors import CbopsError, UsageError
from cbops.model.events import RolloutOpened
from cbops.model.tenant import Target

if TYPE_CHECKING:
    from cbops.cli.wiring import Workplace
    from cbops.model.events import Entry


@dataclass(frozen=True, slots=True)
class Named:
    """A tenant's policy, and the rollout that it belongs to (null: none is known)."""

    tenant: str
    policy: str
    provider: str | None
    folder: Path | None
    warnings: tuple[str, ...] = ()


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
            hint="Give TENANT and POLICY.",
        )
    return Named(target.tenant, target.policy, target.provider, folder)


def rollback_target(place: Workplace, tenant: str | None, policy: str | None) -> Named:
    """Like `target_of`, but a record that is damaged, locked or missing never stands in the way."""
    if tenant is None or policy is None:
        return target_of(place, tenant, policy)
    try:
        folders: tuple[Path, ...] = lazy("cbops.journal.folders", "find_rollouts")(place.rollouts)
    except CbopsError as error:
        return Named(tenant, policy, None, None, (f"the rollouts could not be read: {error.message}",))
    if place.settings.rollout is not None:
        folders = tuple(folder for folder in folders if folder.name == place.settings.rollout)
    for folder in reversed(folders):
        target = _opened(folder)
        if target is not None and (target.tenant, target.policy) == (tenant, policy):
            return Named(tenant, policy, target.provider, folder)
    return Named(tenant, policy, None, None, (f"no rollout of {tenant}/{policy} is on record",))


def _opened(folder: Path) -> Target | None:
    """What the rollout is about, from the intact part of its journal."""
    try:
        entries: tuple[Entry, ...] = lazy("cbops.journal.reader", "salvage")(folder)
    except CbopsError:
        return None
    opened = next((e.event for e in entries if isinstance(e.event, RolloutOpened)), None)
    return opened.target if opened else None
