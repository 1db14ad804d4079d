"""The latest search for better thresholds, as the execution log tells it."""

from __future__ import annotations

from datetime import tzinfo

from cbops.model.policy import BreakerPolicy
from cbops.model.space import SearchSpace
from cbops.model.state import RolloutState
from cbops.model.tuning import PolicyScore, Tuning
from cbops.render import text
from cbops.render.log_view import Field
from cbops.render.log_words import signed
from cbops.render.markdown import EMPTY, Markdown, joined, phrase
from cbops.render.tuned import stability_sentence


def tuning_view(state: RolloutState | None, tuning: Tuning | None, tz: tzinfo) -> Field | None:
    """The search with its details; null without one on record."""
    if state is None or tuning is None or not state.tunings:
        return None
    record = state.tunings[-1]
    head = phrase("**Thresholds searched** ({}): {}", signed(record.actor, record.at, tz), tuning.summary)
    return Field(
        head, (*_values(tuning), *_reasons(tuning), *_stability(tuning), _traffic(tuning), _limit(tuning))
    )


def _values(tuning: Tuning) -> tuple[Markdown, ...]:
    """The recommended values beside those of the policy in use."""
    block = tuning.recommended.block
    current = tuning.with_role("live") or tuning.with_role("base")
    if block is None or current is None:
        return (Markdown("Recommended: nothing"),)
    name = "live" if "live" in current.roles else "base"
    told = [_value(field, block.get(field), current, name) for field in SearchSpace.model_fields]
    return (phrase("Recommended: {}", joined(told, ", ")),)


def _value(field: str, value: object, current: PolicyScore, name: str) -> Markdown:
    default = BreakerPolicy.model_fields[field].default
    now = default if value is None else value
    was = current.block.get(field, default)
    if now == was:
        return phrase("{} {} (as in the {} policy)", field, str(now), name)
    return phrase("{} **{}** ({}: {})", field, str(now), name, str(was))


def _reasons(tuning: Tuning) -> tuple[Markdown, ...]:
    return tuple(phrase("{}", reason) for reason in tuning.recommended.reasons)


def _stability(tuning: Tuning) -> tuple[Markdown, ...]:
    if tuning.stability is None:
        return (Markdown("Stability: unknown, it takes at least two days of traffic and a choice"),)
    return (phrase("Stability: {}", stability_sentence(tuning, tuning.stability)),)


def _traffic(tuning: Tuning) -> Markdown:
    traffic = tuning.traffic
    about = " (an approximation)" if traffic.approximate else ""
    files = f" from {', '.join(traffic.files)}" if traffic.files else ""
    counts = (
        f"{text.counted(traffic.requests, 'request')}{files}{about}, {text.counted(tuning.circuits, 'circuit')}, "
        f"{text.counted(tuning.outages, 'outage')}"
    )
    denied = traffic.denied_in_production
    left = f"; {text.number(denied)} more that production itself denied are left out" if denied else ""
    done = EMPTY if tuning.complete else phrase("; interrupted after {} of them", text.number(tuning.scored))
    return phrase(
        "Traffic: {}{}; {}, {}{}",
        counts,
        left,
        tuning.searched.band,
        text.counted(tuning.searched.policies, "policy", "policies"),
        done,
    )


def _limit(tuning: Tuning) -> Markdown:
    return phrase("Limit: {}", tuning.limit)
