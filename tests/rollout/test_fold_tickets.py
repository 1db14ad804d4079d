"""Tickets as the fold makes them: numbers, moves, words, and what makes no sense."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_samples import START, entries_of, opened, ticket_moved, ticket_opened, ticket_updated

from cbops.errors import RecordError
from cbops.model.events import Event
from cbops.model.events_tickets import TicketNoted
from cbops.model.state import RolloutState
from cbops.model.ticket import MOVES, TicketPriority, TicketState, fingerprint
from cbops.rollout.fold import fold

T = TicketState


def state_of(*events: Event) -> RolloutState:
    return fold(entries_of([opened(), *events]))


def test_an_opened_ticket_has_its_number_its_words_and_who_opened_it_when():
    (ticket,) = state_of(ticket_opened()).tickets
    assert (ticket.id, ticket.heading) == ("CB-OPS-001", "[CB-OPS] openai opens too often")
    assert (ticket.state, ticket.opened_by, ticket.last_seen) == (T.CREATED, "maya", START)
    assert ticket.labels == (
        "circuit-breaker",
        "operational-improvement",
        "production",
        "threshold-inaccuracy",
    )


def test_an_update_changes_its_words_and_keeps_its_number_and_state():
    (ticket,) = state_of(ticket_opened(), ticket_moved(T.TRIAGED), ticket_updated()).tickets
    assert (ticket.number, ticket.state, ticket.priority) == (1, T.TRIAGED, TicketPriority.HIGH)
    assert (ticket.title, ticket.steps[-1].note) == ("openai opens far too often", "9 unexpected opens")


def test_a_priority_of_a_person_stays():
    word = TicketNoted(ticket=1, priority=TicketPriority.LOW)
    (ticket,) = state_of(ticket_opened(), word, ticket_updated()).tickets
    assert (ticket.priority, ticket.priority_by) == (TicketPriority.LOW, "maya")


def test_items_that_are_done_are_kept_once_and_notes_with_their_words():
    notes = [
        TicketNoted(ticket=1, done="a"),
        TicketNoted(ticket=1, done="a"),
        TicketNoted(ticket=1, note="hm"),
    ]
    (ticket,) = state_of(ticket_opened(), *notes).tickets
    assert ticket.done == ("a",)
    assert [(step.what, step.note) for step in ticket.steps[1:]] == [
        ("done: a", None),
        ("done: a", None),
        ("noted", "hm"),
    ]


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([ticket_opened(2)], "there are 0 tickets, so it isn't number 2"),
        ([ticket_opened(), ticket_opened(2)], "'opens-1' has a ticket already"),
        ([ticket_updated()], "there is no ticket 1"),
        ([ticket_moved(T.TRIAGED, number=0)], "there is no ticket 0"),
        ([ticket_opened(), ticket_moved(T.CLOSED)], "doesn't become documented and closed from there"),
        (
            [ticket_opened(), ticket_moved(T.TRIAGED), ticket_moved(T.RESOLVED)],
            "CB-OPS-001 has no resolution",
        ),
        (
            [
                ticket_opened(),
                ticket_moved(T.TRIAGED),
                ticket_moved(T.RESOLVED, resolution="done"),
                ticket_moved(T.INVESTIGATING),
            ],
            "nothing says why CB-OPS-001 is open again",
        ),
    ],
)
def test_what_makes_no_sense_names_its_event(events, message):
    with pytest.raises(RecordError, match=message):
        state_of(*events)


@given(st.lists(st.sampled_from(list(T)), max_size=12))
def test_whatever_is_tried_only_allowed_moves_happen_and_nothing_closes_without_a_resolution(wished):
    events: list[Event] = [ticket_opened()]
    for to in wished:
        move = ticket_moved(to, note="why", resolution="done")
        try:
            state_of(*events, move)
        except RecordError:
            continue
        events.append(move)
    (ticket,) = state_of(*events).tickets
    states = [step.state for step in ticket.steps if step.state is not None]
    assert all(later in MOVES[earlier] for earlier, later in pairwise(states))
    assert ticket.state.over == (ticket.resolution is not None) == (ticket.resolved_at is not None)


def test_every_state_is_reached_and_every_move_leads_to_a_state():
    assert set(MOVES) == set(T) == {to for moves in MOVES.values() for to in moves} | {T.CREATED}


def test_a_fingerprint_tells_parts_apart_and_never_changes():
    assert fingerprint("thresholds", "tenant_canary", "canary_policy") == "thresholds-8aa10052169f"
    assert fingerprint("a", "b", "c") != fingerprint("a", "bc") != fingerprint("a", "b,c")


def test_priorities_are_in_order_and_say_what_they_mean():
    assert [each.urgency for each in TicketPriority] == [0, 1, 2, 3]
    assert TicketPriority.CRITICAL.words == "Critical (blocking the rollout)"
