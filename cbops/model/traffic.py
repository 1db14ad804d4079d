"""Recorded traffic: chunks of columns, and what is known of the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cbops.model.base import Frozen, Instant

# How a replay runs; the answers are the same. "auto" compiles where that repays its start.
Engine = Literal["auto", "plain", "compiled"]
# Bytes that reading a trace needs at the least.
LEAST_MEMORY = 128 << 20


class Circuit(Frozen):
    """Whose circuit a request asks: one per (router instance, tenant, provider); null: the trace doesn't say.

    Source: "The breaker, exactly" in the domain description.
    """

    instance: str | None = None
    tenant: str | None = None
    provider: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.instance, self.tenant, self.provider) if part) or "the circuit"


@dataclass(frozen=True, slots=True)
class TrafficChunk:
    """Requests in order of arrival, over all circuits, also from chunk to chunk.

    Columns of equal length that can be seen as memory: `arrival` and `latency` signed 64-bit milliseconds,
    `outcome` 8-bit letters (`s`, `f`, `i`, `l`), `circuit` 32-bit places in `circuits`, which only grows from
    chunk to chunk. `begins`: forget all chunks before; the first has it, and another one where the order was
    found wrong on the way and everything comes again, sorted.
    """

    arrival: Sequence[int]
    latency: Sequence[int]
    outcome: Sequence[int]
    circuit: Sequence[int]
    circuits: tuple[Circuit, ...]
    begins: bool = False

    def __len__(self) -> int:
        return len(self.outcome)


class BadRow(Frozen):
    """A row that was skipped; `line` is the line of a text file or the row of a Parquet file, from 1."""

    file: str
    line: int | None
    problem: str


class TrafficSummary(Frozen):
    """What was replayed, and what of it was left out.

    `approximate`: synthesised from counters, `note` says how; `past`: of a time that ended before the replay was
    asked for. `clock` "relative": the times are not dates but
    milliseconds from a beginning of the trace's own. `begins` and `ends` are the first and the last arrival,
    null without a request. `denied_in_production` rows were denied by production's own breaker: nobody knows how
    the provider would have answered them, so they are left out. `out_of_order` rows came after a later arrival;
    they were sorted. `skipped_rows` are the first of the `skipped` ones.
    """

    origin: Literal["files", "prometheus", "embedded"]
    approximate: bool = False
    past: bool = False
    note: str | None = None
    files: tuple[str, ...] = ()
    clock: Literal["wall", "relative"] = "wall"
    begins: Instant | None = None
    ends: Instant | None = None
    requests: int = 0
    denied_in_production: int = 0
    out_of_order: int = 0
    skipped: int = 0
    skipped_rows: tuple[BadRow, ...] = ()
