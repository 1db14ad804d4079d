from __future__ import annotations

from time import process_time

import pytest
from judge.build import (
    Burst,
    Made,
    Question,
    World,
    at,
    criterion,
    episode,
    finding,
    moved,
    restart_at,
    state,
    with_provider,
)

from cbops.judge.case import make_case
from cbops.judge.checks import all_checks
from cbops.model.base import from_ms, to_ms
from cbops.model.config import CriteriaConfig
from cbops.model.observation import (
    Carried,
    CircuitDay,
    EventCounts,
    Finding,
    LatencyFigures,
    TransitionCounts,
    UnseenMoves,
)
from cbops.model.plan import Weighed
from cbops.model.telemetry import MetricFound
from cbops.model.verdict import Verdict

ERROR_RATE = "router_circuit_breaker_error_rate"


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
    assert found.summary.startswith("11 checks")


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


LONG = episode(at(3, "14:01"), at(3, "14:41"))


def test_more_fallbacks_than_denials_contradict_unless_denials_are_not_counted():
    assert asked(on_day_three(fallback_decisions=500)).verdict is Verdict.MISSED
    assert asked(on_day_three(fallback_decisions=500), episodes=(LONG,)).verdict is Verdict.MISSED
    silent = on_day_three(fallback_decisions=500, dialect="documented")
    assert asked(silent, episodes=(LONG,)).verdict is Verdict.MET
    assert asked(silent, episodes=(episode(at(2, "14:01"), at(2, "14:41")),)).verdict is Verdict.MISSED


def test_fallbacks_for_a_circuit_of_which_no_transition_tells_miss_a_series():
    found = asked(lambda day: day.model_copy(update={"fallback_decisions": 500, "dialect": "documented"}))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.evidence["missing_series"] == ["transitions"]
    assert {check["status"] for check in checks(found, "fallbacks")} == {"unknown"}


def with_events(dialect, **changes):
    events = "router_circuit_breaker_events_total"
    made = MetricFound(metric=events, server_name=events, series=2, samples=9, dialect=dialect)
    rate = MetricFound(metric=ERROR_RATE, server_name=ERROR_RATE, series=1, samples=9)
    return lambda day: on_day_three(**changes)(day.model_copy(update={"metrics": (made, rate)}))


@pytest.mark.parametrize(("dialect", "verdict"), [(None, Verdict.MET), ("router", Verdict.MISSED)])
def test_whether_denials_are_counted_is_told_by_the_events_and_not_by_the_transitions(dialect, verdict):
    edit = with_events(dialect, fallback_decisions=500)
    assert asked(edit, episodes=(LONG,)).verdict is verdict


def test_a_finding_of_absent_transitions_misses_the_series():
    transitions = "router_circuit_breaker_state_transitions_total"
    told = Finding(code="transitions_absent", message="m", numbers={"metric": transitions, "fail_fast": 3})
    found = asked(on_day_three(findings=(told,)))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.evidence["missing_series"] == ["transitions"]
    other = told.model_copy(update={"code": "metric_under_another_name"})
    assert asked(on_day_three(findings=(other,))).evidence["missing_series"] == ["transitions"]
    read = on_day_three(findings=(other,), transitions=(moved(at(3, "14:01"), "half_open", "closed"),))
    assert asked(read).evidence["missing_series"] == []


def test_a_day_of_unrecorded_outcomes_is_unknown_without_latencies_and_contradicts_with_them():
    def many(day):
        changed = (
            day if day.window.day != 3 else day.model_copy(update={"decisions": (day.decisions or 0) * 3})
        )
        return with_provider(changed, latency=LatencyFigures())

    found = asked(many)
    assert found.evidence["missing_series"] == ["latency"]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "unknown" in [check["status"] for check in checks(found, "decisions")]


def latencies(share, **changes):
    def edit(day):
        count = round((day.decisions or 0) * share)
        return day if day.window.day != 3 else with_provider(day, latency=LatencyFigures(count=count))

    return asked(edit, **changes)


NO_FALLBACK = Weighed(criterion="fallback", verdict="against", required=False, reason="none")


def test_a_fallback_after_a_429_has_two_latencies_and_no_failure():
    assert latencies(1.3).verdict is Verdict.MET
    assert "explained" in [check["status"] for check in checks(latencies(1.3), "latency_count")]
    assert latencies(2.3).verdict is Verdict.MISSED
    assert latencies(1.3, state=state(reasons=(NO_FALLBACK,))).verdict is Verdict.MISSED


def unseen(*clocks, day=3, after="00:00", instance="a"):
    told = [UnseenMoves(after=at(day, after), at=at(day, clock), count=1) for clock in clocks]
    return CircuitDay(provider="openai", instance=instance, unseen=tuple(told))


