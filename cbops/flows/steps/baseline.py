"""Which days before enabling are to be measured: by rule or as a person set them, and not on record yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cbops.flows.steps.keeping import on_record
from cbops.model.calendar import day_number, day_window, zone
from cbops.model.config import ShadowConfig
from cbops.model.observation import DayWindow, Observation
from cbops.model.state import CollectedDay, RolloutState


def baseline_numbers(state: RolloutState) -> range:
    """The numbers of the days that are compared against: 0, -1, … by rule, or those of the dates that a person set."""
    word = state.comparison
    if word is None or word.baseline_from is None or word.baseline_to is None or state.enabled_at is None:
        return range(1 - state.baseline_days, 1)
    tz = zone(state.timezone)
    last = min(0, day_number(word.baseline_to, state.enabled_at, tz))
    return range(day_number(word.baseline_from, state.enabled_at, tz), last + 1)


def baseline_windows(
    folder: Path, state: RolloutState, as_of: datetime, shadows: Iterable[ShadowConfig]
) -> tuple[DayWindow, ...]:
    """Those that are not on record, or of which something is missing there that could be measured now."""
    assert state.enabled_at is not None
    wanted = {(shadow.id, shadow.query) for shadow in shadows}
    have = {day.window.day for day in state.baseline if _whole(state, day, on_record(folder, day), wanted)}
    numbers = (number for number in baseline_numbers(state) if number not in have)
    found = (day_window(number, state.enabled_at, as_of, zone(state.timezone)) for number in numbers)
    return tuple(window for window in found if window is not None)


def _whole(
    state: RolloutState, day: CollectedDay, seen: Observation | None, shadows: set[tuple[str, str]]
) -> bool:
    """Whether it was scraped, with all shadow criteria, and with the tenants that a person named since."""
    if seen is None or not seen.scrape.seen:
        return False
    if shadows - {(one.id, one.template) for one in seen.shadows}:
        return False
    word = state.comparison
    if word is None or day.collected_at >= word.at:
        return True
    return not set(word.controls or ()) - {buckets.tenant for buckets in seen.controls}
