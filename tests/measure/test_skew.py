from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cbops.measure.skew import Skew, skew_of

NOW = datetime(2025, 1, 27, 9, 0, 0, tzinfo=UTC)


def test_clocks_that_agree_may_seem_a_second_apart_and_no_more() -> None:
    skew = skew_of(NOW + timedelta(seconds=0.9), NOW + timedelta(seconds=0.95), NOW)
    assert (round(skew.low, 6), round(skew.high, 6), skew.certain) == (-0.1, 0.95, 0)


def test_only_what_the_round_trip_does_not_explain_is_certain() -> None:
    ahead = skew_of(NOW + timedelta(seconds=10), NOW + timedelta(seconds=12), NOW)
    assert (ahead.low, ahead.high, ahead.certain) == (9, 12, 9)
    behind = skew_of(NOW - timedelta(seconds=12), NOW - timedelta(seconds=10), NOW)
    assert (behind.low, behind.high, behind.certain) == (-13, -10, 10)
    assert Skew(-30, 40).certain == 0


@given(
    offset=st.floats(-1e6, 1e6, allow_nan=False),
    there=st.floats(0, 30, allow_nan=False),
    back=st.floats(0, 30, allow_nan=False),
    fraction=st.floats(0, 0.999, allow_nan=False),
)
def test_the_true_distance_lies_between_the_bounds(
    offset: float, there: float, back: float, fraction: float
) -> None:
    """`offset` is this machine's clock less the server's, which stamps `there` seconds after the sending."""
    stamped = NOW + timedelta(seconds=fraction)
    here = stamped + timedelta(seconds=offset)
    skew = skew_of(here - timedelta(seconds=there), here + timedelta(seconds=back), NOW)
    assert skew.low - 1e-5 <= offset <= skew.high + 1e-5
    assert skew.certain <= abs(offset) + 1e-5
    assert skew.high - skew.low <= there + back + 1 + 1e-4
