"""The days of a rollout end when its breaker is disabled."""

from __future__ import annotations

from datetime import timedelta

from journal_samples import START, collected, enable_done, entries_of, intended, opened, reloaded, written

from cbops.model.observation import Drift
from cbops.rollout.days import days_of
from cbops.rollout.fold import fold

STATE = fold(entries_of([opened(), intended(), written(), reloaded(), enable_done()]))
LATER = START + timedelta(days=30)


def drifted(drifted: bool | None) -> Drift:
    return Drift(checked=drifted is not None, drifted=drifted, message="looked")


def test_before_enabling_there_is_no_day():
    assert days_of(fold(entries_of([opened()])), LATER) == ()


def test_while_it_is_enabled_the_last_day_is_partial():
    days = days_of(STATE, STATE.enabled_at + timedelta(days=2))
    assert [day.day for day in days] == [1, 2, 3]
    assert [day.partial for day in days] == [False, False, True]


def test_the_last_day_ends_at_the_disabling_and_is_over_but_not_full():
    off = STATE.enabled_at + timedelta(days=2)
    state = STATE.model_copy(update={"disabled_at": off})
    days = days_of(state, LATER)
    assert [day.day for day in days] == [1, 2, 3]
    assert (days[-1].end, days[-1].partial, days[-1].full) == (off, False, False)


def test_before_it_was_disabled_the_running_day_is_partial_as_ever():
    off = STATE.enabled_at + timedelta(days=2)
    state = STATE.model_copy(update={"disabled_at": off})
    assert days_of(state, off - timedelta(hours=1)) == days_of(STATE, off - timedelta(hours=1))


def test_a_drift_that_was_seen_stays_when_nobody_could_look_later():
    first = collected(1).model_copy(update={"drift": drifted(True)})
    state = fold(entries_of([opened(), intended(), written(), reloaded(), enable_done(), first]))
    assert state.days[0].drift == drifted(True)
    for later, known in ((None, True), (drifted(None), True), (drifted(False), False)):
        again = collected(1).model_copy(update={"drift": later})
        after = fold(
            entries_of([opened(), intended(), written(), reloaded(), enable_done(), first, again])
        ).days[0]
        assert after.drift is not None
        assert after.drift.drifted is known
