"""The proof finds every edit, deletion, insertion, reordering and truncation."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_samples import (
    AFTER,
    OBSERVED,
    enabled_events,
    head_bytes,
    lines_of,
    opened,
    people,
    sha,
    write_rollout,
)

from cbops.errors import InputError
from cbops.journal.reader import read
from cbops.journal.verification import Problem, Verification, verify
from cbops.model.events import Event

EVENTS: list[Event] = enabled_events()
COUNT = len(EVENTS)
Lines = list[bytes]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rollout(tmp_path / "tenant-a", EVENTS)
    return tmp_path / "tenant-a"


def with_lines(folder: Path, change: Callable[[Lines], Lines]) -> Verification:
    journal = folder / "journal.jsonl"
    lines = change(journal.read_bytes().splitlines())
    journal.write_bytes(b"".join(line + b"\n" for line in lines))
    return verify(folder)


def edited(line: bytes) -> bytes:
    record = json.loads(line)
    record["actor"] = "eve"
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def places(found: Verification) -> list[tuple[str, int | None]]:
    return [(problem.file, problem.line) for problem in found.problems]


def test_a_sound_record_is_proven(folder: Path) -> None:
    assert verify(folder) == Verification(
        ok=True,
        entries=COUNT,
        problems=(),
        head_status="current",
        torn=False,
        evidence=4,
        evidence_missing=(),
        evidence_damaged=(),
        last_hash=read(folder).last_hash,
    )


def test_an_edited_line_is_found_at_its_successor(folder: Path) -> None:
    found = with_lines(folder, lambda lines: [*lines[:4], edited(lines[4]), *lines[5:]])
    assert places(found) == [("journal.jsonl", 6)]
    assert "line 5 was changed" in found.problems[0].message


def test_an_edited_last_line_is_found_by_the_head(folder: Path) -> None:
    found = with_lines(folder, lambda lines: [*lines[:-1], edited(lines[-1])])
    assert (places(found), found.head_status) == ([("head.json", None)], "differs")
    assert f"line {COUNT} of the journal was changed" in found.problems[0].message


def test_a_first_line_that_was_another_s_is_found(folder: Path) -> None:
    found = with_lines(folder, lambda lines: lines[1:])
    assert places(found)[0] == ("journal.jsonl", 1)
    assert "lines before it were removed" in found.problems[0].message


def test_a_deleted_line_is_found(folder: Path) -> None:
    found = with_lines(folder, lambda lines: [*lines[:4], *lines[5:]])
    assert places(found) == [("journal.jsonl", 5), ("head.json", None)]


def test_two_lines_in_another_order_are_found(folder: Path) -> None:
    found = with_lines(folder, lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]])
    assert [line for _, line in places(found)] == [5, 6, 7]


def test_a_line_written_twice_is_found(folder: Path) -> None:
    found = with_lines(folder, lambda lines: [*lines[:5], lines[4], *lines[5:]])
    assert ("journal.jsonl", 6) in places(found)


def test_cut_off_lines_are_found_by_the_head(folder: Path) -> None:
    found = with_lines(folder, lambda lines: lines[:-2])
    assert (places(found), found.head_status) == ([("head.json", None)], "ahead")
    assert "2 lost" in found.problems[0].message


def test_a_chain_that_was_rewritten_whole_is_found_by_the_head(folder: Path) -> None:
    found = with_lines(folder, lambda _lines: lines_of(EVENTS, actor="eve"))
    assert (found.ok, found.head_status) == (False, "differs")


def test_all_problems_are_found_not_only_the_first(folder: Path) -> None:
    (folder / "evidence" / sha(AFTER)).unlink()
    (folder / "evidence" / sha(OBSERVED)).write_text("changed")
    (folder / "torn-2-1.txt").unlink()
    found = with_lines(
        folder, lambda lines: [*lines[:2], b"rubbish", *lines[3:9], edited(lines[9]), *lines[10:]]
    )
    assert places(found) == [
        ("journal.jsonl", 3),
        ("journal.jsonl", 4),
        ("journal.jsonl", 11),
        (f"evidence/{sha(AFTER)}", None),
        (f"evidence/{sha(OBSERVED)}", None),
        ("torn-2-1.txt", None),
    ]
    assert (found.evidence_missing, found.evidence_damaged) == ((sha(AFTER),), (sha(OBSERVED),))


def test_a_torn_last_line_is_said_and_no_problem(folder: Path) -> None:
    with (folder / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"half')
    found = verify(folder)
    assert (found.ok, found.torn, found.entries) == (True, True, COUNT)


def test_a_crash_between_journal_and_head_is_no_problem(folder: Path) -> None:
    (folder / "head.json").write_bytes(head_bytes(lines_of(EVENTS)[:-1]))
    found = verify(folder)
    assert (found.ok, found.head_status) == (True, "one_behind")


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (lambda head: head.unlink(), "missing"),
        (lambda head: head.write_text("?"), "damaged"),
        (lambda head: head.write_bytes(head_bytes(lines_of(EVENTS)[:3])), "behind"),
    ],
)
def test_a_head_that_is_gone_wrong_or_old_is_found(folder: Path, spoil, status: str) -> None:  # type: ignore[no-untyped-def]
    spoil(folder / "head.json")
    found = verify(folder)
    assert (places(found), found.head_status) == ([("head.json", None)], status)


def test_a_journal_that_is_gone_is_found(folder: Path) -> None:
    (folder / "journal.jsonl").unlink()
    found = verify(folder)
    assert found.problems[0] == Problem("journal.jsonl", None, "it is missing")
    assert found.last_hash is None


def test_evidence_named_by_no_hash_is_missing(folder: Path) -> None:
    event = next(event for event in EVENTS if event.type == "day_collected")
    write_rollout(folder, [*EVENTS, event.model_copy(update={"observation": "../head.json"})])
    assert verify(folder).evidence_missing == ("../head.json",)


def test_where_there_is_no_rollout_nothing_can_be_proven(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no rollout in"):
        verify(tmp_path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    events = [opened(), *people()[:-1]][: data.draw(st.integers(1, 8))]
    lines = lines_of(events)
    raw = bytearray(b"".join(line + b"\n" for line in lines))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[place]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "head.json").write_bytes(head_bytes(lines))
        (folder / "journal.jsonl").write_bytes(raw)
        assert not verify(folder).ok


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(8)), st.integers(0, 8))
def test_any_other_order_or_selection_of_lines_is_found(order: list[int], kept: int) -> None:
    lines = lines_of([opened(), *people()[:-1]])
    chosen = [lines[index] for index in order[:kept]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "head.json").write_bytes(head_bytes(lines))
        (folder / "journal.jsonl").write_bytes(b"".join(line + b"\n" for line in chosen))
        assert verify(folder).ok == (chosen == lines)
