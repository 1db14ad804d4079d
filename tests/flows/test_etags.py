"""A router with entity tags refuses a write over somebody else's, and one without is told of it by its answer."""

from __future__ import annotations

import pytest
from flow_world import POLICY, TENANT

from cbops.simulator.router import Router


@pytest.fixture
def tagged(work):
    work.router.etags = True
    return work


def back_to_the_first(work):
    work.router.meddlers.append(lambda: Router.roll_back(work.router, TENANT, POLICY, "1.0"))


def second_version(work):
    work.router.write({**work.router.live(), "sticky": {"by": "user"}})


def test_with_tags_a_change_between_read_and_write_is_found_before_anything_is_written(tagged):
    second_version(tagged)
    tagged.ready()
    back_to_the_first(tagged)
    error = tagged.refused(6, "policy-changed", "canary", "enable", "--yes")
    assert "1.1 was read, 1.0 is live" in error["message"]
    assert "Nothing was written" in error["hint"]
    assert tagged.router.version() == "1.0"
    assert not tagged.router.enabled()
    assert tagged.ok("canary", "status")["stage"] == "selected"


def test_without_tags_the_same_change_is_found_by_the_answer_of_the_write(work):
    second_version(work)
    work.ready()
    back_to_the_first(work)
    error = work.refused(6, "policy-changed", "canary", "enable", "--yes")
    assert "someone else's change was written over" in error["message"]


def test_with_tags_a_rollback_disables_what_is_live_after_the_change_and_writes_over_nothing(tagged):
    tagged.enabled()
    tagged.router.meddlers.append(lambda: tagged.router.enable(timeout_ms=5))
    data = tagged.rollback()
    assert not tagged.router.enabled()
    assert tagged.router.live()["circuit_breaker"]["timeout_ms"] == 5
    assert data["policies"][0]["version"] == "1.3"


@pytest.mark.parametrize("tags", [True, False])
def test_the_whole_way_works_with_tags_and_without(work, tags):
    work.router.etags = tags
    work.enabled()
    work.rollback()
    assert not work.router.enabled()
    assert len(work.router.puts) == 1
    # One more request before the write, and only where there are tags to ask for.
    assert work.wire.count(f"GET {POLICY}") == int(tags)
    work.verified()
