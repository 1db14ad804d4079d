"""Which files a trace consists of: globs, folders, empty and unreadable files."""

from __future__ import annotations

import io
import os

import pytest
from traces import jsonl, parquet, read, rows, write

from cbops.clients.traces.zstandard_frames import is_whole
from cbops.errors import InputError


def refused(*paths) -> str:
    with pytest.raises(InputError) as failure:
        read(*paths)
    assert failure.value.hint
    return failure.value.message


def test_no_file_at_all_is_an_error():
    assert refused() == "no trace file was named"


def test_a_path_or_glob_without_a_file_is_an_error(tmp_path):
    assert "no such file" in refused(tmp_path / "missing.jsonl")
    assert "no such file" in refused(jsonl(tmp_path / "a.jsonl", rows()), tmp_path / "*.csv")


def test_a_file_that_is_named_twice_is_read_once(tmp_path, monkeypatch):
    """However it is spelt: by a relative path, an absolute one, a pattern, or a link."""
    path = jsonl(tmp_path / "a.jsonl", rows())
    (tmp_path / "b.jsonl").symlink_to(path)
    monkeypatch.chdir(tmp_path)
    found = read("a.jsonl", path, tmp_path / "*.jsonl", "b.jsonl")
    assert len(found.requests) == len(read(path).requests)
    assert found.summary.files == ("a.jsonl",)


def test_a_pipe_is_an_error_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert "is a pipe or a device" in refused(tmp_path / "pipe.jsonl")
    assert "is a pipe or a device" in refused("/dev/null")


def test_a_folder_is_an_error(tmp_path):
    (tmp_path / "folder.jsonl").mkdir()
    assert "is a folder" in refused(tmp_path / "folder.jsonl")
    assert "matches only folders" in refused(tmp_path / "*")


def test_a_glob_passes_over_folders(tmp_path):
    (tmp_path / "deep").mkdir()
    jsonl(tmp_path / "deep" / "a.jsonl", rows(1))
    jsonl(tmp_path / "a.jsonl", rows(1))
    assert len(read(tmp_path / "*").requests) == 1
    assert len(read(tmp_path / "**" / "*.jsonl").requests) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_an_error(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", rows())
    path.chmod(0)
    assert "can't be read: Permission denied" in refused(path)


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a.jsonl.gz"])
def test_a_file_without_bytes_is_empty(tmp_path, name):
    (tmp_path / name).touch()
    assert "is empty" in refused(tmp_path / name) or "isn't packed so" in refused(tmp_path / name)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.csv"])
def test_a_file_of_blank_lines_is_empty(tmp_path, name):
    assert "is empty" in refused(write(tmp_path / name, b"\n\n"))


def test_a_table_with_only_a_header_and_parquet_without_rows_are_empty(tmp_path):
    assert "is empty: it holds no requests" in refused(write(tmp_path / "a.csv", b"ts,latency_ms,outcome\n"))
    query = "SELECT 1737676801 AS ts, 1 AS latency, 's' AS outcome WHERE false"
    assert "is empty: it holds no requests" in refused(parquet(tmp_path / "a.parquet", query))


def test_one_empty_file_among_others_is_an_error(tmp_path):
    jsonl(tmp_path / "1.jsonl", rows())
    write(tmp_path / "2.csv", b"ts,latency_ms,outcome\n")
    assert "2.csv' is empty" in refused(tmp_path / "*")


def test_names_that_promise_something_else_are_an_error(tmp_path):
    assert "isn't packed so" in refused(_bytes(tmp_path / "a.jsonl.gz", b'{"ts": 1}\n'))
    assert "isn't packed so" in refused(_bytes(tmp_path / "a.jsonl.zst", b'{"ts": 1}\n'))
    assert "doesn't begin as a Parquet file" in refused(_bytes(tmp_path / "a.parquet", b'{"ts": 1}\n'))


def test_damaged_parquet_is_an_error(tmp_path):
    path = parquet(
        tmp_path / "a.parquet", "SELECT 1737676801 AS ts, 1 AS latency, 's' AS outcome FROM range(1000)"
    )
    path.write_bytes(path.read_bytes()[:-20])
    assert "can't be read" in refused(path)


def test_text_that_is_no_table_is_an_error(tmp_path):
    assert "is no trace that can be read: 'hello'" in refused(_bytes(tmp_path / "a.txt", b"hello\nworld\n"))
    assert "one object with its columns as keys on each line" in refused(
        _bytes(tmp_path / "a.json", b"[1, 2]\n")
    )


def test_a_json_document_over_many_lines_is_an_error(tmp_path):
    assert "line 1: not JSON: '{', expected a JSON object on each line" in refused(
        _bytes(tmp_path / "a.json", b'{\n  "ts": 1\n}\n')
    )


def test_every_cut_of_a_packed_file_is_seen(tmp_path):
    whole = jsonl(tmp_path / "a.jsonl.zst", rows(50)).read_bytes()
    assert is_whole(io.BytesIO(whole))
    assert is_whole(io.BytesIO(whole + whole))
    assert not any(is_whole(io.BytesIO(whole[:cut])) for cut in range(1, len(whole)))
    assert not is_whole(io.BytesIO(whole + b"more"))


def test_a_reserved_kind_of_block_is_no_packed_data():
    frame = (0xFD2FB528).to_bytes(4, "little") + bytes([0b00100000, 1])
    assert is_whole(io.BytesIO(frame + bytes([0b00001011, 0, 0, 7])))
    assert not is_whole(io.BytesIO(frame + bytes([0b00001111, 0, 0, 7])))


def _bytes(path, content):
    path.write_bytes(content)
    return path


def test_a_first_line_that_is_no_csv_at_all_is_refused_in_words(tmp_path):
    path = tmp_path / "trace.csv"
    path.write_bytes(b"x" * 200_000)
    assert "is no trace that can be read (field larger than field limit" in refused(path)
