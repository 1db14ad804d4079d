from __future__ import annotations

import pytest
from judge.build import (
    Burst,
    Made,
    Question,
    World,
    at,
    criterion,
    episode,
    gap,
    incident,
    moved,
    partial,
    rehearsal,
    state,
    with_provider,
)

from cbops.model.observation import Carried, TransitionCounts
from cbops.model.policy import CANARY_BLOCK
from cbops.model.verdict import Verdict

OUTAGE = Burst(at(3, "14:00"), at(3, "14:40"), success=10, failure=90)
DOWN = World(bursts=(OUTAGE,))
STUCK = Burst(at(3, "14:40"), at(6, "00:00"), fail_fast=100, tenant="canary")


def recovery(question):
    return criterion(question.ask(), "recovery")


def only(question):
    (found,) = recovery(question).evidence["episodes"]
    return found


def test_recovery_is_dated_by_the_controls_and_met_when_the_circuit_closes_soon():
    found = only(Question(world=DOWN, episodes=(episode(at(3, "14:01"), at(3, "14:41")),)))
    assert (found["recovered"], found["recovered_by"]) == ("2025-01-29T14:40:00.000Z", "controls")
    assert found["delay_seconds"] == 60.0
    assert found["outcome"] == "met"


def test_the_time_allowed_is_timeout_and_probes_and_margin():
    found = only(Question(world=DOWN, episodes=(episode(at(3, "14:01"), at(3, "14:41")),)))
    parts = found["allowed_is"]
    assert (parts["timeout_ms"], parts["probes"], parts["margin_seconds"]) == (30_000, 2, 300)
    # about 101 requests per five minutes: a second one comes within 9.2 mean gaps but once in a thousand
    assert parts["probes_seconds"] == pytest.approx(27.5, abs=1)
    assert found["allowed_seconds"] == pytest.approx(30 + parts["probes_seconds"] + 300, abs=0.1)


@pytest.mark.parametrize(
    ("closed", "verdict"), [("14:45", Verdict.MET), ("14:46", Verdict.MISSED), ("16:00", Verdict.MISSED)]
)
def test_a_circuit_that_closes_after_the_time_allowed_misses(closed, verdict):
    assert (
        recovery(Question(world=DOWN, episodes=(episode(at(3, "14:01"), at(3, closed)),))).verdict is verdict
    )


def test_a_circuit_that_never_closes_misses_and_says_for_how_long():
    world = World(bursts=(OUTAGE, STUCK))
    found = recovery(Question(world=world, episodes=(episode(at(3, "14:01"), None),)))
    assert found.verdict is Verdict.MISSED
    assert "still not closed" in found.summary


def test_a_declared_end_dates_the_recovery_where_no_control_does():
    declared = state(incidents=(incident(at(3, "14:00"), at(3, "14:40")),))
    found = only(
        Question(
            world=World(controls=(), bursts=(OUTAGE,)),
            state=declared,
            episodes=(episode(at(3, "14:01"), at(3, "14:41")),),
        )
    )
    assert (found["recovered"], found["recovered_by"]) == ("2025-01-29T14:40:00.000Z", "incident")


def test_the_canarys_own_failures_date_the_recovery_where_nothing_else_does():
    found = only(
        Question(
            world=World(controls=(), bursts=(OUTAGE,)), episodes=(episode(at(3, "14:01"), at(3, "14:41")),)
        )
    )
    assert found["recovered"] == "2025-01-29T14:40:00.000Z"
    assert found["recovered_by"].startswith("canary")


def test_calls_that_still_fail_for_the_canary_alone_are_not_the_breakers_fault():
    longer = Burst(at(3, "14:40"), at(3, "15:30"), failure=10, tenant="canary")
    question = Question(
        world=World(bursts=(OUTAGE, longer)), episodes=(episode(at(3, "14:01"), at(3, "15:31")),)
    )
    assert recovery(question).verdict is Verdict.MET


