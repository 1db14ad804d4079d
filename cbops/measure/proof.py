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
from cbops.measure.scrapes import LONGEST_MS
from cbops.measure.targets import ScrapeTarget, Targets, find_targets
from cbops.measure.transitions import edge_of
from cbops.model.base import from_ms, iso, to_ms
from cbops.model.config import MetricsConfig
from cbops.model.events_change import RollbackProof
from cbops.model.series import Fetched, Matcher, Series, SeriesQuery

ALL = "*"  # in place of a tenant or a policy: every one


def proof_query(tenant: str, config: MetricsConfig) -> SeriesQuery:
    """What to fetch for `proof`, from the reload to now; tenant `*`: of every one."""
    return server_query(
        config,
        "whether the breaker still acts",
        (EVENTS, TRANSITIONS, DECISIONS),
        () if tenant == ALL else (Matcher("tenant_id", "=", tenant),),
    )


def proof(
    policy: str, reloaded_at: datetime, now: datetime, fetched: Fetched, config: MetricsConfig
) -> RollbackProof:
    """The figures since the first scrape after the reload, and what they prove.

    Decisions are those of the rolled back policy (`*`: of all); the other three are the tenant's, so another
    policy that still enables the breaker leaves it unproven.
    """
    series = documented(config, fetched)
    targets = find_targets(series)
    reloaded, end = to_ms(reloaded_at), to_ms(now)
    span, unseen = _span(targets, reloaded, end)
    if span is None:
        return _unknown(f"{unseen} since the reload at {iso(reloaded_at)}", None)
    since, until = span
    if until <= since:
        return _unknown(f"{unseen} since the reload at {iso(reloaded_at)}", since)

    def rise(found: Sequence[Series], last: int = end) -> int:
        return round(increase(found, targets, since, last))

    half_open = [
        one for one in select(series, TRANSITIONS) if (edge := edge_of(one.labels)) and edge[1] == "half_open"
    ]
    return _proof(
        (since, until),
        decisions=rise(select(series, DECISIONS, {} if policy == ALL else {"policy_id": policy}), until),
        fail_fast=rise(select(series, EVENTS, {"event_type": "fail_fast"})),
        half_open=rise(half_open),
        fallback=rise(select(series, DECISIONS, {"reason": FALLBACK_REASON})),
    )


def _span(targets: Targets, reloaded: int, end: int) -> tuple[tuple[int, int] | None, str]:
    """(since, until) over all instances, null when one of them wasn't scraped; and what wasn't seen.

    Each instance took the reload up before its own first scrape after it, and is known up to its last:
    the latest of the firsts counts, and the earliest of the lasts. One that was scraped shortly before the
    reload and not since may still run with the old policy.
    """
    seen = [(target, scrapes) for target in targets.all if (scrapes := target.scrapes(reloaded, end))]
    silent = [
        target
        for target in targets.all
        if target.scrapes(reloaded - LONGEST_MS - 1, reloaded) and not target.scrapes(reloaded, end)
    ]
    if silent or not seen:
        who = _name(silent[0]) if seen else "the tenant's counters"
        return None, f"no scrape of {who}"
    first_gone, scrapes = min(seen, key=lambda one: one[1][-1])
    unseen = f"only one scrape of {_name(first_gone)}"
    if len(scrapes) > 1:
        unseen = f"no scrape of {_name(first_gone)} beside all the others"
    return (max(scrapes[0] for _, scrapes in seen), scrapes[-1]), unseen


def _name(target: ScrapeTarget) -> str:
    return target.instance or "the router"


def _unknown(unseen: str, since: int | None) -> RollbackProof:
    return RollbackProof(
        proven=False,
        since=None if since is None else from_ms(since),
        until=None,
        decisions=None,
        fail_fast=None,
        half_open=None,
        fallback_decisions=None,
        summary=f"Unproven: {unseen}.",
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
