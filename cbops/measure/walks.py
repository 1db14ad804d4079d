"""The circuits of one tenant over a day: their states, their episodes and what each scrape showed of them.

Source: 'Instances' and 'The state gauge sticks' in the domain description.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cbops.measure.circuits import Run, Walk, state_from_totals
from cbops.measure.episodes import Explained
from cbops.measure.reasons import reason_of, trigger_series
from cbops.measure.targets import Targets
from cbops.measure.transitions import Step, first_totals, timelines
from cbops.model.base import from_ms
from cbops.model.observation import CircuitDay, NotClosed, State, Transition, UnseenMoves
from cbops.model.series import Series

_WORST: tuple[State, ...] = ("closed", "half_open", "open")


@dataclass(frozen=True, slots=True)
class Walked:
    """A circuit's way and the scrape intervals that it was worked out from."""

    walk: Walk
    steps: list[Step]


def walk_circuits(series: Sequence[Series], targets: Targets, start: int, end: int) -> list[Walked]:
    """Every circuit of one tenant through all that is known of it up to `end`."""
    first = first_totals(series, targets)
    found: list[Walked] = []
    for key, steps in sorted(timelines(series, targets, end).items()):
        provider, job, instance = key
        name = next((one.instance for one in targets.all if one.key == (job, instance)), instance)
        walk = Walk(provider, name, state_from_totals(first.get(key, {})), start)
        for step in steps:
            walk.take(step)
        walk.begin()
        found.append(Walked(walk, steps))
    return found


def states_at_start(targets: Targets, providers: Sequence[str], walks: Sequence[Walked]) -> dict[str, State]:
    """Per provider the worst of its instances; nothing where no scrape tells."""
    if not any(target.times for target in targets.all):
        return {}
    states: dict[str, State] = dict.fromkeys(providers, "closed")
    for one in walks:
        found, known = one.walk.state_at_start, states.get(one.walk.provider, "closed")
        states[one.walk.provider] = max(found, known, key=_WORST.index)
    return states


def explained_runs(series: Sequence[Series], targets: Targets, walks: Sequence[Walked]) -> list[Explained]:
    """Every run of not being closed, with the reason of its opening where it can be attributed."""
    triggers = trigger_series(series)
    found: list[Explained] = []
    for one in walks:
        opened = Counter(run.opened for run in one.walk.runs if not run.carried)
        for run in one.walk.runs:
            reason = None if run.carried else reason_of(run, opened[run.opened], triggers, targets)
            found.append(Explained(run, reason))
    return found


def circuit_days(walks: Sequence[Walked]) -> tuple[CircuitDay, ...]:
    """Each circuit's times of not being closed, and its moves that no metric shows, in the window."""
    return tuple(
        CircuitDay(
            provider=one.walk.provider,
            instance=one.walk.instance,
            not_closed=tuple(_not_closed(run) for run in one.walk.runs),
            unseen=tuple(
                UnseenMoves(after=_instant(each.after), at=from_ms(each.at), count=each.count)
                for each in one.walk.unseen_moves
            ),
        )
        for one in walks
    )


def _not_closed(run: Run) -> NotClosed:
    began = run.opened if run.opened_after is None else run.opened_after
    return NotClosed.model_validate(
        {"from": None if run.carried else from_ms(began), "to": _instant(run.closed)}
    )


def _instant(at: int | None) -> datetime | None:
    return None if at is None else from_ms(at)


def transitions_after(walks: Sequence[Walked], start: int) -> tuple[Transition, ...]:
    """What the scrapes after `start` showed of every circuit; ascending."""
    found = [
        Transition(
            provider=one.walk.provider,
            instance=one.walk.instance,
            after=None if step.after is None else from_ms(step.after),
            at=from_ms(step.at),
            source=source,
            target=target,
            count=number,
        )
        for one in walks
        for step in one.steps
        if step.at > start
        for (source, target), number in sorted(step.edges.items(), key=lambda item: str(item[0]))
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.provider, one.instance)))
