"""What was sent elsewhere, as the fold makes it; and what makes no sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_samples import START, entries_of, opened, sending_events, ticket_opened

from cbops.errors import RecordError
from cbops.model.config_notifications import NotificationKind
from cbops.model.events import Event
from cbops.model.events_sending import (
    ChannelTold,
    TicketSeenThere,
    TicketSendFailed,
    TicketSendIntended,
    TicketSent,
)
from cbops.model.sending import RemoteState, SendingRecord, sending_key
from cbops.model.state import RolloutState
from cbops.rollout.fold import fold

INTENT = TicketSendIntended(ticket=1, target="ops", steps=1)
SENT = TicketSent(ticket=1, target="ops", how="created", id="12", steps=1, remote=RemoteState.OPEN)
FAILED = TicketSendFailed(ticket=1, target="ops", code="sending-later", why="slow down")


def state_of(*events: Event) -> RolloutState:
    return fold(entries_of([opened(), ticket_opened(), *events]))


def only(*events: Event) -> SendingRecord:
    (one,) = state_of(*events).sendings
    return one


def test_an_intent_without_an_end_is_pending():
    assert (only(INTENT).pending, only(INTENT).id) == (True, None)


def test_what_was_sent_has_its_id_and_is_pending_no_more():
    one = only(INTENT, SENT)
    assert (one.pending, one.id, one.steps, one.remote, one.failed) == (
        False,
        "12",
        1,
        RemoteState.OPEN,
        None,
    )


def test_a_failure_keeps_what_was_known_of_it_there():
    one = only(INTENT, SENT, INTENT, FAILED)
    assert (one.pending, one.id, one.failed) == (False, "12", "slow down")
    assert only(INTENT, FAILED, INTENT, SENT).failed is None


def test_each_target_has_its_own_in_the_order_of_the_first_sending():
    other = INTENT.model_copy(update={"target": "desk"})
    state = state_of(INTENT, other, SENT)
    assert [(each.target, each.id) for each in state.sendings] == [("ops", "12"), ("desk", None)]


def test_how_it_stands_there_is_the_last_that_was_seen():
    assert only(*sending_events()[:-1]).remote is RemoteState.CLOSED


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (INTENT.model_copy(update={"ticket": 2}), "there is no ticket 2"),
        (SENT.model_copy(update={"ticket": 0}), "there is no ticket 0"),
        (INTENT.model_copy(update={"steps": 2}), "fewer steps"),
        (TicketSeenThere(ticket=1, target="ops", remote=RemoteState.OPEN, steps=1), "never sent to 'ops'"),
    ],
)
def test_what_makes_no_sense_is_refused(event, why):
    with pytest.raises(RecordError, match=why):
        state_of(event)


def test_what_channels_were_told_is_kept_with_when():
    told = ChannelTold(kind=NotificationKind.BREACH, channel="owner", about=START)
    (record,) = state_of(told).told
    assert (record.told, record.actor) == (told, "maya")


@given(st.text(), st.text(), st.text(), st.text())
def test_two_tickets_are_found_by_two_keys(rollout, mark, other_rollout, other_mark):
    one, other = (rollout, mark), (other_rollout, other_mark)
    assert (sending_key(*one) == sending_key(*other)) == (one == other)
    assert len(sending_key(*one)) == 32
