"""`notify test`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cbops.clients.notifications import Channels
from cbops.flows.outcome import Outcome
from cbops.flows.steps.wording import plural
from cbops.model.answers.sending import ChannelAnswer, NotifyTestAnswer

FAILED = 7
TITLE = "[cbops] A test message"
BODY = "This channel hears of what it is named for in cbops.yaml (notifications). Nothing happened."


def try_channels(channels: Channels, names: Sequence[str], now: datetime) -> Outcome[NotifyTestAnswer]:
    """Send a message to these channels (none named: all). Exit 7 where one does not take it; ConfigError for a name that
    there is none of.
    """
    channels.test(names, now, TITLE, BODY)
    found = tuple(ChannelAnswer(channel=each.channel, why=each.why) for each in channels.finished(wait=True))
    failed = sum(each.why is not None for each in found)
    return Outcome(
        data=NotifyTestAnswer(channels=found),
        headline=f"{plural(len(found), 'channel')} told, {failed} of them NOT."
        if failed
        else f"{plural(len(found), 'channel')} told.",
        body=tuple(f"  {each.channel}: {'told' if each.why is None else each.why}" for each in found),
        next_step="Check the addresses where cbops.yaml says they are: docs/notifications.md"
        if failed
        else "Look whether it arrived; from now on cbops tells them by itself.",
        exit_status=FAILED if failed else 0,
    )
