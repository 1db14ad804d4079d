"""What a run of the guard is told to do, what it is given of the outside, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cbops.flows.ports import AdminPort, SamplePort
from cbops.flows.steps.heartbeat import Heartbeat
from cbops.flows.steps.recording import Who
from cbops.flows.steps.telling import Teller
from cbops.model.config_guard import GuardAction
from cbops.model.events_guard import GuardEnd

PROOF_SECONDS = 600.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Orders:
    """What a run may do and until when. `why`: what it means that `until` has come; `proof_seconds`: to wait for it."""

    action: GuardAction
    until: datetime | None
    why: GuardEnd = "time"
    proof_seconds: float = PROOF_SECONDS


@dataclass(frozen=True, slots=True)
class Outside:
    """`steady`: seconds of a clock that nobody sets (null: there is none); `chance`: a number from -1 to 1."""

    samples: SamplePort
    admin: AdminPort
    who: Who
    heartbeat: Heartbeat
    chance: Callable[[], float]
    steady: Callable[[], float] | None = None
    teller: Teller = field(default_factory=Teller)
