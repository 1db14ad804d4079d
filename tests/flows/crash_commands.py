"""The commands that are killed at every point of theirs: a row each is enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from crash_world import KILLED, Crash
from flow_world import POLICY, PROVIDER, TENANT, Work

from cbops.journal.folders import find_rollouts
from cbops.journal.keys import create_signer
from cbops.journal.reader import read
from cbops.model.base import to_ms
from cbops.model.events import DayCollected
from cbops.model.state import RolloutState, Stage

ENABLE = ("canary", "enable", "--yes")
ROLLBACK = ("rollback", "--yes")
TICKET = ("ticket", "create", "--title", "Opens at night", "--issue", "Nobody knows why")
TRIAGE = ("ticket", "update", "1", "--to", "triaged", "--priority", "high", "--note", "it is real")
SELECT = ("canary", "select", TENANT, "--policy", POLICY, "--provider", PROVIDER, "--override", "for a test")
APPROVE = ("canary", "approve", "enable", "--yes", "--note", "looks right")
SEAL = ("journal", "seal", "--key", "seal.key", "--out", "kept.json")
GUARD = ("monitor", "watch", "--auto-rollback", "--wait", "0s", "--until", "day-end")
DECIDE = ("decide", "extend", "--by", "Maya", "--reason", "too little was seen")


@dataclass(frozen=True)
class Row:
    """A command, the rollout that it begins with, and what is true of it at any point and in the end.

    `once`: the events of which there is one in the end, neither none nor two. `puts`: how many writes reached the
    router by then. `told`: what the status must say of a crash, given what is on record and live. `again`: the exit
    statuses of running it again, when it was done already and when it wasn't. `resumed`: whether `cbops resume` comes
    before that; both ways are gone where there are two. `writes`: it changes the router.
    """

    name: str
    words: tuple[str, ...]
    begin: Callable[[Crash], Path]
    once: tuple[str, ...]
    told: Callable[[Work, RolloutState, dict[str, Any]], None]
    right: Callable[[Work, Path], None]
    works: int = 0
    again: tuple[int, int] = (0, 0)
    puts: int = 0
    resumed: tuple[bool, ...] = (True,)
    writes: bool = True


def told_of_enabling(work: Work, state: RolloutState, status: dict[str, Any]) -> None:
    """In flight: what is live, and the way on. Not in flight: the stage is what the router says."""
    flying, live = status["in_flight"], work.router.enabled()
    if state.stage is Stage.ENABLING:
        assert flying["live"] == ("intended" if live else "before")
        assert flying["live_version"] == work.router.version()
        assert status["next_command"] == "cbops resume"
    else:
        assert flying is None
        assert state.stage is (Stage.MONITORING if live else Stage.SELECTED)


def told_of_rolling_back(work: Work, state: RolloutState, status: dict[str, Any]) -> None:
    flying, live = status["in_flight"], work.router.enabled()
    if state.stage is Stage.ROLLING_BACK:
        assert flying["live"] == ("before" if live else "intended")
        restores = state.rollbacks[-1].restore is not None
        assert status["next_command"] == ("cbops resume" if restores else "cbops rollback")
    else:
        assert flying is None
        assert state.stage is (Stage.MONITORING if live else Stage.ROLLED_BACK)


def told_of_days(_work: Work, state: RolloutState, status: dict[str, Any]) -> None:
    on_record = [day.window.day for day in state.days]
    assert status["days_collected"] == on_record
    assert status["days_missing"] == [day for day in (1,) if day not in on_record]
    assert status["next_command"] == ("cbops evaluate" if on_record else "cbops monitor daily")


def told_of_the_decision(_work: Work, state: RolloutState, status: dict[str, Any]) -> None:
    assert status["decision"] == ("extend" if state.decisions else None)
    assert status["decided_by"] == ("Maya" if state.decisions else None)


def enabled_in_the_end(work: Work, folder: Path) -> None:
    state = work.state(folder)
    assert (state.stage, work.router.version(), work.router.enabled()) == (Stage.MONITORING, "1.1", True)
    assert state.enabled_at == work.clock.now()


def survived_enabling(work: Work, folder: Path) -> bool:
    """Whatever the crash left: the next commands tell the truth, settle it, and do nothing twice.

    True when the enabling went through, false when it was abandoned or never begun.
    """
    router = work.router
    status = work.ok("canary", "status")
    told_of_enabling(work, work.state(folder), status)
    if status["stage"] == "enabling":
        settled = work.ok("resume")
        assert settled["action"] == ("finished" if router.enabled() else "abandoned")
    assert work.ok("resume")["action"] == "nothing"
    work.verified()
    went_through = router.enabled()
    assert len(router.puts) == went_through
    if not went_through:
        work.ok("canary", "enable", "--yes")
    assert len(router.puts) == 1
    enabled_in_the_end(work, folder)
    assert work.types(folder).count("enable_done") == 1
    return went_through


def rolled_back_in_the_end(work: Work, folder: Path) -> None:
    state = work.state(folder)
    assert (state.stage, work.router.version(), work.router.enabled()) == (Stage.ROLLED_BACK, "1.2", False)
    assert state.disabled_at == work.clock.now()


def rolled_back_and_looked_for_proof(work: Work, folder: Path) -> None:
    rolled_back_in_the_end(work, folder)
    assert work.state(folder).rollbacks[0].proof is not None


def collected_in_the_end(work: Work, folder: Path) -> None:
    """Collecting again measures again; each day stands once, and the baseline is never measured anew."""
    state = work.state(folder)
    assert [day.window.day for day in state.days] == [1]
    days = [one.event.window.day for one in read(folder).entries if isinstance(one.event, DayCollected)]
    assert days.count(0) == 1
    assert days.count(1) in (1, 2)


def told_of_the_selection(_work: Work, state: RolloutState, status: dict[str, Any]) -> None:
    assert (state.stage, status["stage"]) == (Stage.SELECTED, "selected")
    assert status["next_command"] == "cbops canary notify --how HOW"


def selected_in_the_end(work: Work, folder: Path) -> None:
    """One rollout, and nothing left of an attempt before it."""
    assert [each.name for each in find_rollouts(folder.parent)] == [folder.name]
    assert work.types(folder)[0] == "rollout_opened"


def told_of_the_approval(work: Work, state: RolloutState, status: dict[str, Any]) -> None:
    assert status["stage"] == "selected"
    shown = work.ok("journal", "show")["entries"]
    assert [each["type"] for each in shown].count("approval_given") == len(state.approvals)


def approved_in_the_end(work: Work, folder: Path) -> None:
    """Said again it stands twice, as one person's word of one plan."""
    given = [each.given for each in work.state(folder).approvals]
    assert len(given) in (1, 2)
    assert len(set(given)) == 1


