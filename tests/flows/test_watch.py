"""`monitor watch` over the practice router: what it sees, what it does, and what stays on record."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cbops.flows.watch import day_end
from cbops.journal.reader import read
from cbops.judge.other_days import other_days
from cbops.model.config_guard import GuardConfig
from cbops.rollout.days import days_of

FAST = {"interval_seconds": 10, "jitter": 0}


@pytest.fixture
def folder(work):
    """An enabled canary with two minutes of samples."""
    made = work.enabled()
    work.play(minutes=2)
    return made


def guard(work, **bounds):
    work.configure(guard={**FAST, **bounds})


def broken(work, action="rollback"):
    """A bound that the first reading breaks: the mean latency is never that small."""
    guard(work, latency={"above_ms": 0.001, "min_results": 1, "action": action})


def events(folder, kind):
    return [entry.event for entry in read(folder).entries if entry.event.type == kind]


def test_a_sound_canary_is_watched_to_the_end_and_exits_0(work, folder):
    guard(work)
    result = work("monitor", "watch", "--for", "5m")
    assert result.status == 0, result.answer
    assert (result.data["why"], result.data["breach_count"], result.data["blind_seconds"]) == ("time", 0, 0)
    assert result.data["readings"] == 31
    assert [len(events(folder, kind)) for kind in ("guard_started", "guard_breached", "guard_ended")] == [
        1,
        0,
        1,
    ]


def test_it_warns_and_drafts_one_ticket_unless_it_may_do_more(work, folder):
    broken(work)
    result = work("monitor", "watch", "--for", "2m")
    assert (result.status, result.data["rolled_back"], result.data["paused"]) == (10, None, False)
    assert [each.action for each in events(folder, "guard_breached")] == ["warn"]
    assert len(events(folder, "ticket_opened")) == 1
    assert work.router.enabled()


def test_with_auto_rollback_it_disables_proves_and_exits_20(work, folder):
    broken(work)
    result = work("monitor", "watch", "--for", "1h", "--auto-rollback")
    assert (result.status, result.data["why"], result.data["rolled_back"]) == (20, "rolled_back", True)
    assert result.data["proof"]["proven"]
    assert not work.router.enabled()
    assert work.state(folder).rollbacks[-1].reason.startswith("guard: ")
    work.verified()


@pytest.mark.long
def test_a_bound_that_only_warns_is_not_rolled_back_however_much_is_allowed(work, folder):
    broken(work, action="warn")
    assert work("monitor", "watch", "--for", "2m", "--auto-rollback").status == 10
    assert work.router.enabled()


def test_pausing_stops_the_clock_on_record_until_somebody_lets_it_go_on(work, folder):
    broken(work)
    result = work("monitor", "watch", "--for", "2m", "--on-breach", "pause")
    assert (result.status, result.data["paused"]) == (10, True)
    assert work.router.enabled()
    state = work.state(folder)
    assert state.paused_since is not None
    assert days_of(state, work.clock.now())
    work.ok("monitor", "watch", "--unpause", "looked at")
    assert work.state(folder).paused_since is None
    work.refused(6, "wrong-stage", "monitor", "watch", "--unpause", "again")


@pytest.mark.long
def test_a_day_of_which_a_part_was_paused_does_not_count(work, folder):
    broken(work)
    work("monitor", "watch", "--for", "1m", "--on-breach", "pause")
    work.ok("monitor", "watch", "--unpause", "looked at")
    state = work.state(folder)
    first = days_of(state, work.clock.now())[0]
    after = first.model_copy(update={"day": 2, "start": state.pauses[0].until, "end": state.pauses[0].until})
    assert "the rollout was paused" in other_days(state, None, (first, after)).why[1]
    assert 2 not in other_days(state, None, (first, after)).why


def test_a_source_that_does_not_answer_is_blind_time_and_never_a_breach_by_itself(work, folder):
    guard(work, stale_seconds=1)
    work.clock.scraper = None  # nothing is scraped any more
    result = work("monitor", "watch", "--for", "3m", "--auto-rollback")
    assert (result.status, result.data["breach_count"]) == (7, 0)  # nor is it health
    assert result.data["blind_seconds"] > 100
    assert work.router.enabled()


def test_blind_beyond_its_bound_exits_7_where_that_only_warns(work, folder):
    guard(work, stale_seconds=1, blind={"seconds": 60})
    work.clock.scraper = None
    result = work("monitor", "watch", "--for", "5m")
    assert (result.status, result.answer["error"]["code"]) == (7, "checks-failed")
    assert [each.kind for each in events(folder, "guard_breached")] == ["blind"]


def test_a_rollback_that_did_not_get_through_is_tried_again_and_its_failures_do_not_fill_the_record(
    work, folder
):
    broken(work)
    work.wire.down()
    result = work("monitor", "watch", "--for", "3m", "--auto-rollback")
    assert (result.status, result.data["rolled_back"]) == (20, False)
    assert len(events(folder, "rollback_intended")) == 1
    assert work.state(folder).pending_rollback is not None
    work.wire.up()
    again = work("monitor", "watch", "--for", "1h")  # what was ordered is finished, whatever this run may do
    assert (again.status, again.data["rolled_back"]) == (20, True)
    assert not work.router.enabled()


@pytest.mark.long
def test_an_admin_api_that_is_down_for_long_warns(work, folder):
    guard(work, policy_seconds=10, control_plane={"seconds": 30})
    work.wire.down()
    assert work("monitor", "watch", "--for", "3m", "--auto-rollback").status == 10
    assert [each.kind for each in events(folder, "guard_breached")] == ["control_plane"]


@pytest.mark.long
def test_the_heartbeat_is_a_file_under_the_rollout_and_one_for_prometheus(work, folder, tmp_path):
    guard(work)
    work("monitor", "watch", "--for", "1m", "--textfile", tmp_path / "cbops.prom")
    beat = json.loads((folder / "guard" / "heartbeat.json").read_text())
    assert (beat["running"], beat["readings"], beat["breaches"]) == (False, 7, [])
    text = (tmp_path / "cbops.prom").read_text()
    assert "# TYPE cbops_guard_last_reading_timestamp_seconds gauge" in text
    assert f'cbops_guard_running{{rollout="{folder.name}",tenant_id="tenant_canary"}} 0' in text
    work.verified()


@pytest.mark.long
def test_a_heartbeat_that_cannot_be_written_is_told_and_ends_nothing(work, folder):
    guard(work)
    result = work.text("monitor", "watch", "--for", "1m", "--textfile", "/nowhere/cbops.prom")
    assert result.status == 0
    assert result.stdout.count("the heartbeat could not be written") == 1


def test_until_day_end_is_the_next_midnight_of_the_rollouts_time_zone(work, folder):
    state = work.state(folder).model_copy(update={"timezone": "Europe/Berlin"})
    assert day_end(state, datetime(2025, 1, 27, 22, 59, tzinfo=UTC)) == datetime(2025, 1, 27, 23, tzinfo=UTC)
    assert day_end(state, datetime(2025, 1, 27, 23, 0, tzinfo=UTC)) == datetime(2025, 1, 28, 23, tzinfo=UTC)


def test_ways_to_end_or_to_act_that_contradict_each_other_are_refused(work, folder):
    work.refused(2, "usage", "monitor", "watch", "--for", "1m", "--until", "day-end")
    work.refused(2, "usage", "monitor", "watch", "--auto-rollback", "--on-breach", "warn")


def test_there_is_nothing_to_guard_before_enabling_and_after_a_rollback(work):
    work.ready()
    work.refused(6, "wrong-stage", "monitor", "watch", "--for", "1m")


@pytest.mark.long
def test_each_reading_is_one_request_to_the_source_and_the_policy_is_read_now_and_then(work, folder):
    guard(work, policy_seconds=60)
    work.wire.calls.clear()
    assert work("monitor", "watch", "--for", "5m").data["readings"] == 31
    assert work.wire.count("GET history") == 6


@pytest.mark.long
def test_someone_elses_change_of_the_policy_is_said_once(work, folder):
    guard(work, policy_seconds=10)
    work.router.enable(failure_threshold=9)
    result = work.text("monitor", "watch", "--for", "2m")
    assert result.stdout.count("policy: ") == 1


def test_the_defaults_of_the_bounds_never_roll_back_by_time_alone():
    config = GuardConfig()
    assert {config.blind.action, config.control_plane.action, config.not_closed.action} == {"warn"}


def test_sigterm_leaves_a_clean_record_and_exits_130(work, folder):
    """A process of its own, by the real time: everything it reads is old, which is blind and no breach."""
    guard(work)
    done = subprocess.Popen(
        [sys.executable, "-m", "cbops", "--format", "json", "monitor", "watch"],
        cwd=work.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**work.cli.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        _until_beating(folder, done)
        os.kill(done.pid, signal.SIGTERM)
        out, err = done.communicate(timeout=30)
    finally:
        done.kill()
    assert done.returncode == 130, err
    answer = json.loads(out)
    assert (answer["data"]["why"], answer["error"]["code"]) == ("interrupted", "interrupted")
    assert [each.why for each in events(folder, "guard_ended")] == ["interrupted"]
    work.verified()


def _until_beating(folder, process):
    limit = time.monotonic() + 30
    while not (folder / "guard" / "heartbeat.json").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.02)
