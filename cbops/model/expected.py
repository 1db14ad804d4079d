"""How long a canary would take to a verdict, told before anything starts."""

from __future__ import annotations

from cbops.model.base import Frozen
from cbops.model.observation import Buckets, DayWindow, ScrapeHealth
from cbops.model.outlook import ExpectedCriterion as ExpectedCriterion
from cbops.model.outlook import ExpectedVerdict as ExpectedVerdict
from cbops.model.outlook import Outlook as Outlook


class RecentDay(Frozen):
    """24 hours of every tenant's results, as one look at the metrics shows them; hourly buckets."""

    window: DayWindow
    scrape: ScrapeHealth
    buckets: tuple[Buckets, ...]
