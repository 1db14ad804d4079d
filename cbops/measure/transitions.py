"""Transitions from their counters, in both dialects, per router instance and provider.

Source: the table of metrics and 'Instances', 'Extra labels' in the domain description. Each series is read
by its own labels, so days with both dialects are counted too; a configured dialect hides no series.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from cbops.measure.counting import increments
from cbops.measure.names import TRANSITIONS
from cbops.measure.targets import ScrapeTarget, Targets
from cbops.model.observation import Dialect, State
from cbops.model.series import Series

Edge = tuple[State | None, State]  # source (null where the dialect does not tell), target
Edges = Counter[Edge]

_STATES: dict[str, State] = {state: state for state in get_args(State)}


@dataclass(slots=True)
class Step:
    """What one scrape interval (after, at] showed of a circuit; `restart`: its instance restarted in it."""

    after: int | None
    at: int
    edges: Edges = field(default_factory=Counter)
    restart: bool = False


def edge_of(labels: Mapping[str, str]) -> Edge | None:
    """The transition that a series counts; null when its labels name no known state."""
    target = _STATES.get(labels.get("to") or labels.get("state", ""))
    if target is None:
        return None
    return _STATES.get(labels.get("from", "")), target


def dialect_of(series: Iterable[Series], configured: Literal["auto"] | Dialect) -> Dialect | None:
    """Told from the labels of the transitions; null when there is none and nothing is configured."""
    if configured != "auto":
        return configured
    labels = [one.labels for one in series if one.name == TRANSITIONS]
    if any("to" in found for found in labels):
        return "router"
    return "documented" if any("state" in found for found in labels) else None


def timelines(series: Iterable[Series], targets: Targets, end: int) -> dict[tuple[str, str, str], list[Step]]:
    """What is known of each circuit up to `end`, by (provider, job, instance), ascending.

    `series` are the transitions of one tenant. Restarts are steps too: they close every circuit.
    """
    found: dict[tuple[str, str, str], dict[int, Step]] = {}
    for one in series:
        edge, provider = edge_of(one.labels), one.labels.get("provider_id")
        if one.name != TRANSITIONS or edge is None or provider is None:
            continue
        target = targets.of(one)
        steps = found.setdefault((provider, *target.key), _restarts(target, end))
        for rise in increments(one, target, -1, end):
            step = steps.setdefault(rise.at, Step(rise.after, rise.at))
            step.edges[edge] += round(rise.by)
    return {key: [steps[at] for at in sorted(steps)] for key, steps in found.items()}


def _restarts(target: ScrapeTarget, end: int) -> dict[int, Step]:
    return {at: Step(after, at, restart=True) for after, at in target.restarts if at <= end}


def first_totals(series: Iterable[Series], targets: Targets) -> dict[tuple[str, str, str], dict[Edge, int]]:
    """What each circuit's counters held at the first scrape that is known, by (provider, job, instance).

    A series born after that scrape held nothing then.
    """
    found: dict[tuple[str, str, str], Edges] = {}
    for one in series:
        edge, provider = edge_of(one.labels), one.labels.get("provider_id")
        if one.name != TRANSITIONS or edge is None or provider is None or not one.times:
            continue
        target = targets.of(one)
        totals = found.setdefault((provider, *target.key), Counter())
        if target.before(one.times[0]) is None:
            totals[edge] += round(one.values[0])
    return {key: dict(totals) for key, totals in found.items()}
