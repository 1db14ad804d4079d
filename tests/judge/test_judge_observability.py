from __future__ import annotations

import pytest
from judge.build import (
    Burst,
    Question,
    World,
    at,
    criterion,
    episode,
    finding,
    moved,
    restart_at,
    with_provider,
)

from cbops.model.observation import EventCounts, LatencyFigures, TransitionCounts
from cbops.model.verdict import Verdict


def asked(edit, **changes):
    return criterion(Question(edit=edit, **changes).ask(), "observability")


def checks(result, name):
    return [check for check in result.evidence["checks"] if check["check"] == name]


def on_day_three(**changes):
    return lambda day: day if day.window.day != 3 else day.model_copy(update=changes)


def with_transitions(opens, half, closed, **changes):
    def edit(day):
        if day.window.day != 3:
            return day
        counts = TransitionCounts(open=opens, half_open=half, closed=closed)
        return with_provider(day, transitions=counts).model_copy(update=changes)

    return edit


def test_metrics_that_agree_are_met_and_say_how_many_checks():
    found = asked(lambda day: day)
    assert found.verdict is Verdict.MET
    assert found.summary.startswith("16 checks")


def test_more_results_than_decisions_and_fallbacks_contradict():
    found = asked(on_day_three(decisions=20_000))
    assert found.verdict is Verdict.MISSED
    assert "day 3: 29" in found.summary


def test_results_of_fallbacks_after_failures_are_explained():
    def fewer(day):
        return (
            day if day.window.day != 3 else day.model_copy(update={"decisions": (day.decisions or 0) - 280})
        )

    found = asked(fewer)
    assert found.verdict is Verdict.MET
    (check,) = [check for check in checks(found, "decisions") if check["status"] == "explained"]
    assert "fallbacks after 288 failures" in check["text"]


