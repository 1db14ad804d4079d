"""Trace files of every kind, written for tests."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from cbops.clients.traces.mapping import parse_map
from cbops.clients.traces.reader import TraceFiles
from cbops.model.traffic import Circuit, TrafficSummary

MEMORY = 128 << 20
START = 1737676801206

Row = dict[str, Any]


@dataclass(frozen=True)
class Read:
    """All requests of a trace: (arrival, latency, letter, circuit), and the summary."""

    requests: list[tuple[int, int, str, Circuit]]
    summary: TrafficSummary
    begins: int
    lengths: list[int]

    @property
    def plain(self) -> list[tuple[int, int, str]]:
        return [request[:3] for request in self.requests]


def read(*paths: Path | str, words: Sequence[str] = (), memory: int = MEMORY, **options: Any) -> Read:
    """The trace as the reader gives it; what was given before a chunk that begins anew is forgotten."""
    requests: list[tuple[int, int, str, Circuit]] = []
    lengths: list[int] = []
    begins = 0
    with TraceFiles([str(path) for path in paths], parse_map(words), memory_bytes=memory, **options) as files:
        for chunk in files.chunks():
            if chunk.begins:
                begins += 1
                requests, lengths = [], []
            lengths.append(len(chunk))
            columns = (chunk.arrival, chunk.latency, chunk.outcome, chunk.circuit)
            for arrival, latency, letter, circuit in zip(*(map(int, one) for one in columns), strict=True):
                requests.append((arrival, latency, chr(letter), chunk.circuits[circuit]))
        return Read(requests, files.summary, begins, lengths)


def rows(count: int = 3, **same: Any) -> list[Row]:
    """Successes of 100 ms, a second apart, from START on."""
    return [
        {"ts": (START + 1000 * n) / 1000, "latency_ms": 100, "outcome": "success", **same}
        for n in range(count)
    ]


def jsonl(path: Path, lines: Sequence[Row | str]) -> Path:
    """One object a line, gzip by the name; a string is a line as it stands."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    return write(path, text.encode())


def table(path: Path, lines: Sequence[Row]) -> Path:
    """CSV or TSV by the name; the first row's keys are the columns, None is an empty value."""
    text = io.StringIO()
    writer = csv.DictWriter(
        text, list(lines[0]), delimiter="\t" if ".tsv" in path.name else ",", lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(lines)
    return write(path, text.getvalue().encode())


def write(path: Path, content: bytes) -> Path:
    """The bytes, packed as the name says."""
    if path.suffix == ".gz":
        content = gzip.compress(content)
    if path.suffix == ".zst":
        content = zstandard(content, path)
    path.write_bytes(content)
    return path


def zstandard(content: bytes, path: Path) -> bytes:
    """Packed with Zstandard, by the engine: Python has no such module before 3.14."""
    with duckdb.connect() as connection:
        lines = content.decode().split("\n")
        assert lines.pop() == "", "the engine ends each line"
        connection.execute("CREATE TABLE lines (l VARCHAR)")
        connection.register("given", {"l": __import__("numpy").array(lines, dtype=object)})
        connection.execute("INSERT INTO lines SELECT * FROM given")
        connection.execute(
            f"COPY lines TO '{path}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIM '\x01', COMPRESSION zstd)"
        )
    return path.read_bytes()


def parquet(path: Path, query: str, **options: str) -> Path:
    """A query's answer as a Parquet file."""
    more = "".join(f", {name} {value}" for name, value in options.items())
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet{more})")
    return path
