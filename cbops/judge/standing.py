"""Circuits that were not closed when the breaker was enabled.

Results are recorded for every tenant, so a circuit may already be open before its breaker is enabled;
its first request then moves it to half_open (domain description, metrics). Nobody's new open, it is no
episode of the rollout, but from then on it is the breaker's to close it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cbops.model.observation import Episode, Observation


def standing_circuits(days: Sequence[Observation], enabled_at: datetime | None) -> tuple[Episode, ...]:
    """One per provider whose circuit wasn't closed at enabling, from then to its close.

    `days` ascend and begin with the day of enabling; without it nothing can be said.
    """
    if not days or days[0].window.start != enabled_at:
        return ()
    return tuple(
        _followed(provider, days)
        for provider, state in sorted(days[0].state_at_start.items())
        if state != "closed"
    )


def _followed(provider: str, days: Sequence[Observation]) -> Episode:
    found = Episode(
        id=f"{provider}-at-enabling",
        provider=provider,
        opened=days[0].window.start,
        opened_after=days[0].window.start,
    )
    for day in days:
        carried = next((one for one in day.carried if one.provider == provider), None)
        if carried is None:
            if day.state_at_start.get(provider) == "closed":
                return found.model_copy(update={"closed": day.window.start, "closed_by": "unseen"})
            continue
        found = found.model_copy(
            update={
                "closed": carried.closed,
                "closed_by": carried.closed_by,
                "reopened": found.reopened + carried.reopened,
            }
        )
        if carried.closed is not None:
            return found
    return found
