"""How long a canary would take to a verdict, as it is kept on record."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen

Outlook = Literal["days", "beyond", "unlikely", "never", "unknown"]


class ExpectedCriterion(Frozen):
    """When a criterion would be met, were there no effect: as likely as not after `days` full days.

    `days` null: only after more than 28 days (beyond), more days alone hardly help (unlikely), there is nothing to
    observe (never), or nobody knows (unknown). `variation` is the standard deviation of a usual day: of the error rate (a share of results), or of the
    mean latency (a relative change), minus the controls' where there are any.
    """

    criterion: Literal["error_rate", "latency"]
    outlook: Outlook
    days: int | None
    variation: float | None
    margin: float
    reason: str


class ExpectedVerdict(Frozen):
    """The later of the two criteria; `reason` is the sentence for people.

    `days_before` and `controls` are what it rests on; `results_per_day` is the median of the days with any, null unknown.
    """

    outlook: Outlook
    days: int | None
    reason: str
    criteria: tuple[ExpectedCriterion, ...]
    days_before: int
    controls: tuple[str, ...]
    results_per_day: int | None
