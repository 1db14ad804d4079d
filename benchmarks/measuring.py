"""How the replay's benchmarks measure: in turns, medians, and beside the engine."""

from __future__ import annotations

import importlib.metadata
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import nanoarrow
import numpy as np
from replay import seconds

CBOPS = Path(sys.executable).with_name("cbops")
THREADS = 2

Works = Mapping[str, Callable[[], object]]


def medians(works: Works, rounds: int) -> dict[str, float]:
    """Seconds of each, once a round, so that a noisy moment meets all of them; the first round only warms up.

    Beside them stands the processor time, which says more where others use the machine too.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            busy = processor_seconds()
            taken = seconds(work)
            if number:
                found[name].append((taken, processor_seconds() - busy))
    for name, each in found.items():
        taken, busy = (statistics.median(column) for column in zip(*each, strict=True))
        print(f"  {name:<44}{taken:8.2f} s{busy:8.2f} s of processors", flush=True)
    return {name: statistics.median(taken for taken, _ in each) for name, each in found.items()}


def processor_seconds() -> float:
    """Of this process, and of those that it started and that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def cbops(folder: Path, *words: str) -> None:
    """The console script in a process of its own; it must succeed."""
    subprocess.run(
        [str(CBOPS), "--format", "json", *words], cwd=folder, stdout=subprocess.DEVNULL, check=True
    )


def streamed_by_engine(query: str) -> None:
    """The engine's own answer, each batch handed over and let go."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        for _batch in nanoarrow.ArrayStream(connection.sql(query)):
            pass


def in_memory(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The file's arrivals, latencies and letters."""
    letters = "CASE outcome WHEN 'success' THEN 115 WHEN 'failure' THEN 102 ELSE 105 END::UTINYINT AS letter"
    with duckdb.connect(config={"threads": THREADS}) as connection:
        found = connection.sql(f"SELECT ts, latency_ms, {letters} FROM read_parquet('{path}')").fetchnumpy()
    return tuple(np.ascontiguousarray(found[name]) for name in ("ts", "latency_ms", "letter"))  # type: ignore[return-value]


def versions() -> str:
    """What the numbers depend on besides the machine."""
    names = ("numba", "numpy", "duckdb", "pybreaker")
    found = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    return f"Python {sys.version.split()[0]}, {found}, {os.cpu_count()} cores"
