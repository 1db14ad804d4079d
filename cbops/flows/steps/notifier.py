"""The channels of cbops.yaml, and the words that they are told: loaded where channels are named, and only there."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from cbops.clients.notifications import Channels
from cbops.errors import CbopsError
from cbops.model.calendar import zone
from cbops.model.config_notifications import NotificationKind
from cbops.model.events_sending import ChannelTold
from cbops.model.notice import About
from cbops.render.notice import notice_text


class Notifier:
    """A NotifierPort. `templates`: the folder of the user's own."""

    def __init__(self, channels: Channels, templates: Path | None) -> None:
        self.notes: list[str] = []
        self._channels = channels
        self._templates = templates

    def announce(
        self, kind: NotificationKind, about: About, by: str, at: datetime, told: tuple[str, ...]
    ) -> None:
        """Begin to tell it; a template of the user's that is wrong is told, and the shipped one taken."""
        if not self._channels.wanted(kind):
            return
        tz: tzinfo = UTC
        with suppress(CbopsError):
            tz = zone(about.timezone)
        try:
            title, body = notice_text(kind, about, by, at, tz, told, self._templates)
        except CbopsError as error:
            self.notes.append(f"the message is told by the shipped template: {error.message}")
            title, body = notice_text(kind, about, by, at, tz, told)
        self._channels.post(kind, at, title, body)

    def finished(self, *, wait: bool) -> tuple[ChannelTold, ...]:
        """What became of the messages since the last call."""
        return self._channels.finished(wait=wait)
