"""One circuit, exactly as the router keeps it."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from cbops.breaker.settings import Settings, resolve
from cbops.model.observation import State
from cbops.model.policy import BreakerPolicy

Policy = Mapping[str, Any] | BreakerPolicy | Settings
TransitionHook = Callable[[int, State, State, str], None]


class Breaker:
    """The state machine of one (tenant, provider) circuit; times are integer milliseconds.

    Source: "The breaker, exactly" in the domain description. The caller brings the clock, which may
    step back. `enabled` plays no part here: it decides only whether `allow` is asked at all. A latency
    threshold is inert, because it is judged against a gauge of the router that nothing here knows.

    Attributes to read: `state`, `failure_count` (consecutive), `success_count`, `half_open_calls`,
    `state_changed_at`, `error_rate` (as of the last recorded result) and `policy`, the numbers in use.
    `on_transition(now_ms, source, target, reason)` is called after each transition that the router
    counts; an operator's call is none of these. Not thread-safe: `Circuits` is.
    """

    __slots__ = (
        "_failed",
        "_on_transition",
        "_window",
        "_window_ms",
        "error_rate",
        "failure_count",
        "half_open_calls",
        "policy",
        "state",
        "state_changed_at",
        "success_count",
    )

    def __init__(
        self, policy: Policy, now_ms: int = 0, *, on_transition: TransitionHook | None = None
    ) -> None:
        """A closed circuit; PolicyError when the block has an unknown key or a value that is no number."""
        self.configure(policy)
        self.state: State = "closed"
        self.state_changed_at = now_ms
        self.failure_count = 0
        self.success_count = 0
        self.half_open_calls = 0
        self.error_rate = 0.0
        self._on_transition = on_transition
        # (time, failed) sorted by time. Only the set matters to the router, so keeping it sorted lets
        # an old event fall out at the left end, whatever the clock did.
        self._window: deque[tuple[int, bool]] = deque()
        self._failed = 0

    def configure(self, policy: Policy) -> None:
        """Use these numbers from now on; state, counts and window stay."""
        self.policy = policy if isinstance(policy, Settings) else resolve(policy)
        self._window_ms = self.policy.error_rate_window_seconds * 1000

    @property
    def window(self) -> tuple[int, int]:
        """(events, failures) in the window, as of the last operation that pruned it."""
        return len(self._window), self._failed

    def allow(self, now_ms: int) -> bool:
        """Whether a request may pass; counts it as a probe in half_open. A False is a `fail_fast`."""
        self._prune(now_ms)
        if self.state == "closed":
            return True
        if self.state == "open":
            if now_ms - self.state_changed_at < self.policy.timeout_ms:
                return False
            self.half_open_calls = 0
            self.failure_count = 0
            self._move(now_ms, "half_open", "timeout_elapsed")
        if self.half_open_calls < self.policy.half_open_max_calls:
            self.half_open_calls += 1
            return True
        return False

    def record_success(self, now_ms: int) -> None:
        """A result came back well."""
        self._add(now_ms, failed=False)
        if self.state != "half_open":
            self.failure_count = 0
            return
        self.success_count += 1
        if self.success_count >= self.policy.success_threshold:
            self.success_count = self.failure_count = self.half_open_calls = 0
            self._move(now_ms, "closed", "success_threshold_met")

    def record_failure(self, now_ms: int) -> None:
        """A result failed: a time-out, a 5xx, a connection error or an unavailable provider."""
        self._add(now_ms, failed=True)
        self.success_count = 0
        if self.state == "half_open":
            self.failure_count = 1
            self.half_open_calls = 0
            self._move(now_ms, "open", "half_open_failure")
            return
        self.failure_count += 1
        if self.state == "closed":
            reason = self._trigger()
            if reason is not None:
                self.half_open_calls = 0
                self._move(now_ms, "open", reason)

    def force_recovery(self, now_ms: int) -> None:
        """An operator's call: closed; the probes used and the window are kept."""
        self.failure_count = self.success_count = 0
        self._set(now_ms, "closed")

    def force_half_open(self, now_ms: int) -> None:
        """An operator's call: half_open with an empty window; the counts are kept."""
        self.half_open_calls = 0
        self._empty()
        self._set(now_ms, "half_open")

    def reset(self, now_ms: int) -> None:
        """An operator's call: closed, everything zero, the window empty."""
        self.failure_count = self.success_count = self.half_open_calls = 0
        self.error_rate = 0.0
        self._empty()
        self._set(now_ms, "closed")

    def _trigger(self) -> str | None:
        if self.failure_count >= self.policy.failure_threshold:
            return "failure_threshold_exceeded"
        if self.error_rate >= self.policy.error_rate_threshold:
            return "error_rate_threshold_exceeded"
        return None

    def _move(self, now_ms: int, target: State, reason: str) -> None:
        source = self.state
        self._set(now_ms, target)
        if self._on_transition is not None:
            self._on_transition(now_ms, source, target, reason)

    def _set(self, now_ms: int, state: State) -> None:
        self.state = state
        self.state_changed_at = now_ms

    def _add(self, now_ms: int, *, failed: bool) -> None:
        window = self._window
        if window and now_ms < window[-1][0]:
            insort(window, (now_ms, failed))  # the clock stepped back
        else:
            window.append((now_ms, failed))
        self._failed += failed
        self._prune(now_ms)
        self.error_rate = self._failed / len(window) if window else 0.0

    def _prune(self, now_ms: int) -> None:
        window = self._window
        start = now_ms - self._window_ms
        while window and window[0][0] < start:
            self._failed -= window.popleft()[1]

    def _empty(self) -> None:
        self._window.clear()
        self._failed = 0
