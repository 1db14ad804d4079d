"""Many circuits: the one place that locks, creates, reconfigures and restarts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from threading import RLock
from typing import Any, Literal

from cbops.breaker.machine import Breaker, TransitionHook
from cbops.breaker.settings import UNCONFIGURED, Settings
from cbops.model.observation import State

EventKind = Literal["success", "failure", "fail_fast"]
TransitionListener = Callable[[str, str, int, State, State, str], None]
EventListener = Callable[[str, str, EventKind], None]


@dataclass(frozen=True, slots=True)
class CircuitView:
    """One circuit at one instant; `window` is (events, failures), `error_rate` that of the last result."""

    state: State
    state_changed_at: int
    failure_count: int
    success_count: int
    half_open_calls: int
    error_rate: float
    window: tuple[int, int]
    policy: Settings


class _Circuit:
    """A breaker, and the block that it was last configured with (None: the default config)."""

    __slots__ = ("block", "breaker")

    def __init__(self, breaker: Breaker, block: Mapping[str, Any] | None) -> None:
        self.breaker = breaker
        self.block = block


class Circuits:
    """All circuits of one router instance, one per (tenant, provider); times are integer milliseconds.

    Thread-safe. Listeners are called inside the lock, so they see events and transitions in the order
    in which they happened; they may read circuits, and must be quick.
    `on_transition(tenant, provider, now_ms, source, target, reason)` ·
    `on_event(tenant, provider, "success" | "failure" | "fail_fast")`, each before the transition that it causes.
    Source: "The breaker, exactly" in the domain description.
    """

    def __init__(
        self, on_transition: TransitionListener | None = None, on_event: EventListener | None = None
    ) -> None:
        self._on_transition = on_transition
        self._on_event = on_event
        self._lock = RLock()
        self._circuits: dict[tuple[str, str], _Circuit] = {}

    def allow(self, tenant: str, provider: str, policy: Mapping[str, Any] | None, now_ms: int) -> bool:
        """Whether the request may go to the provider.

        `policy` is the live circuit_breaker block where it enables the breaker: the circuit is created
        or reconfigured with it first. None, where the breaker is not enabled: the circuit isn't asked.
        PolicyError when the block is wrong.
        """
        if policy is None:
            return True
        with self._lock:
            circuit = self._circuits.get((tenant, provider))
            # Comparing the blocks is cheap, and sees a block that was changed in place.
            if circuit is None or circuit.block != policy:
                circuit = self._configure(tenant, provider, policy, now_ms)
            allowed = circuit.breaker.allow(now_ms)
            if not allowed and self._on_event is not None:
                self._on_event(tenant, provider, "fail_fast")
            return allowed

    def record(self, tenant: str, provider: str, outcome: Literal["success", "failure"], now_ms: int) -> None:
        """A result came back; without a circuit it creates one on the default config."""
        with self._lock:
            circuit = self._circuits.get((tenant, provider))
            if circuit is None:
                circuit = self._create(tenant, provider, None, now_ms)
                # The router counts the first success of a circuit that it creates, and no later one
                # while closed; a failure sets the count to zero again.
                circuit.breaker.success_count = 1
            if self._on_event is not None:
                self._on_event(tenant, provider, outcome)
            if outcome == "success":
                circuit.breaker.record_success(now_ms)
            else:
                circuit.breaker.record_failure(now_ms)

    def configure(self, tenant: str, provider: str, policy: Mapping[str, Any], now_ms: int) -> None:
        """Give the circuit this block, creating it closed where there is none; PolicyError when it is wrong."""
        with self._lock:
            self._configure(tenant, provider, policy, now_ms)

    def restart(self) -> None:
        """The router, or its breaker process alone, starts again: every circuit is gone."""
        with self._lock:
            self._circuits.clear()

    def state(self, tenant: str, provider: str) -> State | None:
        """The circuit's state, None where there is no circuit."""
        with self._lock:
            circuit = self._circuits.get((tenant, provider))
            return None if circuit is None else circuit.breaker.state

    def view(self, tenant: str, provider: str) -> CircuitView | None:
        """The circuit as it is now, None where there is no circuit."""
        with self._lock:
            circuit = self._circuits.get((tenant, provider))
            return None if circuit is None else _view(circuit.breaker)

    def snapshot(self) -> dict[tuple[str, str], CircuitView]:
        """Every circuit at one instant, in order of creation, by (tenant, provider)."""
        with self._lock:
            return {key: _view(circuit.breaker) for key, circuit in self._circuits.items()}

    def _configure(self, tenant: str, provider: str, policy: Mapping[str, Any], now_ms: int) -> _Circuit:
        circuit = self._circuits.get((tenant, provider))
        if circuit is None:
            return self._create(tenant, provider, policy, now_ms)
        circuit.breaker.configure(policy)
        circuit.block = dict(policy)
        return circuit

    def _create(self, tenant: str, provider: str, policy: Mapping[str, Any] | None, now_ms: int) -> _Circuit:
        listener = self._on_transition
        hook: TransitionHook | None = None if listener is None else partial(listener, tenant, provider)
        breaker = Breaker(UNCONFIGURED if policy is None else policy, now_ms, on_transition=hook)
        circuit = _Circuit(breaker, None if policy is None else dict(policy))
        self._circuits[tenant, provider] = circuit
        return circuit


def _view(breaker: Breaker) -> CircuitView:
    return CircuitView(
        state=breaker.state,
        state_changed_at=breaker.state_changed_at,
        failure_count=breaker.failure_count,
        success_count=breaker.success_count,
        half_open_calls=breaker.half_open_calls,
        error_rate=breaker.error_rate,
        window=breaker.window,
        policy=breaker.policy,
    )
