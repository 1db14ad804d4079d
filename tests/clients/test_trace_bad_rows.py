"""Bad rows: each is named with its file, its line and what was expected; some may be skipped."""

from __future__ import annotations

import gzip
import json

import pytest
from traces import START, jsonl, parquet, read, rows, table, write

from cbops.errors import InputError

BAD = {
    "not JSON": ("nonsense", "not JSON: 'nonsense', expected a JSON object on each line"),
    "a deep array": ("[" * 100_000, "not JSON"),
    "an array": ("[1, 2]", "'[1, 2]' is no JSON object"),
    "a cut row within the file": ('{"ts": 1737676801.206, "lat', "not JSON"),
    "no arrival": (
        {"latency_ms": 1, "outcome": "s"},
        "the arrival ('ts') is missing, expected seconds since 1970",
    ),
    "an arrival of text": (
        {"ts": "soon", "latency_ms": 1, "outcome": "s"},
        "'ts' holds 'soon', expected a number of seconds",
    ),
    "an arrival of truth": (
        {"ts": True, "latency_ms": 1, "outcome": "s"},
        "the arrival ('ts') is 'true', expected a number",
    ),
    "milliseconds among seconds": (
        {"ts": 1737676801206, "latency_ms": 1, "outcome": "s"},
        "mixed units: 'ts' is 1737676801206, which looks like milliseconds since 1970; expected seconds since 1970",
    ),
    "a date among numbers": (
        {"ts": "2025-01-24T00:00:00Z", "latency_ms": 1, "outcome": "s"},
        "mixed units: 'ts' holds '2025-01-24T00:00:00Z', expected a number of seconds since 1970",
    ),
    "a relative time among dates": (
        {"ts": 12.5, "latency_ms": 1, "outcome": "s"},
        "mixed units: 'ts' is 12.5, which is too small",
    ),
    "an arrival before 1970": (
        {"ts": -1737676801.2, "latency_ms": 1, "outcome": "s"},
        "a time from 1970 to 9900",
    ),
    "no finite arrival": ('{"ts": NaN, "latency_ms": 1, "outcome": "s"}', "'ts'"),
    "no latency": (
        {"ts": START / 1000, "outcome": "s"},
        "the latency ('latency_ms') is missing; only a lost request",
    ),
    "a negative latency": (
        {"ts": START / 1000, "latency_ms": -0.1, "outcome": "s"},
        "the latency ('latency_ms') is negative: -0.1",
    ),
    "a latency of text": (
        {"ts": START / 1000, "latency_ms": "5 ms", "outcome": "s"},
        "is '5 ms', expected a number of milliseconds",
    ),
    "a latency of truth": (
        {"ts": START / 1000, "latency_ms": False, "outcome": "s"},
        "is 'false', expected a number",
    ),
    "a lost row's latency of text": (
        {"ts": START / 1000, "latency_ms": "x", "outcome": "lost"},
        "is 'x', expected a number",
    ),
    "a latency of years": ({"ts": START / 1000, "latency_ms": 4e11, "outcome": "s"}, "more than ten years"),
    "an unknown outcome": (
        {"ts": START / 1000, "latency_ms": 1, "outcome": "weird"},
        "'outcome' holds 'weird', which no rule names; --map outcome.weird=success",
    ),
    "an unknown status": (
        {"ts": START / 1000, "latency_ms": 1, "status": 99},
        "'status' holds '99', which no rule names; --map status.99=",
    ),
    "no outcome": ({"ts": START / 1000, "latency_ms": 1}, "it has no outcome: 'outcome'"),
    "an unknown admission": (
        {"ts": 1, "admitted": "maybe"},
        "'admitted' holds 'maybe', expected true or false",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_named_with_what_was_found_and_expected(tmp_path, case):
    line, problem = BAD[case]
    path = jsonl(tmp_path / "a.jsonl.gz", [*rows(2), "", line, *rows(1)])
    with pytest.raises(InputError) as failure:
        read(path)
    assert failure.value.message.startswith(f"{path}, line 4: ")
    assert problem in failure.value.message
    assert "--skip-bad" in failure.value.hint


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_may_be_skipped_and_is_told(tmp_path, case):
    line, problem = BAD[case]
    found = read(jsonl(tmp_path / "a.jsonl", [*rows(2), line, *rows(3)[2:]]), skip_bad=1)
    assert [request[0] for request in found.plain] == [START, START + 1000, START + 2000]
    assert found.summary.skipped == 1
    (row,) = found.summary.skipped_rows
    assert (row.line, problem in row.problem) == (3, True)


def test_one_more_than_may_be_skipped_is_an_error_that_counts(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [*rows(1), "x", *rows(1), "y", "z"])
    assert read(path, skip_bad=3).summary.skipped == 3
    with pytest.raises(
        InputError,
        match=r"at least 3 bad rows where up to 2 may be skipped; the first is .*line 2: not JSON: 'x'",
    ):
        read(path, skip_bad=2)


def test_only_the_first_twenty_skipped_rows_are_told(tmp_path):
    lines = [line for n in range(30) for line in ("x" * (n + 1), rows(1)[0])]
    found = read(jsonl(tmp_path / "a.jsonl", lines), skip_bad=100).summary
    assert (found.skipped, found.requests) == (30, 30)
    assert [row.line for row in found.skipped_rows] == list(range(1, 40, 2))


def test_half_a_last_line_is_said(tmp_path):
    text = "\n".join(json.dumps(row) for row in rows())
    path = write(tmp_path / "a.jsonl", text[:-20].encode())
    with pytest.raises(InputError, match=r"a\.jsonl, line 3: the file ends in the middle of a line"):
        read(path)
    assert len(read(path, skip_bad=1).requests) == 2


def test_half_a_last_line_of_a_table_is_said(tmp_path):
    path = write(tmp_path / "a.csv", b"ts,latency_ms,outcome\n1737676801,100,success\n1737676802,10")
    with pytest.raises(
        InputError, match=r"a\.csv, line 3: the file ends in the middle of a line: 2 values, expected 3"
    ):
        read(path)
    assert len(read(path, skip_bad=1).requests) == 1


def test_lines_of_a_table_are_counted_over_values_that_span_lines(tmp_path):
    lines = [dict(row, error="a\nb\nc") for row in rows(3)]
    lines[2]["latency_ms"] = -7
    with pytest.raises(InputError, match=r"a\.csv, line 8: the latency \('latency_ms'\) is negative: -7"):
        read(table(tmp_path / "a.csv", lines))


def test_a_table_row_with_too_many_or_too_few_values_is_bad(tmp_path):
    path = write(
        tmp_path / "a.csv",
        b"ts,latency_ms,outcome\n1737676801,1,s\n1737676801,1\n\n1737676801,1,s,\n1737676802,1,s\n",
    )
    rows = read(path, skip_bad=2).summary.skipped_rows
    assert [(row.line, row.problem) for row in rows] == [
        (3, "2 values, expected 3"),
        (5, "4 values, expected 3"),
    ]


def test_a_bad_row_of_parquet_is_named_by_its_number(tmp_path):
    query = "SELECT 1737676801 + i AS ts, CASE i WHEN 5 THEN -1 ELSE 1 END AS latency_ms, CASE i WHEN 7 THEN 'weird' ELSE 's' END AS outcome FROM range(10) t(i)"
    path = parquet(tmp_path / "a.parquet", query)
    with pytest.raises(InputError, match=r"a\.parquet, row 6: the latency \('latency_ms'\) is negative: -1"):
        read(path)
    assert [row.line for row in read(path, skip_bad=2).summary.skipped_rows] == [6, 8]


def test_rows_of_other_units_are_found_in_tables_and_in_later_files(tmp_path):
    table(tmp_path / "1.csv", rows(2))
    table(tmp_path / "2.csv", [dict(row, ts=START + 5000 + n) for n, row in enumerate(rows(2))])
    with pytest.raises(
        InputError, match=r"2\.csv, line 2: mixed units: 'ts' is 1737676806206, which looks like milliseconds"
    ):
        read(tmp_path / "*.csv")


def test_a_number_among_dates_is_a_mixture(tmp_path):
    lines = [dict(rows(1)[0], ts="2025-01-24T00:00:01"), dict(rows(1)[0], ts="1737676802")]
    with pytest.raises(
        InputError, match=r"line 3: mixed units: 'ts' holds the number 1737676802, expected a time such as"
    ):
        read(table(tmp_path / "a.csv", lines))


def test_a_clock_of_dates_and_one_of_its_own_are_not_mixed(tmp_path):
    parquet(tmp_path / "1.parquet", "SELECT TIMESTAMP '2025-01-24' AS ts, 1 AS latency, 's' AS outcome")
    jsonl(tmp_path / "2.jsonl", [{"ts_ms": 5, "latency": 1, "outcome": "s"}])
    with pytest.raises(
        InputError, match=r"2\.jsonl': mixed units: its times are milliseconds from the trace's beginning"
    ):
        read(tmp_path / "*")


def test_a_date_beyond_the_years_is_bad(tmp_path):
    for date in ("1969-12-31T23:59:59", "10000-01-01T00:00:00"):
        lines = [dict(rows(1)[0], ts="2025-01-24T00:00:01"), dict(rows(1)[0], ts=date)]
        with pytest.raises(InputError, match=f"line 3: 'ts' holds '{date}', expected a time such as"):
            read(table(tmp_path / "a.csv", lines))


def test_a_file_without_any_arrival_names_its_first_row(tmp_path):
    with pytest.raises(InputError, match="line 1: 'ts' holds 'x', expected a time"):
        read(jsonl(tmp_path / "a.jsonl", [{"ts": "x", "latency_ms": 1, "outcome": "s"}]))
    with pytest.raises(InputError, match="line 1: not JSON"):
        read(jsonl(tmp_path / "b.jsonl", ["x"]))


def test_text_that_is_not_utf_8_is_an_error_with_its_line(tmp_path):
    path = write(tmp_path / "a.jsonl", json.dumps(rows(1)[0]).encode() + b'\n{"ts": "\xff"}\n')
    with pytest.raises(InputError, match=r"a\.jsonl, line 2: it isn't UTF-8 text"):
        read(path, skip_bad=5)


def test_a_quoted_value_without_an_end_is_an_error(tmp_path):
    path = write(
        tmp_path / "a.csv", b'ts,latency_ms,outcome\n1737676801,1,s\n1737676801,1,"s\n1737676801,1,s\n'
    )
    with pytest.raises(InputError, match=r"a\.csv.*quoted value has no end"):
        read(path, skip_bad=5)


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst", "a.csv.zst"])
@pytest.mark.parametrize("cut", [1, 7, 500])
def test_a_packed_file_that_is_cut_short_is_an_error_that_nothing_skips(tmp_path, name, cut):
    lines = [dict(row, tenant=f"{n * 7919 % 10007}") for n, row in enumerate(rows(2000))]
    path = (jsonl if "jsonl" in name else table)(tmp_path / name, lines)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(InputError, match="is cut short"):
        read(path, skip_bad=10_000)


def test_two_packed_parts_in_a_row_are_one_file(tmp_path):
    line = (json.dumps(rows(1)[0]) + "\n").encode()
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(line) + gzip.compress(line))
    assert len(read(path).requests) == 2
    one = jsonl(tmp_path / "one.jsonl.zst", rows(1)).read_bytes()
    (tmp_path / "b.jsonl.zst").write_bytes(one + b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + one)
    assert len(read(tmp_path / "b.jsonl.zst").requests) == 2
