"""Issues of GitHub, over a real socket, each request and answer held against GitHub's own API description."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import stamina
from github_server import BOT, DATE, PERSON, REPOSITORY, RESET, TOKEN, Github, github
from loopback import Handler, serving

from cbops.clients.tickets.github import GithubIssues
from cbops.clients.tickets.github_answers import rate_pause
from cbops.clients.tickets.github_requests import PAGE
from cbops.clients.tickets.requests import Answer
from cbops.clients.tickets.tracker import Letter
from cbops.errors import (
    SendingAnswerError,
    SendingHeldError,
    SendingLaterError,
    SendingMissingError,
    SendingRefusedError,
    SendingUnclearError,
    SendingUnreachableError,
)
from cbops.model.config import RetriesConfig
from cbops.model.config_tickets import GithubConfig
from cbops.model.sending import RemoteState
from cbops.model.ticket import Ticket, TicketKind, TicketPriority, TicketState, TicketStep

START = datetime(2025, 1, 27, 9, tzinfo=UTC)
ISSUES = f"/repos/{REPOSITORY}/issues"


@pytest.fixture(autouse=True)
def _no_pauses():
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def hub():
    with github() as found:
        yield found


def config(url: str, **more: object) -> GithubConfig:
    made = {"name": "ops", "kind": "github", "repository": REPOSITORY, "token": {"env": "GITHUB_TOKEN"}}
    return GithubConfig.model_validate({**made, "api_url": url, "timeout_seconds": 5, **more})


@pytest.fixture
def tracker(hub):
    made = GithubIssues(config(hub.url), TOKEN)
    yield made
    made.close()


def letter(steps: int = 1, state: TicketState = TicketState.CREATED, **known: object) -> Letter:
    ticket = Ticket(
        number=1,
        fingerprint="unexpected-opens-0f3c9a12b4d5",
        kind=TicketKind.THRESHOLD_INACCURACY,
        title="openai opens too often",
        priority=TicketPriority.HIGH,
        state=state,
        signal="3 unexpected opens",
        body="0" * 64,
        opened_at=START,
        opened_by="maya",
        last_seen=START,
        steps=tuple(TicketStep(at=START, actor="maya", what=f"step {n}") for n in range(steps)),
    )
    changes = tuple(f"step {n}" for n in range(1, steps + 1))
    return Letter("phase1-t-20250127", ticket, "## Issue\n\nWords, by @maya", changes, **known)


def sent(tracker: GithubIssues, **more: object) -> Letter:
    """A letter whose ticket is there."""
    done = tracker.send(letter())
    return letter(
        **{"steps": 1, "there": done.remote.id, "sent": done.steps, "known": done.remote.state, **more}
    )


def test_an_issue_is_opened_with_title_body_mark_and_labels(hub, tracker):
    done = tracker.send(letter())
    assert (done.how, done.remote.id, done.remote.state, done.steps) == ("created", "1", RemoteState.OPEN, 1)
    assert done.remote.url == f"https://github.com/{REPOSITORY}/issues/1"
    issue = hub.issues[1]
    assert issue["title"] == "[CB-OPS] openai opens too often"
    assert f"cbops:ticket={letter().key} steps=1" in issue["body"]
    assert [each["name"] for each in issue["labels"]] == [
        "circuit-breaker",
        "operational-improvement",
        "production",
        "threshold-inaccuracy",
    ]
    assert tracker.notes == []


def test_nobody_is_called_by_a_name_in_a_ticket(hub, tracker):
    tracker.send(letter())
    assert "@maya" not in hub.issues[1]["body"]
    assert "by @\u200bmaya" in hub.issues[1]["body"]


def test_a_ticket_that_is_there_is_found_and_not_opened_again(hub, tracker):
    tracker.send(letter())
    again = GithubIssues(config(hub.url), TOKEN)
    done = again.send(letter())
    again.close()
    assert (done.how, done.remote.id, len(hub.issues)) == ("found", "1", 1)
    assert hub.comments[1] == []


def test_it_is_found_on_a_later_page_and_a_pull_request_is_none(hub, tracker):
    tracker.send(letter())
    body = hub.issues[1]["body"]
    for number in range(PAGE + 5):
        made = hub.open(f"another {number}", "no mark", ["circuit-breaker"])
    made["pull_request"] = {"url": None, "html_url": None, "diff_url": None, "patch_url": None}
    made["body"] = body
    assert tracker.send(letter()).remote.id == "1"
    assert hub.count(f"GET {ISSUES}") == 1 + 2  # two pages, the second time


def test_an_issue_without_the_label_is_nobody_elses_way_in(hub, tracker):
    body = f"<!-- cbops:ticket={letter().key} steps=1 -->"
    hub.open("a trap", body, ["bug"], by=PERSON)
    assert (tracker.send(letter()).remote.id, len(hub.issues)) == ("2", 2)


def test_labels_are_made_once_where_they_are_missing(hub):
    hub.label("production", "ffffff")
    tracker = GithubIssues(config(hub.url, labels=["team payments/a"]), TOKEN)
    tracker.send(letter())
    tracker.send(replace(letter(), rollout="another"))
    tracker.close()
    assert hub.count(f"POST /repos/{REPOSITORY}/labels") == 4
    assert hub.labels["production"]["color"] == "ffffff"
    assert "team payments/a" in {each["name"] for each in hub.issues[2]["labels"]}


def test_a_label_that_was_made_in_the_same_moment_is_taken(hub, tracker):
    said = {"message": "Validation Failed", "documentation_url": "u", "errors": [{"code": "already_exists"}]}
    hub.answer(f"POST /repos/{REPOSITORY}/labels", 422, said)
    assert tracker.send(letter()).how == "created"
    assert tracker.notes == []


def test_a_token_that_may_not_label_opens_the_issue_and_says_what_that_means(hub, tracker):
    hub.may_label = False
    assert tracker.send(letter()).how == "created"
    assert any("right to triage" in each for each in tracker.notes)
    assert any("could not be made" in each for each in tracker.notes)


def test_what_happened_since_is_one_comment(hub, tracker):
    done = tracker.send(sent(tracker, steps=3))
    assert (done.how, done.steps) == ("updated", 3)
    (comment,) = hub.comments[1]
    assert "- step 2\n- step 3" in comment["body"]
    assert "step 1" not in comment["body"]


def test_a_comment_that_is_there_is_not_said_again(hub, tracker):
    first = sent(tracker, steps=3)
    tracker.send(first)
    done = tracker.send(first)  # as after a crash: the record doesn't know of the comment
    assert (done.steps, len(hub.comments[1])) == (3, 1)


def test_what_others_write_in_cbops_name_hides_nothing(hub, tracker):
    waiting = sent(tracker, steps=3)
    hub.comment(1, f"<!-- cbops:state={waiting.key}-999 -->", by=PERSON)
    tracker.send(waiting)
    assert [each["user"]["id"] for each in hub.comments[1]] == [PERSON, BOT]


def test_comments_are_looked_through_page_by_page(hub, tracker):
    waiting = sent(tracker, steps=2)
    for number in range(PAGE):
        hub.comment(1, f"word {number}", by=PERSON)
    tracker.send(waiting)
    tracker.send(waiting)
    assert len(hub.comments[1]) == PAGE + 1


def test_a_resolved_ticket_closes_its_issue_and_one_opened_again_opens_it(hub, tracker):
    there = sent(tracker, steps=2, state=TicketState.RESOLVED)
    closed = tracker.send(there)
    assert (closed.remote.state, hub.issues[1]["state_reason"]) == (RemoteState.CLOSED, "completed")
    again = letter(3, TicketState.INVESTIGATING, there="1", sent=2, known=RemoteState.CLOSED)
    assert tracker.send(again).remote.state is RemoteState.OPEN
    assert hub.issues[1]["state"] == "open"


@pytest.mark.parametrize("state", [TicketState.CREATED, TicketState.RESOLVED])
def test_what_a_person_did_there_is_not_undone_unseen(hub, tracker, state):
    there = sent(tracker, steps=2, state=state)
    if state.over:
        tracker.send(there)
        hub.reopen(1)
        there = replace(there, sent=2, known=RemoteState.CLOSED)
    else:
        hub.close(1)
    before = dict(hub.issues[1])
    with pytest.raises(SendingHeldError) as raised:
        tracker.send(there)
    assert "ticket sync" in raised.value.hint
    assert hub.issues[1] == before


def test_it_tells_how_an_issue_stands_and_who_closed_it(hub, tracker):
    there = sent(tracker)
    assert tracker.look(there).state is RemoteState.OPEN
    hub.close(1, "not_planned", "ada")
    seen = tracker.look(there)
    assert (seen.state, seen.told) == (RemoteState.CLOSED, "not planned by ada")


@pytest.mark.parametrize("status", [404, 410])
def test_an_issue_that_is_gone_is_told_as_gone(hub, tracker, status):
    there = sent(tracker)
    hub.answer(f"GET {ISSUES}/1", status)
    assert tracker.look(there).state is RemoteState.GONE


def test_an_expired_token_is_named_with_what_to_do(hub, tracker):
    hub.token = "another"
    with pytest.raises(SendingRefusedError) as raised:
        tracker.send(letter())
    assert "HTTP 401" in raised.value.message
    assert "Bad credentials" in raised.value.message
    assert "env GITHUB_TOKEN" in raised.value.hint
    assert "expired" in raised.value.hint
    assert len(hub.calls) == 1


def test_a_token_without_the_right_is_told_from_a_rate_limit(hub, tracker):
    said = {"message": "Resource not accessible by personal access token", "documentation_url": "u"}
    hub.answer(f"POST {ISSUES}", 403, said)
    with pytest.raises(SendingRefusedError) as raised:
        tracker.send(letter())
    assert "issues read and write" in raised.value.hint


@pytest.mark.parametrize(
    ("status", "message", "headers"),
    [
        (429, "slow down", {"retry_after": "7"}),
        (403, "You have exceeded a secondary rate limit", {"retry_after": "7"}),
        (403, "You have exceeded a secondary rate limit", {}),
        (403, "API rate limit exceeded", {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(RESET + 9)}),
    ],
)
def test_a_rate_limit_is_waited_for_also_before_something_is_written(hub, tracker, status, message, headers):
    hub.answer(f"POST {ISSUES}", status, {"message": message}, Date=DATE, **headers)
    assert tracker.send(letter()).how == "created"
    assert (hub.count(f"POST {ISSUES}"), len(hub.issues)) == (2, 1)


def test_a_rate_limit_beyond_the_bound_is_told_with_its_time_and_not_waited_for(hub, tracker):
    hub.answer(f"POST {ISSUES}", 429, {"message": "later"}, retry_after="3600")
    with pytest.raises(SendingLaterError) as raised:
        tracker.send(letter())
    assert "asks to wait 3600 s" in raised.value.message
    assert hub.count(f"POST {ISSUES}") == 1


@pytest.mark.parametrize(
    ("headers", "text", "pause"),
    [
        ({"retry-after": "7"}, "", 7.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(RESET + 30), "date": DATE}, "", 30.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(RESET - 30), "date": DATE}, "", 0.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, "", 60.0),
        ({"x-ratelimit-remaining": "12", "x-ratelimit-reset": "1", "date": DATE}, "", None),
        ({}, '{"message": "secondary rate limit"}', 60.0),
        ({}, '{"message": "no right"}', None),
    ],
)
def test_the_pause_is_what_the_answer_asks_for_by_the_servers_own_clock(headers, text, pause):
    assert rate_pause(Answer(403, text, headers)) == pause


def test_what_github_refuses_as_wrong_is_told_field_by_field(hub, tracker):
    problem = {"resource": "Issue", "field": "title", "code": "missing_field"}
    said = {"message": "Validation Failed", "documentation_url": "u", "errors": [problem]}
    hub.answer(f"POST {ISSUES}", 422, said)
    with pytest.raises(SendingAnswerError, match="Validation Failed; title missing_field"):
        tracker.send(letter())
    assert hub.count(f"POST {ISSUES}") == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_repository_that_is_not_there_or_has_no_issues_is_named(hub, tracker, status):
    hub.answer(f"{'GET' if status == 404 else 'POST'} {ISSUES}", status)
    with pytest.raises(SendingMissingError) as raised:
        tracker.send(letter())
    assert REPOSITORY in raised.value.hint


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_fails_is_asked_again_where_that_only_reads(hub, tracker, status):
    hub.answer(f"GET {ISSUES}", status, times=2)
    assert tracker.send(letter()).how == "created"
    assert hub.count(f"GET {ISSUES}") == 3


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_issue_is_not_sent_again_to_a_server_that_failed(hub, tracker, status):
    hub.answer(f"POST {ISSUES}", status)
    with pytest.raises(SendingUnclearError) as raised:
        tracker.send(letter())
    assert (hub.count(f"POST {ISSUES}"), len(hub.issues)) == (1, 0)
    assert "looked up" in raised.value.hint
    assert hub.calls[-1] == f"GET {ISSUES}"  # it was looked up at once


def test_an_answer_that_is_lost_after_the_issue_was_made_makes_no_second_one(hub, tracker):
    hub.lose_answer(f"POST {ISSUES}")
    done = tracker.send(letter())
    assert (done.how, done.remote.id, len(hub.issues)) == ("found", "1", 1)
    assert hub.count(f"POST {ISSUES}") == 1


def test_an_answer_that_is_lost_while_nothing_can_be_looked_up_is_found_the_next_time(hub, tracker):
    hub.lose_answer(f"POST {ISSUES}")

    def list_is_behind(github_: Github, handler: Handler) -> bool:
        handler.answer(200, b"[]")
        return True

    hub.then(f"GET {ISSUES}", lambda *_: False)
    hub.then(f"GET {ISSUES}", list_is_behind)
    with pytest.raises(SendingUnclearError):
        tracker.send(letter())
    assert (tracker.send(letter()).how, len(hub.issues)) == ("found", 1)


def test_a_comment_whose_answer_is_lost_is_not_said_twice(hub, tracker):
    waiting = sent(tracker, steps=2)
    hub.lose_answer(f"POST {ISSUES}/1/comments")
    assert tracker.send(waiting).how == "updated"
    assert len(hub.comments[1]) == 1


def test_a_found_issue_that_was_made_earlier_gets_what_happened_since(hub, tracker):
    tracker.send(letter(1))
    done = tracker.send(letter(3))  # nothing of the first is on record
    assert (done.how, done.steps, len(hub.comments[1])) == ("found", 3, 1)
    assert "step 2" in hub.comments[1][0]["body"]


def test_a_found_issue_that_somebody_closed_stays_closed(hub, tracker):
    tracker.send(letter())
    hub.close(1)
    done = tracker.send(letter())
    # Open as it was made: that it is closed now is for `look` to tell.
    assert (done.how, done.remote.state, hub.issues[1]["state"]) == ("found", RemoteState.OPEN, "closed")
    assert "ticket sync" in tracker.notes[0]


def test_a_redirect_is_not_followed_and_the_token_stays_here(hub):
    with serving(lambda handler: handler.answer(200, b"[]")) as elsewhere:
        place = {"location": f"{elsewhere.url}/steal?token=x"}
        hub.answer(f"GET {ISSUES}", 301, {"message": "Moved Permanently", "url": elsewhere.url}, **place)
        tracker = GithubIssues(config(hub.url), TOKEN)
        with pytest.raises(SendingAnswerError, match="redirect") as raised:
            tracker.send(letter())
        tracker.close()
        assert elsewhere.requests == []
    assert "token=x" not in raised.value.message


def test_a_giant_answer_is_not_read_to_its_end(hub, tracker):
    hub.answer(f"GET {ISSUES}", 200, b'[{"body": "' + b"x" * (17 << 20) + b'"}]')
    with pytest.raises(SendingAnswerError, match="larger than 16 MiB"):
        tracker.send(letter())


@pytest.mark.parametrize("body", [b"<html><title>Sign in</title>", b"{}", b"[1]", b"nothing", b"[" * 100_000])
def test_an_answer_that_makes_no_sense_is_an_error_and_nothing_is_written(hub, tracker, body):
    hub.answer(f"GET {ISSUES}", 200, body)
    with pytest.raises(SendingAnswerError):
        tracker.send(letter())
    assert hub.count("POST") == 0


def test_the_token_is_in_no_message_though_the_server_echoes_it(hub, tracker):
    hub.answer(f"GET {ISSUES}", 401, {"message": f"what is {TOKEN}? or Bearer {TOKEN}"})
    with pytest.raises(SendingRefusedError) as raised:
        tracker.send(letter())
    assert TOKEN not in raised.value.message + raised.value.hint


def test_nobody_listening_is_told_after_a_few_attempts():
    with serving(lambda handler: None) as gone:
        url = gone.url
    tracker = GithubIssues(config(url), TOKEN)
    with pytest.raises(SendingUnreachableError, match="nothing listens there"):
        tracker.send(letter())
    tracker.close()


def test_github_enterprise_has_the_same_below_its_own_path():
    with github("/api/v3") as hub:
        tracker = GithubIssues(config(hub.url), TOKEN)
        assert tracker.send(letter()).how == "created"
        tracker.close()


def test_a_token_goes_over_no_network_in_clear():
    with pytest.raises(ValueError, match="in clear"):
        config("http://github.example.com")


@pytest.mark.parametrize("known", [False, True])
def test_the_preview_is_what_is_sent(hub, tracker, known):
    waiting = sent(tracker, steps=2, state=TicketState.RESOLVED) if known else letter()
    shown = tracker.preview(waiting)
    before = len(hub.server.requests)
    tracker.send(waiting)
    real = {
        (method, path, form)
        for method, path, _, form in hub.server.requests[before:]
        if "/labels" not in path or method == "GET"
    }
    planned = {(each.method, each.url.removeprefix(hub.url), each.body or "") for each in shown}
    assert planned == real
    for each in shown:
        assert TOKEN not in json.dumps(each.model_dump())
        assert each.headers["authorization"] == "[token of ops]"
        assert set(each.headers) <= {name.lower() for name in hub.server.requests[-1][2]} | {"content-type"}


def test_too_many_issues_are_not_taken_for_none(hub, tracker, monkeypatch):
    monkeypatch.setattr("cbops.clients.tickets.github.MAX_PAGES", 1)
    for number in range(PAGE):
        hub.open(f"another {number}", "no mark", ["circuit-breaker"])
    with pytest.raises(SendingAnswerError, match="not known"):
        tracker.send(letter())
    old = replace(
        letter(), ticket=letter().ticket.model_copy(update={"opened_at": START + timedelta(days=9)})
    )
    assert tracker.send(old).how == "created"  # all of those are older than the ticket


def test_retries_are_the_configured_ones(hub):
    patient = config(hub.url, retries=RetriesConfig(attempts=1).model_dump())
    tracker = GithubIssues(patient, TOKEN)
    hub.answer(f"GET {ISSUES}", 503)
    with pytest.raises(SendingLaterError, match="after 1 attempt"):
        tracker.send(letter())
    tracker.close()
