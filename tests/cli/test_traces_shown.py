"""The count that is shown while a trace is read, and who sees it."""

from __future__ import annotations

import io
import sys

import pytest

from cbops.cli import traces
from cbops.cli.settings import Settings
from cbops.cli.traces import shown_count
from cbops.cli.wiring import Surroundings, SystemClock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def looking(monkeypatch):
    """Somebody looks at stderr; called in the test itself, for pytest puts its own there after the fixtures."""
    made = Terminal()
    monkeypatch.setattr(sys, "stderr", made)
    return made


def given(**settings):
    return Surroundings(Settings(**settings), {"TERM": "xterm"}, SystemClock())


def long_files(folder, monkeypatch):
    monkeypatch.setattr(traces, "LONG", 10)
    for name in ("a.jsonl", "b.jsonl"):
        (folder / name).write_text("x" * 5)
    return [str(folder / "*.jsonl")]


def test_long_files_are_counted_where_somebody_looks(tmp_path, monkeypatch):
    terminal = looking(monkeypatch)
    with shown_count(given(no_color=True), long_files(tmp_path, monkeypatch)) as told:
        assert told is not None
        told(1_234_567)
    assert "1,234,567 requests" in terminal.getvalue()
    assert terminal.getvalue().endswith(("\r", "\x1b[2K")), "the line is cleared in the end"


def test_short_ones_and_absent_ones_are_not(tmp_path, monkeypatch):
    terminal = looking(monkeypatch)
    names = long_files(tmp_path, monkeypatch)
    (tmp_path / "b.jsonl").unlink()
    with shown_count(given(), [*names, "absent"]) as told:
        assert told is None
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("settings", [{"quiet": True}, {"format": "json"}])
def test_who_wants_no_words_gets_none(tmp_path, monkeypatch, settings):
    looking(monkeypatch)
    with shown_count(given(**settings), long_files(tmp_path, monkeypatch)) as told:
        assert told is None


def test_without_a_terminal_nothing_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with shown_count(given(), long_files(tmp_path, monkeypatch)) as told:
        assert told is None
