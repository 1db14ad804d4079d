"""Telling channels: nothing that is done waits for it, and nothing fails because of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cbops.errors import CbopsError
from cbops.flows.steps.loading import load
from cbops.flows.steps.orders import Order
from cbops.flows.steps.recording import Who, recording
from cbops.flows.steps.texts import MAX_REASON, clipped
from cbops.model.config_notifications import NotificationKind
from cbops.model.events_sending import ChannelTold
from cbops.model.notice import About
from cbops.model.state import RolloutState


def about(state: RolloutState) -> About:
    """What a message about this rollout is about."""
    owner = state.owner
    return About(
        tenant=state.target.tenant,
        policy=state.target.policy,
        rollout=state.id,
        provider=state.target.provider,
        owner=None if owner is None else f"{owner.name}, {owner.contact}",
        timezone=state.timezone,
    )


def announce(who: Who, kind: NotificationKind, whom: About, *told: str) -> None:
    """Begin to tell it; returns at once. `told`: the sentence, then what stands below it."""
    if who.notifier is not None:
        who.notifier.announce(kind, whom, who.actor, who.clock.now(), told)


def announce_rollback(who: Who, folder: Path | None, order: Order, told: str | None = None) -> None:
    """With what is on record of the rollout, where that can be read. `told` null: it is done."""
    if who.notifier is None:
        return
    whom = About(tenant=order.tenant, policy=order.policy)
    if folder is not None:
        with suppress(CbopsError):
            whom = about(load(folder)).model_copy(update={"tenant": order.tenant, "policy": order.policy})
    words = told or f"The breaker of {order.what} is disabled and read back."
    announce(who, NotificationKind.ROLLBACK, whom, words, f"why: {order.reason}")


@contextmanager
def rollback_announced(who: Who, folder: Path | None, order: Order) -> Iterator[None]:
    """That the block rolled back is told; that it could not is told too, and put on record, and raised again."""
    try:
        yield
    except CbopsError as error:
        announce_rollback(who, folder, order, f"NOT rolled back yet: {error.message}")
        settle(folder, who)
        raise
    announce_rollback(who, folder, order)


def settle(folder: Path | None, who: Who, *, wait: bool = True) -> None:
    """What became of the messages goes on record, and is a warning where one did not arrive. Never raises."""
    found = outcomes(who, wait=wait)
    if not found or folder is None:
        return
    try:
        with recording(folder, who) as (record, _):
            for each in found:
                record.append(each)
    except CbopsError as error:
        who.notes.append(f"who was told could not be put on record: {error.message}")


def outcomes(who: Who, *, wait: bool) -> tuple[ChannelTold, ...]:
    """What became of the messages since the last look, as it goes on record; a warning for each that did not arrive."""
    if who.notifier is None:
        return ()
    found = who.notifier.finished(wait=wait)
    who.notes.extend(who.notifier.notes)
    who.notifier.notes.clear()
    for each in found:
        if each.why is not None:
            who.notes.append(f"the channel '{each.channel}' was not told ({each.kind.value}): {each.why}")
    return tuple(
        each.model_copy(update={"why": None if each.why is None else clipped(each.why, MAX_REASON)})
        for each in found
    )
