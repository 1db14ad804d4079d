"""The requests under one policy: when they come, and where the live version sends them."""

from __future__ import annotations

from random import Random

from cbops.simulator.curve import pace
from cbops.simulator.live import LivePolicy
from cbops.simulator.metrics import Decisions, Lane
from cbops.simulator.scenarios import PolicySpec


class Stream:
    """The requests under one policy. `lanes` are aligned to `live.providers`."""

    __slots__ = (
        "decisions",
        "fallback",
        "lanes",
        "last_used",
        "live",
        "only",
        "pace",
        "policy",
        "random",
        "tenant",
    )

    def __init__(self, tenant: str, spec: PolicySpec, seed: int) -> None:
        self.tenant = tenant
        self.policy = spec.id
        self.pace = pace(spec.traffic)
        # Each stream draws from its own numbers, so a change to one leaves the others as they were.
        self.random = Random(f"{seed}/{tenant}/{spec.id}").random
        self.decisions = Decisions(tenant, spec.id)
        self.live: LivePolicy | None = None
        self.lanes: dict[str, Lane] = {}
        self.only: Lane | None = None
        self.fallback: Lane | None = None
        self.last_used: int | None = None
