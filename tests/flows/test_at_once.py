"""Twenty real processes at the same instant: one wins or they queue, and who loses is told why."""

from __future__ import annotations

from collections import Counter

import pytest
from crash_commands import ENABLE, ROLLBACK
from crash_world import Crash, Ended
from flow_world import POLICY, PROVIDER, TENANT

from cbops.model.state import Stage

MANY = 20
SELECT = ("canary", "select", TENANT, "--policy", POLICY, "--provider", PROVIDER, "--override", "for a test")


@pytest.fixture
def at_once(crash: Crash) -> Crash:
    """With a parent that has a command behind it, so that twenty forks cost little."""
    crash.warm("canary", "status")
    return crash


def lost(ended: list[Ended]) -> list[Ended]:
    """Those that changed nothing: exit 6, each with a reason and a way on."""
    refused = [each for each in ended if each.status == 6]
    for each in refused:
        assert each.error["message"]
        assert each.error["hint"]
        assert each.error["code"] in ("locked", "wrong-stage", "changed", "conflict", "blocked")
    return refused


def test_of_twenty_that_select_one_opens_the_rollout(work, at_once):
    ended = at_once.together([SELECT] * MANY)
    assert Counter(each.status for each in ended) == {0: 1, 6: MANY - 1}
    assert len(lost(ended)) == MANY - 1
    assert len(list((work.folder / "rollouts").iterdir())) == 1  # no lock file either
    work.verified()


def test_of_twenty_that_enable_one_wins_and_the_policy_is_written_once(work, at_once):
    folder = work.ready()
    ended = at_once.together([ENABLE] * MANY)
    assert Counter(each.status for each in ended) == {0: 1, 6: MANY - 1}
    assert len(lost(ended)) == MANY - 1
    assert len(work.router.puts) == 1
    assert (work.router.version(), work.state(folder).stage) == ("1.1", Stage.MONITORING)
    assert work.types(folder).count("enable_done") == 1
    work.verified()


def test_twenty_that_note_queue_and_every_note_is_on_record_once(work, at_once):
    folder = work.enabled()
    work.router.advance_to(work.router.now_ms + 60_000)
    texts = [f"note {number}" for number in range(MANY)]
    ended = at_once.together([("monitor", "note", "--day", 1, "--kind", "note", text) for text in texts])
    refused = lost(ended)  # on a very busy machine one may wait in vain
    assert all("is held by" in each.error["message"] for each in refused)
    said = [text for text, each in zip(texts, ended, strict=True) if each.status == 0]
    assert len(said) + len(refused) == MANY, ended
    assert sorted(note.text for note in work.state(folder).notes) == sorted(said)
    work.verified()


def test_twenty_that_roll_back_all_end_with_it_disabled_and_one_version_is_stored(work, at_once):
    folder = work.enabled()
    ended = at_once.together([ROLLBACK] * MANY)
    assert {each.status for each in ended} == {7}  # without traffic it stays unproven
    assert sum(each.answer["data"]["policies"][0]["written"] for each in ended) == 1
    assert (work.router.enabled(), work.router.version()) == (False, "1.2")
    assert work.state(folder).stage is Stage.ROLLED_BACK
    assert work.types(folder).count("rollback_done") == 1
    work.verified()


def test_of_two_operators_the_one_who_takes_it_back_prevails(work, at_once):
    """Whoever enables at the same instant wins for a moment, or is refused; it never stays enabled."""
    folder = work.ready()
    ended = at_once.together([ENABLE, ROLLBACK] * (MANY // 2))
    enabling, rolling = ended[::2], ended[1::2]
    assert {each.status for each in rolling} == {7}
    won = [each for each in enabling if each.status == 0]
    assert len(won) <= 1
    assert len(won) + len(lost(enabling)) == MANY // 2
    assert not work.router.enabled()
    assert work.state(folder).stage is Stage.ROLLED_BACK
    assert work.ok("resume")["action"] == "nothing"
    work.verified()
