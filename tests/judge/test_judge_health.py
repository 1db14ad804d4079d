from __future__ import annotations

from datetime import timedelta

import pytest
from judge.build import (
    Burst,
    Made,
    Question,
    World,
    at,
    criterion,
    episode,
    incident,
    restart_at,
    state,
    word,
)

from cbops.judge import classify
from cbops.model.verdict import Verdict

OPEN = episode(at(3, "14:01"), at(3, "14:41"))


def failing(tenant=None, success=10, failure=90, start="14:00", end="14:40"):
    return Burst(at(3, start), at(3, end), success=success, failure=failure, tenant=tenant)


def opened(question):
    return question.but(episodes=(OPEN,)).ask().episodes[0]


def test_an_open_during_a_declared_incident_is_expected():
    found = opened(Question(state=state(incidents=(incident(at(3, "14:00"), at(3, "14:40")),))))
    assert (found.classification, found.evidence["source"]) == ("expected", "incident")


@pytest.mark.parametrize(
    ("start", "end", "classification"),
    [
        ("14:02", "15:00", "expected"),  # declared a minute late
        ("14:03", "15:00", "unexpected"),
        ("13:00", "13:59", "expected"),  # over for up to a minute
        ("13:00", "13:58", "unexpected"),
    ],
)
def test_an_incident_covers_an_open_within_a_minute(start, end, classification):
    found = opened(Question(state=state(incidents=(incident(at(3, start), at(3, end)),))))
    assert found.classification == classification


def test_an_incident_of_another_provider_explains_nothing():
    found = opened(Question(state=state(incidents=(incident(at(3, "14:00"), at(3, "15:00"), "anthropic"),))))
    assert found.classification == "unexpected"


def test_failing_controls_make_an_open_expected_without_any_incident():
    found = opened(Question(world=World(bursts=(failing(),))))
    assert (found.classification, found.evidence["source"]) == ("expected", "controls")
    assert any(bucket["rate"] == 0.9 for bucket in found.evidence["controls"]["buckets"])
    assert found.evidence["controls"]["tenants"] == {"tenant_b": "failing", "tenant_c": "failing"}


def test_healthy_controls_make_an_open_unexpected_although_the_canary_failed():
    found = opened(Question(world=World(bursts=(failing("canary"),))))
    assert (found.classification, found.evidence["source"]) == ("unexpected", "controls")


def test_an_outage_that_ended_well_before_the_open_does_not_excuse_it():
    world = World(bursts=(failing(start="13:00", end="13:30"),))
    assert opened(Question(world=world)).classification == "unexpected"


def test_controls_that_disagree_leave_an_open_unexplained():
    found = opened(Question(world=World(bursts=(failing("tenant_b"),))))
    assert (found.classification, found.evidence["controls"]["finding"]) == ("unexplained", "conflicting")


def test_a_rate_that_stands_out_without_failing_plainly_is_unexplained():
    found = opened(Question(world=World(bursts=(failing(success=94, failure=6),))))
    assert found.classification == "unexplained"
    assert "more than usual" in found.evidence["text"]


def test_a_provider_that_always_fails_often_is_not_failing_when_it_does_so_again():
    often = Made(success=70, failure=9)
    found = opened(Question(world=World(canary=often, control=often)))
    assert found.classification != "expected"


def test_controls_too_few_for_health_that_rule_out_what_the_canary_saw_leave_it_to_a_person():
    few = Made(success=10, failure=0, wobble=0)
    world = World(control=few, controls=("tenant_b",), bursts=(failing("canary"),))
    found = opened(Question(world=world))
    assert found.evidence["controls"]["finding"] == "unclear"
    assert (found.classification, found.evidence["source"]) == ("unexplained", "controls")


def test_controls_with_too_little_traffic_leave_it_to_the_canary():
    rare = Made(success=1, failure=0, wobble=0)
    world = World(control=rare, bursts=(failing("canary", success=1, failure=9),))
    found = opened(Question(world=world))
    assert (found.classification, found.evidence["source"]) == ("expected", "canary")


def test_without_controls_the_canary_that_goes_on_failing_shows_a_failing_provider():
    found = opened(Question(world=World(controls=(), bursts=(failing(success=1, failure=9),))))
    assert (found.classification, found.evidence["source"]) == ("expected", "canary")


def test_without_controls_a_single_failure_among_many_successes_is_unexpected():
    found = opened(Question(world=World(controls=(), bursts=(failing(success=99, failure=1),))))
    assert (found.classification, found.evidence["source"]) == ("unexpected", "canary")


