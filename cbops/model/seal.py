"""A signed head of a journal, and what exactly is signed.

A statement is a line that says what it is, and canonical JSON: `cbops seal 1` and `{"covers":14,…}`.
Source: docs/reliability.md (seals).
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Field

from cbops.model.base import Frozen, Instant, JsonObject, iso

HashText = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
KeyText = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]  # a public key of Ed25519
SignatureText = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


def statement(kind: Literal["seal", "approval"], fields: JsonObject) -> bytes:
    """The bytes that are signed; a signature of one kind is none of the other."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"cbops {kind} 1\n{text}".encode()


class Seal(Frozen):
    """A seal, as it is kept outside of the journal too; `covers` is the number of the last event that it covers."""

    v: Literal[1] = 1
    rollout: str
    covers: int = Field(ge=1)
    hash: HashText
    sealed_at: Instant
    key: KeyText
    signature: SignatureText

    @property
    def statement(self) -> bytes:
        """What was signed."""
        return seal_statement(self.rollout, self.covers, self.hash, iso(self.sealed_at), self.key)


def seal_statement(rollout: str, covers: int, last_hash: str, sealed_at: str, key: str) -> bytes:
    """What is signed: the rollout, how far, the last hash, when, and with which key."""
    return statement(
        "seal",
        {"rollout": rollout, "covers": covers, "hash": last_hash, "sealed_at": sealed_at, "key": key},
    )


def approval_statement(rollout: str, step: str, what: str, key: str) -> bytes:
    """What is signed: the rollout, the step, and the digest of what exactly is approved."""
    return statement("approval", {"rollout": rollout, "step": step, "what": what, "key": key})
