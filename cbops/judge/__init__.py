"""Pure: provider health, the five criteria, the statistics, the recommendation."""

from __future__ import annotations

from cbops.judge.evaluate import classify as classify
from cbops.judge.evaluate import compared_with as compared_with
from cbops.judge.evaluate import evaluate as evaluate
from cbops.judge.expected import cannot_say as cannot_say
from cbops.judge.expected import expected_verdict as expected_verdict
from cbops.judge.other_days import other_days as other_days

__all__ = ["cannot_say", "classify", "compared_with", "evaluate", "expected_verdict", "other_days"]
