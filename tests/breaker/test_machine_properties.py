"""Any sequence of operations against a deliberately naive model of the domain description."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cbops.breaker import Breaker

DEFAULTS: dict[str, Any] = {
    "failure_threshold": 5,
    "success_threshold": 2,
    "timeout_ms": 60000,
    "half_open_max_calls": 3,
    "error_rate_threshold": 0.5,
    "error_rate_window_seconds": 60,
}


@dataclass
class Naive:
    """The domain description, sentence by sentence; the window is a list that is filtered."""

    policy: dict[str, Any]
    state: str = "closed"
    failure_count: int = 0
    success_count: int = 0
    half_open_calls: int = 0
    state_changed_at: int = 0
    error_rate: float = 0.0
    window: list[tuple[int, str]] = field(default_factory=list)
    transitions: list[tuple[int, str, str, str]] = field(default_factory=list)

    def __getitem__(self, key: str) -> Any:
        return self.policy.get(key, DEFAULTS[key])

    def become(self, now: int, state: str, reason: str | None = None) -> None:
        if reason is not None:
            self.transitions.append((now, self.state, state, reason))
        self.state, self.state_changed_at = state, now

    def prune(self, now: int) -> None:
        self.window = [
            event for event in self.window if event[0] >= now - self["error_rate_window_seconds"] * 1000
        ]

    def add(self, now: int, kind: str) -> None:
        self.window.append((now, kind))
        self.prune(now)
        failures = [event for event in self.window if event[1] == "failure"]
        self.error_rate = len(failures) / len(self.window) if self.window else 0.0

    def allow(self, now: int) -> bool:
        if self.state == "open" and now - self.state_changed_at >= self["timeout_ms"]:
            self.become(now, "half_open", "timeout_elapsed")
            self.half_open_calls = 0
            self.failure_count = 0
        self.prune(now)
        if self.state == "half_open" and self.half_open_calls < self["half_open_max_calls"]:
            self.half_open_calls += 1
            return True
        return self.state == "closed"

    def record_success(self, now: int) -> None:
        self.add(now, "success")
        if self.state == "half_open":
            self.success_count += 1
            if self.success_count >= self["success_threshold"]:
                self.become(now, "closed", "success_threshold_met")
                self.success_count = 0
                self.failure_count = 0
                self.half_open_calls = 0
        else:
            self.failure_count = 0

    def record_failure(self, now: int) -> None:
        self.add(now, "failure")
        if self.state == "half_open":
            self.become(now, "open", "half_open_failure")
            self.failure_count = 1
            self.success_count = 0
            self.half_open_calls = 0
            return
        self.failure_count += 1
        self.success_count = 0
        if self.state == "closed" and self.failure_count >= self["failure_threshold"]:
            self.become(now, "open", "failure_threshold_exceeded")
            self.half_open_calls = 0
        elif self.state == "closed" and self.error_rate >= self["error_rate_threshold"]:
            self.become(now, "open", "error_rate_threshold_exceeded")
            self.half_open_calls = 0

    def force_recovery(self, now: int) -> None:
        self.become(now, "closed")
        self.failure_count = 0
        self.success_count = 0

    def force_half_open(self, now: int) -> None:
        self.become(now, "half_open")
        self.half_open_calls = 0
        self.window = []

    def reset(self, now: int) -> None:
        self.become(now, "closed")
        self.failure_count = 0
        self.success_count = 0
        self.half_open_calls = 0
        self.error_rate = 0.0
        self.window = []


COUNTS = st.sampled_from([-1, 0, 1, 2, 3, 5, 10**12, 1.5])
POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "failure_threshold": COUNTS,
        "success_threshold": COUNTS,
        "half_open_max_calls": COUNTS,
        "timeout_ms": st.sampled_from([-1, 0, 1, 50, 1000, 0.5, 10**15]),
        "error_rate_threshold": st.sampled_from([-0.5, 0, 0.1, 1 / 3, 0.5, 0.6, 1, 1.0, 1.01, 5]),
        "error_rate_window_seconds": st.sampled_from([-1, 0, 1, 2, 0.001, 0.25, 60, 10**12]),
    },
)
COMMON = ["allow", "record_success", "record_failure"]
CALLS = st.sampled_from(COMMON * 5 + ["force_recovery", "force_half_open", "reset"])
STEPS = st.one_of(
    st.integers(0, 40),
    st.sampled_from([0, 1, 999, 1000, 1001, 2000, 60_000, 60_001]),
    st.integers(-3000, -1),
)


def look(breaker: Breaker | Naive) -> tuple[Any, ...]:
    return (
        breaker.state,
        breaker.failure_count,
        breaker.success_count,
        breaker.half_open_calls,
        breaker.state_changed_at,
        breaker.error_rate,
    )


@settings(max_examples=400, deadline=None)
@given(policy=POLICIES, calls=st.lists(st.tuples(STEPS, CALLS), max_size=120))
def test_any_sequence_of_operations_goes_as_described(policy, calls):
    seen: list[tuple[int, str, str, str]] = []
    breaker = Breaker(policy, on_transition=lambda *moved: seen.append(moved))
    naive = Naive(policy)
    now = 0
    for step, call in calls:
        now += step
        assert getattr(breaker, call)(now) == getattr(naive, call)(now)
        assert look(breaker) == look(naive)
        failures = sum(kind == "failure" for _, kind in naive.window)
        assert breaker.window == (len(naive.window), failures)
    assert seen == naive.transitions
