"""A day of a rollout, and what was seen of the live policy on it."""

from __future__ import annotations

from datetime import date

from cbops.model.base import Frozen, Instant
from cbops.model.other_policy import OtherPolicy


class DayWindow(Frozen):
    """A calendar day of the rollout's time zone, from enabling on, up to the time of looking.

    Day 1 is the date of enabling and starts at that instant; baseline days count 0, -1, … backwards.
    An increase over the window is over (start, end].
    """

    day: int
    date: date
    start: Instant
    end: Instant
    partial: bool  # not over yet at the time of looking
    full: bool  # the whole calendar day lies in the window


class Drift(Frozen):
    """Whether the live policy is still the one that was applied; `checked` false: it couldn't be looked at.

    After a rollback: whether it is still disabled. `others`: the times since enabling in which another policy was live,
    as far as the router's history and earlier looks tell.
    """

    checked: bool
    drifted: bool | None
    message: str
    others: tuple[OtherPolicy, ...] = ()
