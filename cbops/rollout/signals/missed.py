"""Threshold inaccuracy, the other way round: a provider fails for the tenant, and its circuit stays closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cbops.model.observation import Buckets
from cbops.model.ticket import TicketBody, TicketDraft, TicketKind, TicketPriority, fingerprint
from cbops.rollout.signals.seen import (
    TUNE,
    Seen,
    at,
    block_words,
    context,
    own_buckets,
    queries,
    replayed,
    some,
    threshold_proposal,
)

# A bucket in which the provider plainly failed for the tenant.
FAILING_SHARE = 0.5
MIN_FAILURES = 5
NEAR = timedelta(minutes=10)  # failing buckets no further apart than this are one stretch


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Failing buckets beside one another."""

    start: datetime
    end: datetime
    failures: int
    results: int


def failing_stretches(rows: Sequence[Buckets]) -> list[_Stretch]:
    """Where at least half of at least five failing results failed, and nothing was denied or probed."""
    found: list[_Stretch] = []
    for row in rows:
        step = timedelta(seconds=row.step_seconds)
        for place, (success, failure) in enumerate(zip(row.success, row.failure, strict=True)):
            if (
                success is None
                or failure is None
                or failure < MIN_FAILURES
                or failure < FAILING_SHARE * (success + failure)
            ):
                continue
            start = row.start + place * step
            if found and start - found[-1].end <= NEAR:
                last = found.pop()
                found.append(
                    _Stretch(
                        last.start, start + step, last.failures + failure, last.results + success + failure
                    )
                )
            else:
                found.append(_Stretch(start, start + step, failure, success + failure))
    return found


def _acted(seen: Seen, provider: str, stretch: _Stretch) -> bool:
    """Whether the circuit denied, probed or wasn't closed in it, or a restart or a gap hides that."""
    step = timedelta(minutes=5)
    start, end = stretch.start - step, stretch.end + step
    return any(first <= end and start <= last for first, last in _busy(seen, provider))


def _busy(seen: Seen, provider: str) -> Iterator[tuple[datetime, datetime]]:
    """Times in which the circuit acted, or in which nobody can tell."""
    for row in own_buckets(seen.days):
        length = timedelta(seconds=row.step_seconds)
        for values in (row.fail_fast, row.half_open) if row.provider == provider else ():
            yield from (
                (row.start + place * length, row.start + (place + 1) * length)
                for place, value in enumerate(values)
                if value
            )
    for episode in seen.episodes:
        if episode.provider == provider:
            yield episode.opened, episode.closed or seen.last
    for day in seen.days:
        yield from ((gap.start, gap.end) for gap in day.scrape.gaps)
        yield from ((restart.after, restart.at) for restart in day.restarts)
        for circuit in day.circuits:
            if circuit.provider == provider:
                yield from (
                    (each.start or day.window.start, each.end or day.window.end)
                    for each in circuit.not_closed
                )


def missed_open(seen: Seen, provider: str) -> TicketDraft | None:
    """Stretches in which the provider failed for the tenant, and its circuit stayed closed."""
    off = seen.state.disabled_at
    rows = [row for row in own_buckets(seen.days) if row.provider == provider]
    missed = [
        stretch
        for stretch in failing_stretches(rows)
        if not _acted(seen, provider, stretch) and (off is None or stretch.end <= off)
    ]
    if not missed:
        return None
    target, policy = seen.state.target, seen.policy()
    failures, results = sum(each.failures for each in missed), sum(each.results for each in missed)
    by_rule = policy is not None and any(
        each.failures >= policy.error_rate_threshold * each.results for each in missed
    )
    why = (
        "By its own error_rate_threshold it should have opened: the breaker is not asked, or another policy is live"
        if by_rule
        else "Its thresholds are too lax for this failure"
    )
    count = f"{len(missed)} stretch{'es' if len(missed) != 1 else ''}"
    return TicketDraft(
        fingerprint=fingerprint("missed-open", target.tenant, target.policy, provider),
        kind=TicketKind.THRESHOLD_INACCURACY,
        title=f"Circuit to {provider} stays closed while {provider} fails",
        priority=TicketPriority.CRITICAL if by_rule else TicketPriority.HIGH,
        signal=f"{count} in which {failures} of {results} calls to {provider} failed and its circuit never opened",
        last_seen=missed[-1].end,
        body=TicketBody(
            issue=f"{provider} failed for the tenant, and the circuit neither opened nor denied a call.",
            context=context(seen, (provider,)),
            current=(f"{count} without an open, half-open or denied call. {why}", *block_words(seen)),
            expected=("The circuit opens while at least half of the calls fail",),
            evidence=some(
                f"{at(each.start)} to {at(each.end)}: {each.failures} of {each.results} calls failed"
                for each in missed
            ),
            queries=queries(seen, "events", "transitions"),
            proposal=(
                ("Find out whether the breaker is asked: cbops policy show, cbops doctor",)
                if by_rule
                else threshold_proposal(seen, TUNE)
            ),
            replay=replayed(seen),
            user_impact=f"{failures} calls failed that an open circuit would have spared",
            system_impact="The failing provider was called all the while",
            business_impact="The breaker doesn't do what it was introduced for",
            checklist=(
                "Compare the stretches with the provider's status",
                "Check the live policy and whether the router asks the breaker",
                "Correct the policy and see it open in a replay",
            ),
        ),
    )
