"""Days under another policy than the applied one: what was measured then says nothing about the applied one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cbops.model.observation import DayWindow, Drift, Episode
from cbops.model.other_policy import OtherPolicy
from cbops.model.state import RolloutState

COLLECTED = "it was collected while another policy was live, and since when isn't known"


@dataclass(frozen=True, slots=True)
class OtherDays:
    """`why`: by day number, why it doesn't count; `whole`: those in which the applied policy was live at no time."""

    why: Mapping[int, str]
    whole: frozenset[int]
    times: tuple[OtherPolicy, ...]

    def opened(self, episode: Episode) -> bool:
        """Whether another policy was live, for sure, when it opened."""
        return any(each.sure and each.since <= episode.opened <= each.until for each in self.times)


def other_days(state: RolloutState, drift: Drift | None, windows: Iterable[DayWindow]) -> OtherDays:
    """Which of these days don't count for their policy, by everything that was ever seen and by `drift`, just seen.

    A day counts only when the applied policy was live throughout. Where a look says only that the policy had drifted
    (as older records do), it is the day that was collected with it.
    """
    times = (*state.others, *(() if drift is None else drift.others))
    flagged = {day.window.day for day in state.days if day.drift is not None and _undated(day.drift)}
    why: dict[int, str] = {}
    whole = set()
    for window in windows:
        if window.day < 1:
            continue
        paused = _paused(state, window)
        found = [each for each in times if each.since < window.end and window.start < each.until]
        if paused is not None:
            why[window.day] = paused
        elif found:
            why[window.day] = min(found, key=lambda each: (each.since, each.until)).told
        elif window.day in flagged:
            why[window.day] = COLLECTED
        if any(each.sure and each.since <= window.start and window.end <= each.until for each in found):
            whole.add(window.day)
    return OtherDays(why, frozenset(whole), times)


def _paused(state: RolloutState, window: DayWindow) -> str | None:
    """Why a day of which a part was paused doesn't count; its samples stay in the measurement."""
    for pause in state.pauses:
        if pause.since < window.end and (pause.until is None or window.start < pause.until):
            return f"the rollout was paused ({pause.reason})"
    return None


def _undated(drift: Drift) -> bool:
    return bool(drift.drifted) and not drift.others


def reasons(days: OtherDays) -> tuple[str, ...]:
    """A sentence for each day that is left out."""
    return tuple(f"day {number} does not count: {why}" for number, why in sorted(days.why.items()))