def test_outcomes_that_the_breaker_does_not_record_are_explained():
    def more(day):
        return (
            day
            if day.window.day != 3
            else day.model_copy(update={"decisions": (day.decisions or 0) * 3 // 2})
        )

    found = asked(more)
    assert found.verdict is Verdict.MET
    assert [check["status"] for check in checks(found, "decisions")].count("explained") == 1


def test_hardly_any_result_from_many_decisions_contradicts():
    found = asked(on_day_three(decisions=200_000))
    assert found.verdict is Verdict.MISSED


def test_latencies_of_the_missing_results_explain_even_many_unrecorded_outcomes():
    def ignored(day):
        if day.window.day != 3:
            return day
        latency = LatencyFigures(count=200_000, mean_ms=200)
        return with_provider(day, latency=latency).model_copy(update={"decisions": 200_000})

    assert asked(ignored).verdict is Verdict.MET


def test_what_a_restart_loses_is_explained():
    def lost(day):
        changed = {"decisions": (day.decisions or 0) - 500, "restarts": (restart_at(at(3, "05:18")),)}
        figures = day.providers["openai"].events.model_copy(update={"failure": 0})
        cleaned = with_provider(day, events=figures, error_rate=0.0)
        return day if day.window.day != 3 else cleaned.model_copy(update=changed)

    assert asked(lost).verdict is Verdict.MET


def test_fewer_latencies_than_successes_contradict():
    found = asked(lambda day: with_provider(day, latency=LatencyFigures(count=10)))
    assert found.verdict is Verdict.MISSED
    assert "latencies" in found.summary


def test_an_error_rate_that_is_not_its_own_quotient_contradicts():
    assert asked(lambda day: with_provider(day, error_rate=0.5)).verdict is Verdict.MISSED


def test_alternating_transitions_agree():
    found = asked(with_transitions(75, 75, 1))
    assert found.verdict is Verdict.MET


@pytest.mark.parametrize("counts", [(20, 2, 2), (2, 20, 1), (3, 3, 9)])
def test_transitions_that_cannot_alternate_contradict(counts):
    found = asked(with_transitions(*counts))
    assert found.verdict is Verdict.MISSED
    assert "cannot alternate" in found.summary


def test_each_instance_may_be_one_transition_apart():
    moves = tuple(moved(at(3, "14:01"), "closed", "open", name) for name in ("a", "b", "c"))
    assert asked(with_transitions(3, 0, 0, transitions=moves)).verdict is Verdict.MET
    assert asked(with_transitions(3, 0, 0)).verdict is Verdict.MISSED


def test_closes_that_no_series_shows_explain_a_difference():
    unseen = tuple(
        episode(at(3, f"1{n}:01"), at(3, f"1{n}:30"), name=f"e{n}", closed_by="unseen") for n in range(3)
    )
    found = asked(with_transitions(4, 0, 0), episodes=unseen)
    assert checks(found, "interleaving")[0]["status"] == "explained"


def denied(start="14:00", end="14:40"):
    return World(bursts=(Burst(at(3, start), at(3, end), success=90, fail_fast=10, tenant="canary"),))


def test_denials_while_the_circuit_was_closed_contradict():
    found = asked(lambda day: day, world=denied())
    assert found.verdict is Verdict.MISSED
    assert "while the circuit was closed" in found.summary


def test_denials_within_an_episode_agree():
    found = asked(lambda day: day, world=denied(), episodes=(episode(at(3, "14:01"), at(3, "14:41")),))
    assert found.verdict is Verdict.MET


def test_denials_of_an_episode_that_goes_on_agree():
    found = asked(lambda day: day, world=denied(), episodes=(episode(at(3, "14:01"), None),))
    assert checks(found, "fail_fast")[0]["status"] == "agree"


def test_denials_of_a_circuit_that_was_open_when_the_day_began_agree():
    edit = on_day_three(
        state_at_start={"openai": "open"}, transitions=(moved(at(3, "14:41"), "half_open", "closed"),)
    )
    assert asked(edit, world=denied()).verdict is Verdict.MET


def test_denials_after_a_transition_without_an_episode_agree():
    edit = on_day_three(
        transitions=(
            moved(at(3, "14:01"), "open", "half_open"),
            moved(at(3, "14:41"), "half_open", "closed"),
        )
    )
    assert asked(edit, world=denied()).verdict is Verdict.MET


def test_more_fallbacks_than_denials_contradict_unless_denials_are_not_counted():
    assert asked(on_day_three(fallback_decisions=500)).verdict is Verdict.MISSED
    assert asked(on_day_three(fallback_decisions=500, dialect="documented")).verdict is Verdict.MET


UNKNOWN_EVENTS = EventCounts(success=None, failure=None, fail_fast=None)
UNKNOWN_TRANSITIONS = TransitionCounts(open=None, half_open=None, closed=None)


@pytest.mark.parametrize(
    ("edit", "series"),
    [
        (lambda day: with_provider(day, events=UNKNOWN_EVENTS, error_rate=None), "events"),
        (lambda day: with_provider(day, transitions=UNKNOWN_TRANSITIONS), "transitions"),
        (lambda day: with_provider(day, latency=LatencyFigures()), "latency"),
        (lambda day: day.model_copy(update={"decisions": None}), "decisions"),
        (lambda day: day.model_copy(update={"decisions": 0}), "decisions"),
    ],
    ids=["events", "transitions", "latency", "decisions", "no decision at all"],
)
def test_a_required_series_that_gives_no_answer_is_inconclusive_and_named(edit, series):
    found = asked(edit)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.evidence["missing_series"] == [series]


def test_transitions_that_were_never_born_are_zero_and_not_missing():
    assert asked(with_transitions(0, 0, 0)).evidence["missing_series"] == []


def test_too_few_scrapes_are_inconclusive_and_name_the_coverage():
    found = asked(lambda day: day, world=World(coverage=0.5))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "50.0%" in found.summary


def test_what_the_router_is_known_to_do_is_shown_and_misses_nothing():
    known = tuple(finding(code) for code in ("restart", "gap", "unseen_moves"))
    found = asked(on_day_three(findings=known))
    assert found.verdict is Verdict.MET
    assert [item["code"] for item in found.evidence["findings"]] == [
        "restart",
        "gap",
        "unseen_moves",
    ]


def test_a_contradiction_that_measuring_found_misses():
    assert asked(on_day_three(findings=(finding("contradiction_gauge"),))).verdict is Verdict.MISSED


def test_too_few_days_are_inconclusive():
    found = asked(lambda day: day, observed=(1, 2))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "2 more full days" in found.summary
