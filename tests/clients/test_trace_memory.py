"""The bound on memory, held by a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from traces import parquet

READING = """
import re, sys
from pathlib import Path
from cbops.clients.traces.mapping import parse_map
from cbops.clients.traces.reader import TraceFiles

def kilobytes(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1))

before, count = kilobytes("VmRSS"), 0
with TraceFiles([sys.argv[1]], parse_map([]), memory_bytes=int(sys.argv[2]) << 20) as files:
    for chunk in files.chunks():
        count = len(chunk) + (0 if chunk.begins else count)
print(count, (kilobytes("VmHWM") - before) // 1024)
"""
COLUMNS = "(50 + hash(i) % 400)::BIGINT AS latency_ms, CASE hash(i) % 20 WHEN 0 THEN 'f' ELSE 's' END AS outcome, 't' || hash(i) % 100 AS tenant"
IN_ORDER = f"SELECT 1737676801000 + i * 30 AS arrival_ms, {COLUMNS} FROM range(8000000) t(i)"
SHUFFLED = f"SELECT 1737676801000 + hash(i) % 240000000 AS arrival_ms, {COLUMNS} FROM range(8000000) t(i)"


@pytest.mark.long
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs Linux's account of a process's memory"
)
@pytest.mark.parametrize("query", [IN_ORDER, SHUFFLED])
def test_a_trace_larger_than_memory_stays_within_it(tmp_path, query):
    """8 M requests are 168 MB of columns alone; the same in one piece took more than 400 MB."""
    path = parquet(tmp_path / "a.parquet", query)
    done = subprocess.run(
        [sys.executable, "-c", READING, str(path), "128"],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    count, peak = map(int, done.stdout.split())
    assert count == 8_000_000
    assert peak <= 128
