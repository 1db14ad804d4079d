"""Whether the reload works: the canary's own, unchanged policy is reloaded, and must be as it was, yet taken up anew."""

from __future__ import annotations

from datetime import datetime

from cbops.errors import AdminAnswerError, AdminMissingError
from cbops.flows.ports import AdminPort, Clock
from cbops.flows.steps.live import live_history
from cbops.flows.steps.verifying.finding import Finding
from cbops.flows.steps.wording import change_lines
from cbops.model.base import JsonObject, as_utc
from cbops.model.policy import PolicyVersion, differences
from cbops.model.state import RolloutState, Stage
from cbops.rollout.planning import armed_version, live_version

STAMP_SECONDS = 1.1  # a router may stamp whole seconds
AGAIN = "cbops checklist verify reload_works --yes"


def reloading(admin: AdminPort, state: RolloutState, clock: Clock) -> Finding:
    """Reload the rollout's own policy before it is enabled. May raise AdminError."""
    target = state.target
    what = f"{target.policy} of {target.tenant}"
    if state.stage is not Stage.SELECTED:
        return Finding("unknown", f"{what} is not reloaded while the rollout is {state.stage.words}", AGAIN)
    before = live_history(admin, target.tenant, target.policy)
    armed = armed_version(before) or _waiting(before)
    if armed is not None:
        return Finding(
            "unknown",
            f"version {armed.version} of {what} is stored above the live one, and a reload may make it live: "
            "nothing was reloaded",
            "Decide about that version first: cbops policy show",
        )
    stamp = admin.loaded_at(target.tenant, target.policy)
    clock.wait(STAMP_SECONDS)
    try:
        admin.reload(target.tenant, target.policy)
    except (AdminAnswerError, AdminMissingError) as error:
        return Finding(
            "failed", f"the reload was refused: {error.message}", error.hint, {"error": error.code}
        )
    after = live_history(admin, target.tenant, target.policy)
    return _compared(
        what,
        (live_version(before), live_version(after)),
        stamp,
        admin.loaded_at(target.tenant, target.policy),
    )


def _waiting(history: tuple[PolicyVersion, ...]) -> PolicyVersion | None:
    """A version that was written after the live one."""
    live = live_version(history)
    later = [
        each
        for each in history
        if live is not None and not each.is_active and _number(each.version) > _number(live.version)
    ]
    return later[0] if later else None


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def _compared(
    what: str, live: tuple[PolicyVersion | None, PolicyVersion | None], stamp: str | None, later: str | None
) -> Finding:
    before, after = live
    assert before is not None
    assert after is not None
    figures: JsonObject = {
        "version": before.version,
        "version_after": after.version,
        "loaded_at": stamp,
        "loaded_at_after": later,
    }
    changes = differences(before.document, after.document)
    if changes or before.version != after.version:
        told = f"{before.version} was live before the reload, {after.version} after it{change_lines(changes)}"
        return Finding(
            "failed",
            f"the reload changed {what}: {told}",
            "See what is live now: cbops policy show",
            figures,
        )
    same = f"{what} is live as {after.version} before and after, unchanged"
    if stamp is None or later is None:
        return Finding(
            "unknown",
            f"{same}; whether the reload did anything is not known, because the router doesn't say when a policy was loaded",
            "If you saw it in the router's log: cbops checklist mark reload_works --note WHAT",
            figures,
        )
    if not _moved(stamp, later):
        return Finding(
            "failed",
            f"the reload did nothing: {what} was loaded at {stamp} by the router, before it and after it",
            "Check router.reload_path in cbops.yaml, and the router's log",
            figures,
        )
    return Finding("verified", f"{same}; the router took it up anew at {later}", None, figures)


def _moved(before: str, after: str) -> bool:
    try:
        return as_utc(datetime.fromisoformat(after)) > as_utc(datetime.fromisoformat(before))
    except (ValueError, OverflowError):
        return before != after
