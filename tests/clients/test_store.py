from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cbops.clients.store import SampleStore
from cbops.errors import MetricsAnswerError, MetricsQueryError, MetricsUnreachableError, StorageError
from cbops.model.series import Matcher, SeriesQuery

START, END = datetime(2025, 1, 29, tzinfo=UTC), datetime(2025, 1, 29, 1, tzinfo=UTC)
AT = 1738108800_000  # START in milliseconds
QUERY = SeriesQuery("a test", ("m",))


@pytest.fixture
def store(tmp_path: Path):
    with SampleStore(tmp_path / "samples.db") as opened:
        yield opened


def read(store: SampleStore, query: SeriesQuery = QUERY) -> list[tuple[list[int], list[float]]]:
    return [
        ([at - AT for at in one.times], list(one.values)) for one in store.fetch(query, START, END).series
    ]


def test_what_is_appended_can_be_fetched_before_it_is_flushed(store):
    store.append(AT + 1, [(store.series_id("m", {"a": "1"}), 2.5)])

    assert read(store) == [([1], [2.5])]


def test_a_series_keeps_its_number(store, tmp_path):
    first = store.series_id("m", {"a": "1", "b": "2"})

    assert store.series_id("m", {"b": "2", "a": "1"}) == first
    assert store.series_id("m", {"a": "1"}) != first
    with SampleStore(tmp_path / "samples.db") as other:
        assert other.series_id("m", {"a": "1", "b": "2"}) == first


def test_a_sample_sent_twice_is_stored_once(store):
    series = store.series_id("m", {})
    store.append(AT + 1, [(series, 1)])
    store.flush()
    store.append(AT + 1, [(series, 2)])

    assert read(store) == [([1], [2.0])]


def test_a_staleness_marker_is_no_sample_and_ends_the_series_in_a_query_with_steps(store):
    series = store.series_id("m", {})
    for offset, value in [(0, 1.0), (60_000, 2.0), (120_000, None)]:
        store.append(AT + offset, [(series, value)])

    assert read(store) == [([0, 60_000], [1.0, 2.0])]
    assert read(store, SeriesQuery("p", ("m",), step_seconds=60)) == [([0, 60_000], [1.0, 2.0])]


def test_a_large_batch_is_written_without_a_flush(store, tmp_path):
    series = store.series_id("m", {})
    store.append(AT, [(series, 1.0)] * 100_000)

    with SampleStore(tmp_path / "samples.db") as other:
        assert len(other.fetch(QUERY, START, END).series) == 1


def test_another_process_reads_what_was_flushed_while_this_one_writes(store, tmp_path):
    series = store.series_id("m", {})
    store.append(AT + 1, [(series, 1.0)])
    store.flush()
    store.append(AT + 2, [(series, 2.0)])
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from cbops.clients.store import SampleStore; from cbops.model.series import SeriesQuery\n"
        "with SampleStore(Path(sys.argv[1])) as s:\n"
        " print(s.fetch(SeriesQuery('p', ('m',)), datetime(2025,1,29,tzinfo=UTC), datetime(2025,1,30,tzinfo=UTC)).record.samples)\n"
        " s.append(1738108800003, [(s.series_id('m', {}), 3.0)])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "samples.db")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )

    assert done.stdout.strip() == "1"
    assert read(store) == [([1, 2, 3], [1.0, 2.0, 3.0])]


def test_a_missing_store_is_unreachable_and_not_made(tmp_path):
    with (
        SampleStore(tmp_path / "none.db") as store,
        pytest.raises(MetricsUnreachableError, match=r"none\.db"),
    ):
        store.fetch(QUERY, START, END)

    assert not (tmp_path / "none.db").exists()


def test_a_store_that_is_opened_for_reading_can_be_written_later(store, tmp_path):
    store.append(AT, [(store.series_id("m", {}), 1.0)])
    store.flush()
    with SampleStore(tmp_path / "samples.db") as other:
        other.fetch(QUERY, START, END)
        other.append(AT + 1, [(other.series_id("n", {}), 1.0)])

    assert len(store.fetch(SeriesQuery("p", ("n",)), START, END).series) == 1


@pytest.mark.parametrize("content", [b"this is no database at all, but text" * 100, b""])
def test_a_file_that_is_no_store_is_an_answer_that_makes_no_sense(tmp_path, content):
    path = tmp_path / "samples.db"
    path.write_bytes(content)

    with SampleStore(path) as store, pytest.raises(MetricsAnswerError, match="cannot be read"):
        store.fetch(QUERY, START, END)


def test_labels_that_are_damaged_are_an_answer_that_makes_no_sense(store, tmp_path):
    store.append(AT, [(store.series_id("m", {}), 1.0)])
    store.flush()
    raw = sqlite3.connect(tmp_path / "samples.db")
    with raw:
        raw.execute("UPDATE series SET labels = '{'")
    raw.close()

    with pytest.raises(MetricsAnswerError):
        store.fetch(QUERY, START, END)


def test_a_bad_regular_expression_is_a_bad_query(store):
    store.series_id("m", {})

    with pytest.raises(MetricsQueryError, match="regular expression"):
        store.fetch(SeriesQuery("p", ("m",), (Matcher("a", "=~", "("),)), START, END)


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("x")

    with SampleStore(tmp_path / "file" / "samples.db") as store, pytest.raises(StorageError):
        store.series_id("m", {})


def test_a_store_that_cannot_be_written_is_a_storage_error_and_nothing_is_lost(store, tmp_path):
    series = store.series_id("m", {})
    store.append(AT, [(series, 1.0)])
    raw = sqlite3.connect(tmp_path / "samples.db")
    raw.execute("ALTER TABLE samples RENAME TO elsewhere")
    with pytest.raises(StorageError, match="cannot be written"):
        store.flush()
    raw.execute("ALTER TABLE elsewhere RENAME TO samples")
    raw.close()

    assert read(store) == [([0], [1.0])]


def test_closing_twice_is_harmless(tmp_path):
    store = SampleStore(tmp_path / "samples.db")
    store.append(AT, [(store.series_id("m", {}), 1.0)])
    store.close()
    store.close()

    assert (tmp_path / "samples.db").is_file()
