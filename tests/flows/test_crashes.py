"""Commands killed by SIGKILL between their steps, in real processes; then what the next command says and does."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flow_world import NAMED, POLICY, Practice, Work

from cbops.model.base import iso
from cbops.model.state import Stage

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL

Crash = Callable[..., int]


@pytest.fixture(scope="module")
def zygote() -> Iterator[subprocess.Popen[str]]:
    script = Path(__file__).with_name("crash_zygote.py")
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


@pytest.fixture
def crash(zygote: subprocess.Popen[str], work: Work) -> Crash:
    """Run a command that dies at that point; its exit status."""

    def run(where: str, number: int, *words: object) -> int:
        job = {
            "words": [str(word) for word in words],
            "folder": str(work.folder),
            "environ": work.cli.environ,
            "now": iso(work.clock.now()),
            "kill": [where, number],
        }
        assert zygote.stdin is not None
        assert zygote.stdout is not None
        zygote.stdin.write(json.dumps(job) + "\n")
        zygote.stdin.flush()
        return int(zygote.stdout.readline())

    return run


ENABLE_POINTS = [
    ("before PUT", 1),
    ("after PUT", 1),
    ("before POST reload", 1),
    ("after POST reload", 1),
    ("before GET history", 3),
    ("after GET history", 3),
]


def survived_enabling(work: Work, folder: Path) -> bool:
    """Whatever the crash left: the next commands tell the truth, settle it, and do nothing twice.

    True when the enabling went through, false when it was abandoned or never begun.
    """
    router: Practice = work.router
    status = work.ok("canary", "status")
    flying = status["in_flight"]
    if status["stage"] == "enabling":
        assert flying["live"] == ("intended" if router.enabled() else "before")
        assert flying["live_version"] == router.version()
        assert status["next_command"] == "cbops resume"
        settled = work.ok("resume")
        assert settled["action"] == ("finished" if router.enabled() else "abandoned")
    else:
        assert flying is None
        assert status["stage"] == ("monitoring" if router.enabled() else "selected")
    assert work.ok("resume")["action"] == "nothing"
    work.verified()
    went_through = router.enabled()
    assert len(router.puts) == went_through
    if not went_through:
        work.ok("canary", "enable", "--yes")
    assert len(router.puts) == 1
    assert router.version() == "1.1"
    state = work.state(folder)
    assert state.stage is Stage.MONITORING
    assert state.enabled_at == work.clock.now()
    assert work.types(folder).count("enable_done") == 1
    return went_through


@pytest.mark.parametrize(("where", "number"), ENABLE_POINTS)
def test_enabling_killed_between_its_calls_is_settled_by_what_is_live(work, crash, where, number):
    folder = work.ready()
    assert crash(where, number, "canary", "enable", "--yes") == KILLED
    assert work.ok("canary", "status")["stage"] == "enabling"
    assert survived_enabling(work, folder) == (where != "before PUT")


@pytest.mark.parametrize("where", ["before PUT", "after PUT", "after POST reload"])
def test_enabling_that_was_killed_can_be_taken_back_at_once(work, crash, where):
    folder = work.ready()
    assert crash(where, 1, "canary", "enable", "--yes") == KILLED
    arrived = len(work.router.puts)
    data = work.rollback()
    assert data["policies"][0]["written"] == bool(arrived)
    assert not work.router.enabled()
    assert len(work.router.puts) == 2 * arrived
    assert work.state(folder).stage is Stage.ROLLED_BACK
    work.verified()


def test_the_record_of_enabling_survives_a_kill_before_any_of_its_syncs(work, crash):
    """Every point of every append: between the write of a line, its sync, and that of the head."""
    folder, seen = work.ready(), set()
    snapshot = work.snapshot()
    for number in itertools.count(1):
        snapshot.restore()
        ended = crash("fsync", number, "canary", "enable", "--yes")
        if ended == 0:
            break
        assert ended == KILLED
        seen.add(survived_enabling(work, folder))
    assert number > 15
    assert seen == {True, False}


ROLLBACK_POINTS = [
    ("before GET history", 1),
    ("before PUT", 1),
    ("after PUT", 1),
    ("before POST reload", 1),
    ("after POST reload", 1),
    ("before GET history", 2),
    ("after GET history", 2),
]


def survived_rolling_back(work: Work, folder: Path, finish: str) -> None:
    """The next command tells the truth; `finish` ends it; nothing is written twice."""
    router = work.router
    status = work.ok("canary", "status")
    if status["stage"] == "rolling_back":
        assert status["in_flight"]["live"] == ("before" if router.enabled() else "intended")
        assert status["next_command"] == "cbops rollback"
    if finish == "resume":
        work.ok("resume")
    else:
        work.rollback()
    work.rollback()
    assert not router.enabled()
    assert len(router.puts) == 1
    assert router.version() == "1.2"
    state = work.state(folder)
    assert state.stage is Stage.ROLLED_BACK
    assert state.disabled_at == work.clock.now()
    assert work.types(folder).count("rollback_done") == 1
    assert state.rollbacks[0].proof is not None
    work.verified()


@pytest.mark.parametrize("finish", ["rollback", "resume"])
@pytest.mark.parametrize(("where", "number"), ROLLBACK_POINTS)
def test_a_rollback_killed_between_its_calls_is_finished_by_the_next_run(work, crash, where, number, finish):
    folder = work.enabled()
    assert crash(where, number, "rollback", "--yes") == KILLED
    if where == "before GET history" and number == 1:
        assert work.router.enabled()
    assert work.ok("canary", "status")["stage"] == "rolling_back"
    survived_rolling_back(work, folder, finish)


def test_the_record_of_a_rollback_survives_a_kill_before_any_of_its_syncs(work, crash):
    folder, stages = work.enabled(), set()
    snapshot = work.snapshot()
    for number in itertools.count(1):
        snapshot.restore()
        ended = crash("fsync", number, "rollback", "--yes")
        if ended == 7:
            break
        assert ended == KILLED
        stages.add(work.state(folder).stage)
        survived_rolling_back(work, folder, "rollback")
    assert number > 12
    assert stages == {Stage.ROLLING_BACK, Stage.ROLLED_BACK}


def test_a_rollback_of_a_tenant_that_was_killed_is_finished_in_its_whole_scope(work, crash):
    """The next run needs no --scope: what is pending says how far it goes."""
    folder = work.enabled()
    work.router.write(work.router.live(), "second")
    work.router.write(work.router.live(), "third")
    assert crash("before PUT", 2, "rollback", "--yes", "--scope", "tenant") == KILLED
    assert work.router.enabled("second")
    assert "every policy of tenant_canary" in work.ok("canary", "status")["in_flight"]["sentence"]
    data = work.rollback()
    assert data["scope"] == "tenant"
    assert not any(work.router.enabled(policy) for policy in (POLICY, "second", "third"))
    assert len(work.router.puts) == 3
    assert work.state(folder).stage is Stage.ROLLED_BACK


def test_a_rollback_without_a_rollout_that_was_killed_is_run_again(work, crash):
    work.router.enable()
    assert crash("after PUT", 1, "rollback", "--yes", *NAMED) == KILLED
    data = work.rollback(*NAMED)
    assert not data["policies"][0]["written"]
    assert len(work.router.puts) == 1
