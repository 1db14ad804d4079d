"""Performance: latency that the breaker's check adds.

Judged by the fourth criterion: means of canary against baseline and controls, with the circuit closed and the
provider healthy, so that what is left is the check's own.
"""

from __future__ import annotations

from cbops.model.ticket import TicketBody, TicketDraft, TicketKind, TicketPriority, fingerprint
from cbops.model.verdict import CriterionResult, Verdict
from cbops.rollout.signals.seen import Found, Gap, Seen, context, queries, some

KIND = TicketKind.PERFORMANCE


def performance_signals(seen: Seen) -> Found:
    """The criterion is missed, or not decided with an estimate beyond its margin."""
    judged = seen.criterion("latency")
    if judged is None:
        return Found((), (Gap(KIND, "nothing was evaluated yet: cbops evaluate"),))
    change, margin = judged.evidence.get("change"), judged.evidence.get("margin")
    if not isinstance(change, int | float) or not isinstance(margin, int | float):
        return Found((), (Gap(KIND, judged.summary),))
    missed = judged.verdict is Verdict.MISSED
    undecided = judged.verdict is Verdict.INCONCLUSIVE and change >= margin
    return Found((_draft(seen, judged, float(change), float(margin)),)) if missed or undecided else Found()


def _draft(seen: Seen, judged: CriterionResult, change: float, margin: float) -> TicketDraft:
    target = seen.state.target
    missed = judged.verdict is Verdict.MISSED
    evidence = judged.evidence
    low, high = evidence.get("change_lower"), evidence.get("change_upper")
    figures = evidence.get("providers")
    providers = figures if isinstance(figures, dict) else {}
    return TicketDraft(
        fingerprint=fingerprint("added-latency", target.tenant, target.policy),
        kind=KIND,
        title=f"Latency of {target.tenant} rose with the breaker",
        priority=TicketPriority.CRITICAL if missed else TicketPriority.MEDIUM,
        signal=f"The mean latency changed by {_percent(change)} with the circuit closed, beyond the margin of "
        f"{_percent(margin)}",
        last_seen=seen.evaluation.as_of if seen.evaluation else seen.last,
        body=TicketBody(
            issue="Calls through the enabled breaker take longer than before, while the circuit is closed and its "
            "provider is well: what is left is the breaker's own check.",
            context=context(seen, providers or None),
            current=(judged.summary,),
            expected=(f"The mean latency rises by less than {_percent(margin)} (criterion 4)",),
            evidence=some(
                (
                    f"Change {_percent(change)}, between {_percent(low)} and {_percent(high)}",
                    *(
                        f"{name}: mean {_ms(each.get('mean_ms_before'))} before, {_ms(each.get('mean_ms_after'))} after, "
                        f"{each.get('count_after')} results"
                        for name, each in providers.items()
                        if isinstance(each, dict)
                    ),
                )
            ),
            queries=queries(seen, "latency"),
            proposal=(
                "Measure the check itself on the router (its process queue, the call to the breaker's process)",
                "Compare with a day on which the breaker was disabled: cbops canary compare",
            ),
            replay=("A replay doesn't tell the time that a check takes",),
            user_impact="Each call takes longer",
            system_impact="The breaker's process may be a bottleneck at this traffic",
            business_impact="The rollout can't proceed while criterion 4 is missed" if missed else None,
            checklist=(
                "Rule out other changes at the time of enabling",
                "Profile the check in the router",
                "Judge again after the change: cbops evaluate",
            ),
        ),
    )


def _percent(ratio: object) -> str:
    return f"{100 * ratio:+.1f} %" if isinstance(ratio, int | float) else "unknown"


def _ms(value: object) -> str:
    return f"{value:.1f} ms" if isinstance(value, int | float) else "unknown"
