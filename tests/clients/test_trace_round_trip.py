"""Any rows, written in any format, are read back equal."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from traces import START, jsonl, parquet, read, table

from cbops.model.traffic import Circuit

NAMES = st.none() | st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8
)
WORDS = {"success": "s", "failure": "f", "timeout": "f", "rate limit": "i", "cancelled": "i", "lost": "l"}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "ts": st.integers(0, 10_000).map(lambda step: START + step),
            "latency_ms": st.integers(0, 100_000),
            "outcome": st.sampled_from(list(WORDS)),
            "tenant_id": NAMES,
            "provider": NAMES,
            "admitted": st.sampled_from([True, True, False]),
        }
    ),
    min_size=1,
    max_size=30,
)


def expected(lines):
    kept = [row for row in lines if row["admitted"]]
    found = [
        (
            row["ts"],
            row["latency_ms"],
            WORDS[row["outcome"]],
            Circuit(tenant=row["tenant_id"], provider=row["provider"]),
        )
        for row in kept
    ]
    return sorted(found, key=lambda request: request[0])


def literal(value):
    return (
        "NULL"
        if value is None
        else f"'{value.replace(chr(39), chr(39) * 2)}'"
        if isinstance(value, str)
        else str(value)
    )


def query(lines):
    parts = (
        f"SELECT {row['ts']}::BIGINT AS ts, {row['latency_ms']} AS latency_ms, {literal(row['outcome'])} AS outcome, "
        f"{literal(row['tenant_id'])}::VARCHAR AS tenant_id, {literal(row['provider'])}::VARCHAR AS provider, "
        f"{row['admitted']} AS admitted, {n} AS n"
        for n, row in enumerate(lines)
    )
    return f"SELECT * EXCLUDE n FROM ({' UNION ALL '.join(parts)}) ORDER BY n"


@settings(max_examples=8)
@given(ROWS)
def test_rows_come_back_from_every_format(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("round")
    seconds = [{**row, "ts": row["ts"] / 1000} for row in lines]
    for path in (
        jsonl(folder / "a.jsonl", lines),
        jsonl(folder / "seconds.jsonl.gz", seconds),
        jsonl(folder / "a.jsonl.zst", lines),
        table(folder / "a.csv", lines),
        table(folder / "a.tsv.gz", seconds),
        table(folder / "a.csv.zst", lines),
        parquet(folder / "a.parquet", query(lines)),
        parquet(folder / "z.parquet", query(lines), COMPRESSION="zstd"),
    ):
        found = read(path)
        assert found.requests == expected(lines), path.name
        assert found.summary.denied_in_production == sum(not row["admitted"] for row in lines)
