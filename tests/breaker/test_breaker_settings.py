from __future__ import annotations

import math

import pytest

from cbops.breaker import Breaker, resolve
from cbops.errors import PolicyError
from cbops.model.policy import BreakerPolicy


def test_what_is_left_out_has_the_routers_value():
    assert resolve({}) == resolve(BreakerPolicy())
    assert resolve({"timeout_ms": 5}).failure_threshold == 5


def test_an_unknown_key_is_refused_with_the_likely_one():
    with pytest.raises(PolicyError, match="timeout_msec") as caught:
        Breaker({"timeout_msec": 5})
    assert "timeout_ms" in caught.value.hint


@pytest.mark.parametrize(
    "block",
    [
        {"timeout_ms": "30000"},
        {"timeout_ms": None},
        {"timeout_ms": True},
        {"failure_threshold": math.nan},
        {"failure_threshold": math.inf},
        {"failure_threshold": 10**400},
        {"enabled": 1},
        {"success_threshold": [2]},
    ],
)
def test_a_value_that_is_no_number_is_refused_by_name(block):
    with pytest.raises(PolicyError, match=next(iter(block))):
        resolve(block)


def test_a_latency_threshold_of_none_is_none():
    assert resolve({"latency_threshold_ms": None}).latency_threshold_ms is None