def test_one_failure_of_a_quiet_tenant_proves_neither_failure_nor_health():
    quiet = Made(success=1, failure=0, wobble=0)
    world = World(canary=quiet, controls=(), bursts=(failing(success=0, failure=1, end="14:05"),))
    found = opened(Question(world=world))
    assert (found.classification, found.evidence["source"]) == ("unexplained", "none")


def test_several_failures_in_a_row_amid_successes_stay_unexplained_without_controls():
    rarely = Made(failure=0)
    world = World(canary=rarely, controls=(), bursts=(failing(success=135, failure=6, end="14:05"),))
    assert opened(Question(world=world)).classification == "unexplained"


QUIET_TRIP = World(
    canary=Made(success=1, failure=0, wobble=0),
    controls=(),
    bursts=(failing(success=0, failure=1, end="14:05"),),
)


@pytest.mark.parametrize("said", ["expected", "unexpected"])
def test_a_person_decides_an_unexplained_open(said):
    found = opened(Question(world=QUIET_TRIP, state=state(classifications=(word("e1", said),))))
    assert (found.classification, found.evidence["source"]) == (said, "person")
    assert found.evidence["person"]["reason"] == "status page"


def test_the_last_word_counts():
    words = (word("e1", "expected"), word("e1", "unexpected"))
    found = opened(Question(world=QUIET_TRIP, state=state(classifications=words)))
    assert found.classification == "unexpected"


def test_a_word_on_another_episode_changes_nothing():
    found = opened(Question(world=QUIET_TRIP, state=state(classifications=(word("e2", "expected"),))))
    assert found.classification == "unexplained"


def test_a_person_does_not_overrule_measured_health():
    found = opened(Question(state=state(classifications=(word("e1", "expected"),))))
    assert (found.classification, found.evidence["source"]) == ("unexpected", "controls")
    assert found.evidence["person"]["classification"] == "expected"


def test_a_tenant_whose_breaker_is_enabled_is_no_control():
    def denied(day):
        controls = tuple(
            c.model_copy(update={"half_open": (1, *c.half_open[1:])}) if c.tenant == "tenant_b" else c
            for c in day.controls
        )
        return day.model_copy(update={"controls": controls})

    world = World(bursts=(failing("tenant_b"),))
    found = Question(world=world, edit=denied, episodes=(OPEN,)).ask()
    assert found.episodes[0].classification == "unexpected"
    controls = criterion(found, "unexpected_opens").evidence["controls"]
    assert controls["used"] == ["tenant_c"]
    assert "breaker is enabled" in controls["left_out"]["tenant_b"]


def test_a_tenant_without_results_is_no_control():
    silent = World(control=Made(success=0, failure=0))
    controls = criterion(Question(world=silent).ask(), "error_rate").evidence["controls"]
    assert controls["used"] == []
    assert controls["left_out"]["tenant_b"] == "no results"


def test_counters_of_a_restart_are_no_evidence_of_failure():
    def restarted(day):
        return (
            day if day.window.day != 3 else day.model_copy(update={"restarts": (restart_at(at(3, "14:02")),)})
        )

    world = World(bursts=(failing(start="14:00", end="14:05"),))
    assert opened(Question(world=world, edit=restarted)).classification != "expected"


def test_without_opened_after_the_minute_before_the_open_counts():
    bare = OPEN.model_copy(update={"opened_after": None})
    found = Question(world=World(bursts=(failing(),)), episodes=(bare,)).ask().episodes[0]
    assert found.classification == "expected"


def test_classify_gives_the_daily_log_what_evaluate_finds():
    question = Question(world=World(bursts=(failing(),)), episodes=(OPEN,))
    found = classify(
        question.state,
        observations=question.world.days(*question.observed),
        baseline=question.world.days(*question.baseline),
        episodes=question.episodes,
        criteria=question.criteria,
    )
    assert found == question.ask().episodes


def test_an_unexplained_open_stands_in_the_way_until_someone_explains_it():
    asked = Question(world=QUIET_TRIP, episodes=(OPEN,)).ask()
    found = criterion(asked, "unexpected_opens")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert any("episode classify e1" in text for text in asked.missing)


def test_an_episode_of_a_provider_that_was_never_measured_is_unexplained():
    strange = episode(at(3, "14:01"), at(3, "14:02"), provider="mistral")
    assert Question(episodes=(strange,)).ask().episodes[0].classification == "unexplained"


def test_evidence_is_limited_to_the_time_around_the_open():
    found = opened(Question(world=World(bursts=(failing(),))))
    window = found.evidence["window"]
    assert window == {"from": "2025-01-29T13:59:00.000Z", "to": "2025-01-29T14:06:00.000Z"}
    assert OPEN.opened + timedelta(minutes=5) == at(3, "14:06")
