"""The whole path of a replay, from files to the answer, beside what it can't do without; interleaved in one run.

Run: python benchmarks/replaying.py [--quick] [--only PART…]   (needs cbops[fast] and pybreaker)

A part: parquet, jsonl, tune, circuits, memory. Made files go into a temporary folder (at most 2 GB).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from measuring import THREADS, cbops, in_memory, medians, streamed_by_engine, versions
from replay import CANARY, Line, status_bytes
from traces import make

from cbops.breaker import Trace, compiled, replay
from cbops.breaker.forecast.forecaster import Forecaster
from cbops.clients.traces import sql
from cbops.clients.traces.engine import Engine
from cbops.clients.traces.inputs import trace_files
from cbops.clients.traces.mapping import Mapping as TraceMapping
from cbops.clients.traces.opening import Opener
from cbops.clients.traces.reader import TraceFiles
from cbops.model.traffic import Circuit, TrafficChunk, TrafficSummary

CHUNK = 2_000_000  # what a chunk holds with the usual --memory
MEMORY_MB = 256

# 500 policies.
SPACE = """\
failure_threshold: {from: 3, to: 12, step: 1}
error_rate_threshold: {from: 0.1, to: 1.0, step: 0.1}
timeout_ms: [10000, 30000, 60000, 120000, 300000]
"""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many requests each part plays, and how often."""

    requests: int = 10_000_000
    jsonl: int = 10_000_000
    tune: int = 1_000_000
    streamed: tuple[int, ...] = (5_000_000, 20_000_000, 40_000_000)
    rounds: int = 7
    few_rounds: int = 3


QUICK = Sizes(
    requests=3_000_000, jsonl=1_000_000, tune=200_000, streamed=(2_000_000, 4_000_000), rounds=3, few_rounds=1
)


def parquet(folder: Path, sizes: Sizes) -> list[Line]:
    """One circuit, from the start of the process to the answer, beside reading and replaying alone."""
    path = make(folder / "one.parquet", sizes.requests)
    columns = in_memory(path)
    taken = medians(
        {
            "the engine's read of the columns": lambda: streamed_by_engine(
                f"SELECT ts, latency_ms, outcome FROM read_parquet('{path}')"
            ),
            "replay from memory": lambda: replay(CANARY, Trace.from_columns(*columns), engine="compiled"),
            "cbops replay run --trace one.parquet": lambda: cbops(
                folder, "replay", "run", "--trace", path.name
            ),
        },
        sizes.rounds,
    )
    read, played, whole = taken.values()
    bound = 1.5 * (read + played) + 1
    return [Line("Parquet, end to end", whole, bound, "s (1.5 x (read + replay) + 1 s)", at_most=True)]


def jsonl(folder: Path, sizes: Sizes) -> list[Line]:
    """Text: all but a little of the reading is the engine's own work, checking each line included."""
    path = make(folder / "one.jsonl", sizes.jsonl)
    types = "{'ts': 'BIGINT', 'latency_ms': 'BIGINT', 'outcome': 'VARCHAR'}"
    table = f"read_json('{path}', format='newline_delimited', columns={types})"
    engine = Engine(memory_bytes=MEMORY_MB * 10**6, threads=THREADS)
    query = sql.rows(Opener(engine, TraceMapping()).readable(trace_files([str(path)])[0]))
    engine.close()
    taken = medians(
        {
            "the engine's read_json, summed up": lambda: summed(table),
            "the engine alone, the reader's query": lambda: streamed_by_engine(query),
            "the reader": lambda: read(path),
            "cbops replay run --trace one.jsonl": lambda: cbops(
                folder, "replay", "run", "--trace", path.name
            ),
        },
        sizes.few_rounds,
    )
    plain, engine_alone, reader, whole = taken.values()
    size = path.stat().st_size / 1e6
    print(
        f"  {size:,.0f} MB: {size / whole:,.0f} MB and {sizes.jsonl / whole:,.0f} requests a second; "
        f"read_json without checks {size / plain:,.0f} MB a second"
    )
    path.unlink()
    return [Line("JSONL, the reader", reader / engine_alone, 1.25, "x the engine's own time", at_most=True)]


