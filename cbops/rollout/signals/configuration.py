"""Configuration: thresholds outside what the traffic wants, by the policy checks and by the tuned ones on record."""

from __future__ import annotations

import json

from cbops.breaker.checks import check_policy
from cbops.model.checking import PolicyFinding
from cbops.model.ticket import TicketBody, TicketDraft, TicketKind, TicketPriority, fingerprint
from cbops.rollout.signals.seen import (
    TUNE,
    Found,
    Gap,
    Seen,
    context,
    queries,
    replayed,
    some,
    threshold_proposal,
    traffic,
    tuned_change,
)

KIND = TicketKind.CONFIGURATION
# Of what is only good to know, this one is about the traffic.
_TOLD = ("outside_band",)


def configuration_signals(seen: Seen) -> Found:
    """One for the policy, whatever is found in it: its checks at the collected traffic, and a tuned block that differs."""
    block = seen.state.block
    if block is None:
        why = (
            "no policy was enabled yet"
            if seen.state.enabled_at is None
            else "the enabled block is not on record"
        )
        return Found((), (Gap(KIND, why),))
    facts = traffic(seen)
    gaps = () if facts.mean_rpm is not None else (Gap(KIND, "no whole hour of traffic was collected"),)
    found = check_policy(block, seen.document, facts)
    findings = tuple(each for each in found if each.level in ("error", "warning") or each.code in _TOLD)
    changes = tuned_change(seen)
    if not findings and not changes:
        return Found((), gaps)
    return Found((_draft(seen, findings, changes),), gaps)


def _priority(findings: tuple[PolicyFinding, ...], changes: tuple[str, ...]) -> TicketPriority:
    levels = {each.level for each in findings}
    if "error" in levels:
        return TicketPriority.HIGH
    return TicketPriority.MEDIUM if "warning" in levels or changes else TicketPriority.LOW


def _draft(seen: Seen, findings: tuple[PolicyFinding, ...], changes: tuple[str, ...]) -> TicketDraft:
    target, state = seen.state.target, seen.state
    told = (
        [f"{len(findings)} finding{'s' if len(findings) != 1 else ''} of the policy checks"]
        if findings
        else []
    )
    told += [f"{len(changes)} tuned threshold{'s' if len(changes) != 1 else ''} differ"] if changes else []
    # The policy is as it was enabled: what is new about it comes with a search, not with every day.
    since = max([state.enabled_at or state.opened_at, *(each.at for each in state.tunings)])
    return TicketDraft(
        fingerprint=fingerprint("thresholds", target.tenant, target.policy),
        kind=KIND,
        title=f"Thresholds of {target.policy} don't fit its traffic",
        priority=_priority(findings, changes),
        signal=f"{', '.join(told)}: {', '.join(dict.fromkeys(each.code for each in findings)) or changes[0]}",
        last_seen=since,
        body=TicketBody(
            issue=f"The circuit_breaker block of {target.policy} is not made for the traffic that {target.tenant} has.",
            context=context(seen),
            current=some(f"{each.code} ({each.level}): {each.sentence}" for each in findings)
            or ("The checks find nothing; a search found better thresholds",),
            expected=(
                "The breaker opens for an outage and stays closed for a failure alone, at the traffic that there is",
            ),
            evidence=some(
                f"{name}: {json.dumps(value)}" for name, value in sorted((state.block or {}).items())
            ),
            queries=queries(seen, "events"),
            proposal=(
                *threshold_proposal(seen, TUNE),
                *some(dict.fromkeys(f"{each.code}: {each.fix}" for each in findings)),
            ),
            replay=replayed(seen),
            user_impact="Good calls denied, or failing ones let through, as each finding says",
            system_impact="Needless opens, or a circuit that stays half-open until an operator frees it",
            business_impact="Unexpected opens miss criterion 1 and hold up the rollout",
            checklist=(
                "Replay the proposed thresholds on recorded traffic",
                "Check them: cbops policy check",
                "Enable them, or accept the present ones with a reason",
            ),
        ),
    )
