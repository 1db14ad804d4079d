"""A policy rehearsed: opened and recovered in the real engine, twice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cbops.breaker.machine import Breaker
from cbops.breaker.settings import Settings, resolve
from cbops.model.plan import Rehearsal

FAILURES_TRIED = 100_000
PROBES_TRIED = 100_000


class _StuckError(Exception):
    """The rehearsal can't go on; the last step says why."""


class _Stage:
    """A breaker on a clock of its own, and the words of what it did; times are milliseconds."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.steps: list[str] = []
        self.reason = ""
        self.now = 0
        self.breaker = Breaker(settings, on_transition=self._moved)

    def _moved(self, _now: int, _source: str, _target: str, reason: str) -> None:
        self.reason = reason

    def stuck(self, why: str) -> _StuckError:
        self.steps.append(why)
        return _StuckError(why)

    def open(self) -> int:
        """Failures, a millisecond apart, until the circuit opens; how many it took."""
        for failures in range(1, FAILURES_TRIED + 1):
            self.now += 1
            self.breaker.allow(self.now)
            self.breaker.record_failure(self.now)
            if self.breaker.state == "open":
                self.steps.append(f"opened after {_count(failures, 'failure')} ({self.reason})")
                return failures
        raise self.stuck(f"did not open within {FAILURES_TRIED} consecutive failures")

    def half_open(self) -> None:
        """Denied until the timeout has passed, then asked once more: that request is a probe."""
        opened = self.breaker.state_changed_at
        wait = math.ceil(self.settings.timeout_ms)
        if wait > 0 and not self.breaker.allow(opened + wait - 1):
            self.steps.append(f"denied requests for {wait} ms")
        self.now = max(self.now, opened + wait)
        allowed = self.breaker.allow(self.now)
        self.steps.append(f"became half_open ({self.reason})")
        if not allowed:
            raise self.stuck(
                f"half_open denies every probe, because half_open_max_calls is "
                f"{self.settings.half_open_max_calls}: it can never close"
            )

    def reopen(self) -> None:
        """The probe that is out fails."""
        self.now += 1
        self.breaker.record_failure(self.now)
        self.steps.append(f"a failed probe opened it again ({self.reason})")

    def close(self) -> None:
        """The probe that is out succeeds, and as many after it as closing takes."""
        for probes in range(1, PROBES_TRIED + 1):
            self.now += 1
            self.breaker.record_success(self.now)
            if self.breaker.state == "closed":
                self.steps.append(f"closed after {_count(probes, 'successful probe')} ({self.reason})")
                return
            if not self.breaker.allow(self.now):
                raise self.stuck(
                    f"half_open denied every request after {_count(probes, 'successful probe')}: "
                    f"success_threshold {self.settings.success_threshold} is more than half_open_max_calls "
                    f"{self.settings.half_open_max_calls}, so it can never close"
                )
        raise self.stuck(f"did not close within {PROBES_TRIED} successful probes")


def rehearse(block: Mapping[str, Any]) -> Rehearsal:
    """An outage and the recovery, then an outage whose first probe fails, and the recovery.

    Pure and deterministic: the clock is the rehearsal's own, the circuit starts closed and empty.
    `passed` only when both recoveries end closed; else the last step says where it stuck.
    PolicyError when the block has an unknown key or a value that is no number.
    """
    settings = resolve(block)
    stage = _Stage(settings)
    failures: int | None = None
    recovered: int | None = None
    if settings.error_rate_threshold > 1:
        stage.steps.append(
            f"error_rate_threshold {settings.error_rate_threshold} is above 1 and switches the error rate off: "
            f"only {settings.failure_threshold} consecutive failures open the circuit"
        )
    try:
        stage.steps.append("first outage")
        failures = stage.open()
        opened = stage.breaker.state_changed_at
        stage.half_open()
        stage.close()
        recovered = stage.now - opened
        stage.steps.append("second outage")
        stage.open()
        stage.half_open()
        stage.reopen()
        stage.half_open()
        stage.close()
        passed = True
    except _StuckError:
        passed = False
    return Rehearsal(
        block=dict(block),
        passed=passed,
        opened_after_failures=failures,
        recovered_after_ms=recovered,
        steps=tuple(stage.steps),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