def test_a_wedged_circuit_misses_although_another_outage_follows_later():
    later = Burst(at(5, "10:00"), at(5, "12:00"), success=10, failure=90)
    wedged = Burst(at(3, "14:40"), at(6, "00:00"), fail_fast=100, tenant="canary")
    question = Question(
        world=World(bursts=(OUTAGE, wedged, later)), episodes=(episode(at(3, "14:01"), None),)
    )
    assert recovery(question).verdict is Verdict.MISSED


def test_an_unknown_policy_has_the_routers_timeout():
    question = Question(
        world=DOWN, state=state(block=None), episodes=(episode(at(3, "14:01"), at(3, "14:46")),)
    )
    found = only(question)
    assert found["allowed_is"]["timeout_ms"] == 60_000
    assert found["outcome"] == "met"


def test_an_adopted_block_with_a_value_that_makes_no_sense_counts_as_unknown():
    odd = state(block={"timeout_ms": "soon"})
    found = only(Question(world=DOWN, state=odd, episodes=(episode(at(3, "14:01"), at(3, "14:41")),)))
    assert found["allowed_is"]["policy"].startswith("unknown")


def test_a_circuit_without_traffic_to_probe_with_is_inconclusive():
    silent = Burst(at(3, "14:40"), at(6, "00:00"), tenant="canary")
    question = Question(world=World(bursts=(OUTAGE, silent)), episodes=(episode(at(3, "14:01"), None),))
    found = recovery(question)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert only(question)["why"].endswith("too few requests came to probe with")


def test_rare_traffic_gets_the_time_that_its_probes_need():
    quiet = Burst(at(3, "14:40"), at(3, "16:00"), tenant="canary")
    question = Question(
        world=World(bursts=(OUTAGE, quiet)), episodes=(episode(at(3, "14:01"), at(3, "16:02")),)
    )
    assert only(question)["allowed_is"]["probes_seconds"] > 75 * 60
    assert recovery(question).verdict is Verdict.MET


def test_every_router_instance_needs_its_own_probes():
    def two(day):
        if day.window.day != 3:
            return day
        moves = tuple(moved(at(3, "14:01"), "closed", "open", name) for name in ("a", "b"))
        return day.model_copy(update={"transitions": moves})

    question = Question(world=DOWN, edit=two, episodes=(episode(at(3, "14:01"), at(3, "14:41")),))
    assert only(question)["allowed_is"]["probes"] == 4


def test_without_fail_fast_the_providers_usual_share_stands_for_its_requests():
    def uncounted(day):
        buckets = tuple(b.model_copy(update={"fail_fast": ()}) for b in day.buckets)
        return day.model_copy(update={"buckets": buckets})

    fallback = Made(success=50, failure=0, provider="anthropic")
    wedged = Burst(at(3, "14:40"), at(6, "00:00"), tenant="canary")
    question = Question(
        world=World(bursts=(OUTAGE, wedged), extra=(fallback,)),
        edit=uncounted,
        episodes=(episode(at(3, "14:01"), None),),
    )
    assert recovery(question).verdict is Verdict.MISSED


def test_an_episode_in_an_outage_that_is_not_over_is_too_early_to_judge():
    until_the_end = Burst(at(5, "20:00"), at(6, "00:00"), success=10, failure=90)
    question = Question(world=World(bursts=(until_the_end,)), episodes=(episode(at(5, "20:01"), None),))
    assert recovery(question).verdict is Verdict.INCONCLUSIVE
    assert only(question)["recovered"] is None


def test_an_episode_within_the_time_allowed_is_too_early_to_judge():
    to_the_last = Burst(at(5, "23:00"), at(5, "23:55"), success=10, failure=90)
    question = Question(world=World(bursts=(to_the_last,)), episodes=(episode(at(5, "23:01"), None),))
    assert recovery(question).verdict is Verdict.INCONCLUSIVE
    assert only(question)["why"].endswith("the time allowed isn't over")


