"""A rollout's days end when its breaker is disabled; what is live afterwards is looked at only for that."""

from __future__ import annotations

from datetime import timedelta

from cbops.model.base import iso, to_ms


def rolled_back(work):
    """Enabled for an hour, rolled back, and two days later."""
    folder = work.enabled()
    work.play(minutes=20)
    work.rollback()
    work.play(minutes=5)
    state = work.state(folder)
    work.clock.router.advance_to(to_ms(state.disabled_at + timedelta(days=2)))
    return state


def test_days_end_at_the_disabling_for_every_command(work):
    state = rolled_back(work)

    data = work.ok("monitor", "daily", "--all")

    assert [(day["day"], day["to"], day["partial"]) for day in data["days"]] == [
        (1, iso(state.disabled_at), False)
    ]
    assert work.ok("monitor", "daily")["day"]["day"] == 1
    refused = work.refused(2, "usage", "monitor", "daily", "--day", 2)
    assert "when the breaker was disabled" in refused["message"]
    refused = work.refused(3, "input", "monitor", "note", "--day", 2, "--kind", "note", "late")
    assert refused["message"].endswith("there is no day 2; the rollout has days 1 to 1")
    assert work.ok("monitor", "note", "a late thought")["day"] == 1
    judged = work("evaluate")
    assert judged.data["days_observed"] == 1
    assert not any("not collected" in warning for warning in judged.answer["warnings"])


def test_after_a_rollback_only_whether_it_is_still_disabled_is_looked_at(work):
    rolled_back(work)
    drift = work.ok("monitor", "daily")["drift"]
    message = "disabled, as rolled back"
    assert drift == {"checked": True, "drifted": False, "message": message, "others": []}

    work.router.enable()

    again = work("monitor", "daily")
    assert again.data["drift"]["drifted"] is True
    assert again.data["drift"]["message"].startswith("enabled again")
    assert any("enabled again" in warning for warning in again.answer["warnings"])
