"""Made trace files for the benchmarks: the same requests each time, as JSONL or Parquet."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
from replay import columns

OUTCOMES = "CASE chr(outcome) WHEN 's' THEN 'success' WHEN 'f' THEN 'failure' ELSE 'ignored' END"
ROWS = f"SELECT ts, latency_ms, {OUTCOMES} AS outcome"
FORMATS = {"parquet": "FORMAT parquet", "jsonl": "FORMAT json"}


def make(
    path: Path, requests: int, *, circuits: int = 0, times_as_dense: int = 1, shuffled: bool = False
) -> Path:
    """Write the requests of `replay.columns`; the file's name tells its format.

    `circuits`: each request is one of so many providers', by chance; without them no column names one.
    `shuffled`: in no order.
    """
    arrival, latency, outcome = columns(requests)
    made = {
        "ts": arrival[0] + (arrival - arrival[0]) // times_as_dense,
        "latency_ms": latency,
        "outcome": outcome,
    }
    keys = ""
    if circuits:
        made["key"] = np.random.default_rng(5).integers(0, circuits, requests, dtype=np.int16)
        keys = ", printf('p%03d', key) AS provider_id"
    order = "ORDER BY hash(ts + latency_ms)" if shuffled else ""
    with duckdb.connect() as connection:
        connection.register("made", made)
        connection.execute(f"COPY ({ROWS}{keys} FROM made {order}) TO '{path}' ({FORMATS[path.suffix[1:]]})")
    return path
