from __future__ import annotations

from collections import Counter
from threading import Barrier, Thread

import pytest

from cbops.breaker import Circuits
from cbops.errors import PolicyError

POLICY = {"enabled": True, "failure_threshold": 3, "error_rate_threshold": 2, "timeout_ms": 100}


class Listener:
    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def moved(self, *what: object) -> None:
        self.seen.append(("moved", *what))

    def happened(self, *what: object) -> None:
        self.seen.append(what)


def listened() -> tuple[Circuits, Listener]:
    listener = Listener()
    return Circuits(on_transition=listener.moved, on_event=listener.happened), listener


def test_a_tenant_without_the_breaker_is_never_asked_and_gets_no_circuit():
    circuits = Circuits()
    assert circuits.allow("t", "p", None, 0)
    assert circuits.state("t", "p") is None
    assert circuits.view("t", "p") is None


def test_an_open_circuit_does_not_deny_where_the_breaker_is_not_enabled():
    circuits = Circuits()
    circuits.record("t", "p", "failure", 0)
    assert circuits.state("t", "p") == "open"
    assert circuits.allow("t", "p", None, 10**9)
    assert circuits.state("t", "p") == "open"


def test_asking_with_a_block_creates_a_closed_circuit_with_it():
    circuits = Circuits()
    assert circuits.allow("t", "p", POLICY, 7)
    view = circuits.view("t", "p")
    assert view is not None
    assert (view.state, view.state_changed_at, view.policy.timeout_ms) == ("closed", 7, 100)


def test_a_first_success_creates_a_circuit_that_counts_it():
    circuits = Circuits()
    circuits.record("t", "p", "success", 5)
    view = circuits.view("t", "p")
    assert view is not None
    assert (view.state, view.success_count, view.failure_count, view.window) == ("closed", 1, 0, (1, 0))
    circuits.record("t", "p", "success", 6)
    assert circuits.view("t", "p").success_count == 1


def test_a_first_failure_creates_a_circuit_and_opens_it():
    circuits, listener = listened()
    circuits.record("t", "p", "failure", 5)
    view = circuits.view("t", "p")
    assert view is not None
    assert (view.state, view.success_count, view.failure_count, view.error_rate) == ("open", 0, 1, 1.0)
    assert listener.seen == [
        ("t", "p", "failure"),
        ("moved", "t", "p", 5, "closed", "open", "error_rate_threshold_exceeded"),
    ]


def test_only_a_circuit_that_a_result_created_has_a_latency_threshold():
    circuits = Circuits()
    circuits.record("t", "p", "success", 0)
    assert circuits.view("t", "p").policy.latency_threshold_ms == 5000
    circuits.allow("t", "p", POLICY, 1)
    assert circuits.view("t", "p").policy.latency_threshold_ms is None


def test_a_circuit_that_was_open_before_enabling_becomes_half_open_with_the_first_request():
    circuits = Circuits()
    circuits.record("t", "p", "failure", 0)
    assert circuits.allow("t", "p", POLICY, 100)
    assert circuits.state("t", "p") == "half_open"


def test_a_changed_block_applies_even_when_it_is_changed_in_place():
    circuits = Circuits()
    block = dict(POLICY)
    circuits.allow("t", "p", block, 0)
    block["failure_threshold"] = 1
    circuits.allow("t", "p", block, 1)
    circuits.record("t", "p", "failure", 2)
    assert circuits.state("t", "p") == "open"


def test_disabling_leaves_the_last_block_in_the_circuit():
    circuits = Circuits()
    circuits.allow("t", "p", POLICY, 0)
    circuits.allow("t", "p", None, 1)
    circuits.record("t", "p", "failure", 2)
    assert circuits.state("t", "p") == "closed"


