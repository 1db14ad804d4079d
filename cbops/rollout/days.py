"""The days of a rollout: they end when its breaker is disabled."""

from __future__ import annotations

from datetime import datetime

from cbops.model.calendar import day_window, days_begun, zone
from cbops.model.day_window import DayWindow
from cbops.model.state import RolloutState


def days_of(state: RolloutState, as_of: datetime) -> tuple[DayWindow, ...]:
    """The windows of day 1 on, as seen at `as_of`; none before enabling.

    Once the breaker was disabled there is nothing left to watch: the day of disabling ends at that
    instant (it is over, and no full day), and no day follows.
    """
    if state.enabled_at is None:
        return ()
    tz, end = zone(state.timezone), min(as_of, state.disabled_at or as_of)
    seen = (day_window(number, state.enabled_at, end, tz) for number in days_begun(state.enabled_at, end, tz))
    found = tuple(window for window in seen if window is not None)
    if found and end == state.disabled_at:
        return (*found[:-1], found[-1].model_copy(update={"partial": False}))
    return found
