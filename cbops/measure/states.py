"""The present state of circuits, from their counters and never from the gauge.

Source: 'The state gauge sticks' and 'All tenants have circuits' in the domain description.
"""

from __future__ import annotations

from collections.abc import Sequence

from cbops.measure.circuits import Walk, state_from_totals
from cbops.measure.counting import select
from cbops.measure.names import DECISIONS, EVENTS, TRANSITIONS, documented, server_query
from cbops.measure.targets import find_targets
from cbops.measure.transitions import first_totals, timelines
from cbops.model.base import to_ms
from cbops.model.config import MetricsConfig
from cbops.model.observation import State
from cbops.model.series import Fetched, Matcher, Series, SeriesQuery

_WORST: tuple[State, ...] = ("closed", "half_open", "open")
STATES_STEP = 300


def states_query(config: MetricsConfig, tenant: str | None = None) -> SeriesQuery:
    """What to fetch for `circuit_states`, up to the present instant: of one tenant raw, of all in steps."""
    if tenant is None:
        return server_query(
            config, "circuits of all tenants", (TRANSITIONS, EVENTS), step_seconds=STATES_STEP
        )
    return server_query(
        config,
        f"circuits of {tenant}",
        (TRANSITIONS, EVENTS, DECISIONS),
        (Matcher("tenant_id", "=", tenant),),
    )


def circuit_states(fetched: Fetched, config: MetricsConfig) -> dict[tuple[str, str], State]:
    """The state of each (tenant, provider) that has any series, at the end of what was fetched.

    The worst of its instances. A circuit with results and no transition is closed; one that is not in
    the answer is unknown.
    """
    series = documented(config, fetched)
    targets = find_targets(series)
    end = to_ms(fetched.record.end)
    states: dict[tuple[str, str], State] = {}
    per_tenant: dict[str, list[Series]] = {}
    for one in series:
        tenant, provider = one.labels.get("tenant_id"), one.labels.get("provider_id")
        if tenant is None or provider is None:
            continue
        states.setdefault((tenant, provider), "closed")
        per_tenant.setdefault(tenant, []).append(one)
    for tenant, mine in per_tenant.items():
        moved: Sequence[Series] = select(mine, TRANSITIONS)
        first = first_totals(moved, targets)
        for key, steps in timelines(moved, targets, end).items():
            walk = Walk(key[0], key[2], state_from_totals(first.get(key, {})), end)
            for step in steps:
                walk.take(step)
            known = states[tenant, key[0]]
            states[tenant, key[0]] = max(walk.state, known, key=_WORST.index)
    return states
