"""A journal's head hash in the comment of a write: kept by the router, out of reach of who has the folder.

    cbops canary enable by maya [journal phase1-tenant_a-20250127 14 3f…]

Numbered and hashed as the last event before the write. Source: docs/reliability.md (anchors).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# At the end of the comment only: what a person put before it can't look like one.
_ANCHOR = re.compile(
    r" \[journal (?P<rollout>[a-z0-9._-]{1,80}) (?P<seq>[1-9][0-9]{0,8}) (?P<hash>[0-9a-f]{64})\]\Z", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Event `seq` of the rollout's journal had this hash."""

    rollout: str
    seq: int
    hash: str


def anchored(comment: str, anchor: Anchor) -> str:
    """The comment with the anchor at its end."""
    return f"{comment} [journal {anchor.rollout} {anchor.seq} {anchor.hash}]"


def anchor_in(comment: str | None) -> Anchor | None:
    """The anchor at the end of a comment; null where there is none."""
    found = _ANCHOR.search(comment or "")
    return Anchor(found["rollout"], int(found["seq"]), found["hash"]) if found else None
