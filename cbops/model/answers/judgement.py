"""Answers of `evaluate` and `decide`."""

from __future__ import annotations

from cbops.model.answers.logs import LogsAnswer
from cbops.model.base import Frozen, Instant
from cbops.model.comparison import ComparisonWord
from cbops.model.observation import Drift
from cbops.model.verdict import ClassifiedEpisode, CriterionResult, Recommendation, ShadowResult


class RepeatAnswer(Frozen):
    """Of `--repeat`. `same`: all verdicts and the recommendation; `identical`: their evidence too."""

    same: bool
    identical: bool
    differences: tuple[str, ...]


class EvaluateAnswer(Frozen):
    """The judgement; `evaluation` names its file in the evidence. `logs` null: none were given now.

    `preliminary`: a day that isn't over was looked at. `comparison`: what a person set to compare with; null: all by rule.
    """

    rollout: str
    as_of: Instant
    criteria: tuple[CriterionResult, ...]
    recommendation: Recommendation
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    days_observed: int
    full_days: int
    episodes: tuple[ClassifiedEpisode, ...]
    drift: Drift
    evaluation: str
    logs: LogsAnswer | None = None
    preliminary: bool = False
    shadows: tuple[ShadowResult, ...] = ()
    comparison: ComparisonWord | None = None
    repeated: RepeatAnswer | None = None


class DecideAnswer(Frozen):
    """`recommended` null: nothing was evaluated before the decision."""

    rollout: str
    decision: Recommendation
    by: str
    reason: str
    recommended: Recommendation | None
    differs: bool
