"""Folding: every event type, every stage, and what makes no sense."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_samples import (
    BLOCK,
    START,
    adopted,
    adopted_events,
    collected,
    decided,
    enable_done,
    enabled_events,
    entries_of,
    evaluated,
    guarded,
    intended,
    opened,
    people,
    reloaded,
    rollback_done,
    rollback_intended,
    rollback_proof,
    safeguards,
    sending_events,
    sha,
    ticket_opened,
    written,
)

from cbops.errors import RecordError
from cbops.model.events import Event, RolloutOpened, TornLineSetAside
from cbops.model.events_change import EnableAbandoned, EnableSetAside, RollbackFailed
from cbops.model.events_checklist import ChecklistMarked, ItemVerified
from cbops.model.events_guard import RolloutPaused, RolloutUnpaused
from cbops.model.events_sending import (
    TicketSeenThere,
    TicketSendFailed,
    TicketSendIntended,
    TicketSent,
)
from cbops.model.events_tickets import TicketMoved, TicketNoted, TicketUpdated
from cbops.model.plan import OverrideNote
from cbops.model.state import RolloutState, Stage
from cbops.model.verdict import Recommendation
from cbops.rollout.fold import STEPS, apply, fold
from cbops.rollout.fold_base import Changes

ENABLED: list[Event] = [opened(), intended(), written(), reloaded(), enable_done()]
PROCEEDED: list[Event] = [*ENABLED, collected(1), decided()]
PENDING: list[Event] = [*ENABLED, rollback_intended()]
ROLLED_BACK: list[Event] = [*PENDING, rollback_done()]
AT: dict[Stage, list[Event]] = {
    Stage.SELECTED: [opened()],
    Stage.ENABLING: [opened(), intended()],
    Stage.MONITORING: [*ENABLED],
    Stage.DECIDED: [*PROCEEDED],
    Stage.ROLLING_BACK: [*PENDING],
    Stage.ROLLED_BACK: [*ROLLED_BACK],
}
SET_ASIDE = EnableSetAside(overrides=(OverrideNote(requirement="freeze", reason="asked for"),))
ABANDONED = EnableAbandoned(reason="as it was")
FAILED = RollbackFailed(step="put", error="no answer")
EXTEND, ROLLBACK = decided(Recommendation.EXTEND), decided(Recommendation.ROLLBACK)
SEL, ENA, MON, DEC, RIN, RED = Stage


def state_of(*events: Event) -> RolloutState:
    return fold(entries_of(events))


ANYWHERE: list[Stage | None] = [*Stage]
# What must have been before, whatever the stage.
NEEDS: dict[type[Event], list[Event]] = {
    TicketUpdated: [ticket_opened()],
    TicketNoted: [ticket_opened()],
    TicketMoved: [ticket_opened()],
    TicketSendIntended: [ticket_opened()],
    TicketSent: [ticket_opened()],
    TicketSendFailed: [ticket_opened()],
    TicketSeenThere: [ticket_opened(), *sending_events()[:-2]],
    RolloutUnpaused: [RolloutPaused(since=START, reason="wedged")],
}

# Where an event leads from each stage; None: it makes no sense there.
LEADS: list[tuple[Event, list[Stage | None]]] = [
    #                                         SEL   ENA   MON   DEC   RIN   RED
    (opened(), [None, None, None, None, None, None]),
    (intended(), [ENA, None, None, None, None, None]),
    (written(), [None, ENA, None, None, None, None]),
    (reloaded(), [None, ENA, None, None, None, None]),
    (enable_done(), [None, MON, None, None, None, None]),
    (SET_ASIDE, [None, ENA, None, None, None, None]),
    (ABANDONED, [None, SEL, None, None, None, None]),
    (adopted(), [MON, None, None, None, None, None]),
    (collected(2), [None, None, MON, DEC, RIN, RED]),
    (collected(0), [None, None, MON, DEC, RIN, RED]),
    (evaluated(), [None, None, MON, DEC, RIN, RED]),
    (decided(), [None, None, DEC, DEC, None, None]),
    (EXTEND, [None, None, MON, MON, None, None]),
    (ROLLBACK, [None, None, MON, MON, RIN, RED]),
    (rollback_intended(), [RIN, RIN, RIN, RIN, RIN, RIN]),
    (written("rollback"), [None, None, None, None, RIN, None]),
    (reloaded("rollback"), [None, None, None, None, RIN, None]),
    (FAILED, [None, None, None, None, RIN, None]),
    (rollback_done(), [None, None, None, None, RED, None]),
    (rollback_proof(), [None, None, None, None, RIN, RED]),
    *((event, ANYWHERE) for event in (*people(), *safeguards())),
    *((event, [None, None, MON, DEC, RIN, RED]) for event in guarded()),
]


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize(("event", "leads"), LEADS, ids=lambda value: getattr(value, "type", ""))
def test_an_event_leads_where_the_table_says(event: Event, leads: list[Stage | None], stage: Stage) -> None:
    expected = leads[list(Stage).index(stage)]
    before = [*AT[stage], *(NEEDS.get(type(event), []) if expected else [])]
    assert state_of(*before).stage is stage
    if expected is None:
        with pytest.raises(
            RecordError, match=f"^Event {len(before) + 1} of the journal is '{event.type}', but"
        ):
            state_of(*before, event)
    else:
        assert state_of(*before, event).stage is expected


def test_the_table_and_the_fold_know_every_event_type() -> None:
    assert set(STEPS) == set(get_args(Event))
    assert {type(event) for event, _ in LEADS} == set(get_args(Event))


def test_every_change_is_a_field_of_the_state() -> None:
    assert set(Changes.__annotations__) <= set(RolloutState.model_fields)


def test_a_journal_without_events_has_no_state() -> None:
    with pytest.raises(RecordError, match="was never opened"):
        fold(())


def test_a_journal_that_begins_with_something_else_is_refused() -> None:
    with pytest.raises(RecordError, match="Event 1 of the journal is 'note_added', but the first event"):
        state_of(people()[3])


def test_opening_fills_the_state() -> None:
    event = opened()
    state = state_of(event)
    assert (state.id, state.phase, state.target, state.owner) == ("tenant-a", 1, event.target, event.owner)
    assert (state.timezone, state.baseline_days, state.adopted) == ("Europe/Berlin", 7, False)
    assert (state.reasons, state.overrides) == (event.reasons, event.overrides)
    assert (state.opened_at, state.opened_by) == (START + timedelta(seconds=1), "maya")
    assert (state.last_seq, state.last_at) == (1, state.opened_at)


def test_enabling_records_each_step_with_its_time() -> None:
    state = state_of(*ENABLED)
    record = state.enable
    assert record is not None
    times = [record.intended_at, record.written_at, record.reloaded_at, record.done_at]
    assert times == [START + timedelta(seconds=seconds) for seconds in (2, 3, 4, 5)]
    assert (record.read_version, record.new_version, record.block) == ("1.4", "1.5", BLOCK)
    assert (state.enabled_at, state.enabled_version, state.block) == (START, "1.5", BLOCK)


def test_an_abandoned_enabling_is_kept_until_the_next() -> None:
    state = state_of(opened(), intended(), written(), ABANDONED)
    assert state.enable is not None
    assert (state.enable.abandoned, state.enabled_at) == ("as it was", None)
    again = state_of(opened(), intended(), written(), ABANDONED, intended())
    assert again.enable is not None
    assert (again.enable.abandoned, again.enable.written_at) == (None, None)


@pytest.mark.parametrize("event", [written(policy="other"), reloaded(policy="other")])
def test_another_policy_is_no_step_of_the_enabling(event: Event) -> None:
    with pytest.raises(RecordError, match=r"Event 3 .* is about the policy 'canary_policy' of 'tenant-a'"):
        state_of(opened(), intended(), event)


def test_an_adopted_breaker_is_monitored_from_when_it_was_enabled() -> None:
    state = state_of(opened(adopted=True), adopted())
    assert (state.adopted, state.enabled_at, state.enabled_version) == (True, START, "1.5")
    assert (state.block, state.enable) == (BLOCK, None)


def test_days_are_in_order_whatever_the_order_of_collecting() -> None:
    state = state_of(*ENABLED, collected(3), collected(0), collected(1), collected(-2), collected(2))
    assert [day.window.day for day in state.days] == [1, 2, 3]
    assert [day.window.day for day in state.baseline] == [-2, 0]


def test_a_day_collected_again_has_the_latest_measurement_at_its_place() -> None:
    state = state_of(*ENABLED, collected(1), collected(2), collected(3), collected(2, "again"))
    assert [day.window.day for day in state.days] == [1, 2, 3]
    assert state.days[1].observation == sha("again")
    assert state.days[1].collected_at == state.last_at


def test_the_last_word_on_a_checklist_item_counts() -> None:
    state = state_of(
        opened(),
        ChecklistMarked(item="load_tests", state="failed"),
        ChecklistMarked(item="dashboards", state="attested"),
        ChecklistMarked(item="load_tests", state="verified"),
    )
    assert {item: record.state for item, record in state.checklist.items()} == {
        "load_tests": "verified",
        "dashboards": "attested",
    }


def test_the_last_word_on_each_person_and_the_last_look_at_an_item_count() -> None:
    def trained(person: str, *read: str) -> ChecklistMarked:
        return ChecklistMarked(item="team_trained", state="attested", person=person, read=read)

    state = state_of(
        opened(),
        trained("Ada"),
        trained("Ben"),
        trained("Ada", "the plan"),
        ItemVerified(item="dashboards", state="unknown", sentence="no answer"),
        ItemVerified(item="dashboards", state="verified", sentence="all have data"),
    )
    assert {one.person: one.read for one in state.people} == {"Ben": (), "Ada": ("the plan",)}
    assert state.verifications["dashboards"].verified.state == "verified"


def test_what_people_say_is_kept_with_who_and_when() -> None:
    state = state_of(opened(), *people())
    records = [
        *state.notifications,
        state.checklist["load_tests"],
        *state.rehearsals,
        *state.notes,
        *state.incidents,
        *state.classifications,
        *state.lessons,
    ]
    assert [record.actor for record in records] == ["maya"] * 7
    assert [record.at for record in records] == [START + timedelta(seconds=n) for n in range(2, 9)]
    assert state.torn_lines == 1


def test_a_rollback_records_each_step() -> None:
    rollback: list[Event] = [
        written("rollback"),
        FAILED,
        reloaded("rollback"),
        rollback_done(),
        rollback_proof(),
    ]
    state = state_of(*PENDING, *rollback)
    record = state.rollbacks[0]
    assert (record.tenant, record.policy, record.reason) == ("tenant-a", "canary_policy", "latency")
    assert (record.written_version, record.version) == ("1.5", "1.6")
    assert record.failures == ("put: no answer",)
    assert record.reloaded_at == START + timedelta(seconds=9)
    assert (record.done_at, record.disabled_at) == (START + timedelta(seconds=10), START + timedelta(days=8))
    assert record.proof == rollback_proof()
    assert state.disabled_at == START + timedelta(days=8)
    assert state.pending_rollback is None


def test_a_rollback_intended_again_while_pending_is_the_same_one() -> None:
    state = state_of(*PENDING, FAILED, rollback_intended())
    assert len(state.rollbacks) == 1
    assert state.rollbacks[0].failures == ("put: no answer",)
    assert state.rollbacks[0].intended_at == START + timedelta(seconds=6)


def test_a_rollback_after_a_rollback_is_another_one_and_the_breaker_is_off_since_the_first() -> None:
    again: list[Event] = [rollback_intended(), rollback_done(written=False, hours=2)]
    state = state_of(*ROLLED_BACK, *again)
    assert (state.stage, len(state.rollbacks)) == (Stage.ROLLED_BACK, 2)
    assert state.disabled_at == START + timedelta(days=8)
    switched_off_again = state_of(*ROLLED_BACK, rollback_intended(), rollback_done(hours=2))
    assert switched_off_again.disabled_at == START + timedelta(days=8, hours=2)


def test_a_breaker_found_disabled_is_off_since_it_was_found() -> None:
    state = state_of(*PENDING, rollback_done(written=False))
    assert state.disabled_at == START + timedelta(days=8)


def test_rolling_back_two_policies_is_done_when_both_are() -> None:
    other: list[Event] = [
        rollback_intended("other"),
        written("rollback"),
        reloaded("rollback"),
        rollback_done(),
    ]
    state = state_of(*PENDING, *other)
    assert state.stage is Stage.ROLLING_BACK
    # The steps were the canary's own, the record that was done is the other's.
    assert [record.written_version for record in state.rollbacks] == [None, None]
    assert [record.done_at is None for record in state.rollbacks] == [True, False]


def test_a_later_proof_replaces_an_earlier_one() -> None:
    state = state_of(*ROLLED_BACK, rollback_proof(proven=False), rollback_proof())
    assert len(state.rollbacks) == 1
    assert state.rollbacks[0].proof == rollback_proof()


JOURNALS = st.sampled_from([enabled_events(), adopted_events(), ROLLED_BACK, PROCEEDED])


@settings(max_examples=60, deadline=None)
@given(JOURNALS, st.data())
def test_every_beginning_of_a_valid_journal_folds_and_folding_goes_on_from_there(
    events: list[Event], data: st.DataObject
) -> None:
    entries = entries_of(events)
    cut = data.draw(st.integers(1, len(entries)))
    state = fold(entries[:cut])
    assert state.last_seq == cut
    for entry in entries[cut:]:
        state = apply(state, entry)
    assert state == fold(entries) == fold(iter(entries))


OPENINGS = st.sampled_from([opened(), opened(adopted=True)])


def folded(*events: Event) -> tuple[RolloutState | None, str]:
    try:
        return state_of(*events), ""
    except RecordError as error:
        return None, error.message


ANY = st.lists(st.sampled_from([event for event, _ in LEADS]), max_size=25)


@settings(max_examples=200, deadline=None)
@given(OPENINGS, ANY)
def test_any_sequence_folds_alike_or_is_refused_by_number(first: RolloutOpened, events: list[Event]) -> None:
    kept: list[Event] = [first]
    for event in events:
        state, refusal = folded(*kept, event)
        if state is None:
            assert f"Event {len(kept) + 1} of the journal is '{event.type}'" in refusal
        else:
            kept.append(event)
            assert state == state_of(*kept)
            assert RolloutState.model_validate_json(state.model_dump_json()) == state
            assert (state.stage is Stage.ROLLING_BACK) == (state.pending_rollback is not None)


def test_torn_lines_are_counted() -> None:
    torn = TornLineSetAside(file="torn-2-1.txt", length=3)
    assert state_of(opened(), torn, torn).torn_lines == 2
