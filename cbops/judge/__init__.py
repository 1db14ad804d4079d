"""Pure: provider health, the five criteria, the statistics, the recommendation."""

from __future__ import annotations

from cbops.judge.evaluate import classify as classify
from cbops.judge.evaluate import compared_with as compared_with
from cbops.judge.evaluate import evaluate as evaluate

__all__ = ["classify", "compared_with", "evaluate"]
