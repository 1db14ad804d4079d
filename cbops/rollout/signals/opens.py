"""Threshold inaccuracy: opens too often or from a single failure, or doesn't open when it should."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cbops.model.ticket import TicketBody, TicketDraft, TicketKind, TicketPriority, fingerprint
from cbops.model.verdict import ClassifiedEpisode
from cbops.rollout.signals.missed import missed_open
from cbops.rollout.signals.seen import (
    TUNE,
    Found,
    Gap,
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

KIND = TicketKind.THRESHOLD_INACCURACY
FLAPPING = 3  # opens of one circuit within an hour, each during a failure of its provider
HOUR = timedelta(hours=1)


def open_signals(seen: Seen) -> Found:
    """Per provider: opens while it was healthy, opens again and again in one outage, and stretches without an open."""
    if not seen.days:
        return Found((), (Gap(KIND, "no day was collected since enabling"),))
    gaps = () if own_buckets(seen.days) else (Gap(KIND, "no counts in steps: failing stretches are unknown"),)
    providers = sorted({name for day in seen.days for name in day.providers})
    drafts = [
        draft
        for provider in providers
        for draft in (_too_often(seen, provider), _flapping(seen, provider), missed_open(seen, provider))
        if draft is not None
    ]
    return Found(tuple(drafts), gaps)


def failures_at_opening(episode: ClassifiedEpisode) -> int | None:
    """The canary's own failures in the steps around the opening; null: they were not counted."""
    canary = episode.evidence.get("canary")
    buckets = canary.get("buckets") if isinstance(canary, dict) else None
    if not isinstance(buckets, list) or not buckets:
        return None
    opened = episode.opened
    around = [
        bucket
        for bucket in buckets
        if datetime.fromisoformat(bucket["from"]) < opened
        and opened - timedelta(minutes=5) < datetime.fromisoformat(bucket["to"])
    ]
    return sum(int(bucket["failures"]) for bucket in around)


def _single(episode: ClassifiedEpisode) -> bool:
    return failures_at_opening(episode) == 1


def _too_often(seen: Seen, provider: str) -> TicketDraft | None:
    """Unexpected opens; and of those that nothing explains the ones from a single failure."""
    mine = [each for each in seen.episodes if each.provider == provider]
    unexpected = [each for each in mine if each.classification == "unexpected"]
    single = [each for each in mine if each.classification != "expected" and _single(each)]
    opens = sorted({each.id: each for each in (*unexpected, *single)}.values(), key=lambda each: each.opened)
    if not opens:
        return None
    only_single = len(single) == len(opens)
    priority = TicketPriority.HIGH if unexpected else TicketPriority.MEDIUM
    if unexpected and seen.missed("unexpected_opens"):
        priority = TicketPriority.CRITICAL
    when = "on a single failure" if only_single else f"while {provider} is healthy"
    return TicketDraft(
        fingerprint=fingerprint(
            "unexpected-opens", seen.state.target.tenant, seen.state.target.policy, provider
        ),
        kind=KIND,
        title=f"Circuit to {provider} opens {when}",
        priority=priority,
        signal=f"{_count(opens)} of the circuit to {provider} on {_on(opens)} without a failure of the provider, "
        f"{len(single)} of them from a single failure",
        last_seen=opens[-1].opened,
        body=_body(seen, provider, opens),
    )


def _body(seen: Seen, provider: str, opens: Sequence[ClassifiedEpisode]) -> TicketBody:
    """The sections of the ticket about needless opens."""
    return TicketBody(
        issue=f"The circuit to {provider} opens although {provider} is healthy, so good calls are denied "
        "or sent to the fallback.",
        context=context(seen, (provider,)),
        current=(
            f"{_count(opens)}, first at {at(opens[0].opened)}, last at {at(opens[-1].opened)}",
            *block_words(seen),
        ),
        expected=("Circuits open only during actual failures of their provider (criterion 1)",),
        evidence=some(_open_line(each) for each in opens),
        queries=queries(seen, "transitions", "events"),
        proposal=threshold_proposal(seen, TUNE),
        replay=replayed(seen),
        user_impact="Requests go to the fallback, or fail where there is none, though the provider would answer",
        system_impact="The fallback carries load that isn't its own; alerts fire without an outage",
        business_impact="The rollout can't proceed while criterion 1 is missed",
        checklist=(
            "Compare each open with the provider's status",
            "Replay the proposed thresholds on recorded traffic",
            "Change the policy and collect a day without an unexpected open",
        ),
    )


def _count(opens: Sequence[ClassifiedEpisode]) -> str:
    return f"{len(opens)} open{'s' if len(opens) != 1 else ''}"


def _on(opens: Sequence[ClassifiedEpisode]) -> str:
    dates = sorted({f"{each.opened:%Y-%m-%d}" for each in opens})
    return dates[0] if len(dates) == 1 else f"{len(dates)} dates from {dates[0]} to {dates[-1]}"


def _open_line(episode: ClassifiedEpisode) -> str:
    failures = failures_at_opening(episode)
    around = (
        "" if failures is None else f", {failures} failure{'s' if failures != 1 else ''} of its own around it"
    )
    reason = f", reason {episode.reason}" if episode.reason else ""
    until = "not closed yet" if episode.closed is None else f"closed {at(episode.closed)}"
    said = episode.evidence.get("text", "")
    return f"{episode.id}: opened {at(episode.opened)}, {until}{reason}{around}; {episode.classification}. {said}".strip()


def _flapping(seen: Seen, provider: str) -> TicketDraft | None:
    """Three and more opens of one circuit within an hour, during a failure: it closes while the provider fails."""
    mine = sorted(
        (each for each in seen.episodes if each.provider == provider and each.classification == "expected"),
        key=lambda each: each.opened,
    )
    dense = [
        each for each in mine if sum(abs(other.opened - each.opened) < HOUR for other in mine) >= FLAPPING
    ]
    if len(dense) < FLAPPING:
        return None
    target = seen.state.target
    return TicketDraft(
        fingerprint=fingerprint("flapping", target.tenant, target.policy, provider),
        kind=KIND,
        title=f"Circuit to {provider} closes and opens again during one outage",
        priority=TicketPriority.MEDIUM,
        signal=f"{len(dense)} opens of the circuit to {provider}, {FLAPPING} or more within an hour, while it failed",
        last_seen=dense[-1].opened,
        body=TicketBody(
            issue=f"During a failure of {provider} the circuit closes on a few good probes and opens again.",
            context=context(seen, (provider,)),
            current=(
                f"{len(dense)} opens, first at {at(dense[0].opened)}, last at {at(dense[-1].opened)}",
                *block_words(seen),
            ),
            expected=("One open for one outage, closed when the provider has recovered",),
            evidence=some(_open_line(each) for each in dense),
            queries=queries(seen, "transitions", "events"),
            proposal=threshold_proposal(
                seen, "Raise success_threshold or timeout_ms; search them: cbops replay tune --record"
            ),
            replay=replayed(seen),
            user_impact="Calls that fail are let through after each early close",
            system_impact="Alerts fire for each open; the failing provider gets calls again",
            business_impact="None by itself; the criteria don't forbid it",
            checklist=(
                "Replay higher success_threshold and timeout_ms",
                "Change the policy or accept it with a reason",
            ),
        ),
    )
