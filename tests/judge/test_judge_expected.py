"""How long a canary would take to a verdict, told from the days before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cbops.judge import cannot_say, expected_verdict
from cbops.model.config import CriteriaConfig
from cbops.model.expected import RecentDay
from cbops.model.observation import Buckets, DayWindow, ScrapeHealth
from cbops.model.tenant import Target

TARGET = Target(tenant="t1", policy="p", provider="openai")
END = datetime(2025, 1, 27, 9, 20, tzinfo=UTC)
CRITERIA = CriteriaConfig()
STEADY = (1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0)
WILD = (1.0, 1.3, 0.7, 1.2, 0.8, 1.4, 0.6)
EVEN = (1.0,) * 7


def row(tenant, start, mean, *, calls=600, latency=True, failures=1, denied=0):
    count = (calls,) * 24
    return Buckets(
        tenant=tenant,
        provider="openai",
        start=start,
        step_seconds=3600,
        success=(calls - failures if calls else 0,) * 24,
        failure=(failures if calls else 0,) * 24,
        fail_fast=(denied,) * 24,
        half_open=(0,) * 24,
        latency_count=count if latency else (None,) * 24,
        latency_sum_ms=(calls * mean,) * 24 if latency else (None,) * 24,
    )


def recent(canary=STEADY, others=None, coverage=1.0, **kinds):
    found = []
    for index, level in enumerate(canary):
        start = END - timedelta(days=len(canary) - index)
        rows = [row("t1", start, 200 * level, **kinds)]
        rows += [row(name, start, 300 * levels[index]) for name, levels in (others or {}).items()]
        window = DayWindow(
            day=index - len(canary) + 1,
            date=date(2025, 1, 20),
            start=start,
            end=start + timedelta(days=1),
            partial=False,
            full=True,
        )
        health = ScrapeHealth(
            interval_seconds=300, expected=288, seen=round(288 * coverage), coverage=coverage
        )
        found.append(RecentDay(window=window, scrape=health, buckets=tuple(rows)))
    return found


def expected(days, enabled=None):
    return expected_verdict(TARGET, days, enabled or {}, CRITERIA)


def test_a_steady_tenant_is_expected_to_be_cleared_in_the_fewest_days():
    found = expected(recent())
    assert (found.outlook, found.days) == ("days", 3)
    assert found.reason.startswith("in about 3 full days (error rate 3 and latency 3)")
    assert "no control" in found.reason
    assert found.results_per_day == 14_400
    assert found.days_before == 7


def test_a_wild_tenant_is_told_that_more_days_alone_hardly_help():
    found = expected(recent(WILD))
    assert (found.outlook, found.days) == ("unlikely", None)
    assert found.reason.startswith("in more than 28 days, if ever: its mean latency")
    error, latency = found.criteria
    assert error.days == 3
    assert latency.variation == pytest.approx(0.32, abs=0.05)


def test_what_the_controls_share_is_no_variation_of_the_tenant():
    found = expected(recent(WILD, {"t2": WILD}))
    assert found.days == 3
    assert found.controls == ("t2",)
    assert "against the controls" in found.reason


def test_a_tenant_whose_breaker_is_enabled_is_no_control():
    found = expected(recent(WILD, {"t2": WILD}), {"t2": True})
    assert found.controls == ()
    assert found.days is None


def test_the_more_a_tenant_varies_the_longer_it_takes():
    def days(size):
        return expected(recent(tuple(1 + size * (level - 1) for level in STEADY))).criteria[1].days or 99

    assert [days(1), days(2.0), days(2.5), days(20)] == sorted([days(1), days(2.0), days(2.5), days(20)])
    assert 3 < days(2.5) < 99


def test_few_results_make_the_error_rate_wait_however_alike_the_days():
    found = expected(recent(EVEN, calls=4, failures=1))
    assert found.criteria[0].days is None


def test_without_a_histogram_latency_is_unknown_and_the_error_rate_is_not():
    found = expected(recent(latency=False))
    assert found.outlook == "unknown"
    assert found.reason == "nobody knows when: no latency histogram of this tenant was scraped"
    assert [each.days for each in found.criteria] == [3, None]


@pytest.mark.parametrize("coverage", [0.5, 0.0])
def test_days_that_were_hardly_scraped_say_nothing(coverage):
    found = expected(recent(coverage=coverage))
    assert found.outlook == "unknown"
    assert "known for 0 days" in found.reason


def test_one_day_is_no_variation():
    found = expected(recent((1.0,)))
    assert found.outlook == "unknown"
    assert "known for 1 day with enough results, and at least 2 are needed" in found.reason


def test_a_tenant_without_results_can_never_be_judged_and_one_without_series_is_unknown():
    assert expected(recent(calls=0)).reason == "can never be: it had no result in 7 days"
    other = expected_verdict(Target(tenant="t9", policy="p", provider="openai"), recent(), {}, CRITERIA)
    assert other.outlook == "unknown"
    assert "not the same as none" in other.reason


def test_without_days_before_nobody_knows():
    assert expected([]).outlook == "unknown"
    assert cannot_say("why", CRITERIA).reason == "nobody knows when: why"


def test_at_most_twenty_others_are_compared_with():
    found = expected(recent(others={f"t{n:02}": EVEN for n in range(10, 40)}))
    assert len(found.controls) == 20
