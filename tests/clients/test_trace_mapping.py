"""The words of --map, and what outcomes, statuses and errors mean by default."""

from __future__ import annotations

import pytest
from traces import START, jsonl, parquet, read, rows, table, write

from cbops.clients.traces.mapping import parse_map
from cbops.clients.traces.outcomes import Rules, of_error
from cbops.errors import InputError, UsageError

# Source: "Outcomes" in the domain description.
MEANT = {
    "s": ["success", "ok", "s", "OK", " Success "],
    "f": ["failure", "timeout", "5xx", "connection error", "connection-error", "provider_unavailable", "F"],
    "i": ["4xx", "validation", "rate limit", "rate_limited", "cancelled", "canceled", "i", "ignored"],
    "l": ["lost", "l"],
}
STATUSES = {
    "s": [200, 204, 302],
    "f": [500, 503, 599],
    "i": [400, 404, 408, 429, 499],
    None: [100, 199, 600, 0, 1000],
}


@pytest.mark.parametrize(
    ("word", "letter"), [(word, letter) for letter, words in MEANT.items() for word in words]
)
def test_outcomes_mean_what_the_domain_says(word, letter):
    assert Rules().of_outcome(word) == letter


@pytest.mark.parametrize(
    ("code", "letter"), [(code, letter) for letter, codes in STATUSES.items() for code in codes]
)
def test_statuses_mean_what_the_domain_says(code, letter):
    assert Rules().of_status(str(code)) == letter
    assert Rules().of_status(f" {code}.0 ") == letter


@pytest.mark.parametrize(
    ("message", "letter"),
    [
        ("read TIMEOUT", "f"),
        ("Connection refused", "f"),
        ("503", "f"),
        ("is unavailable", "f"),
        ("bad request", "i"),
        ("404", "i"),
    ],
)
def test_an_error_is_judged_by_its_message(message, letter):
    assert of_error(message) == letter


def test_the_narrowest_rule_for_a_status_wins():
    rules = parse_map(
        ["status.4xx=failure", "status.420-430=lost", "status.429=i", "status.5XX=s", "status.OK=s"]
    ).rules
    assert [rules.of_status(code) for code in ("404", "421", "429", "500", "ok", "200", "no")] == [
        "f",
        "l",
        "i",
        "s",
        "s",
        "s",
        None,
    ]


def test_rules_for_outcomes_come_before_the_defaults():
    rules = parse_map(["outcome.OK=failure", "outcome.Too Busy=ignored"]).rules
    assert [rules.of_outcome(word) for word in ("ok", "too-busy", "success", "no")] == ["f", "i", "s", None]


def test_a_map_names_columns_and_units():
    mapping = parse_map(["arrival=t:us", "latency = took:seconds", "tenant=a:b", "OUTCOME=x=y"])
    assert mapping.columns == {"arrival": "t", "latency": "took", "tenant": "a:b", "outcome": "x=y"}
    assert mapping.units == {"arrival": "us", "latency": "s"}


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["arrival"], "expected NAME=VALUE", "--map FIELD=COLUMN"),
        (["=x"], "expected NAME=VALUE", "--map FIELD=COLUMN"),
        (["arival=ts"], "there is no field 'arival'", "Did you mean 'arrival'?"),
        (["zzz=ts"], "there is no field 'zzz'", "Known are arrival"),
        (["arrival=ts:sceonds"], "'sceonds' is no unit", "Units are s, ms, us and ns."),
        (["arrival=:s"], "is no unit", "Units are"),
        (["status.429=ignore"], "'ignore' is no outcome", "Did you mean 'ignored'?"),
        (["status.429=zzz"], "'zzz' is no outcome", "Targets are success"),
        (["status.504-500=s"], "'504-500' is no status", "--map FIELD=COLUMN"),
        (["outcome.=s"], "'' is no outcome", "--map FIELD=COLUMN"),
        (["tenant=a", "tenant=b"], "tenant is already read from 'a'", "one column"),
        (["outcome.OK=s", "outcome.ok=f"], "has a rule already", "one rule"),
        (["tenant.x=s"], "there is no field 'tenant.x'", "Did you mean 'tenant'?"),
    ],
)
def test_words_that_make_no_sense_are_refused(words, message, hint):
    with pytest.raises(UsageError) as failure:
        parse_map(words)
    assert message in failure.value.message
    assert hint in failure.value.hint


