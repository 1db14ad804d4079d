"""The engine: offline, silent, and its errors as ours."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from cbops.clients.traces.engine import Engine, errors
from cbops.errors import InputError, StorageError


def test_the_engine_needs_no_network_and_has_what_it_needs_built_in():
    engine = Engine(memory_bytes=64 << 20, threads=1)
    names = "'autoinstall_known_extensions', 'autoload_known_extensions', 'enable_progress_bar'"
    assert set(engine.run(f"SELECT value FROM duckdb_settings() WHERE name IN ({names})")) == {("false",)}
    built_in = engine.run("SELECT extension_name FROM duckdb_extensions() WHERE loaded")
    assert {("json",), ("parquet",), ("icu",)} <= set(built_in)
    engine.close()
    engine.close()


@pytest.mark.parametrize(
    ("error", "path", "kind", "message"),
    [
        (
            duckdb.OutOfMemoryException("Out of Memory Error: no"),
            Path("a"),
            InputError,
            "trace 'a': Out of Memory Error: no",
        ),
        (
            duckdb.IOException("IO Error: No space left on device"),
            None,
            StorageError,
            "sorting the trace: IO Error",
        ),
        (
            duckdb.IOException("IO Error: Unexpected end of GZIP stream"),
            Path("a"),
            InputError,
            "is cut short",
        ),
        (
            RuntimeError("get_next() failed: CSV Error on Line: 7\nMaximum line size"),
            Path("a"),
            InputError,
            "a, line 7: the line is longer",
        ),
        (duckdb.BinderException("other"), Path("a"), InputError, "trace 'a' can't be read: other"),
        (duckdb.BinderException(""), None, InputError, "sorting the trace can't be read: no message"),
    ],
)
def test_errors_of_the_engine_name_the_file_and_say_what_to_do(error, path, kind, message):
    with pytest.raises(kind, match=message) as failure, errors(path):
        raise error
    assert failure.value.__cause__ is error
    assert failure.value.hint


def test_an_interrupted_query_is_ctrl_c():
    with pytest.raises(KeyboardInterrupt), errors(None):
        raise RuntimeError("Query interrupted")


def test_our_own_errors_pass():
    with pytest.raises(InputError, match="mine"), errors(None):
        raise InputError("mine", hint="h")


def test_a_query_beyond_its_memory_says_so():
    engine = Engine(memory_bytes=16 << 20, threads=1)
    with pytest.raises(InputError, match="Out of Memory") as failure:
        engine.run("SELECT list(i) FROM range(20000000) t(i)")
    assert "--memory" in failure.value.hint
    engine.close()