def summed(table: str) -> None:
    """Count and sums of a made table."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        connection.sql(
            f"SELECT count(*), sum(ts), sum(latency_ms), count(DISTINCT outcome) FROM {table}"
        ).fetchall()


def read(path: Path) -> None:
    """All chunks, which nobody plays."""
    with TraceFiles([str(path)], TraceMapping(), memory_bytes=1 << 30, threads=THREADS) as traffic:
        for _chunk in traffic.chunks():
            pass


def tune(folder: Path, sizes: Sizes) -> list[Line]:
    """500 policies, from the start of the process to the answer; on one circuit and on 1,000."""
    (folder / "space.yaml").write_text(SPACE)
    words = ("replay", "tune", "--space", "space.yaml", "--workers", "2", "--trace")
    paths = {
        "one circuit": make(folder / "tune-one.parquet", sizes.tune, circuits=1),
        "1,000 circuits": make(folder / "tune-many.parquet", sizes.tune, circuits=1000),
    }
    taken = medians(
        {
            f"cbops replay tune, {name}": lambda path=path: cbops(folder, *words, path.name)
            for name, path in paths.items()
        },
        sizes.few_rounds,
    )
    one, many = taken.values()
    return [
        *(
            Line(f"tune, 500 policies, {name}", each, 30, "s", at_most=True)
            for name, each in zip(paths, (one, many), strict=True)
        ),
        Line("tune, 1,000 circuits", many / one, 1.5, "x one circuit's time", at_most=True),
    ]


def chunks(path: Path, circuits: int) -> list[TrafficChunk]:
    """The file's requests as the reader hands them over, each one of so many circuits' by chance."""
    arrival, latency, outcome = in_memory(path)
    circuit = np.random.default_rng(5).integers(0, circuits, len(arrival), dtype=np.int32)
    names = tuple(Circuit(provider=f"p{number:03}") for number in range(circuits))
    parts = [slice(begin, begin + CHUNK) for begin in range(0, len(arrival), CHUNK)]
    return [
        TrafficChunk(arrival[part], latency[part], outcome[part], circuit[part], names, begins=not part.start)
        for part in parts
    ]


def played(given: list[TrafficChunk]) -> Forecaster:
    """From memory, with one policy and none."""
    forecaster = Forecaster({"policy": CANARY, "no breaker": None}, workers=THREADS)
    for chunk in given:
        forecaster.feed(chunk)
    return forecaster


def told(given: list[TrafficChunk]) -> None:
    """The same, and what it comes to: outages, openings and their causes, circuit by circuit."""
    played(given).finish(TrafficSummary(origin="files", requests=sum(map(len, given))))


def circuits(folder: Path, sizes: Sizes) -> list[Line]:
    """The same requests in 1,000 circuits and in one.

    Each of the 1,000 has about 100 requests a minute. At one a minute nearly every failure stands alone in the
    window and opens a circuit of the canary's policy: then telling the openings is most of the work.
    """
    one = make(folder / "key.parquet", sizes.requests, circuits=1, times_as_dense=100)
    many = make(folder / "keys.parquet", sizes.requests, circuits=1000, times_as_dense=100)
    thin = make(folder / "thin.parquet", sizes.requests, circuits=1000)
    held = {count: chunks(one, count) for count in (1, 1000)}
    taken = medians(
        {
            "played from memory, one circuit": lambda: played(held[1]),
            "played from memory, 1,000 circuits": lambda: played(held[1000]),
            "played and told, one circuit": lambda: told(held[1]),
            "played and told, 1,000 circuits": lambda: told(held[1000]),
            "cbops replay run, one circuit": lambda: cbops(folder, "replay", "run", "--trace", one.name),
            "cbops replay run, 1,000 circuits": lambda: cbops(folder, "replay", "run", "--trace", many.name),
        },
        sizes.rounds,
    )
    medians(
        {"… that open at each lone failure": lambda: cbops(folder, "replay", "run", "--trace", thin.name)},
        sizes.few_rounds,
    )
    memory_one, memory_many, _, _, file_one, file_many = taken.values()
    unit = "x one circuit's time"
    return [
        Line("1,000 circuits, from memory", memory_many / memory_one, 1.5, unit, at_most=True),
        Line("1,000 circuits, end to end", file_many / file_one, 1.5, unit, at_most=True),
    ]


def streamed(path: str) -> None:
    """In a process of its own: the peak above what there is after the imports, read and replayed."""
    compiled.load()
    before = status_bytes("VmRSS")
    with TraceFiles([path], TraceMapping(), memory_bytes=MEMORY_MB * 10**6, threads=THREADS) as traffic:
        forecaster = Forecaster({"policy": CANARY, "no breaker": None}, workers=THREADS)
        for chunk in traffic.chunks():
            forecaster.feed(chunk)
        forecaster.finish(traffic.summary)
    print(json.dumps({"bytes": status_bytes("VmHWM") - before}))


def peak(path: Path) -> float:
    """In megabytes."""
    words = [sys.executable, __file__, "--streamed", str(path)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=path.parent)
    return float(json.loads(done.stdout)["bytes"]) / 1e6


def memory(folder: Path, sizes: Sizes) -> list[Line]:
    """Streamed replays of ever more requests within the same bound."""
    lines = []
    for shuffled in (False, True):
        order = "shuffled" if shuffled else "in order"
        found = []
        for requests in sizes.streamed:
            path = make(folder / "streamed.parquet", requests, shuffled=shuffled)
            found.append(peak(path))
            path.unlink()
            print(f"  streamed, {order}, {requests:>12,} requests {found[-1]:28.0f} MB")
        lines += [
            Line(f"streamed, {order}: peak", max(found), MEMORY_MB, "MB", at_most=True),
            Line(
                f"streamed, {order}: flat", found[-1] / found[-2], 1.1, "x that of half of it", at_most=True
            ),
        ]
    return lines


PARTS: Mapping[str, Callable[[Path, Sizes], list[Line]]] = {
    "parquet": parquet,
    "circuits": circuits,
    "tune": tune,
    "jsonl": jsonl,
    "memory": memory,
}


def main() -> int:
    """Print the table; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, fewer rounds")
    parser.add_argument("--only", nargs="+", choices=tuple(PARTS), default=tuple(PARTS), metavar="PART")
    parser.add_argument("--streamed", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.streamed:
        streamed(given.streamed)
        return 0
    compiled.load()
    sizes = QUICK if given.quick else Sizes()
    print(f"{sizes.requests:,} requests, medians of {sizes.rounds} interleaved rounds, {versions()}")
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="cbops-replaying-") as name:
        for part in given.only:
            print(f"{part}:")
            lines += PARTS[part](Path(name), sizes)
    print()
    for line in lines:
        verdict = "met" if line.met else "MISSED"
        print(f"{line.name:<32}{line.value:9.2f}  at most {line.bound:7.2f}  {line.unit:<34}{verdict}")
    return 0 if all(line.met for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
