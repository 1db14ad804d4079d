"""Opening a rollout: a name that is free, and no other rollout that changes the same policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cbops.errors import BlockedError, RecordError
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Who
from cbops.flows.steps.texts import MAX_NAME, MAX_REASON, said
from cbops.journal.files import make_folder
from cbops.journal.folders import find_rollouts, slug
from cbops.journal.locking import hold
from cbops.journal.reader import salvage
from cbops.journal.writer import WAIT_SECONDS
from cbops.model.base import iso
from cbops.model.config import Config
from cbops.model.events import RolloutOpened
from cbops.model.plan import OverrideNote, Weighed
from cbops.model.state import RolloutState
from cbops.model.tenant import Owner, Target

NO_OTHER = "no_active_rollout"


@dataclass(frozen=True, slots=True)
class Rival:
    """Another rollout of the same policy that is not over; `state` null: its record is damaged."""

    folder: Path
    state: RolloutState | None


def rivals(rollouts: Path, target: Target) -> tuple[Rival, ...]:
    """The active rollouts of this tenant's policy, whatever provider they watch."""
    found = []
    for folder in find_rollouts(rollouts):
        try:
            state: RolloutState | None = load(folder)
        except RecordError:
            state = None
        about = state.target if state else _target_of_damaged(folder)
        same = about is not None and (about.tenant, about.policy) == (target.tenant, target.policy)
        if same and (state is None or state.stage.active):
            found.append(Rival(folder, state))
    return tuple(found)


def _target_of_damaged(folder: Path) -> Target | None:
    opened = next((e.event for e in salvage(folder) if isinstance(e.event, RolloutOpened)), None)
    return opened.target if opened else None


def require_alone(others: tuple[Rival, ...], target: Target, beside: str | None) -> tuple[OverrideNote, ...]:
    """BlockedError when another rollout works on the same policy; with a reason it is set aside on record."""
    if not others:
        return ()
    if beside is None:
        told = ", ".join(
            f"{each.folder.name} ({each.state.stage.words if each.state else 'damaged'})" for each in others
        )
        raise BlockedError(
            f"{target.policy} of {target.tenant} has a rollout already that is not over: {told}",
            hint=f"Go on with it (--rollout {others[0].folder.name}), end it (cbops rollback), "
            "or open another beside it, on record: --beside REASON",
        )
    return (OverrideNote(requirement=NO_OTHER, reason=beside),)


@contextmanager
def one_at_a_time(rollouts: Path, who: Who) -> Iterator[None]:
    """Nobody else opens a rollout meanwhile: of two who look for others at once, the second must find the first.

    LockedError when somebody else holds it for too long; StorageError.
    """
    make_folder(rollouts)
    since = iso(who.clock.now())
    with hold(
        rollouts,
        command=who.command,
        since=since,
        wait_seconds=WAIT_SECONDS,
        what="The folder of rollouts",
        leave=False,
    ):
        yield


def reason_of(text: str | None, option: str) -> str | None:
    """The reason that an option gives; InputError when it can't stand in the record."""
    return None if text is None else said(text, f"the reason of {option}", MAX_REASON)


def opening(
    rollouts: Path,
    config: Config,
    who: Who,
    target: Target,
    owner: Owner | None,
    *,
    reasons: tuple[Weighed, ...] = (),
    overrides: tuple[OverrideNote, ...] = (),
    adopted: bool = False,
) -> RolloutOpened:
    """The first event of a new rollout, under a name that isn't taken."""
    said(who.actor, "the name in --by", MAX_NAME)
    return RolloutOpened(
        rollout=_free_name(rollouts, f"phase1-{target.tenant}-{who.clock.now():%Y%m%d}"),
        target=target,
        owner=owner,
        timezone=config.timezone,
        baseline_days=config.baseline_days,
        reasons=reasons,
        overrides=overrides,
        adopted=adopted,
    )


def _free_name(rollouts: Path, wanted: str) -> str:
    """A rollout's name that isn't taken: the wanted one, or with -2, -3, … behind it."""
    taken = {folder.name for folder in find_rollouts(rollouts)}
    name, number = slug(wanted), 1
    while name in taken:
        number += 1
        name = slug(f"{wanted}-{number}")
    return name
