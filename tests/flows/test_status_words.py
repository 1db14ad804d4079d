"""`canary status` on 80 columns: the first line says how it stands and what to do next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cbops.flows.steps.status_words import WIDTH, headline, lines
from cbops.model.answers.status import InFlight, StatusAnswer
from cbops.model.firing import FiringAlert
from cbops.model.state import Stage
from cbops.model.tenant import Owner, Target
from cbops.model.verdict_words import Recommendation

AT = datetime(2025, 1, 27, 9, tzinfo=UTC)
LONG = "tenant-" + "x" * 113


def answer(**fields: object) -> StatusAnswer:
    tenant = str(fields.pop("tenant", "tenant_canary"))
    usual = {
        "rollout": f"phase1-{tenant}-20250127",
        "stage": Stage.MONITORING,
        "target": Target(tenant=tenant, policy="canary_policy", provider="openai"),
        "owner": Owner(name="platform"),
        "opened_at": AT,
        "enabled_at": AT,
        "disabled_at": None,
        "rollback_proven": None,
        "day": 3,
        "days_collected": (1, 2),
        "days_missing": (3,),
        "owner_notified": True,
        "checklist_open": (),
        "recommendation": None,
        "evaluated_at": None,
        "decision": None,
        "decided_by": None,
        "in_flight": None,
        "alerts_firing": None,
        "next_command": "cbops monitor daily",
    }
    return StatusAnswer.model_validate(usual | fields)


@pytest.mark.parametrize(
    ("fields", "left", "line"),
    [
        ({}, False, "phase1-tenant_canary-20250127: enabled, day 3; next: cbops monitor daily"),
        (
            {"next_command": "cbops monitor daily, when the first day has ended"},
            False,
            "phase1-tenant_canary-20250127: enabled, day 3; next: cbops monitor daily",
        ),
        (
            {
                "paused_since": AT,
                "paused_reason": "slow",
                "next_command": "cbops monitor watch --unpause REASON",
            },
            False,
            "enabled, day 3, paused; next: cbops monitor watch --unpause REASON",
        ),
        (
            {
                "stage": Stage.ROLLED_BACK,
                "disabled_at": AT,
                "rollback_proven": False,
                "next_command": "cbops rollback --wait 5m (to prove it)",
            },
            False,
            "rolled back, not proven yet; next: cbops rollback --wait 5m",
        ),
        (
            {
                "stage": Stage.ROLLED_BACK,
                "disabled_at": AT,
                "rollback_proven": True,
                "next_command": "cbops rollback",
            },
            True,
            "rolled back by the global switch alone; next: cbops rollback",
        ),
        (
            {
                "stage": Stage.ROLLING_BACK,
                "next_command": "cbops rollback",
                "in_flight": InFlight(
                    change="rollback", since=AT, live="unknown", live_version=None, sentence="It was begun."
                ),
            },
            False,
            "phase1-tenant_canary-20250127: rollback not finished; next: cbops rollback",
        ),
        ({"tenant": LONG}, False, "enabled, day 3; next: cbops monitor daily"),
    ],
)
def test_the_first_line_is_the_standing_and_the_next_command(fields, left, line):
    told = headline(answer(**fields), left=left)
    assert told == line
    assert len(told) <= WIDTH


def test_what_the_first_line_has_no_room_for_stands_below():
    whole = answer(tenant=LONG)
    below = lines(whole, headline(whole, left=False))
    assert below[0].split() == ["rollout", whole.rollout]
    short = answer()
    assert not any(line.startswith("  rollout") for line in lines(short, headline(short, left=False)))


def test_everything_fits_on_80_columns_but_a_name_that_is_longer_is_whole():
    full = answer(
        checklist_open=("load_tests", "dashboards", "alert_rules", "rollback_understood", "team_trained"),
        recommendation=Recommendation.EXTEND,
        evaluated_at=AT,
        decision=Recommendation.EXTEND,
        decided_by="Maya",
        in_flight=InFlight(
            change="enable",
            since=AT,
            live="other",
            live_version="1.1",
            sentence="An enabling was begun. " * 9,
        ),
        paused_since=AT,
        paused_reason="a reason that goes on for longer than a line of a terminal has columns, as reasons do",
        alerts_firing=tuple(
            FiringAlert(
                name="RouterCircuitBreakerOpened",
                severity="warning",
                provider="openai",
                since=AT,
                state="active",
            )
            for _ in range(3)
        ),
    )
    shown = lines(full, headline(full, left=False))
    assert max(map(len, shown)) <= WIDTH
    assert all(line.startswith(" " * 13) or line[2:12].strip() for line in shown)
    assert any(LONG in line for line in lines(answer(tenant=LONG), "enabled"))
