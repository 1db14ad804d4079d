from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.cli.emit import Emitter, Presented, Streams, plain
from cbops.cli.failure import Failure
from cbops.cli.settings import Settings
from cbops.flows.outcome import Outcome
from cbops.model.answers.usage import VersionAnswer


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def emitted(answer, settings=Settings(), stream=io.StringIO, term="xterm"):  # noqa: B008
    streams = Streams(stream(), stream())
    emitter = Emitter(settings, streams, "version", term)
    status = emitter.failure(answer) if isinstance(answer, Failure) else emitter.answer(answer)
    return status, streams.out.getvalue(), streams.err.getvalue()


DONE = Outcome(VersionAnswer(version="1"), "Done.", "Go on.", warnings=("Look.",), body=("  one", "  two"))


def test_text_is_headline_body_next_and_warnings_apart():
    assert emitted(DONE) == (0, "Done.\n  one\n  two\nnext: Go on.\n", "warning: Look.\n")


def test_quiet_keeps_warnings_and_the_headline():
    assert emitted(DONE, Settings(quiet=True)) == (0, "Done.\n", "warning: Look.\n")


def test_json_carries_the_warnings_and_prints_nothing_else():
    status, out, err = emitted(DONE, Settings(format="json", quiet=True, verbose=True))
    assert json.loads(out) == {
        "schema": 1,
        "command": "version",
        "ok": True,
        "data": {"version": "1"},
        "warnings": ["Look."],
        "error": None,
    }
    assert (status, err) == (0, "")


@pytest.mark.parametrize(("status", "ok"), [(0, True), (10, True), (20, True), (7, False)])
def test_ok_follows_the_exit_status(status, ok):
    outcome = Outcome(VersionAnswer(version="1"), "Found two.", "Look at them.", exit_status=status)
    found, out, _ = emitted(outcome, Settings(format="json"))
    answer = json.loads(out)
    assert found == status
    assert answer["ok"] is ok
    assert answer["data"] == {"version": "1"}
    error = {"code": "checks-failed", "message": "Found two.", "hint": "Look at them."}
    assert answer["error"] == (None if ok else error)


def test_a_document_is_printed_byte_for_byte_in_place_of_the_words():
    outcome = Outcome(VersionAnswer(version="1"), "Done.", "Go.", document="# Log\n\n\ttext\n", body=("x",))
    assert emitted(outcome) == (0, "# Log\n\n\ttext\n", "")


def test_a_presenter_takes_the_bodys_place_in_text():
    answer = Presented(DONE, lambda data, screen: [f"{data.version} {screen.colour} {screen.width}"])
    assert emitted(answer)[1] == "Done.\n1 False 80\nnext: Go on.\n"


FAILED = Failure("config", "broken", "mend it", 3, ("ValueError: x",))


def test_a_failure_is_two_lines_and_its_causes_with_verbose():
    assert emitted(FAILED) == (3, "", "error: broken\nhint: mend it\n")
    assert emitted(FAILED, Settings(verbose=True))[2].endswith("hint: mend it\ncause: ValueError: x\n")


def test_colour_is_for_terminals_where_nobody_said_no():
    assert emitted(FAILED, stream=Terminal)[2] == "\x1b[31merror:\x1b[0m broken\nhint: mend it\n"
    assert "\x1b" not in emitted(FAILED, Settings(no_color=True), Terminal)[2]
    assert "\x1b" not in emitted(FAILED, stream=Terminal, term="dumb")[2]
    assert emitted(DONE, stream=Terminal)[1].startswith("\x1b[1mDone.\x1b[0m\n")


@given(st.text())
def test_plain_text_is_one_line_that_no_terminal_obeys(text):
    safe = plain(text)
    assert len(safe.splitlines()) <= 1
    assert not any((ord(char) < 32 and char != "\t") or 127 <= ord(char) < 160 for char in safe)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_plain_text_leaves_words_alone(text):
    assert plain(text) == text


@pytest.mark.parametrize(("encoding", "blocks"), [("utf-8", True), ("latin-1", False), ("ascii", False)])
def test_a_presenter_is_told_whether_there_are_block_characters(encoding, blocks):
    seen = []
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    shown = Presented(DONE, lambda _, screen: seen.append(screen) or ())
    Emitter(Settings(), Streams(stream, io.StringIO()), "version").answer(shown)
    assert [screen.blocks for screen in seen] == [blocks]
