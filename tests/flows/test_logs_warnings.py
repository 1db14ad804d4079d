"""What is said of logs that tell no transition."""

from __future__ import annotations

from judge.build import World, at

from cbops.flows.steps.logs import logs_warnings
from cbops.model.telemetry import LogFacts


def said(start, end) -> str:
    facts = LogFacts.model_validate({"files": ("x",), "lines": 9, "from": start, "to": end})
    (warning,) = logs_warnings(facts, World().days(2, 3))
    return warning


def test_that_nothing_was_counted_is_said_only_of_time_that_days_cover():
    assert "none was counted" in said(at(2, "10:00"), at(3, "23:00"))
    assert "none was counted" not in said(at(2, "10:00"), at(4, "10:00"))
    assert "none was counted" not in said(at(9, "10:00"), at(9, "11:00"))
