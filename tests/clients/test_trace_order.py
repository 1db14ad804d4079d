"""Rows out of order are sorted and counted; time that runs backwards within a source is an error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traces import START, jsonl, parquet, read, rows

from cbops.clients.traces.mapping import parse_map
from cbops.clients.traces.reader import TraceFiles
from cbops.errors import InputError, StorageError


def timed(*times: tuple[int, int], **same):
    """Rows with these (arrival, latency)."""
    return [
        {"arrival_ms": START + arrival, "latency_ms": latency, "outcome": "s", **same}
        for arrival, latency in times
    ]


def test_rows_out_of_order_are_sorted_and_counted(tmp_path):
    found = read(jsonl(tmp_path / "a.jsonl", timed((5, 1), (3, 2), (4, 3), (9, 4), (9, 5), (8, 6))))
    assert [(arrival - START, latency) for arrival, latency, _ in found.plain] == [
        (3, 2),
        (4, 3),
        (5, 1),
        (8, 6),
        (9, 4),
        (9, 5),
    ]
    assert found.summary.out_of_order == 3
    assert found.begins == 1


def test_files_that_overlap_are_out_of_order_and_ties_keep_the_order_of_the_input(tmp_path):
    jsonl(tmp_path / "1.jsonl", timed((1, 1), (2, 2), (3, 3)))
    jsonl(tmp_path / "2.jsonl", timed((1, 4), (2, 5), (3, 6)))
    found = read(tmp_path / "*")
    assert [latency for _, latency, _ in found.plain] == [1, 4, 2, 5, 3, 6]
    assert found.summary.out_of_order == 2


def test_chunks_begin_again_when_the_order_is_found_wrong_on_the_way(tmp_path):
    query = "SELECT CASE i WHEN 590000 THEN 7 ELSE 1737676801000 + i END AS arrival_ms, i AS latency, 's' AS outcome FROM range(600000) t(i)"
    path = parquet(
        tmp_path / "a.parquet", query.replace("THEN 7", "THEN 1737676801000"), ROW_GROUP_SIZE="20480"
    )
    with TraceFiles([str(path)], parse_map([]), memory_bytes=128 << 20) as files:
        chunks = [(len(chunk), chunk.begins, int(chunk.latency[1])) for chunk in files.chunks()]
        assert files.summary.requests == 600_000
        assert files.summary.out_of_order == 1
    begins = [place for place, (_, first, _) in enumerate(chunks) if first]
    assert begins[0] == 0
    assert len(begins) == 2
    assert chunks[begins[1]] == (chunks[0][0], True, 590_000)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=40))
def test_out_of_order_counts_the_rows_below_an_earlier_one(tmp_path_factory, times):
    path = jsonl(
        tmp_path_factory.mktemp("order") / "a.jsonl",
        timed(*((time, place) for place, time in enumerate(times))),
    )
    found = read(path)
    assert found.summary.out_of_order == sum(
        time < max(times[: place + 1]) for place, time in enumerate(times)
    )
    assert [(arrival - START, latency) for arrival, latency, _ in found.plain] == sorted(
        ((time, place) for place, time in enumerate(times))
    )


def test_time_that_runs_backwards_within_an_instance_is_a_bad_row(tmp_path):
    lines = timed((1, 5), (10, 5), (2, 5), (11, 5), instance="router-1")
    path = jsonl(tmp_path / "a.jsonl", lines)
    with pytest.raises(InputError, match=r"a\.jsonl, line 3: its time lies before that of the row before it"):
        read(path)
    found = read(path, skip_bad=1)
    assert [arrival - START for arrival, *_ in found.plain] == [1, 10, 11]
    assert (found.summary.skipped, found.summary.out_of_order) == (1, 0)


def test_a_log_written_at_completion_does_not_run_backwards(tmp_path):
    lines = timed((1, 5), (3, 9), (2, 11), (4, 9), instance="router-1")
    found = read(jsonl(tmp_path / "a.jsonl", lines))
    assert [arrival - START for arrival, *_ in found.plain] == [1, 2, 3, 4]
    assert found.summary.out_of_order == 1


def test_each_source_and_each_file_has_an_order_of_its_own(tmp_path):
    mixed = [timed((time, 1), host=host)[0] for time, host in [(50, "a"), (1, "b"), (51, "a"), (2, "b")]]
    jsonl(tmp_path / "1.jsonl", mixed)
    jsonl(tmp_path / "2.jsonl", timed((10, 1), host="a"))
    found = read(tmp_path / "*", words=["source=host"])
    assert [arrival - START for arrival, *_ in found.plain] == [1, 2, 10, 50, 51]
    jsonl(tmp_path / "3.jsonl", [*mixed, timed((49, 1), host="a")[0]])
    with pytest.raises(InputError, match=r"3\.jsonl, line 5: .*backwards within its source"):
        read(tmp_path / "3.jsonl", words=["source=host"])


def test_backwards_is_judged_from_batch_to_batch(tmp_path):
    query = (
        "SELECT 1737676801000 + i - CASE WHEN i = 130000 THEN 70000 ELSE 0 END AS arrival_ms, 1 AS latency, "
        "'s' AS outcome, 'r' || i % 2 AS instance FROM range(131000) t(i)"
    )
    path = parquet(tmp_path / "a.parquet", query)
    found = read(path, skip_bad=1)
    assert [row.line for row in found.summary.skipped_rows] == [130_001]
    assert found.summary.out_of_order == 0


def test_sorting_leaves_nothing_behind(tmp_path):
    spill = tmp_path / "spill"
    spill.mkdir()
    query = "SELECT 1737676801000 - i AS arrival_ms, 1 AS latency, 's' AS outcome FROM range(300000) t(i)"
    path = parquet(tmp_path / "a.parquet", query)
    with TraceFiles([str(path)], parse_map([]), memory_bytes=128 << 20, spill=spill) as files:
        chunks = files.chunks()
        next(chunks)
        assert len(list(spill.iterdir())) == 1
        chunks.close()
        assert list(spill.glob("*/*.duckdb")) == []
        first, again = ([len(chunk) for chunk in files.chunks()] for _ in range(2))
        assert first == again
        assert (len(first), sum(first)) == (2, 300_000)
    assert list(spill.iterdir()) == []


def test_a_folder_that_is_missing_for_sorting_is_a_storage_error(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", timed((2, 1), (1, 1)))
    with pytest.raises(StorageError, match="no temporary folder"):
        read(path, spill=tmp_path / "missing")


def test_equal_times_beyond_what_fits_are_still_sorted(tmp_path):
    query = (
        "SELECT 1737676801000 + CASE WHEN i < 700000 THEN 5 ELSE i % 4 END AS arrival_ms, i AS latency, 's' AS outcome "
        "FROM range(900000) t(i)"
    )
    path = parquet(tmp_path / "a.parquet", query)
    with TraceFiles([str(path)], parse_map([]), memory_bytes=128 << 20) as files:
        before, held = (0, 0), 0
        for chunk in files.chunks():
            held = len(chunk) + (0 if chunk.begins else held)
            pairs = list(zip(chunk.arrival.tolist(), chunk.latency.tolist(), strict=True))
            assert pairs == sorted(pairs)
            assert chunk.begins or before < pairs[0]
            before = pairs[-1]
        assert held == files.summary.requests == 900_000
        assert files.summary.out_of_order == 200_000


INTERRUPTED = """
import sys
from pathlib import Path
from cbops.clients.traces.mapping import parse_map
from cbops.clients.traces.reader import TraceFiles
try:
    with TraceFiles([sys.argv[1]], parse_map([]), memory_bytes=128 << 20, spill=Path(sys.argv[2])) as files:
        for chunk in files.chunks():
            pass
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_while_sorting_leaves_nothing_behind(tmp_path):
    query = "SELECT 1737676801000 + hash(i) % 100000000 AS arrival_ms, 1 AS latency, 's' AS outcome FROM range(3000000) t(i)"
    path = parquet(tmp_path / "a.parquet", query)
    spill = tmp_path / "spill"
    spill.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(path), str(spill)], cwd=Path(__file__).parents[2]
    ) as process:
        while not list(spill.glob("*/rows.duckdb")):
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
    assert list(spill.iterdir()) == []


def test_ordered_rows_are_never_sorted(tmp_path):
    spill = tmp_path / "missing"
    assert len(read(jsonl(tmp_path / "a.jsonl", rows()), spill=spill).requests) == 3
