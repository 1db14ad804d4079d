"""Whose approval counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cbops.model.config_safeguards import ApprovalsConfig
from cbops.model.events_safeguards import ApprovalGiven
from cbops.model.state import ApprovalRecord
from cbops.model.system import SystemUser
from cbops.rollout.approving import Asked, Counted, count

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WHAT, OTHER = "a" * 64, "b" * 64
MAYA = SystemUser(user="maya", host="laptop")
ASKED = Asked("enable", WHAT, "Maya", MAYA, NOW)


def approval(
    actor: str = "Bob",
    user: str | None = "bob",
    *,
    what: str = WHAT,
    hours: float = 1,
    step: str = "enable",
    key: str | None = None,
) -> ApprovalRecord:
    given = ApprovalGiven.model_validate({"step": step, "what": what, "key": key})
    system = SystemUser(user=user, host="desk") if user else None
    return ApprovalRecord(at=NOW - timedelta(hours=hours), actor=actor, system=system, given=given)


def counted(*records: ApprovalRecord, asked: Asked = ASKED, signed: bool = False) -> Counted:
    names = {"c" * 64: "bob", "d" * 64: "maya"}
    return count(
        records,
        asked,
        ApprovalsConfig(signed=signed),
        lambda given: names.get(given.key) if given.key else None,
    )


def test_somebody_else_s_approval_counts() -> None:
    assert counted(approval()) == Counted(("Bob (bob)",), ())


def test_several_approvals_of_one_account_count_once() -> None:
    assert counted(approval(), approval("Robert")).approvers == ("Bob (bob)",)
    assert counted(approval(), approval("Eve", "eve")).approvers == ("Bob (bob)", "Eve (eve)")


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (approval("Bob", "maya"), "one's own: the same account"),
        (approval("Bob", "MAYA"), "one's own: the same account"),
        (approval(" maya ", "bob"), "one's own: the same name"),
        (approval(user=None), "which account of the operating system gave it is not known"),
        (approval(what=OTHER), "it is about something else"),
        (approval(hours=72.1), "it is older than 72 hours"),
    ],
)
def test_one_s_own_an_old_one_and_one_of_something_else_don_t_count(record: ApprovalRecord, why: str) -> None:
    found = counted(record)
    assert found.approvers == ()
    assert why in found.passed_over[0]


def test_an_approval_of_another_step_is_not_even_told() -> None:
    assert counted(approval(step="proceed")) == Counted((), ())


def test_whoever_acts_under_no_known_account_has_no_second_person() -> None:
    found = counted(approval(), asked=Asked("enable", WHAT, "Maya", None, NOW))
    assert found.approvers == ()


def test_where_signatures_are_asked_for_only_those_of_trusted_keys_count_each_once() -> None:
    bob, maya = "c" * 64, "d" * 64
    assert counted(approval(key=bob), approval("X", "x", key=bob), signed=True).approvers == ("bob",)
    assert "not signed" in counted(approval(), signed=True).passed_over[0]
    assert "not signed" in counted(approval(key="e" * 64), signed=True).passed_over[0]
    assert "the same name" in counted(approval("Bob", "bob", key=maya), signed=True).passed_over[0]
