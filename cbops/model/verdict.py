"""Verdicts, their order of badness, and the recommendation."""

from __future__ import annotations

from typing import Any, Literal

from cbops.model.base import Frozen, Instant
from cbops.model.comparison import ComparisonWord
from cbops.model.config import CriteriaConfig
from cbops.model.observation import Drift
from cbops.model.verdict_words import Classification as Classification
from cbops.model.verdict_words import CriterionId as CriterionId
from cbops.model.verdict_words import Recommendation as Recommendation
from cbops.model.verdict_words import Verdict as Verdict
from cbops.model.verdict_words import worst as worst


class ClassifiedEpisode(Frozen):
    """An episode with what is known of its cause, and where that knowledge comes from."""

    id: str
    provider: str
    opened: Instant
    closed: Instant | None
    reopened: int
    reason: str | None
    classification: Classification
    evidence: dict[str, Any]


class CriterionResult(Frozen):
    """One criterion: the verdict, one sentence, and the numbers behind it."""

    id: CriterionId
    verdict: Verdict
    summary: str
    evidence: dict[str, Any]


class ShadowResult(Frozen):
    """A shadow criterion; what isn't `binding` never changes the recommendation."""

    id: str
    verdict: Verdict
    binding: bool
    summary: str
    evidence: dict[str, Any]


class EvaluationSettings(Frozen):
    """What of the configuration a judgement depended on, so that it can be repeated under another one."""

    criteria: CriteriaConfig
    denied_without_fallback: Literal["sent", "rejected"] = "sent"


class Evaluation(Frozen):
    """The judgement of a rollout as of one instant. `settings` null: an old record, which didn't keep them."""

    as_of: Instant
    days_observed: int  # collected days, partial ones included
    full_days: int  # whole calendar days with enough scrapes
    preliminary: bool = False  # a day that isn't over was looked at: no look of its own, the day's end is
    criteria: tuple[CriterionResult, ...]
    recommendation: Recommendation
    reasons: tuple[str, ...]  # why this recommendation
    missing: tuple[str, ...]  # what a recommendation to proceed still lacks
    episodes: tuple[ClassifiedEpisode, ...] = ()
    drift: Drift | None = None  # what was seen of the live policy at the time of judging
    settings: EvaluationSettings | None = None
    shadows: tuple[ShadowResult, ...] = ()
    comparison: ComparisonWord | None = None  # what a person set to compare with; null: all by rule
    notes: tuple[str, ...] = ()  # what is to be known of that
