"""Journals of every release stay readable: tests/data/journals is only ever added to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from cbops.journal.reader import read
from cbops.journal.signing import is_signed
from cbops.journal.verification import verify
from cbops.model.base import iso
from cbops.model.events import ComparisonSet, Event
from cbops.model.events_change import EnableSetAside
from cbops.model.events_checklist import ItemVerified
from cbops.model.events_guard import (
    GuardBreached,
    GuardEnded,
    GuardStarted,
    RolloutPaused,
    RolloutUnpaused,
)
from cbops.model.events_replay import Forecasted, LogsRead, Tuned
from cbops.model.events_safeguards import ApprovalGiven, JournalSealed
from cbops.model.events_sending import (
    ChannelTold,
    TicketSeenThere,
    TicketSendFailed,
    TicketSendIntended,
    TicketSent,
)
from cbops.model.events_tickets import TicketMoved, TicketNoted, TicketOpened, TicketUpdated
from cbops.model.seal import seal_statement
from cbops.model.state import Stage
from cbops.rollout.fold import fold

RELEASES = Path(__file__).parent.parent / "data" / "journals"
ROLLOUTS = sorted(path.parent for path in RELEASES.glob("*/*/journal.jsonl"))


def contains(read_value: Any, written: Any) -> bool:
    """Whether all that was written is in what was read; fields that came later may be more."""
    if isinstance(written, dict):
        return all(contains(read_value[key], value) for key, value in written.items())
    if isinstance(written, list):
        return len(read_value) == len(written) and all(map(contains, read_value, written))
    return bool(read_value == written)


def ids(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


@pytest.mark.parametrize("folder", ROLLOUTS, ids=ids)
def test_a_journal_of_an_earlier_release_is_read_proven_and_folded(folder: Path) -> None:
    assert verify(folder).ok
    entries = read(folder).entries
    assert fold(entries).last_seq == len(entries)
    written = [json.loads(line) for line in (folder / "journal.jsonl").read_text("utf-8").splitlines()]
    for entry, line in zip(entries, written, strict=True):
        assert (entry.seq, entry.event.type, entry.prev) == (line["seq"], line["type"], line["prev"])
        assert contains(entry.event.model_dump(mode="json", by_alias=True), line["data"])


# Event types that came later: a journal of the release that has them joins tests/data/journals with it.
SINCE_VERSION_1 = {
    EnableSetAside,
    ApprovalGiven,
    GuardBreached,
    GuardEnded,
    GuardStarted,
    ItemVerified,
    JournalSealed,
    RolloutPaused,
    RolloutUnpaused,
    ComparisonSet,
    Forecasted,
    LogsRead,
    TicketMoved,
    TicketNoted,
    TicketOpened,
    TicketUpdated,
    TicketSendIntended,
    TicketSent,
    TicketSendFailed,
    TicketSeenThere,
    ChannelTold,
    Tuned,
}


def test_version_1_has_every_event_type_of_its_release() -> None:
    folders = [folder for folder in ROLLOUTS if folder.parent.name == "v1"]
    kinds = {type(entry.event) for folder in folders for entry in read(folder).entries}
    assert kinds == set(get_args(Event)) - SINCE_VERSION_1


def test_the_state_of_version_1_is_what_it_was() -> None:
    state = fold(read(RELEASES / "v1" / "enabled").entries)
    assert (state.id, state.stage, state.torn_lines) == ("tenant-a", Stage.ROLLED_BACK, 1)
    assert [day.window.day for day in state.days] == [1, 2, 3, 4, 5, 6, 7]
    assert [day.window.day for day in state.baseline] == [-1, 0]
    assert state.enable is not None
    assert state.enable.verification == "read back, equal"
    assert state.rollbacks[-1].failures == ("reload: no answer",)
    assert fold(read(RELEASES / "v1" / "adopted").entries).stage is Stage.MONITORING


def test_version_2_names_the_account_of_each_line_and_its_state_is_what_it_was() -> None:
    folder = RELEASES / "v2" / "enabled"
    entries = read(folder).entries
    assert {json.loads(line)["v"] for line in (folder / "journal.jsonl").read_bytes().splitlines()} == {2}
    assert {entry.system.words for entry in entries if entry.system is not None} == {"maya@desk"}
    state = fold(entries)
    assert (state.id, state.stage, state.torn_lines) == ("tenant-a", Stage.ROLLED_BACK, 1)
    assert (len(state.approvals), len(state.seals), len(state.pauses)) == (1, 1, 1)
    seal = state.seals[0].sealed
    said = seal_statement(state.id, seal.covers, seal.hash, iso(seal.sealed_at), seal.key)
    assert (seal.covers, seal.hash) == (len(entries) - 1, entries[-2].hash)
    assert is_signed(said, key=seal.key, signature=seal.signature)
