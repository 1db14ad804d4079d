"""Whether the metrics show that a breaker no longer acts after a rollback.

Source: 'All tenants have circuits' in the domain description: since the first scrape after the reload,
decisions increase while fail_fast, transitions to half_open and decisions by circuit_breaker_fallback
do not. Without traffic it is unproven.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cbops.measure.counting import increase, select
from cbops.measure.names import DECISIONS, EVENTS, FALLBACK_REASON, TRANSITIONS, documented, server_query
from cbops.measure.targets import find_targets
from cbops.measure.transitions import edge_of
from cbops.model.base import from_ms, iso, to_ms
from cbops.model.config import MetricsConfig
from cbops.model.events import RollbackProof
from cbops.model.series import Fetched, Matcher, Series, SeriesQuery


def proof_query(tenant: str, config: MetricsConfig) -> SeriesQuery:
    """What to fetch for `proof`, from the reload to now."""
    return server_query(
        config,
        "whether the breaker still acts",
        (EVENTS, TRANSITIONS, DECISIONS),
        (Matcher("tenant_id", "=", tenant),),
    )


def proof(
    policy: str, reloaded_at: datetime, now: datetime, fetched: Fetched, config: MetricsConfig
) -> RollbackProof:
    """The figures since the first scrape after the reload, and what they prove.

    Decisions are those of the rolled back policy; the other three are the tenant's, so another policy
    that still enables the breaker leaves it unproven.
    """
    series = documented(config, fetched)
    targets = find_targets(series)
    reloaded, end = to_ms(reloaded_at), to_ms(now)
    scraped = {target: scrapes for target in targets.all if (scrapes := target.scrapes(reloaded, end))}
    if not scraped:
        return _unknown(f"no scrape of the tenant's counters since the reload at {iso(reloaded_at)}")
    silent = _silent(targets, scraped, reloaded)
    if silent is not None:
        return _unknown(f"no scrape of {silent} since the reload at {iso(reloaded_at)}")
    # Each instance took the reload up before its own first scrape after it, and is known up to its last.
    since = max(scrapes[0] for scrapes in scraped.values())
    first_gone = min(scraped, key=lambda target: scraped[target][-1])
    until = scraped[first_gone][-1]
    if until <= since:
        seen = "only one scrape" if len(scraped) == 1 else f"no scrape of {_name(first_gone)}"
        when = f"since the reload at {iso(reloaded_at)}"
        ...

    def rise(found: Sequence[Series], last: int = end) -> int:
        return round(increase(found, targets, since, last))

    half_open = [
        one for one in select(series, TRANSITIONS) if (edge := edge_of(one.labels)) and edge[1] == "half_open"
    ]
    return _proof(
        (since, until),
        decisions=rise(select(series, DECISIONS, {"policy_id": policy})),
        fail_fast=rise(select(series, EVENTS, {"event_type": "fail_fast"})),
        half_open=rise(half_open),
        fallback=rise(select(series, DECISIONS, {"reason": FALLBACK_REASON})),
    )


def _unknown(since: int | None, reloaded_at: datetime) -> RollbackProof:
    seen = "no scrape" if since is None else "only one scrape"
    return RollbackProof(
        proven=False,
        since=None if since is None else from_ms(since),
        until=None,
        decisions=None,
        fail_fast=None,
        half_open=None,
        fallback_decisions=None,
        summary=f"Unproven: {seen} of the tenant's counters since the reload at {iso(reloaded_at)}.",
    )


def _proof(
    span: tuple[int, int], *, decisions: int, fail_fast: int, half_open: int, fallback: int
) -> RollbackProof:
    since, until = from_ms(span[0]), from_ms(span[1])
    acts = [
        f"{number} {what}"
        for number, what in (
            (fail_fast, "denied calls (fail_fast)"),
            (half_open, "transitions to half_open"),
            (fallback, "decisions by circuit_breaker_fallback"),
        )
        if number
    ]
    if acts:
        summary = f"Not proven: since {iso(since)} the breaker still acted: {', '.join(acts)}."
    elif not decisions:
        summary = f"Unproven: the policy had no traffic since {iso(since)}."
    else:
        summary = (
            f"Proven: {decisions} decisions between {iso(since)} and {iso(until)}, with no denied call, no "
            "transition to half_open and no fallback by an open circuit."
        )
    return RollbackProof(
        proven=bool(decisions) and not acts,
        since=since,
        until=until,
        decisions=decisions,
        fail_fast=fail_fast,
        half_open=half_open,
        fallback_decisions=fallback,
        summary=summary,
    )
