"""Whether the policy that is judged is the one that is live.

What was measured under another policy says nothing about the applied one, and a breaker that somebody
disabled in silence looks sound: it never opens.
"""

from __future__ import annotations

from datetime import datetime

from cbops.model.base import iso
from cbops.model.observation import Drift
from cbops.model.state import RolloutState

REMEDY = "the applied policy live again: the policy that was judged is not the one that is live"


def drifted(state: RolloutState, drift: Drift | None) -> tuple[str, ...]:
    """Why the live policy isn't the applied one; nothing where it is, or where nobody could look.

    `drift` is what was seen at the time of judging. Where that couldn't be looked at, the last judgement
    that could counts. The days under another policy are left out (`other_days`).
    """
    reasons = []
    if drift is not None and drift.checked:
        if drift.drifted:
            reasons.append(f"the policy that was judged is not the one that is live: {drift.message}")
    else:
        reasons += _last_seen(state)
    return tuple(reasons)


def _last_seen(state: RolloutState) -> list[str]:
    """What the last look on record saw, by a judgement or with a day."""
    looks: list[tuple[datetime, Drift | None]] = [
        *((record.at, record.evaluated.drift) for record in state.evaluations),
        *((day.collected_at, day.drift) for day in state.days),
    ]
    seen = [(at, drift) for at, drift in looks if drift is not None and drift.checked]
    if not seen:
        return []
    at, last = max(seen, key=lambda look: look[0])
    if not last.drifted:
        return []
    return [
        f"the policy that was judged was not the one that was live when last looked at ({iso(at)}): {last.message}"
    ]