def forced(cycles):
    """Opened by failures, and each time made half-open by an operator before it closes."""
    clocks = [f"{10 + n // 6:02d}:{n % 6}{minute}" for n in range(cycles) for minute in (1, 5)]
    edges = [("closed", "open"), ("half_open", "closed")] * cycles
    moves = tuple(moved(at(3, clock), *edge) for clock, edge in zip(clocks, edges, strict=True))
    return with_transitions(cycles, 0, cycles, transitions=moves, circuits=(unseen(*clocks[1::2]),))


@pytest.mark.parametrize(
    ("cycles", "status"), [(1, "agree"), (3, "explained"), (12, "explained"), (20, "contradiction")]
)
def test_an_operators_calls_explain_transitions_that_do_not_alternate_but_not_any_number(cycles, status):
    found = asked(forced(cycles))
    assert {check["status"] for name in ("interleaving", "half_open") for check in checks(found, name)} == {
        status
    }


def test_each_run_of_collected_days_may_be_one_transition_apart():
    def ends_open(day):
        moment = at(day.window.day, "22:00")
        changed = with_provider(day, transitions=TransitionCounts(open=1, half_open=0, closed=0))
        return changed.model_copy(update={"transitions": (moved(moment, "closed", "open"),)})

    assert checks(asked(ends_open, observed=(1, 3, 5)), "interleaving")[0]["status"] == "agree"
    assert checks(asked(ends_open, observed=(1, 2, 3)), "interleaving")[0]["status"] == "contradiction"


def test_denials_after_a_move_that_no_series_shows_are_explained():
    edit = on_day_three(transitions=(moved(at(3, "15:01"), "half_open", "closed"),))
    found = asked(edit, world=denied())
    assert checks(found, "fail_fast")[0]["status"] == "explained"
    circuits = on_day_three(circuits=(unseen("15:01"),))
    assert checks(asked(circuits, world=denied()), "fail_fast")[0]["status"] == "explained"
    early = on_day_three(circuits=(unseen("13:00"),))
    assert checks(asked(early, world=denied()), "fail_fast")[0]["status"] == "contradiction"


def not_closed(instance, start, end):
    told = {"from": start and at(3, start), "to": end and at(3, end)}
    return CircuitDay.model_validate({"provider": "openai", "instance": instance, "not_closed": (told,)})


def test_the_close_of_one_router_does_not_end_the_denials_of_another():
    both = (not_closed("r1", None, None), not_closed("r2", None, "10:01"))
    assert checks(asked(on_day_three(circuits=both), world=denied()), "fail_fast")[0]["status"] == "agree"
    closed = (not_closed("r1", None, "10:02"), not_closed("r2", None, "10:01"))
    found = asked(on_day_three(circuits=closed), world=denied())
    assert checks(found, "fail_fast")[0]["status"] == "contradiction"


def test_a_circuit_that_stands_open_since_enabling_denies_until_it_closes():
    def edit(day):
        carried = {"carried": (Carried(provider="openai"),)}
        if day.window.day > 1:
            return day.model_copy(update=carried)
        closing = moved(at(1, "10:00"), "half_open", "closed", "r2")
        standing = {"state_at_start": {"openai": "open"}, "transitions": (closing,)}
        return day.model_copy(update={**carried, **standing})

    assert checks(asked(edit, world=denied()), "fail_fast")[0]["status"] == "agree"


def test_a_contradiction_that_measuring_found_names_its_numbers():
    told = finding("contradiction_x").model_copy(update={"numbers": {"one": 5, "other": 7}})
    (check,) = checks(asked(on_day_three(findings=(told,))), "contradiction_x")
    assert check["numbers"] == {"one": 5, "other": 7}


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


def test_a_week_of_flapping_is_checked_in_a_moment():
    def flap(day):
        start, end = to_ms(day.window.start), to_ms(day.window.end)
        spans = tuple(
            {"from": from_ms(at), "to": from_ms(at + 20_000)} for at in range(start, end - 30_000, 30_000)
        )
        circuit = CircuitDay.model_validate({"provider": "openai", "instance": "a", "not_closed": spans})
        return day.model_copy(update={"circuits": (circuit,)})

    week = range(1, 8)
    denying = World(
        canary=Made(success=100), bursts=(Burst(at(1, "09:00"), at(8, "00:00"), 90, 0, 10, "canary"),)
    )
    days = [flap(day) for day in denying.days(*week)]
    case = make_case(
        state(), days, (), (), criteria=CriteriaConfig(), as_of=days[-1].window.end, rejected=False
    )
    began = process_time()
    found = {check.id: check.status for check in all_checks(case)}
    assert process_time() - began < 2
    assert found["fail_fast"] == "agree"