def told_of_the_seal(work: Work, _state: RolloutState, _status: dict[str, Any]) -> None:
    assert all(seal["ok"] for seal in work.ok("journal", "verify")["seals"])


def sealed_in_the_end(work: Work, folder: Path) -> None:
    """The seal that was kept elsewhere is whole, and of this record; one that nobody kept harms nothing."""
    key = (work.folder / "seal.key.pub").read_text().strip()
    found = work.ok("journal", "verify", "--key", key, "--seal", "kept.json")
    assert {seal["ok"] for seal in found["seals"]} == {True}
    assert work.types(folder).count("journal_sealed") in (1, 2)


def told_of_the_guard(work: Work, state: RolloutState, status: dict[str, Any]) -> None:
    """What it began is told like any rollback; its ticket is listed as soon as it is on record."""
    told_of_rolling_back(work, state, status)
    told_of_the_ticket(work, state, status)


def guarded_in_the_end(work: Work, folder: Path) -> None:
    """The breach came before the rollback, and whoever was killed ended nothing."""
    types = work.types(folder)
    assert types.index("guard_breached") < types.index("ticket_opened") < types.index("rollback_intended")
    assert work.state(folder).rollbacks[0].reason.startswith("guard: ")
    assert work.router.version() == "1.2"
    assert not work.router.enabled()
    ticket_file_in_the_end(work, folder)


def told_of_the_ticket(work: Work, state: RolloutState, _status: dict[str, Any]) -> None:
    listed = work.ok("ticket", "list")["tickets"]
    assert [each["id"] for each in listed] == ["CB-OPS-001"][: len(state.tickets)]


def ticket_file_in_the_end(work: Work, folder: Path) -> None:
    """The file says what the record says."""
    shown = work.ok("ticket", "show", "1")["text"]
    assert (folder / "tickets" / "CB-OPS-001.md").read_text(encoding="utf-8") == shown


