"""What a command leaves that was killed in its middle, where another one than `resume` goes on from it.

That every command may be killed at every point is in test_crash_points.
"""

from __future__ import annotations

import pytest
from crash_world import KILLED
from flow_world import NAMED, POLICY

from cbops.model.state import Stage


@pytest.mark.parametrize("where", ["before PUT", "after PUT", "after POST reload"])
def test_enabling_that_was_killed_can_be_taken_back_at_once(work, crash, where):
    folder = work.ready()
    assert crash(where, 1, "canary", "enable", "--yes") == KILLED
    arrived = len(work.router.puts)
    data = work.rollback()
    assert data["policies"][0]["written"] == bool(arrived)
    assert not work.router.enabled()
    assert len(work.router.puts) == 2 * arrived
    assert work.state(folder).stage is Stage.ROLLED_BACK
    work.verified()


def test_a_rollback_of_a_tenant_that_was_killed_is_finished_in_its_whole_scope(work, crash):
    """The next run needs no --scope: what is pending says how far it goes."""
    folder = work.enabled()
    work.router.write(work.router.live(), "second")
    work.router.write(work.router.live(), "third")
    assert crash("before PUT", 2, "rollback", "--yes", "--scope", "tenant") == KILLED
    assert work.router.enabled("second")
    assert "every policy of tenant_canary" in work.ok("canary", "status")["in_flight"]["sentence"]
    data = work.rollback()
    assert data["scope"] == "tenant"
    assert not any(work.router.enabled(policy) for policy in (POLICY, "second", "third"))
    assert len(work.router.puts) == 3
    assert work.state(folder).stage is Stage.ROLLED_BACK


def test_a_rollback_without_a_rollout_that_was_killed_is_run_again(work, crash):
    work.router.enable()
    assert crash("after PUT", 1, "rollback", "--yes", *NAMED) == KILLED
    data = work.rollback(*NAMED)
    assert not data["policies"][0]["written"]
    assert len(work.router.puts) == 1
