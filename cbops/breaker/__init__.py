"""The router's circuit breaker: the state machine, many circuits, and replay of recorded traffic. Pure."""

from __future__ import annotations

from cbops.breaker.circuits import Circuits, CircuitView
from cbops.breaker.machine import Breaker
from cbops.breaker.rehearsal import rehearse
from cbops.breaker.replay import Replayer, replay
from cbops.breaker.result import Ending, ReplayResult
from cbops.breaker.settings import Settings, resolve
from cbops.breaker.trace import Trace

__all__ = [
    "Breaker",
    "CircuitView",
    "Circuits",
    "Ending",
    "ReplayResult",
    "Replayer",
    "Settings",
    "Trace",
    "rehearse",
    "replay",
    "resolve",
]
