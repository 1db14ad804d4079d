"""Which version a rollback restores as a whole, what it would write, and what else it would undo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cbops.errors import CbopsError, PolicyError
from cbops.flows.ports import AdminPort
from cbops.flows.steps.live import live_history
from cbops.flows.steps.loading import load
from cbops.model.base import JsonObject
from cbops.model.policy import (
    PolicyVersion,
    breaker_block,
    enables_breaker,
    next_version,
    parse_version,
    with_breaker,
)
from cbops.rollout.planning import (
    armed_version,
    enables,
    live_version,
    plan_disable,
    same_document,
    written_over,
)

Planned = tuple[JsonObject, JsonObject, str]  # live document, what is to be written, its version


@dataclass(frozen=True, slots=True)
class Chosen:
    """The version to restore; null where none can be told, and then the breaker is only disabled, as a warning says."""

    version: str | None
    warnings: tuple[str, ...] = ()


def choose(folder: Path | None, admin: AdminPort, tenant: str, policy: str) -> Chosen:
    """The version that was live before the enabling: by the record, else by the router's history.

    Where the enabling went over somebody else's write, it is theirs. Nothing that fails here is raised.
    """
    recorded = _recorded(folder, tenant, policy)
    if recorded is not None:
        return Chosen(recorded)
    only = "the breaker is only disabled"
    try:
        history = live_history(admin, tenant, policy)
    except CbopsError as error:
        return Chosen(None, (f"which version was live before could not be read, so {only}: {error.message}",))
    live = live_version(history)
    below = [each for each in history if _below(each, live) and not enables(each)]
    if not below:
        return Chosen(None, (f"no version without the breaker lies below the live one, so {only}",))
    return Chosen(max(below, key=lambda each: parse_version(each.version)).version)


def _recorded(folder: Path | None, tenant: str, policy: str) -> str | None:
    if folder is None:
        return None
    try:
        state = load(folder)
    except CbopsError:
        return None
    enable = state.enable
    if enable is None or (state.target.tenant, state.target.policy) != (tenant, policy):
        return None
    if written_over(enable.read_version, enable.new_version, enable.previous_version):
        return enable.previous_version
    return enable.read_version


def _below(version: PolicyVersion, live: PolicyVersion | None) -> bool:
    try:
        return live is not None and parse_version(version.version) < parse_version(live.version)
    except PolicyError:
        return False


def plan(history: tuple[PolicyVersion, ...], restore: str | None) -> Planned | None:
    """What is to be written; null when there is nothing to do. Without a version to restore, or where the
    history doesn't hold it, the breaker is disabled in what is live.
    """
    wanted, live = _wanted(history, restore), live_version(history)
    if wanted is None or live is None:
        return plan_disable(history)
    if armed_version(history) is None and not same_document(wanted, live.document, live.version):
        return None
    return live.document, wanted, next_version([each.version for each in history if _counted(each)])


def _counted(version: PolicyVersion) -> bool:
    try:
        parse_version(version.version)
    except PolicyError:
        return False
    return True


def _wanted(history: tuple[PolicyVersion, ...], restore: str | None) -> JsonObject | None:
    """The version's document; its breaker is not enabled, whatever it was then."""
    found = next((each.document for each in history if each.version == restore), None)
    if found is None or not enables_breaker(found):
        return found
    return with_breaker(found, {**breaker_block(found), "enabled": False})


def notes(history: tuple[PolicyVersion, ...], restore: str) -> tuple[str, ...]:
    """What a person must know of it: whose later versions are undone, and where it isn't that version as a whole."""
    found = next((each for each in history if each.version == restore), None)
    if found is None:
        return (f"the history doesn't hold version {restore}, so the breaker is only disabled",)
    told = []
    if enables_breaker(found.document):
        told.append(f"version {restore} enables the breaker itself: it is restored with the breaker disabled")
    later = [each for each in history if _below(found, each)]
    later.sort(key=lambda each: parse_version(each.version))
    if later:
        named = ", ".join(_named(each) for each in later)
        told.append(f"it undoes all that came after version {restore}: {named}")
    return tuple(told)


def _named(version: PolicyVersion) -> str:
    by = f" by {version.created_by}" if version.created_by else ""
    return f"{version.version}{by}" + (f" ({version.comment})" if version.comment else "")
