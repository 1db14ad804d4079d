"""The forecast in sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from slow_totals import totals_of

from cbops.breaker.forecast.sentences import sentences
from cbops.model.forecast import (
    CircuitForecast,
    Forecast,
    ForecastEpisode,
    Outage,
    Outcomes,
    PolicyForecast,
    Wedge,
)
from cbops.model.observation import TransitionCounts
from cbops.model.traffic import Circuit, TrafficSummary

BEGINS = datetime(2025, 1, 24, tzinfo=UTC)
WEEK = TrafficSummary(origin="prometheus", begins=BEGINS, ends=BEGINS + timedelta(days=7), requests=1000)


def episode(hour, classification="unexpected", failures=1):
    return ForecastEpisode(
        opened=BEGINS + timedelta(hours=hour),
        closed=None,
        reopened=0,
        reason="error_rate_threshold_exceeded",
        window_results=2,
        window_failures=failures,
        classification=classification,
        source="trace",
        evidence="",
        denied=Outcomes(),
        single_failure=failures == 1,
    )


def outage(opened, closed):
    return Outage(
        begins=BEGINS,
        ends=BEGINS,
        source="trace",
        results=9,
        failures=9,
        opened_after_ms=opened,
        closed_after_ms=closed,
    )


def circuit(*episodes, tenant="acme", wedge=None, **counts):
    return CircuitForecast(
        circuit=Circuit(tenant=tenant, provider="openai" if tenant else None),
        admitted=counts.get("admitted", Outcomes(success=980, failure=12)),
        denied=counts.get("denied", Outcomes()),
        counts=TransitionCounts(open=len(episodes), half_open=0, closed=0),
        transitions=(),
        episodes=episodes,
        outages=counts.get("outages", ()),
        wedge=wedge,
        final_state="closed",
    )


def forecast(*policies, traffic=WEEK, timezone="UTC"):
    told = tuple(
        PolicyForecast(name=name, block=block, totals=totals_of(circuits), circuits=tuple(circuits))
        for name, block, circuits in policies
    )
    return Forecast(traffic=traffic, policies=told, timeline=None, timezone=timezone)


def said(*circuits, traffic=WEEK, timezone="UTC"):
    return sentences(forecast(("asked", {}, circuits), traffic=traffic, timezone=timezone))


NIGHTS = (*tuple(episode(24 * day + 2) for day in range(7)), episode(23))


def test_opens_from_single_failures_at_night_are_said_so():
    first, *_ = said(circuit(*NIGHTS, episode(50, "expected", failures=5)))
    assert first == (
        "In the last 7 days (2025-01-24 to 2025-01-31): 9 opens, 8 of them from a single failure at night; "
        "1 expected and 8 unexpected."
    )


def test_at_night_is_by_the_clock_of_the_tenant():
    first, *_ = said(circuit(*NIGHTS), timezone="Asia/Tokyo")
    assert first == (
        "In the last 7 days (2025-01-24 to 2025-01-31): 8 opens, all of them from a single failure; 8 unexpected."
    )


@pytest.mark.parametrize(
    ("nights", "days", "words"), [(3, 0, " at night"), (3, 1, ", mostly at night"), (5, 2, "")]
)
def test_at_night_is_all_of_them_and_mostly_three_quarters(nights, days, words):
    episodes = [
        *(episode(24 * day) for day in range(nights)),
        *(episode(12 + 24 * day) for day in range(days)),
    ]
    assert f"single failure{words};" in said(circuit(*episodes))[0]


@pytest.mark.parametrize(("hour", "night"), [(21.99, False), (22, True), (5.99, True), (6, False)])
def test_night_is_from_ten_to_six(hour, night):
    assert ("at night" in said(circuit(episode(hour)))[0]) == night


def test_one_open_no_open_and_other_opens():
    assert "1 open, from a single failure; 1 unexpected." in said(circuit(episode(12)))[0]
    assert (
        "2 opens, 1 of them from a single failure; 1 expected and 1 unexplained."
        in (said(circuit(episode(12, "unexplained"), episode(13, "expected", failures=4)))[0])
    )
    assert said(circuit(episode(12, "expected", failures=4)))[0].endswith("1 open; 1 expected.")
    assert said(circuit())[0] == "In the last 7 days (2025-01-24 to 2025-01-31): no open in 992 requests."


@pytest.mark.parametrize(
    ("changes", "period"),
    [
        ({"origin": "files"}, "In 7 days (2025-01-24 to 2025-01-31): "),
        ({"origin": "embedded"}, "In the last 7 days (2025-01-24 to 2025-01-31): "),
        ({"origin": "files", "clock": "relative"}, "In 7 days: "),
        ({"origin": "files", "ends": BEGINS + timedelta(hours=5, minutes=3)}, "In 5 h 3 min (2025-01-24): "),
        ({"origin": "files", "begins": None}, "In the trace: "),
    ],
)
def test_the_period_is_that_of_the_trace(changes, period):
    assert said(circuit(), traffic=WEEK.model_copy(update=changes))[0].startswith(period)


def test_an_opening_on_a_relative_clock_has_no_night():
    assert (
        "at night" not in said(circuit(episode(2)), traffic=WEEK.model_copy(update={"clock": "relative"}))[0]
    )


def test_what_was_denied_is_told_by_what_it_would_have_been():
    sentence = said(circuit(denied=Outcomes(success=1, failure=2000, ignored=1, lost=1)))[1]
    assert sentence == (
        "2,003 requests denied: 2,000 failing calls saved, 1 good call rejected, 2 with neither result; "
        "12 failing calls went through."
    )
    assert (
        said(circuit(admitted=Outcomes(failure=1)))[1]
        == "No request was denied; 1 failing call went through."
    )


@pytest.mark.parametrize(
    ("outages", "sentence"),
    [
        ((), "The trace shows no outage, so it doesn't tell how soon the circuit opens in one."),
        ((outage(None, 0),), "The circuit did not open in the one outage."),
        ((outage(None, 0), outage(None, 0)), "The circuit did not open in any of the 2 outages."),
        (
            (outage(8494, 13_148),),
            "It opened in the one outage, 8.5 s after it began, and closed 13.1 s after it ended.",
        ),
        (
            (outage(1000, 0), outage(3000, 4000), outage(None, 0)),
            "It opened in 2 of 3 outages, 2 s after they began (median), and closed 2 s after they ended (median).",
        ),
        (
            (outage(1000, 3000), outage(3000, None)),
            (
                "It opened in both outages, 2 s after they began (median), and closed 3 s after they ended (median; "
                "after 1 of them not before the trace ended)."
            ),
        ),
        (
            (outage(0, None),),
            "It was open already when the one outage began, and had not closed when the trace ended.",
        ),
        (
            (outage(0, None), outage(0, None), outage(0, None)),
            "It was open already when all 3 outages began, and had not closed when the trace ended.",
        ),
        (
            (outage(59_990, 0),),
            "It opened in the one outage, 1 min after it began, and had closed when it ended.",
        ),
        (
            (outage(116_600, 3_599_700),),
            "It opened in the one outage, 1 min 57 s after it began, and closed 1 h after it ended.",
        ),
    ],
)
def test_outages_are_told_with_the_times_to_open_and_to_close(outages, sentence):
    assert said(circuit(outages=outages))[2] == sentence


def test_outages_of_several_circuits_are_counted_for_each():
    sentence = said(circuit(outages=(outage(1000, 0),)), circuit(outages=(outage(1000, 0),), tenant="other"))[
        2
    ]
    assert sentence == (
        "It opened in both outages, counted for each circuit, 1 s after they began (median), and had closed when "
        "they ended (median)."
    )


def test_two_opens_from_single_failures_are_both_of_them():
    assert "2 opens, both of them from a single failure; " in said(circuit(episode(12), episode(13)))[0]
    assert "3 opens, all of them from " in said(circuit(episode(12), episode(13), episode(14)))[0]


def test_wedges_are_told_with_their_circuit():
    wedge = Wedge(since=BEGINS + timedelta(hours=3), denied=Outcomes(success=1))
    assert said(circuit(wedge=wedge), timezone="Europe/Berlin")[3] == (
        "acme/openai is wedged half-open since 2025-01-24 04:00 (Europe/Berlin): every probe is used up, 1 request "
        "denied since, and only an operator frees it."
    )
    relative = WEEK.model_copy(update={"clock": "relative"})
    assert said(circuit(wedge=wedge, tenant=None), traffic=relative)[3].startswith(
        "The circuit is wedged half-open: every"
    )
    assert said(circuit(wedge=wedge), circuit(wedge=wedge))[3] == (
        "2 circuits are wedged half-open: every probe is used up, 2 requests denied since, and only an operator "
        "frees them."
    )


def test_the_other_policies_stand_beside_the_first():
    wedge = Wedge(since=BEGINS, denied=Outcomes())
    other = circuit(episode(1), denied=Outcomes(failure=1, success=3), wedge=wedge)
    told = sentences(
        forecast(
            ("asked", {}, [circuit()]),
            ("live", {}, [other]),
            ("idle", {}, [circuit()]),
            ("none", None, [circuit()]),
        )
    )
    assert told[3:] == (
        (
            "With the policy 'live': 1 open (1 unexpected), 1 failing call saved, 3 good calls rejected, 12 failing calls "
            "went through, 1 circuit wedged."
        ),
        "With the policy 'idle': no open, 0 failing calls saved, 0 good calls rejected, 12 failing calls went through.",
        "Without a breaker: 12 failing calls went through, nothing denied.",
    )


def test_no_breaker_may_be_what_was_asked_for():
    first, second, *_ = sentences(forecast(("none", None, [circuit()])))
    assert first.endswith("992 requests without a breaker, 12 failing calls went through.")
    assert second == "Nothing was denied, as there is no breaker."


def test_what_was_left_out_is_told():
    changes = {
        "denied_in_production": 1973,
        "approximate": True,
        "note": "made from counters",
        "out_of_order": 1,
        "skipped": 2,
    }
    assert said(circuit(), traffic=WEEK.model_copy(update=changes))[3:] == (
        (
            "1,973 recorded requests had been denied by production itself: left out, because nobody knows how the "
            "provider would have answered them."
        ),
        "The traffic is an approximation: made from counters.",
        "1 row came after a later arrival and was sorted.",
        "2 bad rows were skipped.",
    )
    changes = {"denied_in_production": 1, "approximate": True, "out_of_order": 2, "skipped": 1}
    assert said(circuit(), traffic=WEEK.model_copy(update=changes))[3:] == (
        (
            "1 recorded request had been denied by production itself: left out, because nobody knows how the provider "
            "would have answered it."
        ),
        "The traffic is an approximation.",
        "2 rows came after a later arrival and were sorted.",
        "1 bad row was skipped.",
    )


def test_without_a_request_or_a_policy_nothing_is_claimed():
    nothing = circuit(admitted=Outcomes())
    assert said(nothing, traffic=WEEK.model_copy(update={"denied_in_production": 2}))[0] == (
        "The trace holds no request, so it tells nothing about the policy."
    )
    assert sentences(Forecast(traffic=WEEK, policies=(), timeline=None)) == ()
