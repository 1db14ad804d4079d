"""Signals: what of a rollout's record a ticket should be about. Pure.

Source: the domain description (tickets); the rules and priorities in words: docs/tickets.md.
"""

from __future__ import annotations

from cbops.rollout.signals.alerts import alert_signals
from cbops.rollout.signals.configuration import configuration_signals
from cbops.rollout.signals.observability import observability_signals
from cbops.rollout.signals.opens import open_signals
from cbops.rollout.signals.performance import performance_signals
from cbops.rollout.signals.seen import Found, Seen

__all__ = ["Found", "Seen", "find_signals"]

_FINDERS = (open_signals, alert_signals, performance_signals, configuration_signals, observability_signals)


def find_signals(seen: Seen) -> Found:
    """Every signal of the five kinds, the most urgent first, and what the record doesn't tell of."""
    parts = [find(seen) for find in _FINDERS]
    drafts = [draft for part in parts for draft in part.drafts]
    drafts.sort(key=lambda draft: (-draft.priority.urgency, draft.kind.value, draft.fingerprint))
    return Found(tuple(drafts), tuple(gap for part in parts for gap in part.not_looked_at))
