"""One file's rows as columns: good ones in order, bad ones to the faults, denied ones counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from cbops.clients.traces import sql
from cbops.clients.traces.codes import Codes, by_code
from cbops.clients.traces.engine import Engine, Numbers, column, texts
from cbops.clients.traces.explaining import explained
from cbops.clients.traces.faults import Faults, bad_row
from cbops.clients.traces.judging import NOTHING, REFUSED, REQUEST, WRONG
from cbops.clients.traces.layout import Readable
from cbops.clients.traces.rows import Rows
from cbops.clients.traces.units import TEN_YEARS
from cbops.errors import InputError

# Rows of a Parquet file whose meanings are asked together, once one of them is new.
_SPAN = 1_000_000


class Watch(Protocol):
    """Looks at good rows in the order of the input."""

    def backwards(self, rows: Rows, source: Numbers) -> Numbers | None:
        """Which rows ran backwards within their source, as a mask; null for none."""
        ...

    def next_file(self) -> None:
        """Another file begins, and with it other sources."""
        ...


@dataclass(slots=True)
class Counts:
    """What is counted while reading."""

    denied: int = 0


@dataclass(frozen=True, slots=True)
class _Sifted:
    """Good rows with their sources and places in the batch, and the places of bad ones."""

    rows: Rows
    source: Numbers
    places: Numbers
    wrong: Numbers


class FileScan:
    """Reads one file once."""

    def __init__(
        self, engine: Engine, readable: Readable, codes: Codes, *, faults: Faults, counts: Counts
    ) -> None:
        self._engine = engine
        self._readable = readable
        self._codes = codes
        self._faults = faults
        self._counts = counts

    def rows(self, watch: Watch) -> Iterator[Rows]:
        """The good rows, batch by batch. Raises InputError for one bad row too many, and for a file without rows."""
        layout = self._readable.layout
        base, held = 0, 0
        watch.next_file()
        for batch in self._engine.stream(sql.rows(self._readable), layout.file.path):
            sifted, nothing = self._sift(batch, base)
            backwards = watch.backwards(sifted.rows, sifted.source)
            if backwards is not None:
                sifted = _without(sifted, backwards)
            if len(sifted.wrong):
                self._blame(np.sort(sifted.wrong) + base)
            base += len(batch)
            held += len(batch) - nothing
            yield sifted.rows
        if not held:
            raise InputError(
                f"trace '{layout.file}' is empty: it holds no requests",
                hint="Record it again, or leave it out.",
            )

    def _sift(self, batch: Any, base: int) -> tuple[_Sifted, int]:  # noqa: ANN401 - nanoarrow has no types
        codes, meant = self._meant(batch, base), self._codes
        arrival, latency = column(batch, 0, np.int64), column(batch, 1, np.int64)
        places = np.arange(len(codes))
        wrong, nothing = places[:0], 0
        if not meant.plain:
            kind = meant.kind[codes]
            nothing = int(np.count_nonzero(kind == NOTHING))
            self._counts.denied += int(np.count_nonzero(kind == REFUSED))
            wrong, places = np.flatnonzero(kind == WRONG), np.flatnonzero(kind == REQUEST)
            arrival, latency, codes = arrival[places], latency[places], codes[places]
        rows = Rows(arrival, latency, meant.letter[codes], by_code(meant.circuit, codes))
        bad = self._out_of_bounds(rows)
        sifted = _Sifted(rows, by_code(meant.source, codes), places, wrong)
        return (sifted if bad is None else _without(sifted, bad)), nothing

    def _out_of_bounds(self, rows: Rows) -> Numbers | None:
        reading = self._readable.reading
        if not len(rows):
            return None
        arrival, latency = rows.arrival, rows.latency
        if (
            arrival.min() >= reading.first
            and arrival.max() <= reading.last
            and latency.min() >= 0
            and latency.max() <= TEN_YEARS
        ):
            return None
        bad = (arrival < reading.first) | (arrival > reading.last) | (latency < 0) | (latency > TEN_YEARS)
        return np.asarray(bad)

    def _meant(self, batch: Any, base: int) -> Numbers:  # noqa: ANN401 - nanoarrow has no types
        """The codes of the batch's rows; what isn't known yet is learnt."""
        hashes = column(batch, 2, np.uint64)
        codes = self._codes.look(hashes)
        unknown = self._codes.unknown(hashes, codes)
        if not len(unknown):
            return codes
        layout = self._readable.layout
        names = tuple(sql.few(layout))
        if layout.format == "parquet":
            # The first batch has most of them.
            span = _SPAN if base else len(batch)
            found = self._engine.run(sql.meanings(layout, base, base + span), layout.file.path)
            self._codes.learn((int(row[0]), _texts(names, row[1:])) for row in found)
        else:
            columns = [texts(batch, 3 + place, unknown) for place in range(len(names))]
            values = zip(hashes[unknown], *columns, strict=True)
            self._codes.learn((int(row[0]), _texts(names, row[1:])) for row in values)
        return self._codes.look(hashes)

    def _blame(self, places: Numbers) -> None:
        """Count bad rows; explain the first ones. Raises InputError when they are too many."""
        file = self._readable.layout.file
        exceeded = self._faults.exceeded_by(len(places))
        count = 1 if exceeded else min(len(places), self._faults.wanted)
        chosen = [int(place) for place in places[:count]]
        found = explained(self._engine, self._readable, self._codes.judge, chosen) if chosen else []
        rows = [bad_row(file, line, problem) for line, problem in found]
        if exceeded:
            raise self._faults.error(len(places), rows[0])
        self._faults.skip(len(places), rows)


def _without(sifted: _Sifted, bad: Numbers) -> _Sifted:
    good = ~bad
    return _Sifted(
        sifted.rows.chosen(good),
        sifted.source[good],
        sifted.places[good],
        np.concatenate([sifted.wrong, sifted.places[bad]]),
    )


def _texts(names: tuple[str, ...], values: Any) -> dict[str, str | None]:  # noqa: ANN401 - a row of the engine
    return {name: None if value is None else str(value) for name, value in zip(names, values, strict=True)}
