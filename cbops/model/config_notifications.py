"""Whom cbops tells by itself, of what, over which channel. Nobody, unless channels are named."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from cbops.model.base import Frozen
from cbops.model.config_secrets import SecretSource
from cbops.model.config_tickets import NAME

MAX_CHANNELS = 20


class NotificationKind(StrEnum):
    """What is told."""

    ENABLED = "enabled"
    BREACH = "breach"
    ROLLBACK = "rollback"
    DECISION = "decision"


class ChannelConfig(Frozen):
    """`url`: an Apprise URL, which holds tokens; `events` null: those of `notifications.events`."""

    name: str = Field(pattern=NAME)
    url: SecretSource
    events: tuple[NotificationKind, ...] | None = None


def _differ(channels: tuple[ChannelConfig, ...]) -> tuple[ChannelConfig, ...]:
    """ValueError where two have the same name."""
    names = [channel.name for channel in channels]
    if len(set(names)) < len(names):
        raise ValueError("two channels have the same name")
    return channels


class NotificationsConfig(Frozen):
    """`timeout_seconds`: how long a command waits for all of them together."""

    channels: Annotated[
        tuple[ChannelConfig, ...], Field(max_length=MAX_CHANNELS), AfterValidator(_differ)
    ] = ()
    events: tuple[NotificationKind, ...] = tuple(NotificationKind)
    timeout_seconds: float = Field(default=10, gt=0, le=60)
