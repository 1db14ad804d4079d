from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cbops.model.base import as_utc, from_ms, iso, to_ms, within_reason
from cbops.model.state import Stage
from cbops.model.tenant import Target
from cbops.model.verdict import Recommendation, Verdict, worst


def test_a_time_without_an_offset_is_utc():
    assert as_utc(datetime(2025, 1, 27, 9)) == datetime(2025, 1, 27, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "hours"), [(datetime(1, 1, 1), 5), (datetime(9999, 12, 31, 23, 59), -5)], ids=["first", "last"]
)
def test_a_time_that_utc_has_not_is_refused(value, hours):
    with pytest.raises(ValueError, match="before the year 1 or after the year 9999"):
        as_utc(value.replace(tzinfo=timezone(timedelta(hours=hours))))


@pytest.mark.parametrize("year", [1, 9999])
def test_a_time_at_the_edge_of_the_calendar_is_beyond_reason(year):
    with pytest.raises(ValueError, match="outside of the years"):
        within_reason(datetime(year, 6, 1, tzinfo=UTC))


def test_a_time_of_these_years_is_within_reason():
    assert within_reason(datetime(2025, 1, 27, tzinfo=UTC)) == datetime(2025, 1, 27, tzinfo=UTC)


def test_a_time_with_an_offset_is_the_same_instant_in_utc():
    there = datetime(2025, 1, 27, 10, tzinfo=timezone(timedelta(hours=1)))
    assert iso(there) == "2025-01-27T09:00:00.000Z"


@given(ms=st.integers(0, 4_000_000_000_000))
def test_milliseconds_survive_the_way_there_and_back(ms):
    assert to_ms(from_ms(ms)) == ms


def test_frozen_data_can_not_be_changed_and_knows_no_other_key():
    target = Target(tenant="t", policy="p", provider="x")
    with pytest.raises(ValidationError):
        target.tenant = "other"
    with pytest.raises(ValidationError):
        Target.model_validate({"tenant": "t", "policy": "p", "provider": "x", "more": 1})


def test_verdicts_are_ordered_by_badness():
    assert sorted(Verdict, key=lambda v: v.badness) == [
        Verdict.MET,
        Verdict.INCONCLUSIVE,
        Verdict.ERROR,
        Verdict.MISSED,
    ]


@given(verdicts=st.lists(st.sampled_from(Verdict), min_size=1))
def test_the_worst_verdict_is_one_of_them_and_none_is_worse(verdicts):
    found = worst(verdicts)
    assert found in verdicts
    assert all(verdict.badness <= found.badness for verdict in verdicts)


def test_no_verdict_at_all_is_inconclusive():
    assert worst([]) is Verdict.INCONCLUSIVE


def test_each_recommendation_has_its_exit_status():
    assert {r.value: r.exit_status for r in Recommendation} == {"proceed": 0, "extend": 10, "rollback": 20}


def test_only_a_decided_or_rolled_back_rollout_is_over():
    assert {stage for stage in Stage if not stage.active} == {Stage.DECIDED, Stage.ROLLED_BACK}
