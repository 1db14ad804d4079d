"""Other people's approval and change freezes: before enabling and proceeding, never before a rollback."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from crash_world import KILLED, Crash
from flow_world import Work

from cbops.flows.approve import approve
from cbops.flows.steps.recording import Who
from cbops.journal.reader import read
from cbops.journal.signing import Signer, new_signer
from cbops.model.base import iso
from cbops.model.state import Stage
from cbops.model.system import SystemUser

BOB = SystemUser(user="bob", host="desk")


def last_of(folder: Path, kind: str) -> Any:
    return next(entry.event for entry in reversed(read(folder).entries) if entry.event.type == kind)


def approved_by(
    work: Work,
    folder: Path,
    step: Any,
    *,
    system: SystemUser = BOB,
    by: str = "Bob",
    signer: Signer | None = None,
) -> None:
    """Somebody else approves what this account approved before."""
    what = last_of(folder, "approval_given").what
    who = Who(actor=by, command="canary approve", clock=work.clock, system=system)
    approve(folder, who, step, what, needed=2, signer=signer)


def freeze(work: Work, name: str = "year's end", hours: float = 5) -> dict[str, str]:
    end = iso(work.clock.now() + timedelta(hours=hours))
    return {"name": name, "from": iso(work.clock.now() - timedelta(hours=1)), "to": end}


def test_a_freeze_blocks_enabling_and_says_which_and_until_when(work: Work) -> None:
    work.ready()
    window = freeze(work)
    work.configure(freezes=[window])
    error = work.refused(6, "blocked", "canary", "enable", "--yes")
    end = work.clock.now() + timedelta(hours=5)
    assert (
        f"a change freeze is on: 'year's end' until {end:%a %Y-%m-%d %H:%M} UTC (freeze)" in error["message"]
    )
    assert "--override freeze=REASON" in error["hint"]
    assert work.router.puts == []


def test_after_the_freeze_enabling_goes_on(work: Work) -> None:
    work.ready()
    work.configure(freezes=[freeze(work, hours=0.5)])
    work.refused(6, "blocked", "canary", "enable", "--yes")
    work.play(hours=0.5)
    work.ok("canary", "enable", "--yes")


def test_a_freeze_is_set_aside_by_its_name_alone_and_on_record(work: Work) -> None:
    folder = work.ready()
    work.configure(freezes=[freeze(work)])
    work.refused(6, "blocked", "canary", "enable", "--yes", "--override", "never mind")
    work.ok("canary", "enable", "--yes", "--override", "freeze=the vendor asked for it")
    entry = next(entry for entry in read(folder).entries if entry.event.type == "enable_intended")
    notes = [(note.requirement, note.reason) for note in entry.event.overrides]
    assert notes == [("freeze", "the vendor asked for it")]
    assert entry.system is not None
    assert work.text("journal", "show", "--verbose").status == 0


def test_a_dry_run_shows_the_freeze(work: Work) -> None:
    work.ready()
    work.configure(freezes=[freeze(work)], approvals={"enable": 2})
    shown = work.text("canary", "enable", "--dry-run").stdout
    assert "✗ a change freeze is on: 'year's end'" in shown
    assert "✗ approved by nobody else; 1 approval of other people is needed" in shown


def test_a_rollback_is_blocked_by_nothing(work: Work) -> None:
    folder = work.enabled()
    work.configure(freezes=[freeze(work)], approvals={"enable": 5, "proceed": 5, "signed": True})
    work.rollback()
    assert work.state(folder).disabled_at is not None
    work.ok("decide", "rollback", "--by", "Maya", "--reason", "r")


def half_made(work: Work) -> Path:
    """An enabling whose write arrived and whose end nobody saw."""
    folder = work.ready()
    work.wire.answer("POST reload", 500)
    work.refused(4, "admin-answer", "canary", "enable", "--yes")
    return folder


def test_finishing_a_half_made_enabling_in_a_freeze_takes_a_reason_on_record(work: Work) -> None:
    folder = half_made(work)
    work.configure(freezes=[freeze(work)])
    error = work.refused(6, "blocked", "resume")
    assert "a change freeze is on: 'year's end'" in error["message"]
    assert "cbops rollback" in error["hint"]
    assert "cbops resume --override freeze=REASON" in error["hint"]
    assert work.state(folder).stage is Stage.ENABLING
    work.refused(2, "usage", "resume", "--override", "never mind")
    assert work.ok("resume", "--override", "freeze=it is half done")["action"] == "finished"
    assert [(each.requirement, each.reason) for each in last_of(folder, "enable_set_aside").overrides] == [
        ("freeze", "it is half done")
    ]
    work.ok("report", "log")
    assert "freeze: it is half done" in (folder / "execution-log.md").read_text(encoding="utf-8")


def test_a_freeze_that_was_set_aside_at_the_beginning_holds_up_no_end(work: Work) -> None:
    work.ready()
    work.configure(freezes=[freeze(work)])
    work.wire.answer("POST reload", 500)
    work.refused(4, "admin-answer", "canary", "enable", "--yes", "--override", "freeze=asked for")
    assert work.ok("resume")["action"] == "finished"


def test_finishing_what_nobody_else_approved_takes_a_reason_on_record(work: Work) -> None:
    folder = half_made(work)
    work.configure(approvals={"enable": 2})
    assert "approved by nobody else" in work.refused(6, "blocked", "resume")["message"]
    assert work.ok("resume", "--override", "approval=Bob agrees")["action"] == "finished"
    assert [each.requirement for each in last_of(folder, "enable_set_aside").overrides] == ["approval"]


def test_what_was_approved_when_it_began_is_finished_without_another_word(work: Work) -> None:
    folder = work.ready()
    work.configure(approvals={"enable": 2})
    work.ok("canary", "approve", "enable", "--yes")
    approved_by(work, folder, "enable")
    work.wire.answer("POST reload", 500)
    work.refused(4, "admin-answer", "canary", "enable", "--yes")
    work.play(hours=80)
    assert work.ok("resume", "--by", "Bob")["action"] == "finished"


def test_giving_up_an_enabling_is_blocked_by_nothing(work: Work, crash: Crash) -> None:
    work.ready()
    assert crash("before PUT", 1, "canary", "enable", "--yes") == KILLED
    work.configure(freezes=[freeze(work)], approvals={"enable": 2})
    assert work.ok("resume")["action"] == "abandoned"


def test_taking_a_half_made_enabling_back_is_blocked_by_nothing(work: Work) -> None:
    folder = half_made(work)
    work.configure(freezes=[freeze(work)], approvals={"enable": 2})
    work.rollback()
    assert work.state(folder).stage is Stage.ROLLED_BACK


def test_enabling_takes_another_account_s_approval(work: Work) -> None:
    folder = work.ready()
    work.configure(approvals={"enable": 2})
    error = work.refused(6, "blocked", "canary", "enable", "--yes")
    assert "approved by nobody else" in error["message"]
    assert "cbops canary approve enable" in error["hint"]
    mine = work.ok("canary", "approve", "enable", "--yes", "--by", "Bob")
    assert (mine["step"], mine["by"], mine["needed"]) == ("enable", "Bob", 2)
    error = work.refused(6, "blocked", "canary", "enable", "--yes")
    assert "Bob: it is one's own: the same account of the operating system" in error["message"]
    approved_by(work, folder, "enable")
    work.ok("canary", "enable", "--yes")


def test_approvals_seals_and_what_was_set_aside_stand_in_the_execution_log(work: Work) -> None:
    folder = work.ready()
    work.configure(approvals={"enable": 2, "proceed": 2}, freezes=[freeze(work)])
    work.ok("canary", "approve", "enable", "--yes", "--note", "looks | right", "--by", "Ann")
    approved_by(work, folder, "enable")
    work.ok("canary", "enable", "--yes", "--override", "freeze=asked for")
    work("evaluate")
    work.ok("canary", "approve", "proceed", "--yes", "--by", "Cleo")
    work.ok("journal", "seal", "--new-key", "seal.key", "--by", "Dee")
    work.ok("report", "log")
    log = (folder / "execution-log.md").read_text(encoding="utf-8")
    enabling, judged = log.split("### Step 2")[1].split("### Step 3")[0], log.split("### Step 4")[1]
    assert "by Bob (account bob@desk), " in enabling
    assert "looks \\| right" in enabling
    assert "- freeze: asked for" in enabling
    assert "by Cleo (account " in judged.split("## Production")[0]
    assert "by Dee (account " in judged.split("## Seals on Record")[1]


def test_an_approval_can_t_be_set_aside(work: Work) -> None:
    work.ready()
    work.configure(approvals={"enable": 2})
    work.refused(6, "blocked", "canary", "enable", "--yes", "--override", "never mind")
    error = work.refused(2, "usage", "canary", "enable", "--yes", "--override", "approval=never mind")
    assert "can't be set aside" in error["message"]


def test_an_approval_of_another_plan_counts_no_more(work: Work) -> None:
    folder = work.ready()
    work.configure(approvals={"enable": 2})
    work.ok("canary", "approve", "enable", "--yes")
    approved_by(work, folder, "enable")
    block = {"enabled": True, "failure_threshold": 9, "error_rate_threshold": 0.5}
    (work.folder / "other.json").write_text(json.dumps(block))
    error = work.refused(6, "blocked", "canary", "enable", "--yes", "--policy-file", "other.json")
    assert "Bob: it is about something else" in error["message"]
    work.router.write({**work.router.live(), "sticky": True})
    error = work.refused(6, "blocked", "canary", "enable", "--yes")
    assert "Bob: it is about something else" in error["message"]


def test_proceeding_takes_another_account_s_approval_of_that_evaluation(work: Work) -> None:
    folder = work.enabled()
    work.configure(approvals={"proceed": 2})
    decide = ("decide", "proceed", "--by", "Maya", "--reason", "r")
    error = work.refused(6, "blocked", *decide)
    assert "proceed is blocked: approved by nobody else" in error["message"]
    work.refused(6, "wrong-stage", "canary", "approve", "proceed", "--yes")
    work.play(hours=1)
    work("evaluate")
    work.ok("canary", "approve", "proceed", "--yes")
    work.refused(6, "blocked", *decide)
    approved_by(work, folder, "proceed")
    work.play(hours=1)
    work("evaluate")
    assert "it is about something else" in work.refused(6, "blocked", *decide)["message"]
    work.ok("canary", "approve", "proceed", "--yes")
    approved_by(work, folder, "proceed")
    work.ok(*decide)


def test_whoever_decides_under_the_approver_s_name_has_no_second_person(work: Work) -> None:
    folder = work.enabled()
    work.configure(approvals={"proceed": 2})
    work("evaluate")
    work.ok("canary", "approve", "proceed", "--yes")
    approved_by(work, folder, "proceed")
    error = work.refused(6, "blocked", "decide", "proceed", "--by", "bob", "--reason", "r")
    assert "Bob: it is one's own: the same name" in error["message"]


def test_where_signatures_are_asked_for_an_account_alone_is_not_enough(work: Work) -> None:
    folder, signer = work.ready(), new_signer()
    work.configure(approvals={"enable": 2, "signed": True}, signing={"trusted": {"bob": signer.public}})
    work.ok("canary", "approve", "enable", "--yes")
    approved_by(work, folder, "enable")
    assert "Bob: it is not signed" in work.refused(6, "blocked", "canary", "enable", "--yes")["message"]
    approved_by(work, folder, "enable", signer=new_signer())
    work.refused(6, "blocked", "canary", "enable", "--yes")
    approved_by(work, folder, "enable", signer=signer)
    work.ok("canary", "enable", "--yes")


def test_an_approval_is_signed_with_the_key_of_the_configuration(work: Work) -> None:
    folder = work.ready()
    work.ok("journal", "seal", "--new-key", "mine.key")
    work.configure(signing={"key": "mine.key"})
    signed = work.ok("canary", "approve", "enable", "--yes", "--sign", "--note", "looks right")
    assert signed["key"] == (work.folder / "mine.key.pub").read_text().strip()
    assert last_of(folder, "approval_given").note == "looks right"


def test_nothing_is_approved_that_isn_t_ahead(work: Work) -> None:
    work.enabled()
    work.refused(6, "wrong-stage", "canary", "approve", "enable", "--yes")
    work("evaluate")
    work.ok("decide", "proceed", "--by", "Maya", "--reason", "r")
    work.refused(6, "wrong-stage", "canary", "approve", "proceed", "--yes")


def test_an_approval_is_never_given_without_a_word(work: Work) -> None:
    work.ready()
    work.refused(2, "usage", "canary", "approve", "enable")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"freezes": [{"name": "f", "from": "Fri 16:00", "to": "2026-12-01"}]}, "one end is weekly"),
        ({"freezes": [{"name": "f", "from": "soon", "to": "later"}]}, "is no moment"),
        ({"freezes": [{"name": "f", "from": "0001-01-01", "to": "2026-12-01"}]}, "the years 1970 to 9000"),
        ({"freezes": [{"name": "f", "from": "2026-12-01", "to": "9999-12-31"}]}, "the years 1970 to 9000"),
        (
            {"freezes": [{"name": "f", "from": "2026-12-01", "to": "9001-01-01T00:00:00+01:00"}]},
            "1970 to 9000",
        ),
        ({"approvals": {"enable": 0}}, "approvals.enable"),
        ({"signing": {"trusted": {"bob": "short"}}}, "signing.trusted.bob"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_their_name(
    work: Work, settings: dict[str, Any], named: str
) -> None:
    work.configure(**settings)
    assert named in work.refused(3, "config", "canary", "status")["message"]
