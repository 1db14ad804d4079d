"""Answer of `policy check`."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, JsonObject
from cbops.model.checking import Fact, PolicyFinding


class PolicyCheckAnswer(Frozen):
    """What the checks say of a circuit_breaker block; the worst findings first.

    `tenant`, `policy` and `provider` null: nobody said whose it is. `block_from` and `document_from` say where the
    block and the document around it come from; `version` is the live version, null where it was not asked.
    `block` is as it was written, `effective` with the router's value for what was left out. `facts` are the figures
    that the rules used, unknown ones with the reason.
    """

    tenant: str | None
    policy: str | None
    provider: str | None
    version: str | None
    block_from: Literal["live", "file"]
    document_from: Literal["live", "file", "unknown"]
    block: JsonObject
    effective: JsonObject
    findings: tuple[PolicyFinding, ...]
    facts: tuple[Fact, ...]
