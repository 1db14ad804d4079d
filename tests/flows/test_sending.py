"""Tickets sent from the command line: what is on record before and after, twice, half, and back again."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from github_server import REPOSITORY, TOKEN, Github, github
from journal_samples import TickingClock, opened, write_rollout
from loopback import Handler, serving

from cbops.flows.steps.letters import only_sender, without_front
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Who, recording
from cbops.journal.reader import read
from cbops.model.events_sending import TicketSendIntended
from cbops.model.sending import RemoteState
from cbops.model.ticket import TicketState

if TYPE_CHECKING:
    from conftest import Cli, Result

ISSUES = f"/repos/{REPOSITORY}/issues"
SECRET = "0123456789abcdef0123456789abcdef"


@dataclass
class Team:
    """A rollout with one ticket, and GitHub to send it to."""

    cli: Cli
    rollout: Path
    hub: Github
    clock: TickingClock

    def __call__(self, *args: object, token: str = TOKEN) -> Result:
        return self.cli.json(*args, clock=self.clock, env={"GITHUB_TOKEN": token, "HOOK": SECRET})

    def ok(self, *args: object) -> dict[str, Any]:
        result = self(*args)
        assert result.status == 0, result
        return result.data

    def send(self, *more: object) -> dict[str, Any]:
        (one,) = self.ok("ticket", "send", "--yes", *more)["results"]
        return one

    def failed(self, *args: object, **options: str) -> dict[str, Any]:
        result = self(*args, **options)
        assert result.status == 7, result
        return result.data["results"][-1]

    def configure(self, *more: dict[str, Any]) -> None:
        target = {"name": "ops", "kind": "github", "repository": REPOSITORY, "api_url": self.hub.url}
        targets = [{**target, "token": {"env": "GITHUB_TOKEN"}, "retries": {"attempts": 1}}, *more]
        text = yaml.safe_dump({"version": 1, "tickets": {"targets": targets}})
        (self.cli.folder / "cbops.yaml").write_text(text)

    def ticket(self) -> dict[str, Any]:
        return self.ok("ticket", "show", "1")["ticket"]

    def types(self) -> list[str]:
        return [entry.event.type for entry in read(self.rollout).entries]


@pytest.fixture
def team(cli):
    folder = cli.folder / "rollouts" / "tenant-a"
    write_rollout(folder, [opened()])
    with github() as hub:
        made = Team(cli, folder, hub, TickingClock())
        made.configure()
        made.ok("ticket", "create", "--title", "an empty panel", "--by", "Ann")
        yield made


def test_a_ticket_is_sent_with_its_intent_on_record_before_and_its_end_after(team):
    intents: list[str] = []
    team.hub.then(f"POST {ISSUES}", lambda *_: bool(intents.append(team.types()[-1])))
    one = team.send()
    assert (one["ticket"], one["target"], one["outcome"], one["id"]) == ("CB-OPS-001", "ops", "created", "1")
    assert intents == ["ticket_send_intended"]
    assert team.types()[-2:] == ["ticket_send_intended", "ticket_sent"]
    assert "## Issue\n\nan empty panel" in team.hub.issues[1]["body"]
    assert "fingerprint:" not in team.hub.issues[1]["body"]  # the YAML stays here
    assert team.ok("journal", "verify")["ok"]


def test_list_show_and_the_file_say_where_a_ticket_is(team):
    team.send()
    place = {"target": "ops", "id": "1", "url": f"https://github.com/{REPOSITORY}/issues/1"}
    assert team.ticket()["sent"] == [{**place, "state": "open", "behind": False, "failed": None}]
    listed = team.cli("ticket", "list", clock=team.clock).stdout
    assert "→ ops 1 (open)" in listed
    text = (team.rollout / "tickets" / "CB-OPS-001.md").read_text()
    assert f"**Sent to**: ops (https://github.com/{REPOSITORY}/issues/1, open)" in text


def test_sending_again_asks_nobody_and_writes_nothing(team):
    team.send()
    before, events = len(team.hub.calls), team.types()
    assert team.send()["outcome"] == "unchanged"
    assert (len(team.hub.calls), team.types()) == (before, events)


def test_what_happened_since_goes_as_one_comment(team):
    team.send()
    team.ok("ticket", "update", "1", "--to", "triaged", "--note", "looks real")
    team.ok("ticket", "update", "1", "--priority", "high")
    assert team.ticket()["sent"][0]["behind"]
    assert team.send()["outcome"] == "updated"
    (comment,) = team.hub.comments[1]
    assert "**CB-OPS-001 is triaged**, priority high." in comment["body"]
    assert "looks real" in comment["body"]
    assert not team.ticket()["sent"][0]["behind"]


def test_a_resolved_ticket_closes_its_issue(team):
    team.send()
    team.ok("ticket", "update", "1", "--to", "triaged")
    team.ok("ticket", "update", "1", "--to", "resolved", "--resolution", "the panel is mended")
    assert team.send()["state"] == "closed"
    assert team.hub.issues[1]["state"] == "closed"
    assert "the panel is mended" in team.hub.comments[1][0]["body"]


def test_a_crash_between_sending_and_its_record_makes_no_second_issue(team):
    kept = team.cli.folder / "kept"
    # The record as it is when the request arrives: what a process that dies then leaves behind.
    team.hub.then(f"POST {ISSUES}", lambda *_: shutil.copytree(team.rollout, kept) is None)
    team.send()
    shutil.rmtree(team.rollout)
    shutil.copytree(kept, team.rollout)
    assert load(team.rollout).sendings[0].pending
    assert team.send()["outcome"] == "found"
    assert (len(team.hub.issues), load(team.rollout).sendings[0].pending) == (1, False)


def test_an_answer_that_is_lost_makes_no_second_issue(team):
    team.hub.lose_answer(f"POST {ISSUES}")
    assert team.send()["outcome"] == "found"
    assert len(team.hub.issues) == 1


def test_a_failure_is_on_record_with_its_reason_and_sent_the_next_time(team):
    one = team.failed("ticket", "send", "--yes", token="expired")
    assert one["problem"]["code"] == "sending-refused"
    assert "GITHUB_TOKEN" in one["problem"]["hint"]
    assert team.types()[-2:] == ["ticket_send_intended", "ticket_send_failed"]
    assert "401" in team.ticket()["sent"][0]["failed"]
    assert "NOT SENT" in team.cli("ticket", "list", clock=team.clock).stdout
    assert team.send()["outcome"] == "created"
    assert team.ticket()["sent"][0]["failed"] is None


def test_what_all_tickets_would_meet_is_met_once(team):
    for number in range(3):
        team.ok("ticket", "create", "--title", f"another {number}")
    result = team("ticket", "send", "--yes", token="expired")
    assert [each["outcome"] for each in result.data["results"]] == ["failed"] * 4
    assert len(team.hub.calls) == 1
    assert "not tried" in result.data["results"][-1]["problem"]["message"]


def test_a_dry_run_shows_the_exact_requests_and_sends_nothing(team):
    events = team.types()
    result = team.cli("ticket", "send", "--dry-run", env={"GITHUB_TOKEN": TOKEN}, clock=team.clock)
    assert (result.status, team.hub.calls, team.types()) == (0, [], events)
    assert f"POST {team.hub.url}{ISSUES}" in result.stdout
    assert "authorization: [token of ops]" in result.stdout
    assert TOKEN not in result.stdout + result.stderr
    shown = team.ok("ticket", "send", "--dry-run")["results"][0]["requests"]
    team.send()
    sent = {(method, path, form) for method, path, _, form in team.hub.server.requests}
    last = shown[-1]
    assert (last["method"], last["url"].removeprefix(team.hub.url), last["body"]) in sent


def test_without_a_yes_nothing_is_sent_and_nobody_waits(team):
    result = team("ticket", "send")
    assert (result.status, team.hub.calls) == (2, [])


def test_closed_there_becomes_resolved_here_with_who_and_why(team):
    team.send()
    team.hub.close(1, "not_planned", "ada")
    (one,) = team.ok("ticket", "sync", "--by", "Ben")["results"]
    assert (one["state"], one["before"], one["moved"]) == ("closed", "open", ["triaged", "resolved"])
    ticket = team.ticket()
    assert ticket["state"] == "resolved"
    assert "not planned by ada" in ticket["resolution"]
    assert "issues/1" in ticket["resolution"]
    assert team.types()[-3:] == ["ticket_moved", "ticket_moved", "ticket_seen_there"]
    assert team.send()["outcome"] == "unchanged"  # what came from there isn't told there
    assert team.hub.comments[1] == []


def test_opened_again_there_becomes_investigated_here(team):
    team.send()
    team.hub.close(1)
    team.ok("ticket", "sync")
    team.hub.reopen(1)
    (one,) = team.ok("ticket", "sync")["results"]
    assert (one["state"], one["moved"]) == ("open", ["investigating"])
    assert team.ticket()["state"] == "investigating"


def test_syncing_twice_writes_once(team):
    team.send()
    team.hub.close(1)
    team.ok("ticket", "sync")
    events = team.types()
    (one,) = team.ok("ticket", "sync")["results"]
    assert (one["moved"], team.types()) == ([], events)


def test_a_sync_that_is_refused_says_so_once_and_moves_nothing(team):
    team.ok("ticket", "create", "--title", "another")
    team.ok("ticket", "send", "--yes")
    events, calls = team.types(), len(team.hub.calls)
    result = team("ticket", "sync", token="expired")
    assert result.status == 7
    assert [each["problem"]["code"] for each in result.data["results"]] == ["sending-refused"] * 2
    assert [each["state"] for each in result.data["results"]] == [None, None]
    assert (team.types(), len(team.hub.calls)) == (events, calls + 1)


def test_before_anything_was_sent_there_is_nothing_to_take_over(team):
    assert team.ok("ticket", "sync")["results"] == []
    assert team.hub.calls == []


def test_two_targets_of_one_name_are_refused(team):
    team.configure({"name": "ops", "kind": "webhook", "url": "http://127.0.0.1", "secret": {"env": "HOOK"}})
    result = team("ticket", "send", "--yes")
    assert (result.status, result.error["code"]) == (3, "config")
    assert "same name" in result.error["message"]


def test_closed_there_and_changed_here_is_held_until_it_is_taken_over(team):
    team.send()
    team.hub.close(1)
    team.ok("ticket", "update", "1", "--to", "triaged")
    assert team.failed("ticket", "send", "--yes")["problem"]["code"] == "sending-held"
    assert team.hub.issues[1]["state"] == "closed"
    team.ok("ticket", "sync")
    assert team.send()["outcome"] == "updated"
    assert "triaged" in team.hub.comments[1][0]["body"]


def test_an_issue_that_was_deleted_is_told_once_and_made_anew_when_it_is_named(team):
    team.send()
    gone = team.hub.issues.pop(1)
    (one,) = team.ok("ticket", "sync")["results"]
    assert (one["state"], one["moved"]) == ("gone", [])
    assert team.ok("ticket", "send", "--yes")["results"] == []
    assert gone["number"] == 1
    assert team.send("1")["outcome"] == "created"


def test_one_that_is_over_is_not_sent_unless_it_is_named(team):
    team.ok("ticket", "update", "1", "--to", "triaged")
    team.ok("ticket", "update", "1", "--to", "resolved", "--resolution", "done")
    assert team.ok("ticket", "send", "--yes")["results"] == []
    assert team.send("CB-OPS-001")["state"] == "closed"


def test_without_anybody_to_send_to_it_says_how_to_name_one(team):
    (team.cli.folder / "cbops.yaml").write_text("version: 1\n")
    result = team("ticket", "send", "--yes")
    assert (result.status, result.error["code"]) == (3, "config")
    assert "docs/tickets.md" in result.error["hint"]


def test_a_target_or_a_ticket_that_there_is_none_of_is_named(team):
    assert team("ticket", "send", "--yes", "--to", "none").status == 2
    assert team("ticket", "send", "--yes", "7").status == 3


def test_a_token_that_is_not_there_is_named_before_anything_is_sent(team):
    result = team.cli.json("ticket", "send", "--yes", clock=team.clock)
    assert (result.status, result.error["code"]) == (3, "config")
    assert "GITHUB_TOKEN" in result.error["message"]


def test_each_target_gets_it_and_one_that_fails_keeps_no_other_from_it(team):
    def reply(handler: Handler) -> None:
        handler.answer(200, b'{"id": "T-1"}')

    with serving(reply) as hook:
        team.configure({"name": "desk", "kind": "webhook", "url": hook.url, "secret": {"env": "HOOK"}})
        result = team("ticket", "send", "--yes", token="expired")
        assert [each["outcome"] for each in result.data["results"]] == ["failed", "created"]
        (one,) = team.ok("ticket", "send", "--yes", "--to", "ops")["results"]
        assert one["outcome"] == "created"
        assert SECRET not in str(hook.requests)


def test_two_at_once_are_kept_apart(team):
    inside, over = threading.Event(), threading.Event()

    def hold() -> None:
        with only_sender(team.rollout, Who(actor="ann", command="ticket send", clock=TickingClock())):
            inside.set()
            over.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    assert inside.wait(30)
    try:
        result = team("ticket", "send", "--yes")
        assert (result.status, result.error["code"]) == (6, "locked")
        team.ok("ticket", "update", "1", "--to", "triaged")  # others go on
    finally:
        over.set()
        other.join()


def test_an_intent_without_an_end_is_resolved_by_the_next_run(team):
    with recording(team.rollout, Who(actor="ann", command="a test", clock=team.clock)) as (record, _):
        record.append(TicketSendIntended(ticket=1, target="ops", steps=1))
    assert load(team.rollout).sendings[0].pending
    assert team.send()["outcome"] == "created"


def test_the_record_of_a_sending_knows_state_and_steps(team):
    team.send()
    (kept,) = load(team.rollout).sendings
    assert (kept.steps, kept.remote, kept.id) == (1, RemoteState.OPEN, "1")
    assert load(team.rollout).tickets[0].state is TicketState.CREATED


@pytest.mark.parametrize(
    ("text", "rest"),
    [("---\na: 1\n---\n\n# T\n", "# T"), ("# T\n---\nx", "# T\n---\nx"), ("---\nno end", "---\nno end")],
)
def test_a_document_is_sent_without_the_yaml_before_it(text, rest):
    assert without_front(text) == rest
