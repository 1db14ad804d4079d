from __future__ import annotations

from measure_samples import TRIGGER, episode, observation, seconds, series, targets_of, up

from cbops.measure.circuits import Run
from cbops.measure.episodes import Explained, merge_carried, merge_episodes, merge_runs
from cbops.measure.reasons import reason_of, trigger_series
from cbops.model.observation import Carried

DAY = 86400


def run(
    opened: int, closed: int | None, instance: str = "a", provider: str = "openai", reopened: int = 0
) -> Explained:
    by = None if closed is None else "results"
    one = Run(provider, instance, opened - 60_000, opened, closed=closed, closed_by=by, reopened=reopened)
    return Explained(one, None)


def test_overlapping_episodes_of_two_instances_are_one():
    (merged,) = merge_runs([run(60_000, 300_000, reopened=1), run(120_000, 600_000, "b", reopened=2)])

    assert merged.opened.timestamp() == 60
    assert merged.closed is not None
    assert merged.closed.timestamp() == 600
    assert merged.reopened == 3
    assert merged.id == "openai-19700101T000100Z"


def test_an_instance_that_is_still_open_keeps_the_episode_running():
    (merged,) = merge_runs([run(60_000, None), run(120_000, 600_000, "b")])

    assert (merged.closed, merged.closed_by) == (None, None)


def test_episodes_one_after_the_other_stay_two():
    assert len(merge_runs([run(60_000, 120_000), run(120_000, 180_000)])) == 2
    assert len(merge_runs([run(60_000, 120_000), run(120_000, 180_000, "b")])) == 2


def test_two_openings_of_one_instance_in_one_interval_stay_two():
    assert len(merge_runs([run(60_000, 60_000), run(60_000, None)])) == 2


def test_episodes_that_opened_in_one_interval_have_ids_of_their_own():
    found = merge_runs([run(60_000, 60_000), run(60_000, None), run(60_000, None, provider="anthropic")])

    assert sorted(episode.id for episode in found) == [
        "anthropic-19700101T000100Z",
        "openai-19700101T000100Z",
        "openai-19700101T000100Z-2",
    ]


def test_episodes_of_two_providers_stay_two():
    assert len(merge_runs([run(60_000, 300_000), run(60_000, 300_000, "b", "anthropic")])) == 2


def test_the_reason_of_the_first_instance_that_tells_one_is_kept():
    unknown, known = run(60_000, 300_000), run(120_000, 300_000, "b")

    (merged,) = merge_runs([unknown, Explained(known.run, "failure_threshold_exceeded")])

    assert merged.reason == "failure_threshold_exceeded"


def test_carried_runs_of_a_provider_are_one_and_close_with_the_last():
    first, second = run(0, 120_000, reopened=1).run, run(0, 300_000, "b").run

    (carried,) = merge_carried([first, second])

    assert carried.closed is not None
    assert (carried.closed.timestamp(), carried.closed_by, carried.reopened) == (300, "results", 1)


def test_a_carried_run_that_is_still_open_leaves_the_provider_open():
    (carried,) = merge_carried([run(0, 120_000).run, run(0, None, "b").run])

    assert (carried.closed, carried.closed_by) == (None, None)


def test_an_episode_over_midnight_is_closed_by_the_next_day():
    days = [
        observation(1, episodes=[episode(DAY - 600, reopened=2)]),
        observation(
            2,
            carried=[Carried(provider="openai", closed=seconds(DAY + 300), closed_by="results", reopened=3)],
            state_at_start={"openai": "open"},
        ),
    ]

    (merged,) = merge_episodes(reversed(days))

    assert merged.closed == seconds(DAY + 300)
    assert merged.reopened == 5


def test_an_episode_may_run_for_days():
    days = [
        observation(1, episodes=[episode(600)]),
        observation(2, carried=[Carried(provider="openai", reopened=1)], state_at_start={"openai": "open"}),
        observation(
            3,
            carried=[Carried(provider="openai", closed=seconds(2 * DAY + 60), closed_by="restart")],
            state_at_start={"openai": "half_open"},
        ),
    ]

    (merged,) = merge_episodes(days)

    assert (merged.closed, merged.closed_by, merged.reopened) == (seconds(2 * DAY + 60), "restart", 1)
    assert merge_episodes(days[:2])[0].closed is None