def test_configuring_keeps_the_state_and_creates_where_nothing_is():
    circuits = Circuits()
    circuits.configure("t", "p", POLICY, 3)
    assert circuits.state("t", "p") == "closed"
    for _ in range(3):
        circuits.record("t", "p", "failure", 4)
    circuits.configure("t", "p", {"timeout_ms": 1}, 5)
    assert circuits.state("t", "p") == "open"
    assert circuits.view("t", "p").policy.timeout_ms == 1


def test_a_wrong_block_is_refused_and_changes_nothing():
    circuits = Circuits()
    circuits.allow("t", "p", POLICY, 0)
    with pytest.raises(PolicyError):
        circuits.allow("t", "p", {"timeout": 3}, 1)
    assert circuits.view("t", "p").policy.timeout_ms == 100
    with pytest.raises(PolicyError):
        circuits.configure("t", "q", {"timeout": 3}, 1)
    assert circuits.state("t", "q") is None


def test_a_denied_call_counts_as_fail_fast():
    circuits, listener = listened()
    for _ in range(3):
        circuits.allow("t", "p", POLICY, 0)
        circuits.record("t", "p", "failure", 0)
    assert not circuits.allow("t", "p", POLICY, 99)
    assert listener.seen[-1] == ("t", "p", "fail_fast")


def test_an_allowed_call_is_no_event():
    circuits, listener = listened()
    circuits.allow("t", "p", POLICY, 0)
    assert listener.seen == []


def test_without_listeners_nothing_is_missed():
    circuits = Circuits()
    for _ in range(3):
        circuits.configure("t", "p", POLICY, 0)
        circuits.record("t", "p", "failure", 0)
    assert not circuits.allow("t", "p", POLICY, 1)


def test_a_listener_may_read_the_circuit_that_it_hears_of():
    windows = []
    circuits = Circuits(
        on_transition=lambda tenant, provider, *_: windows.append(circuits.view(tenant, provider).window)
    )
    circuits.record("t", "p", "failure", 0)
    assert windows == [(1, 1)]


def test_a_restart_forgets_every_circuit():
    circuits = Circuits()
    circuits.record("t", "p", "failure", 0)
    circuits.restart()
    assert circuits.snapshot() == {}
    assert circuits.allow("t", "p", POLICY, 1)


def test_tenants_and_providers_share_nothing():
    circuits = Circuits()
    circuits.record("a", "x", "failure", 0)
    circuits.record("a", "y", "success", 0)
    circuits.record("b", "x", "success", 0)
    states = {key: view.state for key, view in circuits.snapshot().items()}
    assert states == {("a", "x"): "open", ("a", "y"): "closed", ("b", "x"): "closed"}


def test_threads_lose_no_result_and_no_event():
    counts: Counter[object] = Counter()

    def happened(_tenant: str, _provider: str, kind: str) -> None:
        counts[kind] = counts[kind] + 1  # loses counts where two threads are inside

    circuits = Circuits(on_event=happened)
    policy = {**POLICY, "failure_threshold": 10**9, "error_rate_window_seconds": 10**6}
    begin = Barrier(8)

    def client(number: int) -> None:
        begin.wait()
        for turn in range(1000):
            assert circuits.allow("t", "p", policy, turn)
            circuits.record("t", "p", "failure" if (turn + number) % 4 == 0 else "success", turn)

    threads = [Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    view = circuits.view("t", "p")
    assert view is not None
    assert counts == {"success": 6000, "failure": 2000}
    assert view.window == (8000, 2000)


def test_threads_share_the_probes_of_a_half_open_circuit():
    policy = {**POLICY, "timeout_ms": 0, "half_open_max_calls": 5}
    circuits = Circuits()
    circuits.configure("t", "p", policy, 0)
    for _ in range(3):
        circuits.record("t", "p", "failure", 0)
    begin = Barrier(16)
    answers: list[bool] = []

    def client() -> None:
        begin.wait()
        answers.append(circuits.allow("t", "p", policy, 1))

    threads = [Thread(target=client) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {True: 5, False: 11}