@pytest.mark.parametrize("how", ["restart", "unseen"])
def test_a_close_that_is_not_on_results_is_no_recovery(how):
    question = Question(world=DOWN, episodes=(episode(at(3, "14:01"), at(3, "14:41"), closed_by=how),))
    assert recovery(question).verdict is Verdict.INCONCLUSIVE


def test_a_restart_that_frees_a_wedged_circuit_does_not_hide_it():
    question = Question(world=DOWN, episodes=(episode(at(3, "14:01"), at(3, "20:00"), closed_by="restart"),))
    assert recovery(question).verdict is Verdict.MISSED


def test_an_observed_recovery_outweighs_one_that_a_restart_cut_short():
    again = Burst(at(4, "14:00"), at(4, "14:40"), success=10, failure=90)
    question = Question(
        world=World(bursts=(OUTAGE, again)),
        episodes=(
            episode(at(3, "14:01"), at(3, "14:20"), closed_by="restart"),
            episode(at(4, "14:01"), at(4, "14:41"), name="e2"),
        ),
    )
    found = recovery(question)
    assert found.verdict is Verdict.MET
    assert "1 ended by a restart or unseen" in found.summary


def test_a_close_hidden_by_a_gap_is_not_held_against_the_circuit():
    def blind(day):
        if day.window.day != 3:
            return day
        scrape = day.scrape.model_copy(update={"gaps": (gap(at(3, "14:41"), at(3, "15:30")),)})
        return day.model_copy(update={"scrape": scrape})

    question = Question(world=DOWN, edit=blind, episodes=(episode(at(3, "14:01"), at(3, "15:30")),))
    assert recovery(question).verdict is Verdict.INCONCLUSIVE


def test_after_a_rollback_nothing_is_asked_of_the_circuit():
    question = Question(
        world=DOWN,
        state=state(disabled_at=at(3, "14:20")),
        episodes=(episode(at(3, "14:01"), None),),
    )
    assert recovery(question).verdict is Verdict.INCONCLUSIVE


def test_a_breaker_that_is_not_asked_is_named_and_does_no_harm():
    found = recovery(Question(world=DOWN, episodes=(episode(at(3, "14:01"), None),)))
    assert "not being asked" in found.summary
    assert found.verdict is Verdict.INCONCLUSIVE


def test_a_circuit_that_stopped_denying_was_closed_unseen_or_is_no_longer_asked():
    denied = Burst(at(3, "14:00"), at(3, "14:20"), failure=10, fail_fast=90, tenant="canary")
    rest = Burst(at(3, "14:20"), at(3, "14:40"), success=10, failure=90)
    question = Question(world=World(bursts=(denied, rest)), episodes=(episode(at(3, "14:01"), None),))
    assert only(question)["outcome"] == "unasked"


def test_where_denials_are_not_counted_their_absence_excuses_no_circuit_that_was_probed():
    def probed(day):
        buckets = tuple(
            b.model_copy(update={"half_open": tuple(int(day.window.day == 3) for _ in b.success)})
            for b in day.buckets
        )
        return day.model_copy(update={"buckets": buckets})

    question = Question(world=DOWN, edit=probed, episodes=(episode(at(3, "14:01"), None),))
    assert recovery(question).verdict is Verdict.MISSED


def test_a_breaker_that_denies_is_asked():
    question = Question(world=World(bursts=(OUTAGE, STUCK)), episodes=(episode(at(3, "14:01"), None),))
    assert "not being asked" not in recovery(question).summary


def standing(question):
    (found,) = recovery(question).evidence["open_at_enabling"]
    return found


