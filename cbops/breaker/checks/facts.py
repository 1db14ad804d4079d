"""The traffic facts of recorded requests, worked out chunk by chunk.

This module loads NumPy; the package itself does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from cbops.breaker.checks.data import TrafficFacts
from cbops.model.traffic import Circuit, TrafficChunk

STEP_MS = 300_000
HOUR = 12  # steps
FEW = 30

Whole: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
_SUCCESS, _FAILURE, _IGNORED, _LOST = (ord(letter) for letter in "sfil")


def traffic_facts(
    chunks: Iterable[TrafficChunk], tenant: str | None, provider: str | None
) -> tuple[TrafficFacts, int]:
    """What the requests of this tenant to this provider say (null takes every one), and how many there are.

    A circuit of which the trace doesn't say the tenant or the provider is meant too. Hours are sixty minutes at
    five-minute steps from the first arrival of the whole trace to its last; a trace of less than an hour knows
    none. Router instances share no circuit: `busiest_rpm` is the busiest one's, `quietest_rpm` the quietest
    one's, `mean_rpm` the mean of all. Latency is that of recorded results. Fewer than `FEW` requests tell no share.
    Whether the trace is cut into one chunk or many makes no difference. Pure.
    """
    sums = _Sums()
    for chunk in chunks:
        if chunk.begins:
            sums = _Sums()
        sums.add(chunk, tenant, provider)
    return sums.facts(), sums.total


@dataclass(slots=True)
class _Sums:
    """Counts so far; `counts` are requests by circuit and step since `first`."""

    first: int | None = None
    last: int = 0
    outcomes: dict[int, int] = field(default_factory=dict)
    longest: int | None = None
    counts: dict[Circuit, dict[int, int]] = field(default_factory=dict)

    def add(self, chunk: TrafficChunk, tenant: str | None, provider: str | None) -> None:
        """Count a chunk, whose arrivals are not before those of the chunks before it."""
        if not len(chunk):
            return
        arrival = np.asarray(chunk.arrival, dtype=np.int64)
        self.first = int(arrival[0]) if self.first is None else self.first
        self.last = int(arrival[-1])
        whose = np.asarray(chunk.circuit, dtype=np.int64)
        meant = [at for at, circuit in enumerate(chunk.circuits) if _meant(circuit, tenant, provider)]
        if len(meant) < len(chunk.circuits):
            mine = np.isin(whose, np.asarray(meant, dtype=np.int64))
        else:
            mine = np.ones(len(whose), dtype=np.bool_)
        outcome = np.frombuffer(bytes(chunk.outcome), dtype=np.uint8)[mine]
        self._count_outcomes(outcome, np.asarray(chunk.latency, dtype=np.int64)[mine])
        self._count_steps((arrival[mine] - self.first) // STEP_MS, whose[mine], chunk.circuits)

    @property
    def total(self) -> int:
        """All requests that are meant."""
        return sum(self.outcomes.values())

    def facts(self) -> TrafficFacts:
        """What is known now."""
        total = self.total
        if not total or self.first is None:
            return TrafficFacts()
        span = self.last - self.first
        hours = [_hours(steps, span // STEP_MS) for steps in self.counts.values()]
        told = [each for each in hours if each is not None]
        return TrafficFacts(
            mean_rpm=total * 60_000 / span / len(self.counts) if span else None,
            busiest_rpm=max((most for _, most in told), default=None),
            quietest_rpm=min((least for least, _ in told), default=None),
            ignored_share=self.outcomes.get(_IGNORED, 0) / total if total >= FEW else None,
            lost_share=self.outcomes.get(_LOST, 0) / total if total >= FEW else None,
            longest_latency_ms=self.longest,
        )

    def _count_outcomes(
        self, outcome: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], latency: Whole
    ) -> None:
        letters, counts = np.unique(outcome, return_counts=True)
        for letter, count in zip(letters.tolist(), counts.tolist(), strict=True):
            self.outcomes[letter] = self.outcomes.get(letter, 0) + count
        recorded = latency[(outcome == _SUCCESS) | (outcome == _FAILURE)]
        if len(recorded):
            self.longest = max(self.longest or 0, int(recorded.max()))

    def _count_steps(self, steps: Whole, whose: Whole, circuits: tuple[Circuit, ...]) -> None:
        if not len(steps):
            return
        order = np.argsort(whose, kind="stable")  # within a circuit the steps still rise
        steps, whose = steps[order], whose[order]
        new = np.concatenate(([True], (np.diff(steps) != 0) | (np.diff(whose) != 0)))
        begins = np.flatnonzero(new)
        counts = np.diff(np.concatenate((begins, [len(steps)])))
        runs = zip(whose[begins].tolist(), steps[begins].tolist(), counts.tolist(), strict=True)
        for circuit, step, count in runs:
            known = self.counts.setdefault(circuits[circuit], {})
            known[step] = known.get(step, 0) + count


def _meant(circuit: Circuit, tenant: str | None, provider: str | None) -> bool:
    return all(
        None in (said, wanted) or said == wanted
        for said, wanted in ((circuit.tenant, tenant), (circuit.provider, provider))
    )


def _hours(counts: dict[int, int], size: int) -> tuple[float, float] | None:
    """(least, most) requests per minute of an hour within `size` whole steps; null when they hold none.

    The most lie in an hour that begins with a busy step, the least in one that begins after a busy step or with
    the trace: so the empty steps between, however many, need no memory.
    """
    if size < HOUR:
        return None
    steps = np.asarray(sorted(counts), dtype=np.int64)
    total = np.concatenate(([0], np.cumsum([counts[step] for step in steps.tolist()], dtype=np.int64)))
    begins = np.clip(np.concatenate(([0], steps, steps + 1)), 0, size - HOUR)
    held = total[np.searchsorted(steps, begins + HOUR)] - total[np.searchsorted(steps, begins)]
    return float(held.min()) / 60, float(held.max()) / 60