def triaged_in_the_end(work: Work, folder: Path) -> None:
    ticket = work.state(folder).tickets[0]
    assert (ticket.state.value, ticket.priority.value) == ("triaged", "high")
    ticket_file_in_the_end(work, folder)


def nothing_more(_work: Work, _folder: Path) -> None:
    """What `once` says is all."""


def ready(crash: Crash) -> Path:
    return crash.work.ready()


def enabled(crash: Crash) -> Path:
    return crash.work.enabled()


def nothing_yet(crash: Crash) -> Path:
    """Where the rollout is going to be."""
    rollouts = crash.work.folder / "rollouts"
    rollouts.mkdir()
    return rollouts / f"phase1-{TENANT}-{crash.work.clock.now():%Y%m%d}"


def keyed(crash: Crash) -> Path:
    create_signer("seal.key", crash.work.folder)
    return crash.work.ready()


def ticketed(crash: Crash) -> Path:
    folder = crash.work.enabled()
    crash.work.ok(*TICKET)
    return folder


def beyond_a_bound(crash: Crash) -> Path:
    """Two minutes with the breaker, at a latency that the guard doesn't bear."""
    work = crash.work
    work.configure(
        guard={"readings": 1, "latency": {"above_ms": 0.001, "min_results": 1, "action": "rollback"}}
    )
    folder = work.enabled()
    work.play(minutes=2)
    return folder


def enabling(crash: Crash) -> Path:
    """Killed between the write and its record."""
    folder = crash.work.ready()
    assert crash("after PUT", 1, *ENABLE) == KILLED
    return folder


def rolling_back(crash: Crash) -> Path:
    folder = crash.work.enabled()
    assert crash("before PUT", 1, *ROLLBACK) == KILLED
    return folder


def a_day_later(crash: Crash) -> Path:
    """Past the first day with the breaker, scraped every hour; the day before has no traffic to measure."""
    work = crash.work
    work.configure(baseline_days=1)
    folder = work.enabled()
    scraper, router = work.clock.scraper, work.router
    assert scraper is not None
    for _ in range(25):
        router.advance_to(to_ms(router.now + timedelta(hours=1)))
        scraper.scrape(router.now_ms)
    work.store.flush()
    return folder


ROWS = (
    Row(
        "canary enable", ENABLE, ready, ("enable_done",), told_of_enabling, enabled_in_the_end,
        again=(6, 0), puts=1,
    ),
    Row(
        "resume of an enabling", ("resume",), enabling, ("enable_done",), told_of_enabling, enabled_in_the_end,
    ),
    Row(
        "rollback", ROLLBACK, enabled, ("rollback_done",), told_of_rolling_back, rolled_back_and_looked_for_proof,
        works=7, again=(7, 7), puts=1, resumed=(True, False),
    ),
    Row(
        "rollback that restores", (*ROLLBACK, "--strategy", "restore"), enabled, ("rollback_done",),
        told_of_rolling_back, rolled_back_and_looked_for_proof, works=7, again=(7, 7), puts=1, resumed=(True, False),
    ),
    Row(
        "resume of a rollback", ("resume",), rolling_back, ("rollback_done",), told_of_rolling_back,
        rolled_back_in_the_end, puts=1,
    ),
    Row(
        "monitor daily", ("monitor", "daily"), a_day_later, (), told_of_days, collected_in_the_end, writes=False,
    ),
    Row("decide", DECIDE, enabled, ("decided",), told_of_the_decision, nothing_more, writes=False),
    Row(
        "ticket create", TICKET, enabled, ("ticket_opened",), told_of_the_ticket, ticket_file_in_the_end,
        writes=False,
    ),
    Row(
        "ticket update", TRIAGE, ticketed, ("ticket_noted", "ticket_moved"), told_of_the_ticket, triaged_in_the_end,
        again=(6, 0), writes=False,
    ),
    Row(
        "canary select", SELECT, nothing_yet, ("rollout_opened",), told_of_the_selection, selected_in_the_end,
        again=(6, 0), writes=False,
    ),
    Row("canary approve", APPROVE, ready, (), told_of_the_approval, approved_in_the_end, writes=False),
    Row("journal seal", SEAL, keyed, (), told_of_the_seal, sealed_in_the_end, writes=False),
    Row(
        "monitor watch", GUARD, beyond_a_bound, ("rollback_done", "ticket_opened"), told_of_the_guard,
        guarded_in_the_end, works=20, again=(6, 20), puts=1, resumed=(False,),
    ),
)  # fmt: skip
