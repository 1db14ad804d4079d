"""Tickets: written, moved, rendered, and kept apart from each other by what they are about."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from flow_world import journal_bytes
from journal_samples import TickingClock, opened, write_rollout

from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Who, recording
from cbops.flows.steps.ticketing import draft
from cbops.journal.reader import read
from cbops.model.ticket import (
    Ticket,
    TicketBody,
    TicketDraft,
    TicketKind,
    TicketPriority,
    TicketState,
    fingerprint,
)

if TYPE_CHECKING:
    from conftest import Cli, Result

RESOLUTION = "timeout_ms raised to 90 s"


@dataclass
class Desk:
    """A work folder with one rollout that was just opened."""

    cli: Cli
    rollout: Path
    clock: TickingClock

    def __call__(self, *args: object) -> Result:
        return self.cli.json(*args, clock=self.clock)

    def ok(self, *args: object) -> dict[str, Any]:
        result = self(*args)
        assert result.status == 0, result
        return result.data

    def refused(self, status: int, code: str, *args: object) -> dict[str, str]:
        result = self(*args)
        assert (result.status, result.error["code"]) == (status, code), result
        return result.error


@pytest.fixture
def work(cli) -> Desk:
    (cli.folder / "cbops.yaml").write_text("version: 1\n")
    folder = cli.folder / "rollouts" / "tenant-a"
    write_rollout(folder, [opened()])
    return Desk(cli, folder, TickingClock())


@pytest.fixture
def rollout(work) -> Path:
    return work.rollout


def signal(work, *, days: float = 0, **changes: object) -> TicketDraft:
    """As if something had been seen just now."""
    made = TicketDraft(
        fingerprint=fingerprint("unexpected-opens", "t", "openai"),
        kind=TicketKind.THRESHOLD_INACCURACY,
        title="openai opens too often",
        priority=TicketPriority.MEDIUM,
        signal="3 unexpected opens",
        last_seen=work.clock.now() + timedelta(days=days),
        body=TicketBody(issue="It opens.", checklist=("look at the logs", "change the policy")),
    )
    return made.model_copy(update=changes)


def put(work, folder: Path, one: TicketDraft) -> Ticket:
    who = Who(actor="ann", command="a test", clock=work.clock)
    with recording(folder, who) as (record, _):
        return draft(record, who, one)


def front(folder: Path, name: str = "CB-OPS-001") -> dict:
    text = (folder / "tickets" / f"{name}.md").read_text("utf-8")
    return yaml.safe_load(text.split("---\n")[1])


def test_a_ticket_in_own_words_has_a_number_a_file_and_its_labels(work, rollout):
    data = work.ok("ticket", "create", "--title", "an empty panel", "--expected", "figures", "--by", "Ann")
    (ticket,) = data["opened"]
    assert (ticket["id"], ticket["title"]) == ("CB-OPS-001", "[CB-OPS] an empty panel")
    assert ticket["labels"] == [
        "circuit-breaker",
        "operational-improvement",
        "production",
        "operator-written",
    ]
    text = (rollout / ticket["file"]).read_text("utf-8")
    assert "# [CB-OPS] an empty panel\n" in text
    assert "## Expected Behavior\n\n- figures\n" in text
    assert "- **Tenants**: tenant-a\n" in text
    assert front(rollout)["opened_by"] == "Ann"


def test_every_section_stands_in_the_file_even_before_it_is_filled(work, rollout):
    work.ok("ticket", "create", "--title", "x")
    text = (rollout / "tickets" / "CB-OPS-001.md").read_text("utf-8")
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        *("Issue", "Context", "Current Behavior", "Expected Behavior", "Metrics/Logs", "Proposed Solution"),
        *("Impact", "Priority", "Resolution", "History"),
    ]
    assert "`[TO BE FILLED]`" in text


def test_the_same_words_twice_are_one_ticket(work, rollout):
    work.ok("ticket", "create", "--title", "an empty panel")
    before = journal_bytes(rollout)
    data = work.ok("ticket", "create", "--title", "an empty panel")
    assert ([each["id"] for each in data["unchanged"]], data["opened"]) == (["CB-OPS-001"], [])
    assert journal_bytes(rollout) == before


def test_a_signal_of_the_next_day_brings_its_ticket_up_to_date(work, rollout):
    first = put(work, rollout, signal(work))
    again = put(work, rollout, signal(work))
    later = put(
        work, rollout, signal(work, days=1, signal="5 unexpected opens", priority=TicketPriority.HIGH)
    )
    assert again == first
    assert (later.number, later.signal, later.priority) == (1, "5 unexpected opens", TicketPriority.HIGH)
    assert [step.what for step in later.steps] == ["opened", "seen again"]
    assert front(rollout)["priority"] == "high"
    assert len(load(rollout).tickets) == 1


def test_another_signal_is_another_ticket(work, rollout):
    put(work, rollout, signal(work))
    other = put(work, rollout, signal(work, fingerprint=fingerprint("unexpected-opens", "t", "anthropic")))
    assert (other.id, front(rollout, "CB-OPS-002")["id"]) == ("CB-OPS-002", "CB-OPS-002")


def move(work, to: str, *more: object) -> dict:
    return work.ok("ticket", "update", "CB-OPS-001", "--to", to, *more)["ticket"]


def test_a_ticket_goes_through_its_life_and_closes_with_a_resolution(work, rollout):
    put(work, rollout, signal(work))
    move(work, "triaged")
    move(work, "investigating", "--note", "replaying")
    assert move(work, "resolved", "--resolution", RESOLUTION)["resolution"] == RESOLUTION
    assert move(work, "closed")["state"] == "closed"
    assert (front(rollout)["state"], front(rollout)["resolution"]) == ("closed", RESOLUTION)
    steps = work.ok("ticket", "show", "1")["steps"]
    assert [step["state"] for step in steps] == ["created", "triaged", "investigating", "resolved", "closed"]
    assert [entry.event.type for entry in read(rollout).entries][-4:] == ["ticket_moved"] * 4
    assert work.ok("journal", "verify")["ok"]


@pytest.mark.parametrize(
    ("before", "change", "status", "code"),
    [
        ((), ("--to", "closed"), 6, "wrong-stage"),
        ((), ("--to", "resolved", "--resolution", "x"), 6, "wrong-stage"),
        ((), ("--to", "investigating"), 6, "wrong-stage"),
        (("triaged",), ("--to", "resolved"), 2, "usage"),
        (("triaged",), ("--to", "investigating", "--resolution", "x"), 2, "usage"),
        ((), ("--priority", "low", "--note", "x", "--to", "closed"), 6, "wrong-stage"),
        ((), ("--priority", "low", "--resolution", "x"), 2, "usage"),
        ((), (), 2, "usage"),
        ((), ("--resolution", "x"), 2, "usage"),
        ((), ("--done", "3"), 3, "input"),
        ((), ("--done", "0"), 3, "input"),
        ((), ("--note", "a\x1bb"), 3, "input"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused_and_leaves_no_trace(
    work, rollout, before, change, status, code
):
    put(work, rollout, signal(work))
    for state in before:
        move(work, state)
    record = journal_bytes(rollout)
    work.refused(status, code, "ticket", "update", "1", *change)
    assert journal_bytes(rollout) == record


def test_a_closed_ticket_opens_again_with_a_reason_only(work, rollout):
    put(work, rollout, signal(work))
    move(work, "triaged")
    move(work, "resolved", "--resolution", RESOLUTION)
    work.refused(2, "usage", "ticket", "update", "1", "--to", "investigating")
    assert move(work, "investigating", "--note", "it came back")["resolution"] is None


def test_a_signal_seen_after_the_resolution_opens_its_ticket_again_and_an_older_one_does_not(work, rollout):
    old = signal(work)
    put(work, rollout, old)
    work.clock.wait(3600)
    move(work, "triaged")
    move(work, "resolved", "--resolution", RESOLUTION)
    before = journal_bytes(rollout)
    assert put(work, rollout, old.model_copy(update={"signal": "other words"})).state is TicketState.RESOLVED
    assert journal_bytes(rollout) == before
    again = put(work, rollout, signal(work, days=1))
    assert (again.state, again.resolution) == (TicketState.INVESTIGATING, None)
    assert again.steps[-1].note == "seen again after it was resolved: 3 unexpected opens"


def test_the_priority_of_a_person_stays(work, rollout):
    put(work, rollout, signal(work))
    work.ok("ticket", "update", "1", "--priority", "low", "--by", "Ann")
    after = put(work, rollout, signal(work, days=1, priority=TicketPriority.CRITICAL, signal="9 opens"))
    assert (after.priority, after.priority_by) == (TicketPriority.LOW, "Ann")


def test_items_of_the_checklist_are_ticked_and_what_is_left_is_said_at_the_end(work, rollout):
    put(work, rollout, signal(work))
    assert work.ok("ticket", "update", "1", "--done", "2")["still_open"] == ["look at the logs"]
    text = (rollout / "tickets" / "CB-OPS-001.md").read_text("utf-8")
    assert "- [ ] look at the logs\n- [x] change the policy\n" in text
    move(work, "triaged")
    move(work, "resolved", "--resolution", "x")
    assert work("ticket", "update", "1", "--to", "closed").answer["warnings"] == [
        "1 item of its checklist is not ticked"
    ]


@pytest.mark.parametrize("harm", ["missing", "changed", "folder"])
def test_a_file_that_is_missing_or_changed_is_written_again_byte_by_byte(work, rollout, harm):
    put(work, rollout, signal(work))
    path = rollout / "tickets" / "CB-OPS-001.md"
    before, record = path.read_bytes(), journal_bytes(rollout)
    if harm == "missing":
        path.unlink()
    elif harm == "changed":
        path.write_text("by hand")
    else:
        shutil.rmtree(path.parent)
    work.ok("ticket", "list")
    assert (path.read_bytes(), journal_bytes(rollout)) == (before, record)


def test_a_file_that_cannot_be_written_leaves_the_ticket_on_record_with_a_warning(work, rollout):
    (rollout / "tickets").write_text("in the way")
    result = work("ticket", "create", "--title", "x")
    assert result.status == 0
    assert "on record" in result.answer["warnings"][0]
    assert len(load(rollout).tickets) == 1
    (rollout / "tickets").unlink()
    work.ok("ticket", "show", "1")
    assert front(rollout)["id"] == "CB-OPS-001"


def test_hostile_words_keep_the_front_matter_and_the_headings(work, rollout):
    work.ok(
        "ticket", "create", "--title", 'x"\n---\n# Owned `a` <b> ${y}', "--issue", "[x](http://e) | \n## No"
    )
    text = (rollout / "tickets" / "CB-OPS-001.md").read_text("utf-8")
    assert front(rollout)["title"] == '[CB-OPS] x" --- # Owned `a` <b> ${y}'
    assert [line for line in text.splitlines() if line.startswith("# ")] == [
        r'# [CB-OPS] x" --- \# Owned \`a\` &lt;b> \$\{y\}'
    ]
    assert "\n## No" not in text


def test_the_log_has_every_ticket(work, rollout):
    work.ok("ticket", "create", "--title", "an empty panel", "--by", "Ann")
    log = work.ok("report", "log", "--stdout")["text"]
    assert "#### Ticket 1: [CB-OPS] an empty panel (CB-OPS-001)" in log
    assert "- **Signal**: written by hand (operator written)" in log
    assert "- **Status**: Created" in log
    assert log == work.ok("report", "log", "--stdout")["text"]


def test_a_ticket_that_is_not_there_and_words_for_both_are_refused(work, rollout):
    assert "Tickets: none." in work.refused(3, "input", "ticket", "show", "1")["hint"]
    work.refused(2, "usage", "ticket", "create", "--title", "x", "--from-signal", "all")
    work.refused(2, "usage", "ticket", "create", "--from-signal", "all", "--impact", "x")
    work.refused(3, "input", "ticket", "create", "--from-signal", "nothing-like-it")


def test_signals_before_any_day_say_what_is_not_on_record(work, rollout):
    data = work.ok("ticket", "signals")
    assert data["signals"] == []
    assert {each["kind"] for each in data["not_looked_at"]} == {
        each.value for each in TicketKind if each is not TicketKind.OPERATOR_WRITTEN
    }
    assert work.ok("ticket", "create", "--from-signal", "all")["opened"] == []
