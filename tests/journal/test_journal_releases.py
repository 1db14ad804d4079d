"""Journals of every release stay readable: tests/data/journals is only ever added to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from cbops.journal.reader import read
from cbops.journal.verification import verify
from cbops.model.events import ComparisonSet, Event, Forecasted, LogsRead, Tuned
from cbops.model.events_guard import (
    GuardBreached,
    GuardEnded,
    GuardStarted,
    RolloutPaused,
    RolloutUnpaused,
)
from cbops.model.events_safeguards import ApprovalGiven, JournalSealed
from cbops.model.events_tickets import TicketMoved, TicketNoted, TicketOpened, TicketUpdated
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
    ApprovalGiven,
    GuardBreached,
    GuardEnded,
    GuardStarted,
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
