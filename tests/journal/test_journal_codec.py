"""One event, one line, one spelling."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_samples import START, adopted_events, enabled_events, entries_of, intended, lines_of, opened

from cbops.errors import InputError
from cbops.journal.codec import EVENT_TYPES, GENESIS, MAX_LINE, LineError, NotJsonError, decode, encode
from cbops.model.events import Event, IncidentAdded, NoteAdded
from cbops.model.system import SystemUser


def line_of(event: Event, actor: str = "maya") -> bytes:
    return encode(seq=1, at=START, actor=actor, event=event, prev=GENESIS)


def changed(**fields: Any) -> bytes:
    record = json.loads(line_of(NoteAdded(day=1, kind="note", text="x")))
    return json.dumps({**record, **fields}).encode()


def test_the_samples_have_every_event_type() -> None:
    kinds = {type(event) for event in enabled_events() + adopted_events()}
    assert kinds == set(get_args(Event)) == set(EVENT_TYPES.values())


def test_every_event_comes_back_as_it_was_written() -> None:
    events = enabled_events()
    assert [entry.event for entry in entries_of(events)] == events


def test_an_envelope_has_the_promised_fields() -> None:
    record = json.loads(line_of(opened()))
    assert set(record) == {"v", "seq", "at", "actor", "system", "type", "data", "prev"}
    assert (record["v"], record["seq"], record["actor"], record["prev"]) == (2, 1, "maya", "0" * 64)
    assert record["system"] is None
    assert record["at"] == "2025-01-27T09:00:00.000Z"
    assert record["type"] == "rollout_opened"
    assert "type" not in record["data"]


def test_the_account_that_wrote_it_stands_in_the_line_beside_the_name_that_was_given() -> None:
    account = SystemUser(user="ci", host="build-7")
    line = encode(seq=1, at=START, actor="Maya", event=opened(), prev=GENESIS, system=account)
    assert json.loads(line)["system"] == {"host": "build-7", "user": "ci"}
    assert (decode(line).actor, decode(line).system) == ("Maya", account)


def test_a_line_of_version_1_is_read_and_its_account_is_unknown() -> None:
    record = json.loads(line_of(opened()))
    del record["system"]
    old = decode(json.dumps({**record, "v": 1}).encode())
    assert (old.event, old.system) == (opened(), None)


def test_a_line_is_canonical_json() -> None:
    for line in lines_of(enabled_events()):
        again = json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert line == again.replace("\u2028", "\\u2028").encode()
        assert len(line.decode().splitlines()) == 1


@pytest.mark.parametrize("hidden", ["\x1b", "\x7f", "\x9b", "\u2028", "\u2029", "\u202e", "\u2066"])
def test_characters_that_steer_a_terminal_are_written_as_escapes_and_read_back(hidden: str) -> None:
    event = NoteAdded(day=1, kind="note", text=f"a{hidden}b")
    line = line_of(event, actor=hidden)
    assert hidden not in line.decode()
    assert (decode(line).event, decode(line).actor) == (event, hidden)


def test_an_interval_is_written_with_from_and_to() -> None:
    data = json.loads(line_of(IncidentAdded(provider="openai", start=START, end=START)))["data"]
    assert {"from", "to"} <= set(data)


def test_times_are_cut_to_milliseconds_alike_in_the_answer_and_on_disk() -> None:
    at = datetime(2025, 1, 27, 9, 0, 0, 123_999, tzinfo=UTC)
    entry = decode(encode(seq=1, at=at, actor="maya", event=opened(), prev=GENESIS))
    assert entry.at == datetime(2025, 1, 27, 9, 0, 0, 123_000, tzinfo=UTC)


def test_the_longest_note_that_fits_is_written_and_one_byte_more_is_refused_with_a_hint() -> None:
    empty = len(line_of(NoteAdded(day=1, kind="note", text="")))
    room = MAX_LINE - 1 - empty
    assert len(line_of(NoteAdded(day=1, kind="note", text="x" * room))) == MAX_LINE - 1
    with pytest.raises(InputError, match=r"4097 bytes; a line of the journal has 4096") as caught:
        line_of(NoteAdded(day=1, kind="note", text="x" * (room + 1)))
    assert "shorter" in caught.value.hint


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_block_with_a_number_that_is_none_is_refused(number: float) -> None:
    event = intended().model_copy(update={"block": {"error_rate_threshold": number}})
    with pytest.raises(InputError, match="cannot be written as JSON"):
        line_of(event)


def test_an_actor_that_is_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be written as JSON"):
        line_of(opened(), actor="\udcff")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (changed(v=3), "its version is 3, and this release reads"),
        (changed(v=True), "its version is True"),
        (changed(v=None), "its version is None"),
        (changed(extra=1), r"fields are missing or unknown: \['extra'\]"),
        (changed(v=1), r"fields are missing or unknown: \['system'\]"),
        (changed(system="maya"), "'system' is not a user and a host"),
        (changed(system={"user": "maya"}), "'system' is not a user and a host"),
        (changed(seq=0), "'seq' is not a positive whole number"),
        (changed(seq=True), "'seq' is not a positive whole number"),
        (changed(seq="1"), "'seq' is not a positive whole number"),
        (changed(actor=7), "'actor' is not a text"),
        (changed(prev="ab"), "'prev' is not a SHA-256"),
        (changed(prev="A" * 64), "'prev' is not a SHA-256"),
        (changed(prev=None), "'prev' is not a SHA-256"),
        (changed(at="2025-01-27T09:00:00Z"), "'at' is not a time in UTC"),
        (changed(at="2025-02-30T09:00:00.000Z"), "'at' is not a time"),
        (changed(at=1), "'at' is not a time in UTC"),
        (changed(type="rollout_closed"), "the event type 'rollout_closed' is unknown"),
        (changed(type=["x"]), "the event type .* is unknown"),
        (changed(data=[]), "'data' is not an object"),
        (changed(data={"type": "note_added"}), "'data' is not an object"),
        (changed(data={"day": 1, "kind": "note", "text": "x", "more": 1}), "wrong at 'more'"),
        (changed(data={"day": 1, "kind": "note"}), "wrong at 'text'"),
        (b'"text"', "it is not a JSON object"),
        (b'{"v":1,"v":1}', "a key stands twice"),
        (b'{"v":NaN}', "holds 'NaN'"),
        (b'{"v":1e999}', "holds '1e999'"),
        # How deep is too deep differs between versions of Python.
        (b"[" * 2000 + b"]" * 2000, "JSON out of bounds|not a JSON object"),
        (b" " * MAX_LINE, "longer than 4096 bytes"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(line: bytes, message: str) -> None:
    with pytest.raises(LineError, match=message):
        decode(line)


@pytest.mark.parametrize("line", [b"", b"{", b'{"v":1', b"\xff\xfe", b"\x00\x00"])
def test_what_is_no_json_at_all_is_told_apart(line: bytes) -> None:
    with pytest.raises(NotJsonError):
        decode(line)


def test_a_message_repeats_little_of_a_line_and_no_control_characters() -> None:
    with pytest.raises(LineError) as caught:
        decode(changed(type="\x1b[31m" + "x" * 3000))
    assert len(str(caught.value)) < 200
    assert "\x1b" not in str(caught.value)


@given(st.integers(min_value=0, max_value=32), st.data())
def test_no_beginning_of_a_line_is_a_line(number: int, data: st.DataObject) -> None:
    line = lines_of(enabled_events())[number]
    cut = data.draw(st.integers(min_value=0, max_value=len(line) - 1))
    with pytest.raises(NotJsonError):
        decode(line[:cut])


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_is_written_and_read_or_refused(text: str, actor: str) -> None:
    event = NoteAdded(day=None, kind="note", text=text)
    entry = decode(line_of(event, actor))
    assert (entry.event, entry.actor) == (event, actor)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_line_or_a_line_error(raw: bytes) -> None:
    with pytest.raises(LineError):
        decode(raw)
