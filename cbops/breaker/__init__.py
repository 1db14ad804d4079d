"""The router's circuit breaker: the state machine, many circuits, and replay of recorded traffic. Pure."""

from __future__ import annotations

from cbops.breaker.circuits import Circuits, CircuitView
from cbops.breaker.machine import Breaker
from cbops.breaker.rehearsal import rehearse
from cbops.breaker.replay import ReplayResult, replay
from cbops.breaker.settings import Settings, resolve
from cbops.breaker.trace import Trace

__all__ = [
    "Breaker",
    "CircuitView",
    "Circuits",
    "ReplayResult",
    "Settings",
    "Trace",
    "rehearse",
    "replay",
    "resolve",
]
