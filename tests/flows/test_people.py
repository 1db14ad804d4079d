"""What people add: notes, incidents, lessons, ticks, notifications and decisions; and what is refused of it."""

from __future__ import annotations

import json

import pytest
from flow_world import POLICY, TENANT, journal_bytes

from cbops.model.state import Stage

WRITERS = {
    "note": ("monitor", "note"),
    "lesson": ("lesson", "add", "--kind", "well"),
    "how": ("canary", "notify", "--how"),
    "answer": ("canary", "notify", "--how", "mail", "--answer"),
    "tick": ("checklist", "mark", "load_tests", "--note"),
}


BAD_TEXTS = [
    ("", 2, "empty"),
    ("   ", 2, "empty"),
    ("x" * 2001, 3, "room for 2000"),
    ("é" * 1001, 3, "room for 2000"),
    ("a\x1b[2J", 3, "U+001B"),
    ("a\x00b", 3, "U+0000"),
    ("\udcff", 3, "U+DCFF"),
]


@pytest.mark.parametrize(
    ("writer", "text", "status", "says"),
    [
        *(("note", *bad) for bad in BAD_TEXTS),
        *((writer, *BAD_TEXTS[2]) for writer in WRITERS if writer != "note"),
    ],
)
def test_a_text_that_the_record_cannot_hold_is_refused_by_name(work, writer, text, status, says):
    folder = work.folder / "rollouts" / work.select()
    before = journal_bytes(folder)
    result = work(*WRITERS[writer], text)
    assert result.status == status
    assert says in result.error["message"]
    assert journal_bytes(folder) == before


@pytest.mark.parametrize("writer", WRITERS)
def test_the_longest_text_fits(work, writer):
    work.select()
    work.ok(*WRITERS[writer], '"' * 1000, "--by", "b" * 120)
    work.verified()


def test_several_lines_and_every_script_are_kept_as_they_are(work):
    folder = work.folder / "rollouts" / work.select()
    text = "line one\nline two\t\u202eסוף 😀"
    work.ok("monitor", "note", text)
    assert work.state(folder).notes[0].text == text


def test_a_note_goes_to_today_or_to_the_day_that_is_named(work):
    folder = work.enabled()
    work.router.advance_to(work.router.now_ms + 25 * 3_600_000)
    assert work.ok("monitor", "note", "now", "--kind", "action")["day"] == 2
    assert work.ok("monitor", "note", "then", "--kind", "issue", "--day", "1")["day"] == 1
    assert [(note.day, note.kind) for note in work.state(folder).notes] == [(2, "action"), (1, "issue")]
    error = work.refused(3, "input", "monitor", "note", "later", "--day", "3")
    assert "days 1 to 2" in error["message"]


def test_a_note_before_enabling_is_about_the_rollout(work):
    work.select()
    assert work.ok("monitor", "note", "soon")["day"] is None
    work.refused(3, "input", "monitor", "note", "soon", "--day", "1")


def test_a_notification_in_the_future_is_refused(work):
    work.select()
    work.refused(3, "input", "canary", "notify", "--how", "mail", "--at", "2025-01-24T00:00:01Z")
    work.ok("canary", "notify", "--how", "mail", "--at", "2025-01-23T10:00:00")


def incident(start="2025-01-23T10:00:00Z", end="2025-01-23T11:00:00Z", provider="openai"):
    return ("incident", "add", "--provider", provider, "--from", start, "--to", end)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (incident(end="2025-01-23T10:00:00Z"), "not after it starts"),
        (incident(end="2025-01-24T00:00:01Z"), "in the future"),
        (incident(provider="x" * 121), "provider of an incident"),
        ((*incident(), "--note", "\x07"), "note of the incident"),
    ],
)
def test_an_incident_that_makes_no_sense_is_refused(work, words, says):
    work.select()
    assert says in work.refused(3, "input", *words)["message"]


def test_an_incident_is_added_once_however_often_it_is_told(work):
    work.select()
    told = {"provider": "openai", "from": "2025-01-23T10:00:00Z", "to": "2025-01-23T11:00:00Z"}
    other = {**told, "provider": "anthropic"}
    path = work.folder / "incidents.json"
    path.write_text(json.dumps([told, {**told, "from": "2025-01-23T11:00:00+01:00"}, other, told]))
    assert len(work.ok("incident", "add", "--file", "incidents.json")["incidents"]) == 2
    assert work.ok(*incident())["incidents"] == []
    assert [i["provider"] for i in work.ok("incident", "list")["incidents"]] == ["openai", "anthropic"]


