"""Two copies of a journal compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from journal_samples import enabled_events, opened, write_rollout

from cbops.errors import InputError
from cbops.journal.forks import compare
from cbops.model.events import Event, NoteAdded

EVENTS = enabled_events()


def note(text: str) -> NoteAdded:
    return NoteAdded(day=None, kind="note", text=text)


def compared(tmp_path: Path, mine: list[Event], theirs: list[Event]) -> tuple[str, int]:
    write_rollout(tmp_path / "mine", mine)
    write_rollout(tmp_path / "theirs", theirs)
    fork = compare(tmp_path / "mine", tmp_path / "theirs")
    return fork.relation, fork.common


def test_two_copies_may_be_the_same_or_one_be_ahead(tmp_path: Path) -> None:
    assert compared(tmp_path, EVENTS, EVENTS) == ("same", len(EVENTS))
    assert compared(tmp_path, EVENTS, EVENTS[:5]) == ("ahead", 5)
    assert compared(tmp_path, EVENTS[:5], EVENTS) == ("behind", 5)


def test_two_copies_that_went_on_apart_are_a_fork_after_the_last_common_event(tmp_path: Path) -> None:
    mine, theirs = [*EVENTS[:5], note("a"), note("c")], [*EVENTS[:5], note("b")]
    assert compared(tmp_path, mine, theirs) == ("forked", 5)
    fork = compare(tmp_path / "mine", tmp_path / "theirs")
    assert fork.here is not None
    assert fork.there is not None
    assert (fork.here.event, fork.there.event) == (note("a"), note("b"))


def test_two_rollouts_have_nothing_in_common(tmp_path: Path) -> None:
    other = opened().model_copy(update={"rollout": "tenant-b"})
    assert compared(tmp_path, EVENTS, [other, *EVENTS[1:]]) == ("unrelated", 0)


def test_where_there_is_no_copy_nothing_can_be_compared(tmp_path: Path) -> None:
    write_rollout(tmp_path / "mine", EVENTS)
    with pytest.raises(InputError, match="There is no rollout in"):
        compare(tmp_path / "mine", tmp_path / "theirs")