def test_a_column_that_the_map_names_must_be_there(tmp_path):
    for path in (jsonl(tmp_path / "a.jsonl", rows()), table(tmp_path / "a.csv", rows())):
        with pytest.raises(InputError) as failure:
            read(path, words=["latency=latncy_ms"])
        assert (
            "no column 'latncy_ms' that the map names for latency; its columns are: ts, latency_ms, outcome"
            in failure.value.message
        )
        assert "Did you mean 'latency_ms'?" in failure.value.hint


@pytest.mark.parametrize(
    ("query", "message", "hint"),
    [
        ("SELECT 1 AS stamp, 1 AS latency, 's' AS outcome", "no column for arrival", "--map arrival=COLUMN"),
        (
            "SELECT 1 AS ts, 1 AS latency_msec, 's' AS outcome",
            "no column for latency",
            "Did you mean 'latency_msec'?",
        ),
        (
            "SELECT 1 AS ts, 1 AS latency, 's' AS outcom",
            "no column for outcome, status or error",
            "Did you mean 'outcom'?",
        ),
        (
            "SELECT 1 AS ts, true AS latency, 's' AS outcome",
            "the column 'latency' holds BOOLEAN",
            "--map latency=COLUMN",
        ),
        (
            "SELECT DATE '2025-01-01' AS ts, 1 AS latency, 's' AS outcome",
            "the column 'ts' holds DATE",
            "--map arrival=COLUMN",
        ),
        (
            "SELECT [1] AS ts, 1 AS latency, 's' AS outcome",
            "the column 'ts' holds INTEGER[]",
            "--map arrival=COLUMN",
        ),
    ],
)
def test_columns_that_are_missing_or_of_another_kind_are_an_error(tmp_path, query, message, hint):
    with pytest.raises(InputError) as failure:
        read(parquet(tmp_path / "a.parquet", query))
    assert message in failure.value.message
    assert hint in failure.value.hint


def test_columns_that_differ_only_in_case_are_an_error_in_json(tmp_path):
    lines = [{"ts": 1, "latency_ms": 1, "outcome": "s", "id": "t", "ID": "p"}]
    with pytest.raises(InputError, match="differ only in their case"):
        read(jsonl(tmp_path / "a.jsonl", lines), words=["tenant=id", "provider=ID"])


def test_a_column_twice_in_a_table_is_an_error(tmp_path):
    with pytest.raises(InputError, match="two columns 'ts'"):
        read(write(tmp_path / "a.csv", b"ts,ts,latency,outcome\n1,1,1,s\n"))


def test_the_outcome_comes_before_the_status_and_the_status_before_the_error(tmp_path):
    lines = [
        {"ts": 1, "latency_ms": 1, "outcome": "success", "status": 500, "error": "timeout"},
        {"ts": 2, "latency_ms": 1, "outcome": "", "status": 404, "error": "timeout"},
        {"ts": 3, "latency_ms": 1, "outcome": None, "status": None, "error": "timeout"},
    ]
    for path in (jsonl(tmp_path / "a.jsonl", lines), table(tmp_path / "a.csv", lines)):
        assert [letter for *_, letter in read(path).plain] == ["s", "i", "f"]


