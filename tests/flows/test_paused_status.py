"""What `canary status` and the execution log say of a rollout that is paused, and of a restore that is pending."""

from __future__ import annotations

import pytest

from cbops.journal.reader import read
from cbops.model.events_guard import RolloutPaused
from cbops.model.state import Stage

GOES_ON = "cbops monitor watch --unpause REASON"


@pytest.fixture
def folder(work):
    """An enabled canary."""
    return work.enabled()


def pause(work):
    """By a bound that the first reading breaks."""
    work.play(minutes=2)
    slow = {"above_ms": 0.001, "min_results": 1, "action": "pause"}
    work.configure(guard={"interval_seconds": 10, "jitter": 0, "readings": 1, "latency": slow})
    assert work("monitor", "watch", "--for", "20s", "--on-breach", "pause").data["paused"]


def log(work):
    return work.text("report", "log", "--stdout").stdout


def test_a_rollout_that_was_never_paused_says_nothing_of_pauses(work, folder):
    told = work("canary", "status")
    assert (told.data["paused_since"], told.data["paused_reason"]) == (None, None)
    assert "paused" not in work.text("canary", "status").stdout.lower()
    assert "paused" not in log(work).lower()


def test_a_paused_rollout_says_since_when_why_and_how_it_goes_on(work, folder):
    pause(work)
    (event,) = [each.event for each in read(folder).entries if isinstance(each.event, RolloutPaused)]
    told = work("canary", "status")
    since = f"{event.since:%Y-%m-%d %H:%M}"
    assert told.data["paused_since"].startswith(since.replace(" ", "T"))
    assert told.data["paused_reason"] == event.reason
    (warning,) = [each for each in told.answer["warnings"] if each.startswith("paused since ")]
    assert warning.startswith(f"paused since {since} UTC ({event.reason})")
    assert warning.endswith(GOES_ON)
    first, *below = work.text("canary", "status").stdout.splitlines()
    assert first.endswith(f"paused; next: {GOES_ON}")
    assert f"paused since {since} UTC: {event.reason}" in " ".join(" ".join(below).split())
    assert told.data["next_command"] == GOES_ON
    assert "not over yet" in log(work)


def test_a_rollout_that_goes_on_says_in_the_log_when_it_was_paused(work, folder):
    pause(work)
    work.ok("monitor", "watch", "--unpause", "looked at")
    assert work.ok("canary", "status")["paused_since"] is None
    told = log(work)
    assert "- Paused from " in told
    assert "not over yet" not in told


def test_a_rolled_back_rollout_is_not_to_be_let_go_on(work, folder):
    pause(work)
    work.rollback()
    told = work("canary", "status")
    assert GOES_ON not in str(told.answer["warnings"])
    assert told.data["paused_since"] is not None


def test_a_pending_restore_is_called_one_and_resume_finishes_it(work, folder):
    work.wire.down()
    assert work("rollback", "--yes", "--strategy", "restore", "--to-version", "1.0").status == 4
    assert work.state(folder).stage is Stage.ROLLING_BACK
    told = work.ok("canary", "status")
    assert told["in_flight"]["sentence"].startswith("A rollback that restores version 1.0 was begun at ")
    assert told["next_command"] == "cbops resume"
    work.wire.up()
    assert work.ok("canary", "status")["in_flight"]["sentence"].startswith("A rollback that restores version")
    work("resume")
    assert work.state(folder).rollbacks[-1].restore == "1.0"
    assert work.state(folder).pending_rollback is None


def test_a_guard_finishes_a_pending_restore_as_it_was_ordered(work):
    folder = work.ready()
    before = work.router.live()
    work.ok("canary", "enable", "--yes")
    work.router.write({**work.router.live(), "sticky": {"by": "user"}})
    work.wire.down()
    work("rollback", "--yes", "--strategy", "restore", "--to-version", "1.0")
    work.wire.up()
    work.play(minutes=2)
    work.configure(guard={"interval_seconds": 10, "jitter": 0})
    assert work("monitor", "watch", "--for", "1m", "--wait", "0s").status == 20
    assert work.state(folder).pending_rollback is None
    assert work.router.live() == before
