"""A load test for the checklist: passed and recent, failed, incomplete, too old, or none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cbops.flows.steps.verifying.load_tests import LoadEvidence, load_tests

NOW = datetime(2025, 1, 27, tzinfo=UTC)
FOUR = ("spike", "recovery", "windows", "clients")
AGE = timedelta(days=30)


def evidence(days: float = 1, **ended: str) -> LoadEvidence:
    scenarios = {**dict.fromkeys(FOUR, "passed"), **ended}
    return LoadEvidence(
        NOW - timedelta(days=days), "the engine", FOUR, {k: v for k, v in scenarios.items() if v != "absent"}
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("newest", "state", "says"),
    [
        (None, "unknown", "no load test"),
        (evidence(), "verified", "all 4 scenarios passed"),
        (evidence(spike="failed"), "failed", "spike failed"),
        (evidence(windows="skipped"), "failed", "windows skipped"),
        (evidence(clients="absent"), "failed", "clients absent"),
        (evidence(days=29.9), "verified", "passed"),
        (evidence(days=30), "unknown", "it must be done again"),
        (evidence(days=30, spike="failed"), "failed", "spike failed"),
    ],
)
def test_a_load_test_is_weighed(newest, state, says):
    found = load_tests(newest, NOW, AGE)
    assert (found.state, says in found.sentence) == (state, True), found
    assert (found.command is None) == (state == "verified")
    assert found.happened_at == (newest.at if newest else None)
