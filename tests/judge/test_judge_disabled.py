"""Nothing counts after the breaker was disabled."""

from __future__ import annotations

from judge.build import Burst, Made, Question, World, at, criterion, episode, state

from cbops.model.verdict import Verdict

OFF = at(4, "00:00")


def test_an_open_after_disabling_is_none_of_the_rollout():
    later = episode(at(5, "10:00"), at(5, "10:05"), name="later")
    kept = Question(episodes=(later,)).ask()
    assert [each.id for each in kept.episodes] == ["later"]

    judged = Question(episodes=(later,), state=state(disabled_at=at(5, "00:00"))).ask()

    assert judged.episodes == ()
    assert criterion(judged, "unexpected_opens").verdict is Verdict.MET


def test_an_episode_that_closed_after_disabling_was_open_when_it_was_disabled():
    through = episode(at(3, "23:58"), at(4, "00:10"))
    (found,) = Question(episodes=(through,), state=state(disabled_at=OFF)).ask().episodes
    assert found.closed is None


def test_days_after_disabling_are_not_observed():
    judged = Question(state=state(disabled_at=OFF)).ask()
    assert (judged.days_observed, judged.full_days) == (3, 2)
    numbers = [each["day"] for each in criterion(judged, "observability").evidence["coverage_by_day"]]
    assert numbers == [1, 2, 3]


def test_of_a_day_that_was_measured_past_the_disabling_only_what_was_before_is_looked_at():
    off = at(4, "12:00")
    world = World(bursts=(Burst(at(4, "13:00"), at(5, "00:00"), failure=500),))
    opened = episode(at(4, "11:59"), None)
    judged = Question(
        world=world, observed=(1, 2, 3, 4), episodes=(opened,), state=state(disabled_at=off)
    ).ask()
    (found,) = judged.episodes
    assert judged.days_observed == 3
    assert found.evidence["controls"]["finding"] == "healthy"
    assert criterion(judged, "error_rate").evidence["left_out"] == {"4": "the breaker was disabled"}


def test_without_any_result_on_the_target_provider_nothing_is_met():
    idle = Made(success=0, failure=0, wobble=0)
    judged = Question(world=World(canary=idle, extra=(Made(provider="anthropic"),))).ask()
    missing = "results on openai: there was none in 4 full days"
    for name in ("unexpected_opens", "observability"):
        assert criterion(judged, name).verdict is Verdict.INCONCLUSIVE
    assert missing in judged.missing
    assert criterion(Question().ask(), "unexpected_opens").verdict is Verdict.MET
