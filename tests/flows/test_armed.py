"""A router on which only the reload makes a written version live: a write that waits there is not lost, and a
rollback keeps it from going live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flow_world import POLICY, TENANT, Practice

from cbops.model.policy import CANARY_BLOCK, with_breaker
from cbops.model.state import Stage
from cbops.simulator.router import Router

if TYPE_CHECKING:
    from flow_world import Switch

    from cbops.simulator.scenarios import Scenario

ENABLE = ("canary", "enable", "--yes")


@pytest.fixture
def router(served: tuple[Switch, str], scenario: Scenario) -> Practice:
    switch, _ = served
    switch.router = Practice(scenario, activate_on="reload")
    return switch.router


def armed(work: Any) -> None:
    """Somebody stores a version that enables the breaker, and does not reload it."""
    work.router.write(with_breaker(work.router.live(), CANARY_BLOCK))
    assert not work.router.enabled()


def stays_off(work: Any) -> None:
    """Neither a reload nor a restart brings the breaker back."""
    Router.reload(work.router, TENANT, POLICY)
    assert not work.router.enabled()
    work.router.restart()
    assert not work.router.enabled()


def test_a_whole_enabling_and_its_rollback_work_there_too(work):
    folder = work.enabled()
    assert work.router.enabled()
    work.rollback()
    assert len(work.router.puts) == 1
    assert work.state(folder).stage is Stage.ROLLED_BACK
    stays_off(work)


@pytest.mark.parametrize("point", ["after PUT", "before POST reload"])
def test_a_crash_before_the_reload_is_finished_by_resume(work, crash, point):
    folder = work.ready()
    assert crash(point, 1, *ENABLE) != 0
    assert not work.router.enabled()
    flying = work.ok("canary", "status")["in_flight"]
    assert (flying["live"], flying["stored"], flying["enables"]) == ("before", True, False)
    assert "version 1.1 is stored as intended and not live" in flying["sentence"]
    later = work.router.now_ms + 3_600_000
    work.router.advance_to(later)
    assert work.ok("resume")["action"] == "finished"
    assert work.router.enabled()
    assert len(work.router.puts) == 1
    state = work.state(folder)
    assert state.stage is Stage.MONITORING
    assert state.enabled_at == work.router.now  # only the reload made it live
    assert work.types(folder).count("policy_written") == 1
    work.verified()


@pytest.mark.parametrize("point", ["before PUT", "after PUT", "before POST reload", "after POST reload"])
def test_a_crash_can_be_taken_back_and_nothing_goes_live_later(work, crash, point):
    folder = work.ready()
    assert crash(point, 1, *ENABLE) != 0
    work.rollback()
    assert work.state(folder).stage is Stage.ROLLED_BACK
    stays_off(work)
    work.verified()


def test_a_lost_answer_of_a_write_that_is_stored_is_not_abandoned(work):
    folder = work.ready()
    work.wire.cut_after("PUT")
    assert work.ok(*ENABLE)["version"] == "1.1"
    assert work.router.enabled()
    assert len(work.router.puts) == 1
    assert "enable_abandoned" not in work.types(folder)


def test_a_gateway_s_error_for_a_write_that_is_stored_is_not_abandoned(work):
    folder = work.ready()
    work.wire.change("PUT", lambda _said: {"success": False})
    assert work.ok(*ENABLE)["version"] == "1.1"
    assert work.state(folder).stage is Stage.MONITORING


def test_a_write_that_never_arrived_is_abandoned(work):
    folder = work.ready()
    work.wire.cut_before("PUT")
    work.refused(4, "admin-unreachable", *ENABLE)
    assert work.types(folder)[-1] == "enable_abandoned"
    assert work.ok("resume")["action"] == "nothing"


def test_a_write_that_was_stored_late_is_found_by_resume(work):
    folder = work.ready()
    plan = work.ok("canary", "enable", "--dry-run")["plan"]
    work.wire.cut_before("PUT")
    work.refused(4, "admin-unreachable", *ENABLE)
    work.router.write(plan["after"], version=plan["new_version"])
    assert work.ok("resume")["action"] == "finished"
    assert work.router.enabled()
    assert work.state(folder).stage is Stage.MONITORING
    work.verified()


def test_a_stored_write_that_a_reload_does_not_take_up_is_abandoned_once(work):
    """Somebody made the old version live again, on purpose; that is not undone."""
    folder = work.ready()
    work.wire.answer("POST reload", 500)
    work.refused(4, "admin-answer", *ENABLE)
    work.router.roll_back(TENANT, POLICY, "1.0")
    assert work.ok("resume")["action"] == "abandoned"
    assert not work.router.enabled()
    assert "what was written is no longer live" in work.state(folder).enable.abandoned
    assert work.ok("resume")["action"] == "nothing"
    work.verified()


def test_somebody_s_newer_version_is_not_reloaded_by_resume(work):
    work.ready()
    work.wire.answer("POST reload", 500)
    work.refused(4, "admin-answer", *ENABLE)
    work.router.write({**work.router.live(), "sticky": {"by": "user"}})
    assert work.ok("resume")["action"] == "abandoned"
    assert work.router.reloads == []
    assert work.router.version() == "1.0"


def test_a_rollback_keeps_a_version_that_somebody_armed_from_going_live(work):
    folder = work.ready()
    armed(work)
    (policy,) = work.rollback()["policies"]
    assert (policy["version"], policy["written"]) == ("1.2", True)
    assert work.state(folder).stage is Stage.ROLLED_BACK
    stays_off(work)
    armed(work)
    assert work.rollback()["policies"][0]["written"]
    stays_off(work)


def test_the_plan_of_such_a_rollback_says_why_it_writes(work):
    work.ready()
    armed(work)
    shown = work.text("rollback").stderr
    assert f"{TENANT}/{POLICY} → 1.2" in shown
    assert "1.1, which enables the breaker and is stored, can't go live any more" in shown


def test_a_pending_rollback_says_what_is_armed(work):
    work.ready()
    armed(work)
    work.wire.answer("PUT", 422)
    work.refused(4, "admin-answer", "rollback", "--yes")
    assert not work.router.enabled()
    assert work.router.reloads == []  # it would have made the breaker live
    sentence = work.ok("canary", "status")["in_flight"]["sentence"]
    assert "no longer enables the breaker" in sentence
    assert f"version 1.1 of {POLICY} enables it and is stored" in sentence
    work.rollback()
    stays_off(work)


def test_a_version_that_is_stored_and_enables_nothing_is_left_alone(work):
    work.ready()
    work.router.write({**work.router.live(), "sticky": {"by": "user"}})
    assert not work.rollback()["policies"][0]["written"]
    assert work.router.puts == []
