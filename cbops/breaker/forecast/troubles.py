"""The outages of all circuits, declared or by their own results, and what an opening has to do with them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cbops.breaker.forecast.arrays import Flags, Floats, Longs, find
from cbops.breaker.forecast.incidents import Incidents
from cbops.breaker.forecast.opened import NEVER, Opened
from cbops.breaker.forecast.outages import Stretches
from cbops.breaker.forecast.settings import INCIDENT_SLACK_MS

_FAR = 1 << 62  # later than any time


@dataclass(frozen=True, slots=True)
class Ranked:
    """Outages in groups, two a circuit: its declared ones and then its others; in each by their beginning.

    Of several that begin together the last one comes first. `edges` are those of the groups, `place` is where the outage
    stands in `Troubles`.
    """

    place: Longs
    edges: Longs
    since: Longs

    @classmethod
    def of(cls, circuit: Longs, since: Longs, declared: Flags, circuits: int) -> Ranked:
        """From columns that are sorted by circuit and then by time."""
        group = 2 * circuit + ~declared
        place = np.lexsort((-np.arange(len(since)), since, group))
        edges = np.searchsorted(group[place], np.arange(2 * circuits + 1))
        return cls(place, edges, since[place])


@dataclass(frozen=True, slots=True)
class Troubles:
    """Outages by circuit (its place) and then by time; those of place `i` are `edges[i]` to `edges[i + 1]`.

    Times in ms; `results` and `failures` are those of the circuit in the outage.
    """

    edges: Longs
    circuit: Longs
    begins: Longs
    ends: Longs
    declared: Flags
    results: Longs
    failures: Longs
    _ranked: Ranked
    _reaches: dict[float, tuple[Floats, Floats]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.begins)

    @classmethod
    def of(  # noqa: PLR0917 - columns
        cls,
        circuits: int,
        circuit: Longs,
        begins: Longs,
        ends: Longs,
        declared: Flags,
        results: Longs,
        failures: Longs,
    ) -> Troubles:
        """From columns in any order; those of a circuit that begin together stay in theirs."""
        order = np.lexsort((begins, circuit))
        circuit, begins, declared = circuit[order], begins[order], declared[order]
        since = begins - np.where(declared, INCIDENT_SLACK_MS, 0)
        return cls(
            np.searchsorted(circuit, np.arange(circuits + 1)),
            circuit,
            begins,
            ends[order],
            declared,
            results[order],
            failures[order],
            Ranked.of(circuit, since, declared, circuits),
        )

    @classmethod
    def put_together(cls, codes: Longs, incidents: Incidents, own: Stretches) -> Troubles:
        """The incidents in which a circuit had a request, and those of its own outages that none of them explains.

        The circuits are those of `codes`, the places of `own` are places in it.
        """
        kept = np.ones(len(own), np.bool_)
        columns: list[tuple[Longs, Longs, Longs, Longs, Longs]] = []
        for begin, end, places, counts in incidents.met(codes):
            here = np.zeros(len(codes), np.bool_)
            here[places] = True
            near = (own.begins <= end + INCIDENT_SLACK_MS) & (begin - INCIDENT_SLACK_MS <= own.ends)
            kept &= ~(here[own.circuit] & near)
            spans = np.full(len(places), begin), np.full(len(places), end)
            columns.append((places, *spans, counts[:, 0], counts[:, 1]))
        met = sum(len(places) for places, *_ in columns)
        columns.append(
            (own.circuit[kept], own.begins[kept], own.ends[kept], own.results[kept], own.failures[kept])
        )
        circuit, begins, ends, results, failures = (
            np.concatenate(column) for column in zip(*columns, strict=True)
        )
        declared = np.arange(len(circuit)) < met
        return cls.of(len(codes), circuit, begins, ends, declared, results, failures)

    def reach(self, window_ms: float) -> Floats:
        """To when each explains an opening: as long as its failures are in the window."""
        slack: Floats = np.where(self.declared, float(INCIDENT_SLACK_MS), 0.0)
        residue: Floats = np.where(self.failures > 0, max(0.0, window_ms), 0.0)
        longest: Floats = np.maximum(slack, residue)
        return self.ends + longest

    def explaining(self, opened: Opened, window_ms: float) -> Longs:
        """The place of the outage that explains each opening, -1 where none does.

        What people declared comes first, then what began last.
        """
        found = np.full(len(opened), -1, np.int64)
        if not len(self):
            return found
        until, latest = self._reach(window_ms)
        ranked = self._ranked
        for own in (0, 1):
            left = np.flatnonzero(found < 0)
            at, group = opened.at[left], 2 * opened.circuit[left] + own
            first = ranked.edges[group]
            place = find(ranked.edges, ranked.since, group, at + 1) - 1  # the last that has begun
            while len(left):
                going = (place >= first) & (latest[place] >= at)
                left, at, first, place = left[going], at[going], first[going], place[going]
                hit = until[place] >= at
                found[left[hit]] = ranked.place[place[hit]]
                left, at, first, place = left[~hit], at[~hit], first[~hit], place[~hit] - 1
        return found

    def met(self, opened: Opened, window_ms: float) -> tuple[Longs, Longs]:
        """After how many ms each circuit opened in its outage, and closed after it; see `Outage`, NEVER for null.

        An outage in which the circuit never opened has NEVER twice.
        """
        never = np.full(len(self), NEVER, np.int64)
        if not len(opened) or not len(self):
            return never, never
        first = find(opened.edges, opened.at, self.circuit, self.begins)
        # Open when it began.
        first -= (first > opened.edges[self.circuit]) & (opened.closed[first - 1] > self.begins)
        over = np.minimum(np.floor(self.reach(window_ms)), _FAR).astype(np.int64) + 1
        last = find(opened.edges, opened.at, self.circuit, over)
        met = last > first
        first = np.minimum(first, len(opened) - 1)
        after = np.where(met, np.maximum(0, opened.at[first] - self.begins), NEVER)
        closed = opened.closed[last - 1]
        return after, np.where(met & (closed != NEVER), np.maximum(0, closed - self.ends), NEVER)

    def hold(self, circuit: Longs, at: Longs) -> Flags:
        """Which times of which circuits lie in one of the circuit's outages, both ends included."""
        found = np.zeros(len(at), np.bool_)
        if not len(self):
            return found
        latest = _latest(self.circuit, self.ends)
        place = find(self.edges, self.begins, circuit, at + 1) - 1
        return (place >= self.edges[circuit]) & (latest[place] >= at)

    def _reach(self, window_ms: float) -> tuple[Floats, Floats]:
        """As ranked: to when each reaches, and to when any of its group up to it; a search asks for few windows."""
        if window_ms not in self._reaches:
            until = self.reach(window_ms)[self._ranked.place]
            group = np.repeat(np.arange(len(self._ranked.edges) - 1), np.diff(self._ranked.edges))
            self._reaches[window_ms] = until, _latest(group, until)
        return self._reaches[window_ms]


def _latest(group: Longs, times: Longs | Floats) -> Floats:
    """The latest of the times so far in its group; groups lie side by side."""
    found = []
    before, latest = -1, 0.0
    for mine, time in zip(group.tolist(), times.tolist(), strict=True):
        latest = max(latest, time) if mine == before else time
        before = mine
        found.append(latest)
    return np.array(found, np.float64)
