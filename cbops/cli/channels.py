"""The channels that cbops.yaml names, with their addresses from where it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbops.cli.lazy import lazy
from cbops.cli.secrets import secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cbops.clients.notifications import Channels
    from cbops.flows.ports import NotifierPort
    from cbops.model.config import Config
    from cbops.model.config_notifications import ChannelConfig


def channels(config: Config, environ: Mapping[str, str], base: Path) -> Channels:
    """Those of the configuration; an address is read when something is sent."""
    said = config.notifications

    def url_of(channel: ChannelConfig) -> str:
        return secret(channel.url, f"notifications.channels.{channel.name}.url", environ, base)

    made: Channels = lazy("cbops.clients.notifications", "Channels")(
        said.channels, said.events, said.timeout_seconds, url_of
    )
    return made


def notifier(
    config: Config, environ: Mapping[str, str], base: Path, templates: Path | None
) -> NotifierPort | None:
    """What tells them; None where none is named."""
    if not config.notifications.channels:
        return None
    made: NotifierPort = lazy("cbops.flows.steps.notifier", "Notifier")(
        channels(config, environ, base), templates
    )
    return made
