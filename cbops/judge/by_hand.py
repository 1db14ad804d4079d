"""What a person set to compare with, and what is to be said of it."""

from __future__ import annotations

from datetime import timedelta

from cbops.judge.controls import ControlChoice
from cbops.model.observation import DayWindow
from cbops.model.state import RolloutState

AGAIN = "collect again: cbops monitor daily --all"


def in_baseline(state: RolloutState, window: DayWindow) -> bool:
    """Whether a day before enabling is compared against: those that a person set, else the last `baseline_days`."""
    word = state.comparison
    if word is None or word.baseline_from is None or word.baseline_to is None:
        return window.day > -state.baseline_days
    return word.baseline_from <= window.date <= word.baseline_to


def notes(state: RolloutState, controls: ControlChoice) -> tuple[str, ...]:
    """What a person must know of the controls and the baseline that were set by hand."""
    word = state.comparison
    if word is None:
        return ()
    found = [
        f"control {tenant}: {controls.left_out[tenant]}; {AGAIN}"
        for tenant in word.controls or ()
        if tenant in controls.left_out
    ]
    found += [
        f"control {tenant} was named by hand, and {text}" for tenant, text in sorted(controls.noted.items())
    ]
    if word.baseline_from is not None and word.baseline_to is not None:
        have = {day.window.date for day in state.baseline}
        length = (word.baseline_to - word.baseline_from).days + 1
        wanted = (word.baseline_from + timedelta(days=number) for number in range(length))
        lacking = [day.isoformat() for day in wanted if day not in have]
        if lacking:
            found.append(f"baseline set by hand, not collected: {', '.join(lacking)}; {AGAIN}")
    return tuple(found)
