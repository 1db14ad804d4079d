"""The words of a judgement: criteria, verdicts in their order, recommendations. What records are folded from needs no more."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

CriterionId = Literal["unexpected_opens", "recovery", "error_rate", "latency", "observability"]


Classification = Literal["expected", "unexpected", "unexplained"]


class Verdict(StrEnum):
    """In the order of badness: met < inconclusive < error < missed."""

    MET = "met"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    MISSED = "missed"

    @property
    def badness(self) -> int:
        return list(Verdict).index(self)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; no verdict at all is inconclusive, never met."""
    return max(verdicts, key=lambda verdict: verdict.badness, default=Verdict.INCONCLUSIVE)


class Recommendation(StrEnum):
    """What the tool recommends and what a person decides."""

    PROCEED = "proceed"
    EXTEND = "extend"
    ROLLBACK = "rollback"

    @property
    def exit_status(self) -> int:
        return {"proceed": 0, "extend": 10, "rollback": 20}[self.value]
