"""What holds whatever the data: nothing is met without data, and worse data is never judged better."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge.build import Burst, Made, Question, World, at, criterion, episode, partial, state, verdicts

from cbops.model.observation import Observation
from cbops.model.verdict import Evaluation, Recommendation, Verdict

COARSE = World(step=3600)
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ORDER = [Recommendation.PROCEED, Recommendation.EXTEND, Recommendation.ROLLBACK]


def blind(day: Observation) -> Observation:
    """Every bucket of the canary unknown."""
    nothing = tuple(
        b.model_copy(
            update={
                name: (None,) * len(b.success)
                for name in ("success", "failure", "fail_fast", "latency_count", "latency_sum_ms")
            }
        )
        for b in day.buckets
    )
    return day.model_copy(update={"buckets": nothing})


@few
@given(st.sets(st.integers(1, 5)), st.sets(st.integers(-3, 0)))
def test_days_that_are_missing_never_help(observed, baseline):
    found = Question(world=COARSE, observed=tuple(sorted(observed)), baseline=tuple(sorted(baseline))).ask()
    full = len(observed - {1})
    assert found.full_days == full
    if full < 3:
        assert found.recommendation is Recommendation.EXTEND
        assert not {"error_rate", "latency", "unexpected_opens"} & {
            name for name, verdict in verdicts(found).items() if verdict is Verdict.MET
        }
    if not baseline:
        assert verdicts(found)["latency"] is not Verdict.MET


@few
@given(st.sets(st.integers(1, 5), min_size=1), st.sampled_from([partial, blind]))
def test_days_that_cannot_be_counted_are_never_met_and_never_missed(numbers, spoil):
    question = Question(
        world=COARSE, observed=(1, 2, 3, 4, 5), edit=lambda day: spoil(day) if day.window.day >= 1 else day
    )
    found = verdicts(question.ask())
    assert found["error_rate"] is found["latency"] is Verdict.INCONCLUSIVE
    some = question.but(edit=lambda day: spoil(day) if day.window.day in numbers else day).ask()
    assert verdicts(some)["error_rate"] is not Verdict.MISSED


@few
@given(st.integers(0, 8), st.integers(0, 8))
def test_more_failures_are_never_judged_better(some, more):
    low, high = sorted((some, more))
    answers = [
        verdicts(Question(world=World(since=Made(failure=n), step=3600)).ask())["error_rate"]
        for n in (low, high)
    ]
    assert answers[0].badness <= answers[1].badness


@few
@given(st.integers(-20, 30), st.integers(-20, 30))
def test_more_latency_is_never_judged_better(some, more):
    low, high = sorted((some, more))
    answers = [
        verdicts(Question(world=World(since=Made(latency_ms=200 + n), step=3600)).ask())["latency"]
        for n in (low, high)
    ]
    assert answers[0].badness <= answers[1].badness


@few
@given(st.lists(st.tuples(st.integers(2, 5), st.integers(1, 22)), unique=True, max_size=12))
def test_another_unexpected_open_never_makes_it_better(opens):
    episodes = tuple(
        episode(at(day, f"{hour}:01"), at(day, f"{hour}:03"), name=f"{day}-{hour}") for day, hour in opens
    )
    places = [
        ORDER.index(Question(world=COARSE, episodes=episodes[:n]).ask().recommendation)
        for n in (0, len(episodes) // 2, len(episodes))
    ]
    assert places == sorted(places)


@few
@given(st.integers(0, 300), st.integers(0, 300))
def test_a_later_close_is_never_judged_better(some, more):
    first, second = sorted((some, more))
    answers = []
    for minutes in (first, second):
        closed = at(3, f"{10 + minutes // 60}:{minutes % 60:02}")
        found = Question(world=COARSE, episodes=(episode(at(3, "9:59"), closed),)).ask()
        answers.append(verdicts(found)["recovery"].badness)
    assert answers == sorted(answers)


@few
@given(
    st.sets(st.integers(1, 5)),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["sent", "rejected"]),
    st.sampled_from([0, 1, 2]),
)
def test_an_evaluation_is_plain_json_and_the_same_each_time(observed, rehearsed, known, denied, controls):
    question = Question(
        world=World(step=3600, controls=("tenant_b", "tenant_c")[:controls]),
        observed=tuple(sorted(observed)),
        state=state(**({} if rehearsed else {"rehearsals": ()}), **({} if known else {"block": None})),
        denied=denied,
        episodes=(episode(at(3, "14:01"), at(3, "14:03")),) if 3 in observed else (),
    )
    found = question.ask()
    text = json.dumps(found.model_dump(mode="json"), allow_nan=False)
    assert found == question.ask()
    again = Evaluation.model_validate_json(text)
    assert json.dumps(again.model_dump(mode="json")) == text
    assert [result.id for result in found.criteria] == [
        "unexpected_opens",
        "recovery",
        "error_rate",
        "latency",
        "observability",
    ]
    for result in found.criteria:
        assert result.summary.endswith(".")
        if result.verdict is not Verdict.MET:
            assert found.missing


def test_only_as_of_limits_what_is_known_of_a_running_episode():
    stuck = World(bursts=(Burst(at(3, "23:55"), at(6, "00:00"), fail_fast=100, tenant="canary"),))
    early = Question(world=stuck, observed=(1, 2, 3), episodes=(episode(at(3, "23:59"), None),))
    assert criterion(early.ask(), "recovery").verdict is Verdict.INCONCLUSIVE
    later = early.but(observed=(1, 2, 3, 4))
    assert criterion(later.ask(), "recovery").verdict is Verdict.MISSED
