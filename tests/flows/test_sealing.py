"""`journal seal`, and what `journal verify` holds a record against besides itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from flow_world import POLICY, Work
from journal_samples import head_bytes

from cbops.journal.codec import GENESIS, encode, line_hash
from cbops.journal.reader import read
from cbops.model.anchor import Anchor, anchor_in, anchored


@pytest.fixture
def folder(work: Work) -> Path:
    """A rollout that is ready to be enabled, and sealed with a key that was made for it."""
    folder = work.ready()
    work.ok("journal", "seal", "--new-key", "seal.key", "--out", "kept.json")
    return folder


def rewritten(folder: Path, actor: str = "eve", keep: int | None = None) -> None:
    """Rewrite the journal, its hashes and its head, as somebody does who may write there."""
    prev, lines = GENESIS, []
    for entry in read(folder).entries[:keep]:
        who = actor if entry.seq == 2 else entry.actor
        lines.append(encode(seq=entry.seq, at=entry.at, actor=who, event=entry.event, prev=prev))
        prev = line_hash(lines[-1])
    (folder / "journal.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (folder / "head.json").write_bytes(head_bytes(lines))


def cut(folder: Path, keep: int) -> None:
    """Take the last events away, and set the head back."""
    lines = (folder / "journal.jsonl").read_bytes().splitlines()[:keep]
    (folder / "journal.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (folder / "head.json").write_bytes(head_bytes(lines))


def problems(work: Work, *args: object) -> list[str]:
    result = work("journal", "verify", *args)
    assert result.status == 7, result.answer
    return [problem["message"] for problem in result.data["problems"]]


def test_a_seal_says_how_far_it_reaches_by_which_key_and_what_came_after(work: Work, folder: Path) -> None:
    key = (work.folder / "seal.key.pub").read_text().strip()
    work.ok("monitor", "note", "all is well")
    shown = work.text("journal", "verify", "--key", key)
    count = len(read(folder).entries)
    assert shown.status == 0
    assert f"events 1 to {count - 2} are sealed by the key of --key ({key[:16]}…)" in shown.stdout
    assert f"after the last seal by a known key: 2 events (from event {count - 1})" in shown.stdout
    assert shown.stderr == ""


def test_a_key_that_nobody_named_is_said_to_be_unknown_and_a_trusted_one_has_its_name(
    work: Work, folder: Path
) -> None:
    key = (work.folder / "seal.key.pub").read_text().strip()
    unknown = work("journal", "verify")
    assert unknown.status == 0
    assert "by a key that is not known here" in unknown.answer["warnings"][0]
    assert unknown.data["seals"][0]["known"] is False
    work.configure(signing={"trusted": {"maya": key}, "key": "seal.key"})
    known = work.ok("journal", "verify")
    assert [(seal["name"], seal["known"], seal["ok"]) for seal in known["seals"]] == [("maya", True, True)]
    assert work.ok("journal", "seal")["key"] == key


def test_a_chain_that_was_rewritten_whole_is_found_by_its_seal(work: Work, folder: Path) -> None:
    rewritten(folder)
    assert "the journal was rewritten up to there" in problems(work)[0]


def test_a_chain_that_was_rewritten_without_its_seal_is_found_by_the_key(work: Work, folder: Path) -> None:
    rewritten(folder, keep=3)
    assert work.ok("journal", "verify")["ok"]
    assert "no seal in it is by the key" in problems(work, "--key", "seal.key.pub")[0]


def test_a_chain_that_was_cut_off_before_its_seal_is_found_by_the_seal_that_was_kept(
    work: Work, folder: Path
) -> None:
    covers = len(read(folder).entries) - 1
    cut(folder, 3)
    assert work.ok("journal", "verify")["ok"]
    assert (
        f"it covers event {covers}, but the journal ends with event 3"
        in problems(work, "--seal", "kept.json")[0]
    )


def test_a_seal_by_another_key_than_the_one_that_was_asked_for_is_no_proof(work: Work, folder: Path) -> None:
    work.ok("journal", "seal", "--new-key", "other.key", "--out", "other.json")
    assert work.ok("journal", "verify", "--key", "seal.key.pub", "--seal", "kept.json")["ok"]
    assert "it is by another key" in problems(work, "--key", "seal.key.pub", "--seal", "other.json")[0]


def test_a_damaged_record_is_not_sealed(work: Work, folder: Path) -> None:
    work.ok("canary", "enable", "--yes")
    next((folder / "evidence").iterdir()).write_text("changed")
    before = (folder / "journal.jsonl").read_bytes()
    error = work.refused(7, "checks-failed", "journal", "seal", "--key", "seal.key")
    assert "not sealed" in error["message"]
    assert (folder / "journal.jsonl").read_bytes() == before


def test_without_a_key_it_says_how_to_get_one(work: Work, folder: Path) -> None:
    assert "--new-key" in work.refused(2, "usage", "journal", "seal")["hint"]
    work.refused(2, "usage", "journal", "seal", "--key", "seal.key", "--new-key", "x")
    (work.folder / "seal.key").chmod(0o644)
    assert "chmod 600" in work.refused(3, "input", "journal", "seal", "--key", "seal.key")["hint"]


def test_the_private_key_is_in_nothing_that_was_written_or_said(work: Work, folder: Path) -> None:
    secret = (work.folder / "seal.key").read_text().splitlines()[1]
    said = work.text("journal", "seal", "--key", "seal.key", "--verbose")
    written = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert secret not in said.stdout + said.stderr
    assert not any(secret.encode() in each for each in written)


def test_two_copies_that_went_on_apart_are_told(work: Work, folder: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(folder.parent, clone)
    assert work.ok("journal", "verify", "--compare", clone)["fork"]["relation"] == "same"
    work.ok("monitor", "note", "here")
    assert work.ok("journal", "verify", "--compare", clone / folder.name)["fork"]["relation"] == "ahead"
    aside = folder.parent.rename(tmp_path / "aside")
    shutil.copytree(clone, folder.parent)
    work.ok("monitor", "note", "there", "--by", "Bob")
    result = work("journal", "verify", "--compare", aside)
    assert result.status == 7
    fork = result.data["fork"]
    assert (fork["relation"], fork["common"]) == ("forked", len(read(folder).entries) - 1)
    assert (fork["here"]["actor"], fork["there"]["type"]) == ("Bob", "note_added")
    assert "go on differently: here 'note_added' by Bob" in result.data["problems"][0]["message"]


def test_a_copy_that_is_damaged_is_told_as_that(work: Work, folder: Path, tmp_path: Path) -> None:
    clone = Path(shutil.copytree(folder, tmp_path / "clone"))
    (clone / "head.json").write_text("?")
    found = work("journal", "verify", "--compare", clone)
    assert found.data["problems"][0]["file"] == f"{clone}/head.json"


def test_each_write_carries_the_head_of_the_journal_to_the_router(work: Work) -> None:
    folder = work.enabled()
    work.rollback()
    entries = read(folder).entries
    kept = [anchor_in(version.comment) for version in work.router.policy("tenant_canary", POLICY).versions]
    found = [anchor for anchor in kept if anchor is not None]
    assert [entries[anchor.seq - 1].event.type for anchor in found] == [
        "enable_intended",
        "rollback_intended",
    ]
    assert [entries[anchor.seq - 1].hash for anchor in found] == [anchor.hash for anchor in found]
    anchors = work.ok("journal", "verify", "--against-router")["anchors"]
    assert anchors == {"found": 2, "fitting": 2, "through": found[-1].seq}


def test_a_journal_that_was_cut_off_is_found_by_the_router(work: Work) -> None:
    folder = work.enabled()
    cut(folder, 3)
    assert work.ok("journal", "verify")["ok"]
    assert (
        "was on record at that write; the journal ends with event 3" in problems(work, "--against-router")[0]
    )


def test_a_journal_that_was_rewritten_is_found_by_the_router(work: Work) -> None:
    rewritten(work.enabled())
    assert "had another hash at that write" in problems(work, "--against-router")[0]


def test_without_the_router_or_an_anchor_that_is_said(work: Work) -> None:
    work.ready()
    result = work("journal", "verify", "--against-router")
    assert (result.status, result.data["anchors"]) == (0, {"found": 0, "fitting": 0, "through": None})
    assert "holds no anchor" in result.answer["warnings"][0]
    work.wire.down()
    assert work.ok("journal", "verify")["anchors"] is None
    work.refused(4, "admin-unreachable", "journal", "verify", "--against-router")


@pytest.mark.parametrize("name", ["maya", "[journal x 1 " + "a" * 64 + "]", "ö [journal"])
def test_an_anchor_is_read_back_whatever_name_stands_before_it(name: str) -> None:
    anchor = Anchor("phase1-tenant_a-20250127", 14, "3f" * 32)
    assert anchor_in(anchored(f"cbops canary enable by {name}", anchor)) == anchor
    assert anchor_in("cbops canary enable by maya") is None
    assert anchor_in(None) is None


def test_the_account_stands_beside_the_name_wherever_it_is_shown(work: Work) -> None:
    folder = work.ready()
    work.ok("monitor", "note", "seen", "--by", "Maya Ö.")
    system = read(folder).entries[-1].system
    assert system is not None
    assert work.ok("journal", "show")["entries"][-1]["system"] == system.words
    count = len(read(folder).entries)
    assert f"  account {system.words}: events 1-{count}\n" in work.text("journal", "show").stdout
    assert json.loads((folder / "journal.jsonl").read_text().splitlines()[-1])["system"] == {
        "user": system.user,
        "host": system.host,
    }
