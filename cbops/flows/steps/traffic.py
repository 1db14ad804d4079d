"""Recent traffic of a tenant from the metrics source, for a replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from cbops.errors import MetricsEmptyError
from cbops.flows.ports import SamplePort
from cbops.measure.names import EVENTS, documented, server_query
from cbops.measure.queries import SURVEY_STEP, scrape_query
from cbops.measure.synthesis import Synthesis, Wanted, counters_query
from cbops.model.config import MetricsConfig
from cbops.model.traffic import TrafficChunk, TrafficSummary

PIECE = timedelta(days=1)
MAX_NAMED = 10


@dataclass(slots=True)
class RecentTraffic:
    """A TrafficPort over counters: the tenant's results over (start, end], those of these providers (null: all).

    Asks the source day by day, two requests each (the tenant's counters, and which scrapes succeeded), and
    holds the samples of one day. Where there was nothing, one more request finds out why.
    `past`: `end` is not the present.
    MetricsEmptyError: the source has no series of the tenant, no samples in that time, or no traffic.
    """

    samples: SamplePort
    config: MetricsConfig
    tenant: str
    providers: frozenset[str] | None
    start: datetime
    end: datetime
    past: bool = False
    _latest: Synthesis | None = field(default=None, init=False)

    def chunks(self) -> Iterator[TrafficChunk]:
        """The requests in order of arrival, from the beginning each time. May raise MetricsError."""
        wanted = Wanted(self.tenant, self.providers, self.start, self.end, self.past)
        synthesis = self._latest = Synthesis(self.config, wanted, self._origin)
        query = counters_query(self.config, self.tenant)
        begin = self.start
        while begin < self.end:
            last = min(begin + PIECE, self.end)
            counters = self.samples.fetch(query, begin, last)
            series = documented(self.config, counters)
            scrapes = self.samples.fetch(scrape_query(self.config, series), begin, last) if series else None
            yield from synthesis.take(counters, scrapes, begin, last)
            begin = last
        if not synthesis.summary.requests:
            raise self._nothing(synthesis)

    @property
    def summary(self) -> TrafficSummary:
        """What was synthesised; complete after the last chunk."""
        if self._latest is None:
            return TrafficSummary(origin=self._origin, approximate=True)
        return self._latest.summary

    @property
    def _origin(self) -> Literal["prometheus", "embedded"]:
        return "embedded" if self.samples.kind == "embedded" else "prometheus"

    def _nothing(self, found: Synthesis) -> MetricsEmptyError:
        """Why there is no request: no traffic, no samples, or no series at all."""
        whose = f"tenant {self.tenant}" + (f" on {_named(self.providers)}" if self.providers else "")
        span = f"from {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"
        if found.samples:
            return MetricsEmptyError(
                f"{whose} had no traffic {span}: its counters were scraped and did not rise",
                hint="Take another time or a longer one, or replay recorded requests: --trace FILE.",
            )
        if not found.providers:
            return self._no_series(whose, span)
        if self.providers is not None and not self.providers & found.providers:
            return MetricsEmptyError(
                f"the metrics source has no results of {whose} {span}",
                hint=f"It has those on: {_named(found.providers)}.",
            )
        return MetricsEmptyError(
            f"{whose} was not scraped {span}: its counters have no samples then",
            hint="Take another time, or look at the scrape job.",
        )

    def _no_series(self, whose: str, span: str) -> MetricsEmptyError:
        survey = server_query(self.config, "which tenants have results", (EVENTS,), step_seconds=SURVEY_STEP)
        everyone = documented(self.config, self.samples.fetch(survey, self.start, self.end))
        tenants = {tenant for one in everyone if (tenant := one.labels.get("tenant_id"))}
        if tenants - {self.tenant}:
            return MetricsEmptyError(
                f"the metrics source has no results of {whose} {span}, only of other tenants",
                hint=f"Check the tenant's name; there are: {_named(tenants - {self.tenant})}.",
            )
        return MetricsEmptyError(
            f"the metrics source has no results of any tenant {span}",
            hint="Was a router scraped then? Check metrics.url (or metrics.path), metrics.names and metrics.labels.",
        )


def _named(names: Iterable[str]) -> str:
    """Some of them, in words."""
    shown = sorted(names)
    more = len(shown) - MAX_NAMED
    return ", ".join(shown[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
