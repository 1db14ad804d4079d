"""What the guard leaves: its heartbeat as Prometheus takes it, what is unproven or pending, and a record that was held."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from flow_world import KEY

from cbops.clients.admin import AdminClient
from cbops.clients.store import SampleStore
from cbops.flows.steps.guard_terms import Orders, Outside
from cbops.flows.steps.heartbeat import Beat, Heartbeat, exposition
from cbops.flows.steps.recording import Who
from cbops.flows.steps.telling import Teller
from cbops.flows.watch import watch
from cbops.journal.locking import hold
from cbops.journal.reader import read
from cbops.model.config import Config, RouterConfig
from cbops.model.config_guard import GuardConfig
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


def test_a_router_that_refuses_the_rollback_is_asked_less_and_less_often(work, folder):
    work.wire.cut_before("PUT", always=True)
    result = work("monitor", "watch", "--for", "20m", "--auto-rollback")
    assert (result.status, result.data["rolled_back"]) == (20, False)
    assert result.data["readings"] > 100
    tries = sorted({entry.at for entry in read(folder).entries if entry.event.type == "rollback_failed"})
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert pauses[-1] <= 300 + 10
    assert len(tries) < 10


class Times(Teller):
    """When the screen was drawn."""

    def __init__(self, clock):
        self.clock, self.at = clock, []

    def screen(self, lines):
        self.at.append(self.clock.now())


def test_readings_are_as_far_apart_as_the_interval_and_its_jitter(work, folder):
    teller, chances = Times(work.clock), iter((-1.0, 1.0, 0.5, 0.0, 0.0))
    with (
        SampleStore(work.folder / "samples.db") as samples,
        AdminClient(RouterConfig(admin_url=work.url), KEY) as admin,
    ):
        who = Who("guard", "monitor watch", work.clock)
        outside = Outside(samples, admin, who, Heartbeat(folder), lambda: next(chances), teller=teller)
        until = work.clock.now() + timedelta(seconds=430)
        watch(
            folder,
            Config(guard=GuardConfig(interval_seconds=100, jitter=0.2)),
            Orders("warn", until),
            outside,
        )
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(teller.at)]
    assert pauses == [80, 120, 110, 100, 20]


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


def test_a_router_that_refuses_for_hours_ends_no_guard(work, folder):
    work.wire.cut_before("PUT", always=True)
    work.configure(guard={"interval_seconds": 300, "jitter": 0, "readings": 1, "latency": BREAKS})
    result = work("monitor", "watch", "--for", "5h", "--auto-rollback")
    assert (result.status, result.data["why"], result.data["readings"]) == (20, "time", 61), result.answer
