"""Every command that changes something, killed by SIGKILL at every point that the world outside can see."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from crash_commands import ROWS, Row
from crash_world import KILLED, ROOT, Crash
from flow_world import Snapshot, Work

from cbops.journal.folders import find_rollouts
from cbops.journal.reader import read
from cbops.model.events import TornLineSetAside

FEW = 4  # points of a command in the quick run, besides those at its write
QUICK = ("canary enable", "rollback", "ticket create")
THINNED = ("resume of a rollback", "rollback that restores")  # their steps are those of the rollback
LONG = [row for row in ROWS if row.name not in THINNED]
SOME = [
    pytest.param(row, id=row.name, marks=[] if row.name in QUICK else pytest.mark.long)
    for row in ROWS
    if row.name in QUICK + THINNED
]
PASSED_OVER = {".lock", ".lock.json"}  # which say who holds it, and hold nobody up


@dataclass
class Tally:
    """What became of the points. `states`: how many different worlds the crashes left, each settled once."""

    tried: int = 0
    states: set[str] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    def line(self, name: str) -> str:
        return (
            f"{name}: {self.tried} points tried, {len(self.states)} states left, "
            f"{len(self.lost)} lost, {len(self.doubled)} doubled"
        )


@dataclass
class World:
    """One row's rollout, brought back to its beginning before each crash."""

    row: Row
    crash: Crash
    folder: Path
    snapshot: Snapshot

    @staticmethod
    def of(row: Row, crash: Crash) -> World:
        folder = row.begin(crash)
        return World(row, crash, folder, crash.work.snapshot())

    @property
    def work(self) -> Work:
        return self.crash.work

    @property
    def opened(self) -> bool:
        """Whether there is a rollout: a crash while it is opened may leave none."""
        return self.folder in find_rollouts(self.folder.parent)

    def restore(self) -> None:
        if self.row.writes:
            self.snapshot.restore()
            return
        shutil.rmtree(self.folder.parent)
        shutil.copytree(self.snapshot.kept, self.folder.parent)

    def kill(self, number: int, name: str) -> None:
        """From the beginning up to the point of that number and name."""
        self.restore()
        ended = self.crash.at(number, *self.row.words)
        assert (ended["status"], ended["last"]) == (KILLED, name)

    def state(self) -> str:
        """What a crash left, as a hash: the next command sees nothing else."""
        router = self.work.router
        seen = hashlib.sha256(repr((router.version(), router.live(), router.puts)).encode())
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.name not in PASSED_OVER:
                seen.update(f"\0{path}\0".encode() + path.read_bytes())
        return seen.hexdigest()

    def passed(self) -> list[str]:
        """The names of all points, from a run that nobody kills; nothing of it may go past them."""
        self.crash.warm(*self.row.words)
        self.restore()
        whole = self.crash.points(*self.row.words)
        assert (whole["status"], whole["missed"]) == (self.row.works, [])
        return whole["passed"]


def tried(row: Row, crash: Crash, *, thin: bool) -> Tally:
    """Kill it at its points, each in a process of its own, and go on from what that left."""
    world, tally = World.of(row, crash), Tally()
    names = world.passed()
    assert any(name.startswith("half write journal") for name in names)
    assert names[-1] == "after write answer"
    step = len(names) // FEW if thin else 1
    for number, name in enumerate(names, 1):
        if number % step and " PUT " not in name:
            continue
        world.kill(number, name)
        tally.tried += 1
        state, point = world.state(), f"{row.name}, killed {name} ({number})"
        if state in tally.states:
            continue
        tally.states.add(state)
        settled(world, point, tally, resumed=row.resumed[0])
        for resumed in row.resumed[1:]:
            world.kill(number, name)
            settled(world, point, tally, resumed=resumed)
    return tally


def settled(world: World, point: str, tally: Tally, *, resumed: bool) -> None:
    """The next commands tell the truth, bring it to its end, and do nothing twice."""
    row, work, folder = world.row, world.work, world.folder
    try:
        done = False
        if world.opened:
            told(world)
            work.verified()
            done = bool(row.once) and all(kind in work.types(folder) for kind in row.once)
        else:
            assert "there is no rollout" in work.refused(6, "wrong-stage", "canary", "status")["message"]
        if resumed and world.opened:
            action = work.ok("resume")["action"]
            assert action in ("finished", "abandoned", "nothing")
            assert work.ok("resume")["action"] == "nothing"
            done = done or action == "finished"
        again = work(*row.words)
        assert again.status == row.again[0 if done else 1], again.answer
        assert again.answer["error"] is None or again.error["hint"]
        assert work.ok("resume")["action"] == "nothing"
        work.verified()
        row.right(work, folder)
    except Exception as error:
        error.add_note(f"at the point: {point}")
        raise
    count(world, point, tally)


def told(world: World) -> None:
    """`canary status`, straight after the crash: true to record and router, and a torn line is named."""
    reading = read(world.folder)
    answer = world.work("canary", "status")
    assert answer.status == 0
    assert [note for note in reading.notes if note not in answer.answer["warnings"]] == []
    assert bool(reading.notes) == (reading.torn is not None or reading.head_status != "current")
    world.row.told(world.work, world.work.state(world.folder), answer.data)


def count(world: World, point: str, tally: Tally) -> None:
    """What is missing in the end, and what is there twice; torn lines are kept, each named by one event."""
    entries, work = read(world.folder).entries, world.work
    types = [entry.event.type for entry in entries]
    for kind in world.row.once:
        if types.count(kind) != 1:
            (tally.lost if kind not in types else tally.doubled).append(f"{point}: {kind}")
    if len(work.router.puts) != world.row.puts and world.row.writes:
        few = len(work.router.puts) < world.row.puts
        (tally.lost if few else tally.doubled).append(f"{point}: {work.router.puts}")
    named = [entry.event.file for entry in entries if isinstance(entry.event, TornLineSetAside)]
    kept = sorted(path.name for path in world.folder.glob("torn-*.txt"))
    if sorted(named) != kept:
        tally.lost.append(f"{point}: {kept} set aside, {named} on record")


@pytest.mark.parametrize("row", SOME)
def test_some_points_of_each_command_lose_nothing_and_double_nothing(row: Row, crash: Crash) -> None:
    tally = tried(row, crash, thin=True)
    assert (tally.lost, tally.doubled) == ([], [])
    assert tally.tried > 3


@pytest.mark.long
@pytest.mark.parametrize("row", LONG, ids=lambda row: row.name)
def test_every_point_of_each_command_loses_nothing_and_doubles_nothing(
    row: Row, crash: Crash, sums: dict[str, Tally]
) -> None:
    sums[row.name] = tally = tried(row, crash, thin=False)
    print(tally.line(row.name))
    assert (tally.lost, tally.doubled) == ([], [])


@pytest.fixture(scope="module")
def sums() -> dict[str, Tally]:
    return {}


@pytest.mark.long
def test_the_sum_of_all_points_is_at_least_what_the_page_says(sums: dict[str, Tally]) -> None:
    """After the others: the page's number is a floor, for the code goes on changing."""
    if len(sums) < len(LONG):
        pytest.skip("it adds up what the others of this file counted, all in one process")
    every = Tally(
        sum(each.tried for each in sums.values()), {one for each in sums.values() for one in each.states}
    )
    print(every.line("all commands"))
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    promised = re.search(r"more than (\d+) points", page)
    assert promised is not None
    assert every.tried > int(promised.group(1))
