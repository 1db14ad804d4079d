"""Somebody's change of the live policy: a finding with the difference, and days that don't count."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flow_world import POLICY, TENANT

from cbops.model.base import to_ms
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND


@pytest.fixture
def scenario():
    """The canary alone, so that a day passes quickly."""
    return replace(SOUND, tenants=tuple(each for each in SOUND.tenants if each.tenant.id == TENANT))


def days_on(work, **time):
    """Let time pass almost unseen: only the clock and the policies matter here."""
    work.router.advance_to(to_ms(work.router.now + timedelta(**time)))
    work.clock.scraper.scrape(work.router.now_ms)
    work.store.flush()


def changed(work, **block):
    live = work.router.live()
    work.router.write({**live, "circuit_breaker": {**live["circuit_breaker"], **block}})


def put_right(work, document):
    work.router.write(document)


def left_out(data):
    """The days that don't count for their policy."""
    found = data["criteria"][0]["evidence"]["left_out"]
    return [number for number, why in found.items() if "another policy" in why]


def collect(work):
    return work.ok("monitor", "daily", "--all")


def test_a_change_that_was_put_right_is_a_finding_of_its_day_which_does_not_count(work):
    folder = work.enabled()
    applied = work.router.live()
    days_on(work, hours=25)
    changed(work, timeout_ms=5)
    days_on(work, hours=2)
    put_right(work, applied)
    days_on(work, hours=1)

    data = collect(work)

    assert data["drift"]["drifted"] is False
    told = {
        day["day"]: [f["message"] for f in day["findings"] if f["code"] == "other_policy"]
        for day in data["days"]
    }
    assert [number for number, messages in told.items() if messages] == [2]
    assert "circuit_breaker.timeout_ms: 30000 → 5" in told[2][0]
    assert (
        "1.2 (by admin), was live between 2025-01-25T01:00:00.000Z and 2025-01-25T03:00:00.000Z" in told[2][0]
    )
    judged = work("evaluate")
    assert left_out(judged.data) == ["2"]
    assert any(each.startswith("day 2 does not count: ") for each in judged.data["reasons"])
    assert work.state(folder).others[0].version == "1.2"
    assert "30000 → 5" in work.text("report", "log", "--stdout").stdout
    assert work("evaluate", "--repeat").data["repeated"]["same"]


def test_a_change_that_is_live_is_dated_and_the_days_before_it_count(work):
    work.enabled()
    days_on(work, hours=26)
    changed(work, enabled=False)
    days_on(work, hours=1)
    data = collect(work)
    assert data["drift"]["drifted"] is True
    assert data["drift"]["others"][0]["since"] == "2025-01-25T02:00:00.000Z"
    assert left_out(work("evaluate").data) == ["2"]


def test_an_older_version_that_was_made_live_again_counts_since_the_last_look(work):
    work.enabled()
    days_on(work, hours=1)
    collect(work)
    days_on(work, hours=25)
    Router.roll_back(work.router, TENANT, POLICY, "1.0")
    days_on(work, hours=1)
    data = collect(work)
    (other,) = data["drift"]["others"]
    assert (other["version"], other["sure"], other["since"]) == ("1.0", False, "2025-01-24T01:00:00.000Z")
    assert left_out(work("evaluate").data) == ["1", "2"]


def test_a_change_beside_the_breaker_s_block_counts_too_and_is_told_apart(work):
    work.enabled()
    days_on(work, hours=1)
    live = work.router.live()
    work.router.write({**live, "sticky": {"by": "user"}})
    days_on(work, hours=1)
    drift = collect(work)["drift"]
    assert drift["drifted"] is True
    assert "(its circuit_breaker block is as applied); sticky.by: " in drift["message"]
    assert left_out(work("evaluate").data) == ["1"]


def test_our_own_rollback_is_nobody_s_change(work):
    work.enabled()
    days_on(work, hours=2)
    work.rollback()
    days_on(work, hours=1)
    assert collect(work)["drift"]["others"] == []
    assert left_out(work("evaluate").data) == []


def test_many_changes_with_long_texts_still_fit_the_record(work):
    work.enabled()
    applied = work.router.live()
    for number in range(8):
        days_on(work, minutes=1)
        work.router.write({**applied, "sticky": {"by": "ü€😀" * 200 + str(number)}})
    days_on(work, minutes=1)
    others = collect(work)["drift"]["others"]
    assert len(others) == 8
    assert work("evaluate").status == 10
    work.verified()