def test_a_circuit_that_was_open_before_the_first_day_is_no_episode():
    days = [
        observation(
            1,
            carried=[Carried(provider="openai", closed=seconds(60), closed_by="results")],
            state_at_start={"openai": "open"},
        )
    ]

    assert merge_episodes(days) == ()


def test_an_episode_whose_close_was_on_no_collected_day_ended_unseen():
    days = [
        observation(1, episodes=[episode(600)]),
        observation(4, state_at_start={"openai": "closed"}),
    ]

    (merged,) = merge_episodes(days)

    assert (merged.closed, merged.closed_by) == (seconds(3 * DAY), "unseen")


def test_another_instance_that_opens_on_the_next_day_prolongs_the_running_episode():
    days = [
        observation(1, episodes=[episode(DAY - 600)]),
        observation(
            2,
            carried=[Carried(provider="openai", closed=seconds(DAY + 600), closed_by="results")],
            episodes=[episode(DAY + 300, DAY + 900, reopened=1)],
            state_at_start={"openai": "open"},
        ),
    ]

    (merged,) = merge_episodes(days)

    assert (merged.closed, merged.reopened) == (seconds(DAY + 900), 1)


def test_a_prolonged_episode_goes_on_while_one_instance_is_open():
    days = [
        observation(1, episodes=[episode(DAY - 600)]),
        observation(
            2,
            carried=[Carried(provider="openai", closed=seconds(DAY + 600), closed_by="results")],
            episodes=[episode(DAY + 300)],
            state_at_start={"openai": "open"},
        ),
        observation(
            3,
            carried=[Carried(provider="openai", closed=seconds(2 * DAY + 60), closed_by="results")],
            state_at_start={"openai": "open"},
        ),
    ]

    assert [one.closed for one in merge_episodes(days)] == [seconds(2 * DAY + 60)]


STEADY = up([60, 120, 180, 240, 300])


def reason(*triggers, opened: int = 240, openings: int = 1) -> str | None:
    found = trigger_series(triggers)
    targets = targets_of(*triggers, ups=[STEADY])
    return reason_of(Run("openai", "", 0, opened * 1000), openings, found, targets)


def trigger(name: str, times: list[int], **labels: str):
    return series(TRIGGER, dict.fromkeys(times, 1), provider_id="openai", reason=name, **labels)


def test_a_reason_born_with_the_opening_is_its_reason():
    old = trigger("failure_threshold_exceeded", [60, 120, 180, 240, 300])
    born = trigger("error_rate_threshold_exceeded", [240, 300])

    assert reason(old, born) == "error_rate_threshold_exceeded"


def test_the_only_reason_that_was_ever_set_is_the_reason_of_every_opening():
    assert reason(trigger("failure_threshold_exceeded", [60, 120, 180, 240])) == "failure_threshold_exceeded"


def test_with_two_old_reasons_nothing_can_be_told():
    two = [
        trigger(name, [60, 120, 180, 240])
        for name in ("failure_threshold_exceeded", "error_rate_threshold_exceeded")
    ]

    assert reason(*two) is None


def test_with_two_openings_in_one_interval_a_birth_tells_nothing():
    old = trigger("failure_threshold_exceeded", [60, 120, 180, 240, 300])
    born = trigger("error_rate_threshold_exceeded", [240, 300])

    assert reason(old, born, openings=2) is None


def test_reasons_of_half_opening_are_no_reasons_of_an_opening():
    assert reason(trigger("timeout_elapsed", [240]), trigger("half_open_failure", [240])) is None


def test_a_reason_of_another_provider_is_not_taken():
    other = series(TRIGGER, {240: 1}, provider_id="anthropic", reason="failure_threshold_exceeded")

    assert reason(other) is None