@pytest.mark.parametrize(
    ("column", "value", "words", "expected"),
    [
        ("ts", 1737676801.206, [], START),
        ("ts", "1737676801.206", [], START),
        ("ts", START, [], START),
        ("ts", START * 1000 + 499, [], START),
        ("ts", START * 1000 + 500, [], START + 1),
        ("ts", START * 1_000_000 + 499_999, [], START),
        ("ts", START * 1_000_000 + 500_000, [], START + 1),
        ("@timestamp", "2025-01-24T00:00:01.206Z", [], START),
        ("@timestamp", "2025-01-24T00:00:01.206", [], START),
        ("time", "2025-01-24T02:00:01.2055+02:00", [], START),
        ("time", "2025-01-24 00:00:01.2054999", [], START - 1),
        ("ts", 1737676801.2065, [], START + 1),
        ("arrival_ms", 98, [], 98),
        ("arrival_ms", 950_400_000, [], 950_400_000),
        ("ts_seconds", 0.0985, [], 99),
        ("ts", 1.5, [], 1500),
        ("arrival", 98, [], 98),
        ("ts", 98, ["arrival=ts:ms"], 98),
        ("ts", 98_000, ["arrival=ts:us"], 98),
        ("t", 1737676801.206, ["arrival=t:s"], START),
    ],
)
def test_times_are_exact_whatever_their_unit(tmp_path, column, value, words, expected):
    line = {column: value, "latency_ms": 1, "outcome": "s"}
    for path in (jsonl(tmp_path / "a.jsonl", [line]), table(tmp_path / "a.csv", [line])):
        found = read(path, words=words)
        assert found.requests[0][0] == expected
        assert found.summary.clock == ("wall" if expected > 10**10 else "relative")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("TIMESTAMP '2025-01-24 00:00:01.2055'", START),
        ("TIMESTAMPTZ '2025-01-24 02:00:01.206+02'", START),
        ("TIMESTAMP_NS '2025-01-24 00:00:01.205499999'", START - 1),
        ("TIMESTAMP_S '2025-01-24 00:00:01'", START - 206),
        ("'2025-01-24T00:00:01.206Z'", START),
        ("1737676801.206::DOUBLE", START),
        ("1737676801.206::DECIMAL(18, 6)", START),
        ("1737676801206::UBIGINT", START),
        ("1737676801206499999::BIGINT", START),
        ("1737676801206500000::BIGINT", START + 1),
        ("1737676801::INTEGER", START - 206),
    ],
)
def test_columns_of_parquet_may_have_any_type_that_can_be_a_time(tmp_path, kind, expected):
    path = parquet(tmp_path / "a.parquet", f"SELECT {kind} AS ts, 1 AS latency, 's' AS outcome")
    assert read(path).requests[0][0] == expected


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("latency_ms", 0, 0),
        ("latency_ms", 1, 1),
        ("latency_ms", 281.5, 282),
        ("latency_ms", 281.4999, 281),
        ("latency", 281, 281),
        ("latency_s", 0.2815, 282),
        ("duration_seconds", 1.5, 1500),
        ("duration_us", 281_499, 281),
        ("latency_ns", 281_500_000, 282),
        ("latency_ms", "281", 281),
    ],
)
def test_latencies_are_read_in_the_unit_of_their_name_and_rounded(tmp_path, column, value, expected):
    line = {"ts": 1737676801.206, column: value, "outcome": "s"}
    kinds = "VARCHAR" if isinstance(value, str) else "DOUBLE" if isinstance(value, float) else "BIGINT"
    query = f"SELECT 1737676801.206 AS ts, '{value}'::{kinds} AS {column}, 's' AS outcome"
    for path in (
        jsonl(tmp_path / "a.jsonl", [line]),
        table(tmp_path / "a.csv", [line]),
        parquet(tmp_path / "a.parquet", query),
    ):
        assert read(path).requests[0][1] == expected


def test_a_guessed_unit_is_said(tmp_path):
    note = read(jsonl(tmp_path / "a.jsonl", [{"ts": 5, "latency_ms": 1, "outcome": "s"}])).summary.note
    assert note is not None
    assert "'ts' are small numbers and were read as seconds" in note
    assert "--map arrival=ts:ms reads them as milliseconds" in note


def test_every_millisecond_survives_the_way_through_seconds(tmp_path):
    times = [START + 997 * n for n in range(5000)]
    lines = [{"ts": time / 1000, "latency_ms": 1, "outcome": "s"} for time in times]
    for path in (jsonl(tmp_path / "a.jsonl", lines), table(tmp_path / "a.csv", lines)):
        assert [request[0] for request in read(path).requests] == times
    query = (
        "SELECT (1737676801206 + 997 * i) / 1000.0 AS ts, 1 AS latency, 's' AS outcome FROM range(5000) t(i)"
    )
    assert [request[0] for request in read(parquet(tmp_path / "a.parquet", query)).requests] == times
