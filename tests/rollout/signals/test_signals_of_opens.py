"""Threshold inaccuracy: for, against, and without data."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signal_samples import at, buckets, day, episode, evaluation, found, gaps, of_kind, seen, state

from cbops.model.observation import CircuitDay, Gap, NotClosed, Restart
from cbops.model.ticket import TicketKind, TicketPriority
from cbops.model.verdict import Verdict
from cbops.rollout.signals.missed import failing_stretches
from cbops.rollout.signals.opens import failures_at_opening

KIND = TicketKind.THRESHOLD_INACCURACY
# 10:00 to 10:10, nine of ten calls failed.
FAILING = {120: (10, 90), 121: (10, 90)}


def test_a_sound_record_has_at_most_a_threshold_outside_its_band_and_says_what_nobody_judged():
    whole = found(seen())
    assert [(draft.kind, draft.priority) for draft in whole.drafts] == [
        (TicketKind.CONFIGURATION, TicketPriority.LOW)
    ]
    assert {gap.kind for gap in whole.not_looked_at} == {TicketKind.PERFORMANCE, TicketKind.OBSERVABILITY_GAP}


def test_an_unexpected_open_is_a_signal_of_its_provider():
    (draft,) = of_kind(seen(episodes=(episode(at(1, "10:00"), failures=7),)), KIND)
    assert draft.fingerprint.startswith("unexpected-opens-")
    assert draft.title == "Circuit to openai opens while openai is healthy"
    assert (draft.priority, draft.last_seen) == (TicketPriority.HIGH, at(1, "10:00"))
    assert "7 failures of its own around it" in draft.body.evidence[0]
    assert "0 of them from a single failure" in draft.signal


def test_it_is_critical_once_the_last_judgement_misses_the_criterion():
    judged = evaluation(unexpected_opens=(Verdict.MISSED, {}))
    (draft,) = of_kind(seen(episodes=(episode(at(1, "10:00")),), evaluation=judged), KIND)
    assert draft.priority is TicketPriority.CRITICAL


def test_an_unexplained_open_from_a_single_failure_is_one_of_medium_priority():
    single = episode(at(1, "10:00"), failures=1, classification="unexplained")
    (draft,) = of_kind(seen(episodes=(single,)), KIND)
    assert draft.priority is TicketPriority.MEDIUM
    assert draft.title == "Circuit to openai opens on a single failure"
    assert "1 of them from a single failure" in draft.signal


@pytest.mark.parametrize(
    "open_",
    [
        episode(at(1, "10:00"), failures=1, classification="expected"),
        episode(at(1, "10:00"), failures=3, classification="unexplained"),
        episode(at(1, "10:00"), failures=None, classification="unexplained"),
    ],
)
def test_an_expected_open_and_an_unexplained_one_with_more_failures_are_none(open_):
    assert of_kind(seen(episodes=(open_,)), KIND) == []


def test_the_failures_of_an_opening_are_unknown_without_counts():
    assert failures_at_opening(episode(at(1, "10:00"))) is None
    assert failures_at_opening(episode(at(1, "10:00"), failures=4)) == 4


def test_the_fingerprint_stays_and_the_figures_change_on_the_next_day():
    one, two = (episode(at(number, "10:00")) for number in (1, 2))
    first = of_kind(seen(day(1), episodes=(one,)), KIND)
    second = of_kind(seen(day(1), day(2), episodes=(one, two)), KIND)
    assert [each.fingerprint for each in first] == [each.fingerprint for each in second]
    assert "on 2 dates from 2025-01-27 to 2025-01-28" in second[0].signal
    assert second[0].last_seen > first[0].last_seen


def test_three_opens_within_an_hour_of_one_outage_are_flapping():
    opens = tuple(
        episode(at(1, "10:00") + timedelta(minutes=20 * n), 60, classification="expected") for n in range(3)
    )
    (draft,) = of_kind(seen(episodes=opens), KIND)
    assert draft.fingerprint.startswith("flapping-")
    assert of_kind(seen(episodes=opens[:2]), KIND) == []
    apart = tuple(episode(at(1, f"{hour}:00"), 60, classification="expected") for hour in (10, 12, 14))
    assert of_kind(seen(episodes=apart), KIND) == []


def test_a_stretch_of_failures_with_a_closed_circuit_is_a_missed_open():
    (draft,) = of_kind(seen(day(buckets=(buckets(failing=FAILING),))), KIND)
    assert draft.fingerprint.startswith("missed-open-")
    assert "1 stretch in which 180 of 200 calls to openai failed" in draft.signal
    assert draft.last_seen == at(1, "10:10")


def test_it_is_critical_where_the_policy_itself_should_have_opened_and_high_where_it_is_too_lax():
    record = seen(day(buckets=(buckets(failing={120: (40, 60)}),)))
    (asked,) = of_kind(record, KIND)
    assert (asked.priority, "not asked" in asked.body.current[0]) == (TicketPriority.CRITICAL, True)
    lax = state(block={"enabled": True, "failure_threshold": 50, "error_rate_threshold": 0.9})
    (draft,) = of_kind(seen(day(buckets=(buckets(failing={120: (40, 60)}),)), state=lax), KIND)
    assert (draft.priority, "too lax" in draft.body.current[0]) == (TicketPriority.HIGH, True)


ACTED = {
    "denied": {"buckets": (buckets(failing=FAILING, fail_fast=(0,) * 121 + (3,) + (0,) * 166),)},
    "probed": {"buckets": (buckets(failing=FAILING, half_open=(0,) * 120 + (1,) + (0,) * 167),)},
    "not closed": {
        "buckets": (buckets(failing=FAILING),),
        "circuits": (
            CircuitDay(
                provider="openai", instance="a", not_closed=(NotClosed(start=at(1, "09:00"), end=None),)
            ),
        ),
    },
    "a restart hides it": {
        "buckets": (buckets(failing=FAILING),),
        "restarts": (Restart(instance="a", after=at(1, "10:01"), at=at(1, "10:02")),),
    },
    "too few failures": {"buckets": (buckets(failing={120: (0, 4)}),)},
    "too small a share": {"buckets": (buckets(failing={120: (60, 40)}),)},
}


@pytest.mark.parametrize("why", ACTED)
def test_no_open_was_missed_where_the_circuit_acted_or_nobody_can_tell(why):
    assert of_kind(seen(day(**ACTED[why])), KIND) == []


def test_no_open_was_missed_in_a_gap_or_beside_an_episode():
    row = buckets(failing=FAILING)
    gap = Gap(start=at(1, "09:55"), end=at(1, "10:30"))
    holed = day(buckets=(row,))
    holed = holed.model_copy(update={"scrape": holed.scrape.model_copy(update={"gaps": (gap,)})})
    assert of_kind(seen(holed), KIND) == []
    opened = episode(at(1, "10:04"), classification="expected")
    assert of_kind(seen(day(buckets=(row,)), episodes=(opened,)), KIND) == []


def test_failing_steps_near_each_other_are_one_stretch():
    row = buckets(failing={10: (0, 9), 12: (0, 9), 20: (0, 9)})
    assert [(each.start, each.failures) for each in failing_stretches([row])] == [
        (at(1, "00:50"), 18),
        (at(1, "01:40"), 9),
    ]


def test_steps_that_were_not_scraped_are_no_failures():
    assert failing_stretches([buckets(success=(None,) * 288)]) == []


def test_without_days_or_counts_it_says_so():
    empty = seen(day())
    assert gaps(type(empty)(state=state(), days=(), episodes=()), KIND) == [
        "no day was collected since enabling"
    ]
    assert gaps(seen(day(buckets=())), KIND) == ["no counts in steps: failing stretches are unknown"]


def test_what_a_disabled_breaker_missed_is_no_signal():
    off = state(disabled_at=at(1, "09:00"))
    assert of_kind(seen(day(buckets=(buckets(failing=FAILING),)), state=off), KIND) == []
