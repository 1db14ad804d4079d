"""Messages to channels, through Apprise, which speaks to the services that people use.

Each goes out in a thread of its own, so that no service holds anything up. What went wrong is told without words of the
library: an address holds tokens, and may be among them.
"""

from __future__ import annotations

import importlib
import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from cbops.errors import CbopsError, ConfigError
from cbops.model.config_notifications import ChannelConfig, NotificationKind
from cbops.model.events_sending import ChannelTold

_STATUS = re.compile(r"error=(\d{3})\b")
_LATE = "it did not answer in time"


@dataclass(slots=True)
class _Message:
    """One message to one channel on its way; `why` is set when it is over."""

    kind: NotificationKind
    channel: str
    about: datetime
    why: str | None = None
    over: threading.Event = field(default_factory=threading.Event)


class Channels:
    """The channels of cbops.yaml. `url_of` reads a channel's address from where it is kept, when it is needed first."""

    def __init__(
        self,
        channels: Sequence[ChannelConfig],
        events: Sequence[NotificationKind],
        timeout_seconds: float,
        url_of: Callable[[ChannelConfig], str],
    ) -> None:
        self._channels = tuple(channels)
        self._events = frozenset(events)
        self.timeout_seconds = timeout_seconds
        self._url_of = url_of
        self._sent: list[_Message] = []

    def wanted(self, kind: NotificationKind) -> bool:
        """Whether any channel is to hear of it."""
        return any(self._hears(channel, kind) for channel in self._channels)

    def post(self, kind: NotificationKind, about: datetime, title: str, body: str) -> None:
        """Send to every channel that is to hear of it; returns at once and never raises."""
        for channel in self._channels:
            if self._hears(channel, kind):
                self._post(channel, _Message(kind, channel.name, about), title, body)

    def test(self, names: Sequence[str], at: datetime, title: str, body: str) -> None:
        """Send to these channels (none named: all), whatever they are to hear of. ConfigError: there is none of a name."""
        known = {channel.name for channel in self._channels}
        for name in names:
            if name not in known:
                raise ConfigError(
                    f"there is no channel '{name}'", hint=f"Channels: {', '.join(sorted(known))}."
                )
        for channel in self._channels:
            if not names or channel.name in names:
                message = _Message(NotificationKind.ENABLED, channel.name, at)
                self._post(channel, message, title, body)

    def finished(self, *, wait: bool) -> tuple[ChannelTold, ...]:
        """What became of messages since the last call. `wait`: for all of them, as long as cbops.yaml allows; one that
        isn't over then counts as failed.
        """
        until = time.monotonic() + (self.timeout_seconds if wait else 0)
        told, going = [], []
        for message in self._sent:
            if message.over.wait(max(0.0, until - time.monotonic())):
                told.append(_told(message, message.why))
            elif wait:
                told.append(_told(message, _LATE))
            else:
                going.append(message)
        self._sent = going
        return tuple(told)

    def _hears(self, channel: ChannelConfig, kind: NotificationKind) -> bool:
        return kind in (self._events if channel.events is None else channel.events)

    def _post(self, channel: ChannelConfig, message: _Message, title: str, body: str) -> None:
        self._sent.append(message)
        work = (partial(self._url_of, channel), message, title, body)
        # A keyring may take its time too.
        threading.Thread(target=_deliver, args=work, daemon=True).start()


def _deliver(url_of: Callable[[], str], message: _Message, title: str, body: str) -> None:
    try:
        message.why = _sent(url_of(), title, body)
    except CbopsError as error:
        message.why = error.message
    except Exception as error:  # noqa: BLE001 - each service has errors of its own
        message.why = type(error).__name__
    finally:
        message.over.set()


def _sent(url: str, title: str, body: str) -> str | None:
    """Why it was not told; null: it was."""
    try:
        library: Any = importlib.import_module("apprise")
    except ImportError:
        return "cbops was installed without it: pip install 'cbops[notify]'"
    _silence()
    service = library.Apprise()
    if not service.add(url):
        return "its address is none that Apprise knows"
    result = service.notify(body=body, title=title, body_format="text")
    return None if result else _reason(result)


def _reason(result: Any) -> str:  # noqa: ANN401 - Apprise's
    """The status that the service answered with, where it answered at all. Apprise's own words may hold the address."""
    found = (_STATUS.search(str(line)) for line in result.logs())
    status = next((each[1] for each in found if each is not None), None)
    return f"HTTP {status}" if status else "it could not be reached, or did not take the message"


def _silence() -> None:
    """Apprise's words stay off the screen."""
    logger = logging.getLogger("apprise")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False


def _told(message: _Message, why: str | None) -> ChannelTold:
    return ChannelTold(kind=message.kind, channel=message.channel, about=message.about, why=why)
