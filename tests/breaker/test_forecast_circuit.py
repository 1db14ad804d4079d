"""Hand-worked forecasts of one circuit: episodes with their causes, outages, wedges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from forecasting import CIRCUITS, HOUR, MINUTE, fed, single

from cbops.model.base import from_ms, to_ms
from cbops.model.events import IncidentAdded
from cbops.model.forecast import Outcomes
from cbops.model.policy import CANARY_BLOCK
from cbops.model.traffic import Circuit, TrafficSummary

SECOND = 1000
NOON = to_ms(datetime(2025, 1, 27, 12, tzinfo=UTC))


def steady(begin, end, step, outcome="s", latency=100):
    return [(at, latency, outcome) for at in range(begin, end, step)]


def quiet_hour():
    """One call a minute for two hours, of which that at noon fails."""
    rows = steady(NOON - HOUR, NOON + HOUR, MINUTE)
    return [(at, latency, "f" if at == NOON else outcome) for at, latency, outcome in rows]


def incident(begin, end, provider="openai"):
    return IncidentAdded.model_validate({"provider": provider, "from": from_ms(begin), "to": from_ms(end)})


def test_one_failure_at_little_traffic_is_an_unexpected_opening():
    circuit = single(quiet_hour(), CANARY_BLOCK)
    (episode,) = circuit.episodes
    assert episode.opened == from_ms(NOON + 100)
    # After half a minute the call of 12:01 probes, that of 12:02 too: closed when its result is there.
    assert episode.closed == from_ms(NOON + 2 * MINUTE + 100)
    assert (episode.window_results, episode.window_failures, episode.single_failure) == (2, 1, True)
    assert (episode.classification, episode.source) == ("unexpected", "trace")
    # 32 requests before it, the failure among them, and 32 after it: 63 without it.
    assert episode.evidence == (
        "The provider was well: 1 failure among 2 results in the window opened it; besides the failure that opened "
        "it, 0 of 63 results around it failed, that is below 4.1 % with confidence (failing: 10 %)."
    )
    assert episode.denied == Outcomes()
    assert (circuit.counts.open, circuit.counts.half_open, circuit.counts.closed) == (1, 1, 1)
    assert (circuit.outages, circuit.wedge, circuit.final_state) == ((), None, "closed")


def test_one_failure_with_nothing_around_it_is_unexplained():
    circuit = single([(NOON, 100, "f")], CANARY_BLOCK)
    (episode,) = circuit.episodes
    assert (episode.classification, episode.source, episode.closed) == ("unexplained", "none", None)
    assert episode.evidence == (
        "Nothing tells whether the provider was failing: 1 failure among 1 result in the window opened it; besides "
        "the failure that opened it, there is no result near it."
    )
    assert circuit.final_state == "open"


def test_few_results_around_an_opening_leave_it_unexplained():
    # Within an hour on each side there is one call.
    rows = [*steady(NOON - 5 * HOUR + SECOND, NOON, HOUR), (NOON, 100, "f"), (NOON + HOUR - SECOND, 5, "s")]
    circuit = single(rows, CANARY_BLOCK)
    (episode,) = circuit.episodes
    assert episode.classification == "unexplained"
    # One hour to each side: that of 11:00 is not further away, that of 10:00 is.
    assert "0 of 2 results around it failed" in episode.evidence


def outage_rows():
    """A call every three seconds; from noon for five minutes they fail after a second."""
    return [
        *steady(NOON - HOUR, NOON, 3 * SECOND),
        *steady(NOON, NOON + 5 * MINUTE, 3 * SECOND, "f", SECOND),
        *steady(NOON + 5 * MINUTE, NOON + HOUR, 3 * SECOND),
    ]


def test_an_outage_of_the_trace_explains_its_opening_and_times_both_ends():
    circuit = single(outage_rows(), CANARY_BLOCK)
    (outage,) = circuit.outages
    assert (outage.source, outage.results, outage.failures) == ("trace", 100, 100)
    assert (outage.begins, outage.ends) == (from_ms(NOON), from_ms(NOON + 5 * MINUTE - 2 * SECOND))
    (episode,) = circuit.episodes
    # The fifth failure, begun after 12 s, came back a second later.
    assert episode.opened == from_ms(NOON + 13 * SECOND)
    assert outage.opened_after_ms == 13 * SECOND
    assert (episode.classification, episode.source) == ("expected", "trace")
    assert episode.evidence == (
        "An outage that the trace shows from 2025-01-27 12:00:00 UTC to 2025-01-27 12:04:58 UTC covers it "
        "(100 of 100 calls failed in it)."
    )
    # 13 s, then a failed probe every 33rd second or so: 45→46, 78→79, 111→112, 144→145, … , 276→277.
    assert episode.reopened == 8
    # Then 309 and 312 s succeed.
    assert episode.closed == from_ms(NOON + 312 * SECOND + 100)
    assert outage.closed_after_ms == 14 * SECOND + 100
    assert (circuit.admitted.failure + circuit.denied.failure, circuit.denied.failure) == (100, 87)
    assert episode.denied == circuit.denied


@pytest.mark.parametrize(
    ("timezone", "told"),
    [("Europe/Berlin", "2025-01-27 13:00:00 +01:00"), ("America/St_Johns", "2025-01-27 08:30:00 -03:30")],
)
def test_the_evidence_tells_times_of_the_forecasts_zone(timezone, told):
    (episode,) = single(outage_rows(), CANARY_BLOCK, timezone=timezone).episodes
    assert f" from {told} to " in episode.evidence
    assert "UTC" not in episode.evidence


def test_the_evidence_of_a_trace_without_dates_counts_from_its_beginning():
    relative = TrafficSummary(origin="files", clock="relative")
    rows = [(at - NOON + HOUR, latency, outcome) for at, latency, outcome in outage_rows()]
    (episode,) = single(rows, CANARY_BLOCK, summary=relative).episodes
    assert " from +1:00:00 to +1:04:58 covers it" in episode.evidence


@pytest.mark.parametrize(
    ("policy", "alone"),
    [
        # Three failures in a row, two hours apart: the window holds the last one, but it took all of them.
        ({"failure_threshold": 3, "error_rate_threshold": 2}, False),
        ({"failure_threshold": 3, "error_rate_threshold": 0.5}, True),
        ({"failure_threshold": 1, "error_rate_threshold": 2}, True),
    ],
)
def test_failures_in_a_row_are_no_single_failure_though_the_window_holds_one(policy, alone):
    rows = [(NOON + 2 * HOUR * number, 10, "f") for number in range(3)]
    episode, *_ = single(rows, policy).episodes
    assert (episode.window_results, episode.window_failures) == (1, 1)
    assert episode.single_failure is alone


def test_a_threshold_of_one_opens_by_a_single_failure_whatever_the_window_holds():
    policy = {"failure_threshold": 1, "timeout_ms": 0, "success_threshold": 1, "error_rate_threshold": 2}
    rows = [(NOON, 0, "f"), (NOON + SECOND, 0, "s"), (NOON + 2 * SECOND, 0, "f")]
    _, again = single(rows, policy).episodes
    assert (again.window_results, again.window_failures, again.single_failure) == (3, 2, True)


def test_a_declared_incident_takes_the_place_of_the_traces_outage():
    declared = [incident(NOON - MINUTE, NOON + 6 * MINUTE), incident(NOON, NOON + MINUTE, "anthropic")]
    circuit = single(outage_rows(), CANARY_BLOCK, incidents=declared)
    (outage,) = circuit.outages
    assert (outage.source, outage.begins, outage.ends) == (
        "incident",
        from_ms(NOON - MINUTE),
        from_ms(NOON + 6 * MINUTE),
    )
    # From 11:59:00 to 12:06:00, both included.
    assert (outage.results, outage.failures) == (141, 100)
    assert (outage.opened_after_ms, outage.closed_after_ms) == (73 * SECOND, 0)
    assert circuit.episodes[0].source == "incident"
    assert circuit.episodes[0].evidence.startswith("A declared incident from 2025-01-27 11:59:00 UTC to ")


@pytest.mark.parametrize(("early", "classification"), [(50, "expected"), (80, "unexplained")])
def test_people_round_incidents_to_minutes(early, classification):
    rows = [(NOON, 100, "f"), (NOON + 4 * HOUR, 100, "s")]
    declared = [incident(NOON + early * SECOND, NOON + 5 * HOUR)]
    (episode,) = single(rows, CANARY_BLOCK, incidents=declared).episodes
    assert episode.classification == classification


def test_an_incident_without_a_request_is_no_outage_of_the_circuit():
    declared = [incident(NOON - 5 * HOUR, NOON - 4 * HOUR)]
    assert single(quiet_hour(), CANARY_BLOCK, incidents=declared).outages == ()


@pytest.mark.parametrize(("providers", "outages"), [(["openai"], 1), (["openai", "anthropic"], 0)])
def test_a_trace_without_providers_takes_the_incidents_of_one_provider(providers, outages):
    declared = [incident(NOON, NOON + 5 * MINUTE, provider) for provider in providers]
    rows = [(*row, 0) for row in quiet_hour()]
    forecast = fed(rows, {"asked": {}}, incidents=declared, circuits=(Circuit(),))
    assert len(forecast.policies[0].circuits[0].outages) == outages


def test_an_outage_in_which_the_circuit_never_opened_is_missed():
    blind = {"failure_threshold": 10**6, "error_rate_threshold": 2}
    forecast = fed([(*row, 0) for row in outage_rows()], {"blind": blind, "none": None})
    for policy in forecast.policies:
        (outage,) = policy.circuits[0].outages
        assert (outage.opened_after_ms, outage.closed_after_ms) == (None, 0)
        assert (policy.totals.outages, policy.totals.outages_missed) == (1, 1)
        assert (policy.totals.opened_after_ms, policy.totals.closed_after_ms) == (None, None)
        assert (policy.totals.failed_through, policy.totals.opens) == (100, 0)


def test_a_circuit_that_was_open_when_the_outage_began_opened_after_nothing():
    rows = [*quiet_hour()[:61], *outage_rows()]
    declared = [incident(NOON + 20 * SECOND, NOON + 4 * MINUTE)]
    (outage,) = single(outage_rows(), CANARY_BLOCK, incidents=declared).outages
    assert (outage.opened_after_ms, outage.closed_after_ms) == (0, 72 * SECOND + 100)
    assert len(rows) > 61


def test_an_outage_at_the_end_of_the_trace_has_no_close():
    rows = [row for row in outage_rows() if row[0] < NOON + 5 * MINUTE]
    circuit = single(rows, CANARY_BLOCK)
    assert (circuit.outages[0].closed_after_ms, circuit.episodes[0].closed) == (None, None)
    assert circuit.final_state == "open"


def test_failures_of_an_outage_that_are_still_in_the_window_explain_an_opening_after_it():
    # The outage fills 60 of 200 places of the window, which is too little; one failure later it is 61 of 201.
    policy = {"failure_threshold": 10**6, "error_rate_threshold": 0.302, "error_rate_window_seconds": 600}
    rows = [
        *steady(NOON - HOUR, NOON, 3 * SECOND),
        *steady(NOON, NOON + 3 * MINUTE, 3 * SECOND, "f", SECOND),
        *steady(NOON + 3 * MINUTE, NOON + 220 * SECOND, 3 * SECOND),
        (NOON + 220 * SECOND, 1, "f"),
        *steady(NOON + 222 * SECOND, NOON + HOUR, 3 * SECOND),
    ]
    circuit = single(rows, policy)
    (episode,) = circuit.episodes
    assert (episode.window_results, episode.window_failures) == (201, 61)
    assert (episode.classification, episode.source) == ("expected", "trace")
    assert episode.evidence == (
        "An outage that the trace shows from 2025-01-27 12:00:00 UTC to 2025-01-27 12:02:58 UTC had ended 42 s "
        "before (60 of 60 calls failed in it)."
    )
    assert circuit.outages[0].opened_after_ms == 220 * SECOND + 1


def wedged_rows():
    """An opening, three probes that end as 4xx, and calls that are then denied for ever."""
    return [
        (NOON, 0, "f"),
        (NOON + 31 * SECOND, 10, "i"),
        (NOON + 32 * SECOND, 10, "i"),
        (NOON + 33 * SECOND, 10, "l"),
        (NOON + 34 * SECOND, 10, "s"),
        (NOON + 35 * SECOND, 10, "f"),
        (NOON + 36 * SECOND, 10, "i"),
    ]


def test_half_open_with_every_probe_used_up_is_a_wedge():
    circuit = single(wedged_rows(), CANARY_BLOCK)
    assert circuit.final_state == "half_open"
    assert circuit.wedge.since == from_ms(NOON + 31 * SECOND)
    assert circuit.wedge.denied == Outcomes(success=1, failure=1, ignored=1)
    assert circuit.denied == circuit.wedge.denied
    assert circuit.admitted == Outcomes(failure=1, ignored=2, lost=1)


@pytest.mark.parametrize("cuts", [(), (1, 2), (3, 5), range(7)])
def test_a_wedge_counts_what_was_denied_since_in_chunks_too(cuts):
    assert single(wedged_rows(), CANARY_BLOCK, cuts=cuts).wedge.denied.total == 3


def test_half_open_with_a_probe_left_is_no_wedge():
    circuit = single(wedged_rows()[:3], CANARY_BLOCK)
    assert (circuit.final_state, circuit.wedge) == ("half_open", None)


def test_a_policy_without_probes_wedges_and_counts_the_calls_since_the_timeout_only():
    policy = {**CANARY_BLOCK, "half_open_max_calls": 0}
    rows = [
        (NOON, 0, "f"),
        (NOON + SECOND, 0, "s"),
        (NOON + 40 * SECOND, 0, "s"),
        (NOON + 41 * SECOND, 0, "s"),
    ]
    circuit = single(rows, policy)
    assert circuit.denied.success == 3
    assert (circuit.wedge.since, circuit.wedge.denied.success) == (from_ms(NOON + 40 * SECOND), 2)


def test_denied_calls_belong_to_the_episode_in_which_they_were_denied():
    rows = []
    for begin in (NOON, NOON + HOUR):
        rows += [(begin, 10, "f"), (begin + SECOND, 10, "s"), (begin + 2 * SECOND, 10, "f")]
        rows += [(begin + 40 * SECOND, 10, "s"), (begin + 41 * SECOND, 10, "s")]
    rows += [(NOON + 2 * HOUR, 10, "f"), (NOON + 2 * HOUR + SECOND, 10, "i")]
    for cuts in ((), (2, 7), range(12)):
        circuit = single(rows, CANARY_BLOCK, cuts=cuts)
        assert [episode.denied for episode in circuit.episodes] == [
            Outcomes(success=1, failure=1),
            Outcomes(success=1, failure=1),
            Outcomes(ignored=1),
        ]
        assert [episode.closed for episode in circuit.episodes] == [
            from_ms(NOON + 41 * SECOND + 10),
            from_ms(NOON + HOUR + 41 * SECOND + 10),
            None,
        ]


def test_the_timeline_shows_what_came_what_was_denied_and_how_long_it_was_open():
    rows = [(*row, 0) for row in wedged_rows()]
    forecast = fed(rows, {"asked": CANARY_BLOCK, "none": None})
    timeline = forecast.timeline
    assert (timeline.begins, timeline.step_ms, len(timeline.results)) == (from_ms(NOON), SECOND, 37)
    assert (sum(timeline.results), timeline.failures[0], timeline.failures[35]) == (3, 1, 1)
    assert timeline.denied["asked"][34:] == (1, 1, 1)
    assert set(timeline.open["asked"]) == {1.0}
    assert set(timeline.denied["none"]) | set(timeline.open["none"]) == {0}


def test_the_timeline_of_a_long_trace_has_few_steps_on_the_clock():
    rows = [(NOON + 37 + day * 24 * HOUR, 0, "s", 0) for day in range(40)]
    timeline = fed(rows, {"asked": {}}).timeline
    assert timeline.step_ms == 4 * HOUR
    assert timeline.begins == datetime(2025, 1, 27, 12, tzinfo=UTC)
    assert len(timeline.results) == 39 * 6 + 1
    assert timeline.results[::6] == (1,) * 40


def test_the_share_of_a_step_is_that_of_the_circuit_that_was_open_longest_in_it():
    rows = sorted(
        [
            (NOON, 0, "s", 0),
            (NOON + 300, 100, "f", 0),
            (NOON + 500, 300, "f", 1),
            (NOON + 600, 0, "s", 1),
            (NOON + 5000, 0, "s", 0),
        ]
    )
    policy = {"error_rate_threshold": 0.5, "timeout_ms": 10**6}
    timeline = fed(rows, {"asked": policy}, circuits=CIRCUITS).timeline
    # The first opened after 400 ms, the second 400 ms later.
    assert timeline.open["asked"] == (0.6, 1, 1, 1, 1, 1)


def test_the_totals_are_the_sums_and_medians_over_the_circuits():
    rows = [(*row, code) for code in (0, 1) for row in outage_rows()] + [(*row, 2) for row in quiet_hour()]
    rows.sort(key=lambda row: row[0])
    totals = fed(rows, {"asked": CANARY_BLOCK}).policies[0].totals
    assert (totals.opens, totals.expected, totals.unexpected, totals.unexplained) == (3, 2, 1, 0)
    assert (totals.single_failure, totals.reopened, totals.wedged) == (1, 16, 0)
    assert (totals.outages, totals.outages_missed) == (2, 0)
    assert (totals.opened_after_ms, totals.closed_after_ms) == (13_000, 14_100)
    assert (totals.saved, totals.failed_through) == (174, 27)
    assert totals.fail_fast == totals.saved + totals.rejected
    assert totals.requests == len(rows)


def test_instants_are_to_the_millisecond():
    (episode,) = single([(NOON + 1, 2, "f")], {}).episodes
    assert episode.opened - from_ms(NOON) == timedelta(milliseconds=3)
