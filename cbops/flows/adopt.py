"""`canary adopt`: a rollout for a breaker that was enabled outside cbops."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cbops.breaker import rehearse
from cbops.errors import AdminError, PolicyError, UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort
from cbops.flows.steps.opening import Rival, one_at_a_time, opening, reason_of, require_alone, rivals
from cbops.flows.steps.recording import Record, Who, canonical, recording
from cbops.journal.writer import Session, create
from cbops.model.answers.canary import AdoptAnswer
from cbops.model.config import Config
from cbops.model.events import Rehearsed
from cbops.model.events_change import BreakerAdopted
from cbops.model.plan import Rehearsal
from cbops.model.policy import PolicyVersion, breaker_block, enables_breaker
from cbops.model.tenant import Target, TenantsFile
from cbops.rollout.planning import live_version

MAX_BLOCK = 2000  # characters of a breaker block in an event; the whole policy is evidence


def adopt(
    rollouts: Path,
    config: Config,
    tenants: TenantsFile,
    admin: AdminPort | None,
    who: Who,
    *,
    target: Target,
    enabled_at: datetime,
    beside: str | None = None,
) -> Outcome[AdoptAnswer]:
    """Open a rollout for a breaker that was enabled outside cbops; the admin API is read when it can be.

    An adoption that was interrupted is finished in its own rollout. Errors: UsageError for a time in the
    future, BlockedError when another rollout of the policy is not over.
    """
    if enabled_at > who.clock.now():
        raise UsageError(
            f"--enabled-at {enabled_at:%Y-%m-%d %H:%M} UTC lies in the future",
            hint="Give the time of enabling.",
        )
    reason = reason_of(beside, "--beside")
    require_alone(_others(rollouts, target)[1], target, reason)  # before the router is asked
    live, warnings = _live(admin, target)
    rehearsed, told = _rehearsal(live)
    with one_at_a_time(rollouts, who):
        begun, others = _others(rollouts, target)
        overrides = require_alone(others, target, reason)
        if begun is not None:
            name = begun.folder.name
            with recording(begun.folder, who) as (record, _):
                _adopted(record, enabled_at, live, rehearsed)
        else:
            owner = next((t.owner for t in tenants.tenants if t.id == target.tenant), None)
            opened = opening(rollouts, config, who, target, owner, overrides=overrides, adopted=True)
            name = opened.rollout
            with create(
                rollouts, name, command=who.command, actor=who.actor, clock=who.clock, system=who.system
            ) as session:
                session.append(opened)
                _adopted(session, enabled_at, live, rehearsed)
    return Outcome(
        data=AdoptAnswer(
            rollout=name,
            target=target,
            enabled_at=enabled_at,
            version=live.version if live else None,
            block=breaker_block(live.document) if live else None,
            folder=str(rollouts / name),
            overrides=overrides,
        ),
        headline=f"Rollout {name} adopted: {target.policy} of {target.tenant}, "
        f"enabled {enabled_at:%Y-%m-%d %H:%M} UTC.",
        warnings=(
            *warnings,
            *told,
            *(f"set aside: {note.requirement} ({note.reason})" for note in overrides),
        ),
        next_step="Collect its days: cbops monitor daily --all",
    )


def _others(rollouts: Path, target: Target) -> tuple[Rival | None, tuple[Rival, ...]]:
    """(an adoption of this target that was interrupted, the other active rollouts of its policy)."""
    found = rivals(rollouts, target)
    begun = next((each for each in found if _half_adopted(each, target)), None)
    return begun, tuple(each for each in found if each is not begun)


def _half_adopted(rival: Rival, target: Target) -> bool:
    """Whether it is this adoption, interrupted before it said since when the breaker is enabled."""
    state = rival.state
    return state is not None and state.adopted and state.enabled_at is None and state.target == target


def _rehearsal(live: PolicyVersion | None) -> tuple[Rehearsal | None, tuple[str, ...]]:
    """The enabled block, rehearsed; a block that the engine can't read is said."""
    block = breaker_block(live.document) if live else {}
    if block.get("enabled") is not True:
        return None, ()
    try:
        return rehearse(block), ()
    except PolicyError as error:
        return None, (f"the live policy can't be rehearsed: {error.message}. {error.hint}",)


def _adopted(
    record: Session | Record, enabled_at: datetime, live: PolicyVersion | None, rehearsed: Rehearsal | None
) -> None:
    block = breaker_block(live.document) if live else None
    record.append(
        BreakerAdopted(
            enabled_at=enabled_at,
            version=live.version if live else None,
            block=block if len(canonical(block or {})) <= MAX_BLOCK else None,
            document=record.put_evidence(canonical(live.document)) if live else None,
        )
    )
    if rehearsed is not None:
        record.append(Rehearsed(rehearsal=rehearsed))


def _live(admin: AdminPort | None, target: Target) -> tuple[PolicyVersion | None, tuple[str, ...]]:
    if admin is None:
        return None, ("there is no admin API to ask, so the enabled policy is unknown",)
    try:
        live = live_version(admin.history(target.tenant, target.policy))
    except AdminError as error:
        return None, (f"the enabled policy is unknown: {error.message}",)
    if live is None:
        return None, ("the admin API has no live version, so the enabled policy is unknown",)
    if not enables_breaker(live.document):
        return live, (f"the live policy {live.version} does not enable the breaker",)
    return live, ()
