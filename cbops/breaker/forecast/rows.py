"""A circuit's failures by steps of time, and the results in between."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from cbops.breaker.forecast.arrays import Flags, Longs


@dataclass(frozen=True, slots=True)
class Rows:
    """Steps with failures, by circuit and then by time.

    `first` is the arrival of the first failing request, `last` the latest completion of one (ms); `before` are
    the successes since the row before, `inside` the results from its first to its last failure by arrival.
    """

    circuit: Longs
    first: Longs
    last: Longs
    failures: Longs
    before: Longs
    inside: Longs

    def __len__(self) -> int:
        return len(self.first)

    def part(self, begin: int, end: int) -> Rows:
        """Some of them."""
        return Rows(*(getattr(self, each.name)[begin:end] for each in fields(self)))


def no_rows() -> Rows:
    """None at all."""
    return Rows(*(np.empty(0, np.int64) for _ in fields(Rows)))


def joined(rows: list[Rows]) -> Rows:
    """One behind the other, and then by circuit."""
    if not rows:
        return no_rows()
    together = Rows(*(np.concatenate([getattr(one, each.name) for one in rows]) for each in fields(Rows)))
    if (together.circuit[1:] >= together.circuit[:-1]).all():
        return together
    order = np.argsort(together.circuit, kind="stable")
    return Rows(*(getattr(together, each.name)[order] for each in fields(Rows)))


def grouped(rows: Rows, step: int, wide: int = 0, chosen: Flags | None = None) -> Rows:
    """Those of one step put together; the `chosen` ones among themselves those of a `wide` step."""
    if not len(rows):
        return rows
    number = rows.first // step
    new = np.ones(len(rows), np.bool_)
    new[1:] = (number[1:] != number[:-1]) | (rows.circuit[1:] != rows.circuit[:-1])
    if chosen is not None:
        number = rows.first // wide
        same = (number[1:] == number[:-1]) & (rows.circuit[1:] == rows.circuit[:-1])
        new[1:] = np.where(chosen[1:] == chosen[:-1], np.where(chosen[1:], ~same, new[1:]), True)
    if new.all():
        return rows
    begins = np.flatnonzero(new)
    before = rows.before[begins]
    return Rows(
        circuit=rows.circuit[begins],
        first=rows.first[begins],
        last=np.maximum.reduceat(rows.last, begins),
        failures=np.add.reduceat(rows.failures, begins),
        before=before,
        inside=np.add.reduceat(rows.inside + rows.before, begins) - before,
    )
