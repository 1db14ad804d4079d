"""A write whose answer was lost, over real connections: settled by reading back, and never sent again blindly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from fault_proxy import Call, Proxy
from flow_world import POLICY, TENANT, Work

from cbops.model.state import Stage

TIMEOUT = 0.5  # seconds until the client gives up; the proxy waits for conditions, never for a time
PATIENCE = 20


@dataclass
class Late:
    """The first write is held until `let_go`; with `before_next` until the second write is at the door."""

    before_next: bool = False
    let_go: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)
    writes: int = 0

    def __call__(self, call: Call) -> None:
        if call.name != "PUT":
            call.answer(*call.forward())
            return
        self.writes += 1
        if self.writes > 1:
            self._next(call)
            return
        assert self.let_go.wait(PATIENCE)
        call.forward()
        self.arrived.set()
        call.handler.close_connection = True

    def _next(self, call: Call) -> None:
        if self.before_next:
            self.let_go.set()
            assert self.arrived.wait(PATIENCE)
        call.answer(*call.forward())

    def release(self) -> None:
        """The held write arrives now, long after its sender gave it up."""
        self.let_go.set()
        assert self.arrived.wait(PATIENCE)


def arrived_unanswered(call: Call) -> None:
    call.forward()
    call.handler.close_connection = True


def never_arrived(call: Call) -> None:
    call.handler.close_connection = True


@pytest.fixture
def proxy(work: Work) -> Iterator[Proxy]:
    with Proxy(work.url) as made:
        work.configure(router={"admin_url": made.url, "timeout_seconds": TIMEOUT})
        yield made


def stored(work: Work) -> list[str]:
    return [each.version for each in work.router.policy(TENANT, POLICY).versions]


def harm(proxy: Proxy, how: Callable[[Call], None], *, lasting: bool = False) -> None:
    proxy.harm(how, ("PUT", 1), lasting=lasting)


def test_enabling_whose_write_arrived_unanswered_is_done_and_sent_once(work, proxy):
    folder = work.ready()
    harm(proxy, arrived_unanswered)
    work.ok("canary", "enable", "--yes")
    assert (proxy.calls.count("PUT"), work.router.version()) == (1, "1.1")
    assert work.state(folder).stage is Stage.MONITORING


def test_enabling_whose_write_never_arrived_is_abandoned_and_not_sent_again(work, proxy):
    folder = work.ready()
    harm(proxy, never_arrived)
    work.refused(4, "admin-unreachable", "canary", "enable", "--yes")
    assert (proxy.calls.count("PUT"), work.router.version()) == (1, "1.0")
    assert work.state(folder).stage is Stage.SELECTED


def test_enabling_whose_write_arrives_late_is_found_and_finished_without_a_second_one(work, proxy):
    folder, late = work.ready(), Late()
    harm(proxy, late)
    work.refused(4, "admin-unreachable", "canary", "enable", "--yes")
    late.release()
    assert work.router.enabled()
    refused = work.refused(6, "wrong-stage", "canary", "enable", "--yes")
    assert "cbops resume" in refused["hint"]
    assert work.ok("resume")["action"] == "finished"
    assert work.ok("resume")["action"] == "nothing"
    assert (proxy.calls.count("PUT"), stored(work).count("1.1")) == (1, 1)
    assert work.state(folder).stage is Stage.MONITORING


def test_enabling_again_while_the_first_write_is_still_under_way_stores_one_version(work, proxy):
    """The router takes the first one up just before the second: whichever it was, it is live once."""
    folder, late = work.ready(), Late(before_next=True)
    harm(proxy, late, lasting=True)
    work.refused(4, "admin-unreachable", "canary", "enable", "--yes")
    work.ok("canary", "enable", "--yes")
    assert stored(work).count("1.1") == 1
    assert work.router.version() == "1.1"
    assert work.state(folder).stage is Stage.MONITORING
    work.verified()


def test_a_rollback_whose_write_arrived_unanswered_is_done_and_sent_once(work, proxy):
    folder = work.enabled()
    harm(proxy, arrived_unanswered)
    work.rollback()
    assert (proxy.calls.count("PUT"), work.router.version()) == (1, "1.2")
    assert work.state(folder).stage is Stage.ROLLED_BACK


def test_a_rollback_whose_write_never_arrived_reads_back_and_only_then_writes_again(work, proxy):
    folder = work.enabled()
    harm(proxy, never_arrived)
    work.rollback()
    first, second = (number for number, name in enumerate(proxy.calls) if name == "PUT")
    assert "GET history" in proxy.calls[first:second]
    assert (work.router.enabled(), work.router.version()) == (False, "1.2")
    assert work.state(folder).stage is Stage.ROLLED_BACK


def test_a_rollback_whose_first_write_arrives_after_the_second_stays_done(work, proxy):
    """Both have the same version, so the router refuses the one that comes late."""
    folder, late = work.enabled(), Late()
    harm(proxy, late, lasting=True)
    work.rollback()
    late.release()
    assert (work.router.enabled(), stored(work).count("1.2"), work.router.version()) == (False, 1, "1.2")
    assert work.rollback()["policies"][0]["written"] is False
    assert work.state(folder).stage is Stage.ROLLED_BACK


def test_a_rollback_whose_first_write_arrives_just_before_the_second_stores_one_version(work, proxy):
    folder, late = work.enabled(), Late(before_next=True)
    harm(proxy, late, lasting=True)
    work.rollback()
    assert (work.router.enabled(), stored(work).count("1.2"), work.router.version()) == (False, 1, "1.2")
    assert work.types(folder).count("rollback_done") == 1
    work.verified()


def test_an_enabling_that_arrives_after_its_rollback_is_taken_back_by_the_next_one(work, proxy):
    folder, late = work.ready(), Late()
    harm(proxy, late, lasting=True)
    work.refused(4, "admin-unreachable", "canary", "enable", "--yes")
    work.rollback()
    late.release()
    assert work.router.enabled()
    assert work.rollback()["policies"][0]["written"] is True
    assert not work.router.enabled()
    assert work.state(folder).stage is Stage.ROLLED_BACK