def at_enabling(state_at_start="open", closed=None, closed_on=1, seen_closed_on=None):
    """The circuit wasn't closed when the breaker was enabled, and closed on that day, or never."""

    def edit(day):
        number = day.window.day
        if number < 1 or (number > closed_on and closed is not None):
            return day
        if seen_closed_on is not None and number >= seen_closed_on:
            return day
        ended = closed if number == closed_on else None
        carried = Carried(provider="openai", closed=ended, closed_by=ended and "results", reopened=1)
        return day.model_copy(update={"state_at_start": {"openai": state_at_start}, "carried": (carried,)})

    return edit


def test_a_circuit_that_was_open_at_enabling_and_closes_is_an_observed_recovery():
    closing = Question(edit=at_enabling(closed=at(1, "09:03")), state=state(rehearsals=()))
    found = recovery(closing)
    assert found.verdict is Verdict.MET
    assert standing(closing)["episode"] == "openai-at-enabling"


def test_episodes_and_what_was_open_at_enabling_are_counted_together():
    ridden = episode(at(3, "14:01"), at(3, "14:41"))
    both = Question(world=DOWN, episodes=(ridden,), edit=at_enabling(closed=at(1, "09:03")))
    assert recovery(both).summary == (
        "2 of 2 circuits that had to close (1 episode, 1 open at enabling already) closed in time after the provider"
        " recovered."
    )


@pytest.mark.parametrize("stuck_in", ["open", "half_open"])
def test_a_circuit_that_was_open_at_enabling_and_never_closes_misses(stuck_in):
    wedged = Burst(at(1, "09:00"), at(6, "00:00"), fail_fast=100, tenant="canary")
    question = Question(world=World(bursts=(wedged,)), edit=at_enabling(stuck_in))
    assert recovery(question).verdict is Verdict.MISSED
    assert standing(question)["reopened"] == 5


def test_a_circuit_open_at_enabling_that_a_later_day_finds_closed_ended_unseen():
    question = Question(edit=at_enabling(seen_closed_on=2))
    assert standing(question)["closed_by"] == "unseen"
    assert recovery(question).verdict is not Verdict.MET


def test_without_the_day_of_enabling_nothing_is_said_of_what_was_open_then():
    question = Question(edit=at_enabling(), observed=(2, 3, 4, 5), state=state(rehearsals=()))
    assert recovery(question).summary.startswith("No circuit opened")


def test_without_any_open_a_passed_rehearsal_meets_it_and_says_so():
    found = recovery(Question())
    assert found.verdict is Verdict.MET
    assert found.summary.startswith("Rehearsed, not observed")


def test_a_failed_rehearsal_misses_it():
    found = recovery(Question(state=state(rehearsals=(rehearsal(passed=False),))))
    assert found.verdict is Verdict.MISSED
    assert "it stays half-open" in found.summary


def test_the_last_rehearsal_of_the_block_counts():
    both = (rehearsal(passed=False), rehearsal())
    assert recovery(Question(state=state(rehearsals=both))).verdict is Verdict.MET


def test_a_rehearsal_of_other_settings_proves_nothing():
    other = rehearsal(block={**CANARY_BLOCK, "timeout_ms": 60_000})
    found = recovery(Question(state=state(rehearsals=(other,))))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "other settings" in found.summary


def test_defaults_left_out_or_written_are_the_same_settings():
    written = rehearsal(block={**CANARY_BLOCK, "half_open_max_calls": 3})
    assert recovery(Question(state=state(rehearsals=(written,)))).verdict is Verdict.MET


def test_with_an_unknown_block_any_rehearsal_counts_and_that_is_said():
    found = recovery(Question(state=state(block=None)))
    assert found.verdict is Verdict.MET
    assert "couldn't be compared" in found.summary


def test_without_a_day_that_counts_a_rehearsal_does_not_meet_it():
    assert recovery(Question(edit=partial)).verdict is Verdict.INCONCLUSIVE


def test_with_unknown_transitions_no_open_cannot_be_said():
    def unknown(day):
        return with_provider(day, transitions=TransitionCounts(open=None, half_open=None, closed=None))

    found = recovery(Question(edit=unknown))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "unknown" in found.summary
