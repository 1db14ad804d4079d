"""Evidence: kept under its hash, checked when it is loaded."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import get_args

import pytest
from journal_samples import TickingClock, enabled_events, entries_of, opened, sha, write_rollout

from cbops.errors import InputError, RecordError
from cbops.journal.evidence import EVIDENCE_FIELDS, load_evidence, named_by, put_evidence
from cbops.journal.writer import Journal
from cbops.model.events import Decided, Event
from cbops.model.verdict import Recommendation

TEXT = "what was measured: 1 ≤ 2 🦊\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rollout(tmp_path / "tenant-a", [opened()])
    return tmp_path / "tenant-a"


def test_what_was_put_is_loaded_under_its_hash(folder: Path) -> None:
    with Journal(folder).session("x", "maya", TickingClock()) as session:
        named = session.put_evidence(TEXT)
    assert named == hashlib.sha256(TEXT.encode()).hexdigest()
    assert load_evidence(folder, named) == TEXT
    assert (folder / "evidence" / named).read_bytes() == TEXT.encode()


def test_putting_it_again_changes_nothing(folder: Path) -> None:
    named = put_evidence(folder, TEXT)
    stamp = (folder / "evidence" / named).stat()
    assert put_evidence(folder, TEXT) == named
    assert (folder / "evidence" / named).stat().st_ino == stamp.st_ino


def test_putting_it_again_mends_a_damaged_one(folder: Path) -> None:
    named = put_evidence(folder, TEXT)
    (folder / "evidence" / named).write_text("changed")
    put_evidence(folder, TEXT)
    assert load_evidence(folder, named) == TEXT


def test_the_first_evidence_of_a_rollout_makes_its_folder(tmp_path: Path) -> None:
    assert load_evidence(tmp_path, put_evidence(tmp_path, TEXT)) == TEXT


def test_changed_evidence_is_damage(folder: Path) -> None:
    named = put_evidence(folder, TEXT)
    (folder / "evidence" / named).write_text("changed")
    with pytest.raises(RecordError, match=f"{named} is damaged: its bytes have another hash"):
        load_evidence(folder, named)


@pytest.mark.parametrize("name", [sha("never"), "../journal.jsonl", "", "A" * 64, "/etc/passwd"])
def test_evidence_that_is_not_there_or_no_hash_is_missing(folder: Path, name: str) -> None:
    with pytest.raises(RecordError, match="is missing"):
        load_evidence(folder, name)


def test_text_that_is_none_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="cannot be written as UTF-8"):
        put_evidence(folder, "\ud800")


def test_every_field_that_holds_a_hash_is_known_as_one() -> None:
    for kind in get_args(Event):
        hashes = [name for name, type_ in kind.__annotations__.items() if re.search(r"\bSha\b", str(type_))]
        assert tuple(hashes) == EVIDENCE_FIELDS.get(kind, ()), kind


def test_an_event_names_the_evidence_that_it_has() -> None:
    named = [sha for entry in entries_of(enabled_events()) for sha in named_by(entry.event)]
    assert len(named) == 2 + 2 + 9 + 1 + 1 + 1 + 1 + 1 + 2 + 1
    bare = Decided(decision=Recommendation.EXTEND, by="x", reason="y", recommended=None)
    assert named_by(bare) == ()
