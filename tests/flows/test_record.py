"""What `journal verify` tells of a damaged record."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cbops.flows.proof import verify

FINISHED = next((Path(__file__).parents[2] / "rollouts").glob("*/journal.jsonl")).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FINISHED, tmp_path / "rollout"))


def test_a_sound_record_is_whole(folder: Path) -> None:
    outcome = verify(folder)
    assert (outcome.exit_status, outcome.data.problems) == (0, ())


def test_each_problem_is_told_with_its_file_and_line(folder: Path) -> None:
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"actor":"', b'"actor":"not ')
    (folder / "journal.jsonl").write_bytes(b"".join(lines[:-1]))
    piece = min((folder / "evidence").iterdir())
    piece.write_text("changed")
    outcome = verify(folder)
    assert outcome.exit_status == 7
    changed, cut, other = outcome.body
    assert changed.startswith(
        "  journal.jsonl, line 5: its 'prev' is not the hash of line 4: line 4 was changed"
    )
    assert (
        cut
        == f"  head.json: it names event {len(lines)}, but the journal ends with event {len(lines) - 1}: 1 lost"
    )
    assert other == f"  evidence/{piece.name}: its bytes have another hash"
    assert [(p.file, p.line) for p in outcome.data.problems] == [
        ("journal.jsonl", 5),
        ("head.json", None),
        (f"evidence/{piece.name}", None),
    ]
