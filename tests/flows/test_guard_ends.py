"""What the guard leaves: its heartbeat as Prometheus takes it, what is unproven or pending, and a record that was held."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from cbops.flows.steps.heartbeat import Beat, Heartbeat, exposition
from cbops.journal.locking import hold
from cbops.journal.reader import read
from cbops.model.guard_series import GUARD_SERIES
from cbops.rollout.guard import GuardState

NOW = datetime(2025, 1, 27, 12, tzinfo=UTC)
BREAKS = {"above_ms": 0.001, "min_results": 1}


@pytest.fixture
def folder(work):
    """An enabled canary whose first reading is beyond a bound."""
    made = work.enabled()
    work.play(minutes=2)
    work.configure(guard={"interval_seconds": 10, "jitter": 0, "readings": 1, "latency": BREAKS})
    return made


def beat(rollout="r"):
    return Beat(rollout, 'a"b\\c\nd', GuardState(started_at=NOW), NOW, 30, None, running=True)


@pytest.mark.needs("promtool")
def test_the_text_file_is_what_prometheus_takes_without_a_remark():
    words = ["promtool", "check", "metrics"]
    done = subprocess.run(words, input=exposition(beat()), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert all(f"\n{name}{{" in exposition(beat()) for name in GUARD_SERIES)


def test_in_a_folder_each_rollout_has_a_text_file_of_its_own(tmp_path):
    shared = tmp_path / "collector"
    shared.mkdir()
    for rollout in ("r1", "r2"):
        assert Heartbeat(tmp_path / rollout, shared).write(beat(rollout)) is None
    assert sorted(each.name for each in shared.iterdir()) == ["cbops_guard_r1.prom", "cbops_guard_r2.prom"]


def test_an_unproven_rollback_ends_with_how_to_check_it(work, folder):
    result = work.text("monitor", "watch", "--auto-rollback", "--wait", "0s")
    assert result.status == 20
    assert "Rolled back, not proven yet" in result.stdout
    assert "To check it by hand, since " in result.stdout


def test_a_pending_rollback_ends_with_what_to_do_by_hand(work, folder):
    work.wire.cut_before("PUT", always=True)
    result = work("monitor", "watch", "--for", "10s", "--auto-rollback")
    assert (result.status, result.data["rolled_back"]) == (20, False)
    (told,) = [each for each in result.answer["warnings"] if each.startswith("the rollback is pending: ")]
    assert "By hand: in the live policy canary_policy" in told


def test_a_rollback_while_somebody_holds_the_record_is_done_at_once_and_put_on_record_after(work, folder):
    with ExitStack() as held:
        lock = hold(folder, command="another", since="now", wait_seconds=0, what="Rollout")

        def taken() -> None:
            held.enter_context(lock)

        work.wire.then("GET history", taken)  # the guard's first look, before it writes anything more
        work.wire.then("POST reload", held.close)
        result = work("monitor", "watch", "--for", "10s", "--auto-rollback", "--wait", "0s")
    assert (result.status, result.data["rolled_back"]) == (20, True), result.answer
    assert not work.router.enabled()
    assert "rollback_done" in [each.event.type for each in read(folder).entries]
    work.verified()


def test_the_rules_about_the_guard_are_there_when_they_are_asked_for(work, folder):
    plain = work.ok("alerts", "render", "--stdout")
    asked = work.ok("alerts", "render", "--stdout", "--with-watch")
    assert set(asked["alerts"]) - set(plain["alerts"]) == {"CbopsGuardSilent", "CbopsGuardMissing"}
    assert 'cbops_guard_running{tenant_id="tenant_canary"}' in asked["text"]
    assert "cbops_guard" not in plain["text"]


def test_damaged_evidence_ends_no_guard_and_keeps_no_rollback_from_being_done(work, folder):
    for kept in (folder / "evidence").iterdir():
        kept.chmod(0o644)
        kept.write_bytes(b"damaged")
    result = work.text("monitor", "watch", "--for", "10s", "--auto-rollback", "--wait", "0s")
    assert result.status == 20, result
    assert "policy: it could not be compared with what was applied: " in result.stdout
    assert not work.router.enabled()
