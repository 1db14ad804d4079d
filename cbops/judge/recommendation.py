"""From five verdicts to one recommendation, by one table.

    when                                                               recommendation
    error rate missed, latency missed, or recovery missed              rollback
    unexpected opens missed and past their budget                      rollback
    unexpected opens missed, or observability missed                   extend, with what to change
    the live policy is not the applied one                             extend
    a binding shadow criterion is not met                              extend
    any criterion inconclusive, or in error                            extend
    fewer full days than required                                      extend
    all five met                                                       proceed

The first row that holds decides; there is no other way to `proceed` than the last row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cbops.model.verdict import CriterionId, CriterionResult, Recommendation, Verdict

ALL_CRITERIA: tuple[CriterionId, ...] = (
    "unexpected_opens",
    "recovery",
    "error_rate",
    "latency",
    "observability",
)
NAMES: Mapping[CriterionId, str] = {
    "unexpected_opens": "unexpected opens",
    "recovery": "recovery",
    "error_rate": "error rate",
    "latency": "latency",
    "observability": "observability",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the table looks at; a criterion that isn't there counts as inconclusive."""

    verdicts: Mapping[CriterionId, Verdict]
    opens_past_budget: bool
    full_days: int
    min_full_days: int
    drifted: tuple[str, ...] = ()
    shadows: tuple[str, ...] = ()  # what keeps binding ones from being met

    def those(self, verdict: Verdict, among: Sequence[CriterionId] = ALL_CRITERIA) -> list[CriterionId]:
        """The criteria with that verdict."""
        return [c for c in among if self.verdicts.get(c, Verdict.INCONCLUSIVE) is verdict]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: the sentences that say why it holds; none when it doesn't."""

    recommendation: Recommendation
    reasons: Callable[[Facts], tuple[str, ...]]


def _harm(facts: Facts) -> tuple[str, ...]:
    missed = facts.those(Verdict.MISSED, ("error_rate", "latency", "recovery"))
    return tuple(f"{NAMES[c]} missed: the breaker does harm" for c in missed)


def _budget(facts: Facts) -> tuple[str, ...]:
    if facts.opens_past_budget and facts.those(Verdict.MISSED, ("unexpected_opens",)):
        return ("unexpected opens passed their budget",)
    return ()


def _to_change(facts: Facts) -> tuple[str, ...]:
    missed = facts.those(Verdict.MISSED, ("unexpected_opens", "observability"))
    return tuple(f"{NAMES[c]} missed: change what caused it and go on watching" for c in missed)


def _drifted(facts: Facts) -> tuple[str, ...]:
    return facts.drifted


def _shadows(facts: Facts) -> tuple[str, ...]:
    return facts.shadows


def _open_questions(facts: Facts) -> tuple[str, ...]:
    errors = [f"{NAMES[c]} could not be measured" for c in facts.those(Verdict.ERROR)]
    return (*errors, *(f"{NAMES[c]} is inconclusive" for c in facts.those(Verdict.INCONCLUSIVE)))


def _too_few_days(facts: Facts) -> tuple[str, ...]:
    if facts.full_days >= facts.min_full_days:
        return ()
    return (f"{facts.full_days} of {facts.min_full_days} full days observed",)


def _all_met(facts: Facts) -> tuple[str, ...]:
    if len(facts.those(Verdict.MET)) < len(ALL_CRITERIA):
        return ()
    return (f"all five criteria are met over {facts.full_days} full days",)


TABLE: tuple[Row, ...] = (
    Row(Recommendation.ROLLBACK, _harm),
    Row(Recommendation.ROLLBACK, _budget),
    Row(Recommendation.EXTEND, _to_change),
    Row(Recommendation.EXTEND, _drifted),
    Row(Recommendation.EXTEND, _shadows),
    Row(Recommendation.EXTEND, _open_questions),
    Row(Recommendation.EXTEND, _too_few_days),
    Row(Recommendation.PROCEED, _all_met),
)


def recommend(
    criteria: Sequence[CriterionResult],
    *,
    opens_past_budget: bool,
    full_days: int,
    min_full_days: int,
    drifted: tuple[str, ...] = (),
    shadows: tuple[str, ...] = (),
) -> tuple[Recommendation, tuple[str, ...]]:
    """The first row that holds, with the reasons of every row that recommends the same."""
    facts = Facts(
        {c.id: c.verdict for c in criteria}, opens_past_budget, full_days, min_full_days, drifted, shadows
    )
    holding = [(row.recommendation, reasons) for row in TABLE if (reasons := row.reasons(facts))]
    chosen = holding[0][0]
    return chosen, tuple(text for each, reasons in holding if each is chosen for text in reasons)
