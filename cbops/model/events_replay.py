"""The events of what was read beside the metrics: recorded traffic that was played, the router's logs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cbops.model.base import Frozen, Instant, JsonObject, Sha


class Forecasted(Frozen):
    """Recorded traffic was played through a policy; the whole Forecast is evidence, `summary` its first sentence."""

    type: Literal["forecasted"] = "forecasted"
    policy: str  # the name of the policy that it is about
    requests: int
    approximate: bool
    forecast: Sha
    summary: str


class Tuned(Frozen):
    """Thresholds were searched over recorded traffic; the whole Tuning is evidence."""

    type: Literal["tuned"] = "tuned"
    recommended: JsonObject | None  # the circuit_breaker block; null: none is better than the live one
    tuning: Sha
    summary: str


class LogsRead(Frozen):
    """The router's logs were read; the LogFacts are evidence. `files`: the first few names of `file_count`."""

    type: Literal["logs_read"] = "logs_read"
    files: tuple[str, ...]
    file_count: int
    lines: int
    unread: int
    start: Instant | None = Field(default=None, alias="from")  # null: no line had a time
    end: Instant | None = Field(default=None, alias="to")
    transitions: int  # of the rollout's tenant
    facts: Sha