def test_one_wrong_incident_in_a_file_keeps_all_of_them_out(work):
    work.select()
    good = {"provider": "openai", "from": "2025-01-23T10:00:00Z", "to": "2025-01-23T11:00:00Z"}
    (work.folder / "incidents.json").write_text(json.dumps([good, {**good, "to": "2025-01-22T11:00:00Z"}]))
    work.refused(3, "input", "incident", "add", "--file", "incidents.json")
    assert work.ok("incident", "list")["incidents"] == []


def test_the_last_word_on_an_item_counts(work):
    work.select()
    assert work.ok("checklist", "mark", "all")["complete"]
    data = work.ok("checklist", "mark", "load_tests", "--failed", "--note", "scenario 3")
    assert not data["complete"]
    assert data["items"][0]["state"] == "failed"
    assert work.ok("canary", "status")["checklist_open"] == ["load_tests"]


def test_a_decision_needs_an_enabled_breaker(work):
    work.select()
    work.refused(6, "wrong-stage", "decide", "proceed", "--by", "Maya", "--reason", "r")


@pytest.mark.parametrize("word", ["proceed", "extend"])
def test_a_decision_that_no_longer_fits_is_refused_and_the_record_stays_readable(work, word):
    folder = work.enabled()
    work.rollback()
    before = journal_bytes(folder)
    work.refused(6, "wrong-stage", "decide", word, "--by", "Maya", "--reason", "r")
    assert journal_bytes(folder) == before
    work.ok("decide", "rollback", "--by", "Maya", "--reason", "r")
    assert work.state(folder).stage is Stage.ROLLED_BACK
    work.verified()


FLYING = [
    ("monitor", "note", "x"),
    ("lesson", "add", "x", "--kind", "well"),
    ("canary", "notify", "--how", "mail"),
    ("checklist", "show"),
    ("checklist", "mark", "load_tests"),
    ("incident", "list"),
    incident(),
    ("journal", "show"),
    ("journal", "verify"),
    ("report", "log"),
    ("policy", "show"),
]


@pytest.mark.parametrize("kind", ["enable", "rollback"])
def test_every_command_of_the_rollout_says_what_is_in_flight(work, kind):
    if kind == "enable":
        work.ready()
        work.wire.answer("POST reload", 500)
        assert work("canary", "enable", "--yes").status == 4
        says, then = "the live policy is 1.1, as intended: the breaker is enabled", "cbops resume"
    else:
        work.enabled()
        work.wire.answer("PUT", 422)
        work.refused(4, "admin-answer", "rollback", "--yes")
        says, then = "the live policy (1.1) still enables the breaker", "cbops rollback"
    for words in (*FLYING, ("policy", "diff")):
        result = work(*words)
        assert result.status == 0, result.answer
        warnings = [warning for warning in result.answer["warnings"] if "not finished" in warning]
        assert warnings, words
        assert says in warnings[0]
        assert then in warnings[0]
    assert says in work.ok("canary", "status")["in_flight"]["sentence"]


@pytest.mark.parametrize("trouble", ["down", "key", "evidence"])
def test_a_notice_that_cannot_be_told_in_full_spoils_no_command(work, trouble):
    """The note is on record by then: an error would make its author write it again."""
    folder = work.ready()
    work.wire.answer("POST reload", 500)
    assert work("canary", "enable", "--yes").status == 4
    if trouble == "down":
        work.wire.down()
    elif trouble == "key":
        work.cli.environ["CBOPS_ADMIN_TOKEN"] = "two\nlines"
    else:
        (folder / "evidence" / work.state(folder).enable.after).unlink()
    result = work("monitor", "note", "x")
    assert result.status == 0
    assert "the live policy could not be looked at" in result.answer["warnings"][0]
    status = work("canary", "status")
    assert status.status == 0
    assert status.data["in_flight"]["live"] == "unknown"


def test_nothing_in_flight_asks_the_router_nothing(work):
    work.enabled()
    work.wire.down()
    for words in (("monitor", "note", "x"), ("canary", "status"), ("journal", "verify"), ("resume",)):
        result = work(*words)
        assert (result.status, result.answer["warnings"]) == (0, [])
    assert work.wire.calls == []


def test_a_torn_line_is_said_by_status_and_by_the_journal(work):
    folder = work.enabled()
    with (folder / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"actor":"ma')
    for words in (("canary", "status"), ("journal", "show")):
        result = work(*words)
        assert result.status == 0
        assert any("cut off in mid-write" in warning for warning in result.answer["warnings"])
    work.ok("monitor", "note", "x")
    assert work("canary", "status").answer["warnings"] == []
    assert (work.state(folder).target.tenant, work.state(folder).target.policy) == (TENANT, POLICY)
