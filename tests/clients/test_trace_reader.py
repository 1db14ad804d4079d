"""Trace files of every format, read through the real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from traces import START, jsonl, parquet, read, rows, table, write

from cbops.clients.traces.codes import Codes
from cbops.clients.traces.judging import Circuits, Judge
from cbops.clients.traces.mapping import parse_map
from cbops.clients.traces.outcomes import Rules
from cbops.clients.traces.reader import LEAST_MEMORY, TraceFiles
from cbops.errors import InputError
from cbops.model.base import from_ms
from cbops.model.traffic import Circuit

THREE = [(START, 100, "s"), (START + 1000, 100, "s"), (START + 2000, 100, "s")]
COLUMNS = "1737676801.206 + i AS ts, 100 AS latency_ms, 'success' AS outcome"


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json", "a.jsonl.gz", "a.jsonl.zst"])
def test_lines_of_json_are_read_plain_and_packed(tmp_path, name):
    assert read(jsonl(tmp_path / name, rows())).plain == THREE


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz", "a.csv.zst", "a.tsv.gz"])
def test_tables_are_read_plain_and_packed(tmp_path, name):
    assert read(table(tmp_path / name, rows())).plain == THREE


def test_parquet_is_read(tmp_path):
    assert read(parquet(tmp_path / "a.parquet", f"SELECT {COLUMNS} FROM range(3) t(i)")).plain == THREE


def test_a_file_whose_name_says_nothing_is_known_by_its_content(tmp_path):
    jsonl(tmp_path / "lines", rows())
    table(tmp_path / "table", rows())
    parquet(tmp_path / "columns", f"SELECT {COLUMNS} FROM range(3) t(i)")
    for name in ("lines", "table", "columns"):
        assert read(tmp_path / name).plain == THREE


def test_files_are_read_in_order_of_their_names_whatever_their_formats(tmp_path):
    table(tmp_path / "2.csv", [{"ts": 1737676900, "latency_ms": 7, "outcome": "failure"}])
    jsonl(tmp_path / "1.jsonl", rows())
    parquet(tmp_path / "3.parquet", f"SELECT 200 + {COLUMNS} FROM range(1) t(i)")
    found = read(tmp_path / "3.parquet", tmp_path / "*.jsonl", tmp_path / "2.csv", tmp_path / "2*")
    assert found.plain == [*THREE, (1737676900000, 7, "f"), (START + 200_000, 100, "s")]
    assert [Path(name).name for name in found.summary.files] == ["1.jsonl", "2.csv", "3.parquet"]
    assert found.begins == 1


def test_a_name_with_the_signs_of_a_glob_is_that_file_only(tmp_path):
    jsonl(tmp_path / "a[1].jsonl", rows())
    jsonl(tmp_path / "a1.jsonl", rows(5))
    jsonl(tmp_path / "it's.jsonl", rows(2))
    assert len(read(tmp_path / "a[1].jsonl").requests) == 3
    assert len(read(tmp_path / "it's.jsonl").requests) == 2


def test_the_summary_tells_what_was_read(tmp_path):
    found = read(jsonl(tmp_path / "a.jsonl", rows())).summary
    assert (found.requests, found.begins, found.ends) == (3, from_ms(START), from_ms(START + 2000))
    assert (found.origin, found.clock, found.skipped, found.out_of_order) == ("files", "wall", 0, 0)
    assert found.note is None


def test_denied_requests_are_counted_and_left_out_whatever_else_they_say(tmp_path):
    denied = [
        {"ts": "nonsense", "latency_ms": -5, "outcome": "?", "admitted": word}
        for word in (False, "no", 0, "False")
    ]
    found = read(jsonl(tmp_path / "a.jsonl", [denied[0], *rows(admitted=True), *denied[1:]]))
    assert found.plain == THREE
    assert found.summary.denied_in_production == 4


def test_denied_requests_are_left_out_of_parquet_and_tables(tmp_path):
    query = f"SELECT {COLUMNS}, i <> 1 AS admitted FROM range(4) t(i)"
    for path in (
        parquet(tmp_path / "a.parquet", query),
        table(tmp_path / "a.csv", [{**row, "admitted": n != 1} for n, row in enumerate(rows(4))]),
    ):
        found = read(path)
        assert [request[0] for request in found.plain] == [START, START + 2000, START + 3000]
        assert found.summary.denied_in_production == 1


def test_circuits_come_from_instance_tenant_and_provider(tmp_path):
    lines = [
        dict(row, tenant_id=tenant, provider=provider)
        for row, tenant, provider in zip(rows(), "aba", "xxy", strict=True)
    ]
    lines.append(dict(rows(4)[3], instance="router-1"))
    circuits = [request[3] for request in read(jsonl(tmp_path / "a.jsonl", lines)).requests]
    assert circuits == [
        Circuit(tenant="a", provider="x"),
        Circuit(tenant="b", provider="x"),
        Circuit(tenant="a", provider="y"),
        Circuit(instance="router-1"),
    ]


def test_the_same_circuit_in_two_files_is_one(tmp_path):
    jsonl(tmp_path / "1.jsonl", rows(tenant="a"))
    table(tmp_path / "2.csv", [{"tenant_id": "a", "ts": 1737677000, "latency_ms": 1, "outcome": "s"}])
    parquet(tmp_path / "3.parquet", "SELECT 'b' AS tenant, 1737678000 AS ts, 1 AS latency, 'f' AS result")
    with TraceFiles([str(tmp_path / "*")], parse_map([]), memory_bytes=128 << 20) as files:
        (chunk,) = files.chunks()
    assert chunk.circuits == (Circuit(tenant="a"), Circuit(tenant="b"))
    assert list(chunk.circuit) == [0, 0, 0, 0, 1]


def test_the_columns_of_different_files_are_not_mixed_up(tmp_path):
    jsonl(tmp_path / "1.jsonl", rows(1, tenant="x"))
    jsonl(tmp_path / "2.jsonl", [dict(rows(2)[1], provider="x")])
    assert [request[3] for request in read(tmp_path / "*").requests] == [
        Circuit(tenant="x"),
        Circuit(provider="x"),
    ]


def test_only_keeps_the_circuits_that_were_asked_for_and_does_not_check_the_others(tmp_path):
    lines = [dict(row, tenant=tenant, provider="p") for row, tenant in zip(rows(), "aba", strict=True)]
    lines[1] |= {"outcome": "?", "latency_ms": -1}
    path = jsonl(tmp_path / "a.jsonl", lines)
    assert read(path, only=Circuit(tenant="a")).plain == [THREE[0], THREE[2]]
    assert read(path, only=Circuit(tenant="a", provider="q")).plain == []


def test_only_asks_for_a_column_that_tells_the_circuits(tmp_path):
    with pytest.raises(InputError, match="no column for tenant"):
        read(jsonl(tmp_path / "a.jsonl", rows()), only=Circuit(tenant="a"))


def test_the_map_names_columns_units_and_meanings(tmp_path):
    lines = [{"when": START + n, "took": 0.25, "code": code} for n, code in enumerate((200, 429, 503, 504))]
    words = [
        "arrival=when:ms",
        "latency=took:s",
        "status=code",
        "status.429=failure",
        "status.500-503=ignored",
    ]
    found = read(jsonl(tmp_path / "a.jsonl", lines), words=words).plain
    assert found == [(START, 250, "s"), (START + 1, 250, "f"), (START + 2, 250, "i"), (START + 3, 250, "f")]


def test_a_key_that_appears_late_is_still_read(tmp_path):
    lines = [{"ts": START + n, "latency_ms": 1, "status": 200} for n in range(6000)]
    lines.append({"ts": START + 6000, "latency_ms": 1, "status": 200, "kind": "failure"})
    assert read(jsonl(tmp_path / "a.jsonl", lines)).plain[-1][2] == "s"
    with pytest.raises(InputError, match="it has no outcome"):
        read(
            jsonl(
                tmp_path / "b.jsonl",
                [{"ts": 1, "latency_ms": 1}, *lines[:0], {"ts": 2, "latency_ms": 1, "outcome": "s"}],
            )
        )
    assert read(jsonl(tmp_path / "c.jsonl", lines), words=["outcome=kind"]).plain[-1][2] == "f"


def test_a_lost_request_needs_no_latency_and_no_outcome(tmp_path):
    lines = [
        *rows(1),
        {"ts": START / 1000 + 1, "outcome": "lost"},
        {"ts": START / 1000 + 2, "latency_ms": None, "outcome": None},
    ]
    assert read(jsonl(tmp_path / "a.jsonl", lines)).plain == [
        THREE[0],
        (START + 1000, 0, "l"),
        (START + 2000, 0, "l"),
    ]


def test_a_trace_of_errors_only_takes_rows_without_one_as_successes(tmp_path):
    lines = [
        {"ts": 1, "latency_ms": 1, "error": None},
        {"ts": 2, "latency_ms": 1, "error": "Connection reset"},
        {"ts": 3, "latency_ms": 1, "error": "bad request"},
    ]
    for path in (jsonl(tmp_path / "a.jsonl", lines), table(tmp_path / "a.csv", lines)):
        assert [letter for *_, letter in read(path).plain] == ["s", "f", "i"]
    query = "SELECT i AS ts, 1 AS latency, CASE i WHEN 1 THEN 'HTTP 503' WHEN 2 THEN '' END AS error FROM range(3) t(i)"
    assert [letter for *_, letter in read(parquet(tmp_path / "a.parquet", query)).plain] == ["s", "f", "s"]


def test_blank_lines_unknown_columns_and_line_endings_of_windows_do_no_harm(tmp_path):
    lines = [json.dumps({"more": [1, {"a": "ü\u2028\n"}], **row}) for row in rows()]
    path = write(tmp_path / "a.jsonl", ("\r\n\r\n".join(lines) + "\n  \n\n").encode())
    assert read(path).plain == THREE
    text = '\ufeffts,latency_ms,outcome,text\r\n1737676801.206,100,success,"a, ""b""\r\nc"\r\n1737676802.206,100,success,\r\n'
    assert read(write(tmp_path / "a.csv", text.encode())).plain == THREE[:2]


def test_the_last_line_needs_no_end(tmp_path):
    text = "\n".join(json.dumps(row) for row in rows())
    assert read(write(tmp_path / "a.jsonl", text.encode())).plain == THREE


def test_an_error_may_span_lines_in_a_table(tmp_path):
    lines = [dict(row, outcome="", error="time\nout, connection lost") for row in rows()]
    assert [letter for *_, letter in read(table(tmp_path / "a.csv", lines)).plain] == ["f", "f", "f"]


def test_chunks_are_bounded_and_can_be_asked_for_again(tmp_path):
    path = parquet(tmp_path / "a.parquet", f"SELECT {COLUMNS} FROM range(600000) t(i)")
    with TraceFiles([str(path)], parse_map([]), memory_bytes=LEAST_MEMORY) as files:
        first = [(len(chunk), chunk.begins) for chunk in files.chunks()]
        again = [(len(chunk), chunk.begins) for chunk in files.chunks()]
        assert files.summary.requests == 600_000
    size = first[0][0]
    assert size < 300_000
    assert first == again == [(size, True), (size, False), (600_000 - 2 * size, False)]


def test_a_thousand_circuits_in_parquet_keep_their_requests(tmp_path):
    query = f"SELECT {COLUMNS.replace('100 AS', 'i % 1000 AS')}, 't' || i % 1000 // 10 AS tenant, 'p' || i % 10 AS provider FROM range(1100000) t(i)"
    path = parquet(tmp_path / "a.parquet", query)
    with TraceFiles([str(path)], parse_map([]), memory_bytes=128 << 20) as files:
        for chunk in files.chunks():
            expected = [Circuit(tenant=f"t{n // 10}", provider=f"p{n % 10}") for n in range(1000)]
            places = {circuit: place for place, circuit in enumerate(chunk.circuits)}
            wanted = [places[circuit] for circuit in expected]
            assert all(
                int(c) == wanted[int(n)]
                for n, c in zip(chunk.latency[::97], chunk.circuit[::97], strict=True)
            )


def test_too_little_memory_is_refused(tmp_path):
    with pytest.raises(InputError, match="127 MiB of memory are too few"):
        TraceFiles([str(jsonl(tmp_path / "a.jsonl", rows()))], parse_map([]), memory_bytes=127 << 20)


def test_a_column_of_single_values_taken_for_a_tenant_is_an_error():
    codes = Codes(Judge(Rules(), None, Circuits({}, {}), error_only=False), most=10)
    values = {"form": "0", "without": "false", "outcome": "s"}
    codes.learn((n, values | {"tenant": str(n)}) for n in range(10))
    with pytest.raises(InputError, match="more than 10 different circuits"):
        codes.learn([(10, values | {"tenant": "10"})])


def test_circuits_come_in_the_order_in_which_they_are_first_met(tmp_path):
    query = (
        "SELECT 1737676801000 + i AS arrival_ms, 1 AS latency, 's' AS outcome, 't' || (i * 7919 % 500) AS tenant "
        "FROM range(200000) t(i)"
    )
    path = parquet(tmp_path / "a.parquet", query)
    for _ in range(5):
        with TraceFiles([str(path)], parse_map([]), memory_bytes=256 << 20) as files:
            first = next(files.chunks())
        assert [circuit.tenant for circuit in first.circuits] == [f"t{n * 7919 % 500}" for n in range(500)]
