"""What a reader of a day must know about how it was measured, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from cbops.measure.names import LATENCY
from cbops.model.base import from_ms, iso
from cbops.model.observation import Finding, ProviderDay, Restart, ScrapeHealth
from cbops.model.series import Fetched, QueryRecord, Series
from cbops.model.telemetry import MetricFound

_SHOWN = 5  # ids of tenants


def scrape_findings(health: ScrapeHealth, restarts: Iterable[Restart]) -> list[Finding]:
    """Nothing seen, gaps, restarts."""
    found: list[Finding] = []
    if not health.seen:
        found.append(
            Finding(
                code="no_scrape", message="The router was not scraped in this window: every count is unknown."
            )
        )
    else:
        for gap in health.gaps:
            minutes = (gap.end - gap.start).total_seconds() / 60
            found.append(
                Finding(
                    code="gap",
                    message=f"No scrape between {iso(gap.start)} and {iso(gap.end)} ({minutes:.0f} min): "
                    "what happened there is counted, but its time is not known.",
                )
            )
    for restart in restarts:
        name = f"Router {restart.instance}" if restart.instance else "The router"
        found.append(
            Finding(
                code="restart",
                message=f"{name} restarted between {iso(restart.after)} and {iso(restart.at)}: what it "
                "counted since the last scrape before is lost, and every circuit of it closed.",
            )
        )
    return found


def day_findings(
    providers: Mapping[str, ProviderDay],
    decisions: int | None,
    *,
    latency: bool,
    unseen: int,
    enabled: bool,
) -> list[Finding]:
    """Traffic, latency, and opens that do not fit; `enabled` false: a day of the baseline."""
    found: list[Finding] = []
    if decisions is None:
        return found
    results = sum((day.events.success or 0) + (day.events.failure or 0) for day in providers.values())
    if not decisions and not results:
        found.append(Finding(code="no_traffic", message="The tenant had no traffic in this window."))
    elif not decisions:
        found.append(
            Finding(
                code="decisions_absent",
                message="Results were recorded but no routing decision was counted: check the name of the "
                "decisions metric (metrics.names).",
            )
        )
    if not latency:
        found.append(
            Finding(
                code="latency_absent",
                message=f"{LATENCY} is not exported, so latency is unknown: remap a gateway's histogram "
                "to it (metrics.names).",
            )
        )
    if unseen:
        found.append(
            Finding(
                code="unseen_moves",
                message=f"A circuit moved {unseen} time(s) without a transition metric: an operator's call, "
                "a crash of the breaker process, or transitions that were lost.",
            )
        )
    if enabled:
        found += [_not_asked(name) for name, day in providers.items() if _opens_unasked(day)]
    return found


def _opens_unasked(day: ProviderDay) -> bool:
    return bool(day.transitions.open) and not day.transitions.half_open and not day.events.fail_fast


def _not_asked(provider: str) -> Finding:
    return Finding(
        code="opens_without_half_open",
        message=f"The circuit of {provider} opened, but no call was denied and it never became half-open: "
        "either no request came after that, or the breaker is not being asked at all.",
    )


def presence_findings(
    tenant: str, mine: Sequence[Series], everyone: Iterable[Series], start: int, *, seen: bool
) -> list[Finding]:
    """Why there is nothing of the tenant: no series of anyone, none of this one, or none with data in the window.

    `mine` and `everyone` reach back to the day before. A tenant without traffic on a scraped router is another
    matter (`no_traffic`).
    """
    if not mine:
        others = {one.labels.get("tenant_id", "") for one in everyone} - {tenant, ""}
        if not others:
            return [
                Finding(
                    code="no_series",
                    message="The metrics source has no series of the router, neither in this window nor on the day "
                    "before: check metrics.url, metrics.names and metrics.labels.",
                )
            ]
        near = get_close_matches(tenant, sorted(others), n=_SHOWN, cutoff=0)
        more = f" and {len(others) - len(near)} more" if len(others) > len(near) else ""
        return [
            Finding(
                code="no_such_tenant",
                message=f"No series of tenant '{tenant}' exists in this window or on the day before: is the id right? "
                f"There are {', '.join(near)}{more}.",
            )
        ]
    last = max((one.times[-1] for one in mine if one.times), default=start)
    if seen or last > start:
        return []
    return [
        Finding(
            code="no_data",
            message=f"The tenant has {len(mine)} series, and none of them has a sample in this window: the last is of "
            f"{iso(from_ms(last))}.",
        )
    ]


def job_findings(job: str | None, scrapes: Fetched | None, *, seen: bool) -> list[Finding]:
    """The configured job is none of the routers', although they were scraped."""
    if job is None or scrapes is None or scrapes.series or not seen:
        return []
    return [
        Finding(
            code="no_such_job",
            message=f"No `up` of these routers has the job '{job}', so failed scrapes are told by the gaps in the "
            "router's own series alone: check metrics.job.",
        )
    ]


def dialect_findings(metrics: Iterable[MetricFound]) -> list[Finding]:
    """Metrics of which series of both dialects answered."""
    both = [found.metric for found in metrics if found.dialect == "both"]
    if not both:
        return []
    return [
        Finding(
            code="both_dialects",
            message=f"Series of both dialects answered ({', '.join(both)}): an upgrade on that day, or routers of "
            "different versions. Each series is read by its own labels.",
        )
    ]


def warning_findings(queries: Iterable[QueryRecord]) -> list[Finding]:
    """What the metrics source itself warned of."""
    return [
        Finding(code="source_warning", message=f"The metrics source warns ({query.purpose}): {warning}")
        for query in queries
        for warning in query.warnings
    ]
