"""How an item of the checklist stands: every pair of a finding and a word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_samples import START, entries_of, intended, opened

from cbops.model.checklist import ITEMS
from cbops.model.config_checklist import AgesConfig
from cbops.model.events_checklist import ChecklistMarked, ItemVerified
from cbops.model.standing import ItemStanding, standing
from cbops.rollout.fold import fold

LATER = START + timedelta(days=10)
SOON, LATE = START + timedelta(days=5), START + timedelta(days=50)


def word(item: str = "dashboards", state: str = "attested", **more: Any) -> ChecklistMarked:
    return ChecklistMarked.model_validate({"item": item, "state": state, **more})


def look(item: str = "dashboards", state: str = "verified", **more: Any) -> ItemVerified:
    more.setdefault("sentence", "looked")
    return ItemVerified.model_validate({"item": item, "state": state, **more})


def stands(*events: Any, item: str = "dashboards") -> ItemStanding:
    found = {one.item: one for one in standing(fold(entries_of([opened(), *events])), LATER)}
    assert list(found) == list(ITEMS)
    return found[item]  # type: ignore[index]


@pytest.mark.parametrize(
    ("events", "state", "stale", "says"),
    [
        ([], "unknown", False, "nobody has looked at it yet"),
        ([word()], "attested", False, "attested by maya"),
        ([word(expires_at=LATE)], "attested", False, "attested by maya"),
        ([word(expires_at=SOON)], "unknown", True, "must be done again"),
        ([word(state="failed", note="empty")], "failed", False, "marked it as failed: empty"),
        ([word(state="verified")], "verified", False, "verified by maya"),
        ([word(state="unknown")], "unknown", False, "nobody has looked"),
        ([look(expires_at=LATE)], "verified", False, "looked"),
        ([look(expires_at=SOON)], "unknown", True, "must be done again"),
        ([look(state="failed")], "failed", False, "looked"),
        ([look(state="unknown")], "unknown", False, "looked"),
        ([word(), look(state="failed")], "failed", False, "what was found counts"),
        ([look(state="failed"), word()], "failed", False, "what was found counts"),
        ([look(state="failed"), word(state="failed")], "failed", False, "marked it as failed"),
        ([look(expires_at=LATE), word(state="failed")], "failed", False, "marked it as failed"),
        ([word(state="failed"), look(expires_at=LATE)], "verified", False, "looked"),
        ([look(state="unknown"), word()], "attested", False, "not verified: looked"),
        ([look(expires_at=SOON), word()], "attested", False, "verified too long ago"),
        ([look(expires_at=SOON), word(expires_at=SOON)], "unknown", True, "verified by maya"),
        ([look(state="unknown"), word(expires_at=SOON)], "unknown", True, "attested by maya"),
    ],
)
def test_a_finding_and_a_word_are_weighed(events, state, stale, says):
    found = stands(*events)
    assert (found.state, found.stale) == (state, stale), found
    assert says in (found.reason or found.evidence)
    assert (found.reason is None) == (found.command is None) == found.done


@pytest.mark.parametrize(
    ("events", "state", "says"),
    [
        ([look("rollback_understood", expires_at=LATE)], "unknown", "attested by nobody yet"),
        (
            [look("rollback_understood", expires_at=LATE), word("rollback_understood", expires_at=SOON)],
            "unknown",
            "attested too long ago",
        ),
        (
            [look("rollback_understood", expires_at=LATE), word("rollback_understood", person="Ada")],
            "attested",
            "looked; attested by maya",
        ),
        ([word("rollback_understood")], "attested", "attested by maya"),
        ([look("rollback_understood", state="failed"), word("rollback_understood")], "failed", "looked"),
    ],
)
def test_a_rehearsal_needs_a_persons_word_beside_it(events, state, says):
    found = stands(*events, item="rollback_understood")
    assert (found.state, says in (found.reason or found.evidence)) == (state, True), found


def test_both_halves_are_good_until_the_sooner_of_their_ends():
    sooner = LATER + timedelta(days=1)
    found = stands(
        look("rollback_understood", expires_at=LATE),
        word("rollback_understood", expires_at=sooner),
        item="rollback_understood",
    )
    assert found.expires_at == sooner


def test_nobody_trained_is_told_with_what_puts_it_on_record():
    found = stands(item="team_trained")
    assert found.reason == "nobody is on record as trained"
    assert found.command == "cbops checklist mark team_trained --person NAME --read DOCUMENT"


def test_once_enabling_was_intended_nothing_gets_too_old():
    events = [opened(), word(expires_at=SOON), intended()]
    found = {one.item: one for one in standing(fold(entries_of(events)), LATER)}
    assert found["dashboards"].state == "attested"


def test_every_item_has_an_age():
    ages = AgesConfig()
    for item in ITEMS:
        assert ages.verified(item) >= timedelta(days=1)
        assert ages.attested(item) >= timedelta(days=1)
    assert ages.verified("rollback_understood") < ages.attested("rollback_understood")


EVENTS = st.one_of(
    st.builds(
        word, st.sampled_from(list(ITEMS)), st.sampled_from(["attested", "failed"]),
        expires_at=st.sampled_from([None, SOON, LATE]),
    ),
    st.builds(
        look, st.sampled_from(list(ITEMS)), st.sampled_from(["verified", "failed", "unknown"]),
        expires_at=st.sampled_from([SOON, LATE]),
    ),
)  # fmt: skip


@given(st.lists(EVENTS, max_size=8))
def test_what_blocks_has_a_reason_and_a_command_and_a_failed_look_is_never_done(events):
    for one in standing(fold(entries_of([opened(), *events])), LATER):
        assert one.done == (one.state in ("verified", "attested"))
        assert one.done == (one.reason is None) == (one.command is None)
        looks = [event for event in events if event.item == one.item and event.type == "item_verified"]
        if looks and looks[-1].state == "failed":
            assert one.state == "failed"
