"""The head hashes that writes left in the router's history, held against the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cbops.errors import AdminMissingError
from cbops.flows.ports import AdminPort
from cbops.model.anchor import Anchor, anchor_in


@dataclass(frozen=True, slots=True)
class Anchored:
    """An anchor, and the version of a policy whose comment carries it."""

    policy: str
    version: str
    anchor: Anchor


def anchors(admin: AdminPort, tenant: str, policies: Iterable[str], rollout: str) -> tuple[Anchored, ...]:
    """All anchors of the rollout that the histories of these policies hold; AdminError when one can't be read."""
    found = []
    for policy in policies:
        try:
            history = admin.history(tenant, policy)
        except AdminMissingError:
            continue  # a policy that is gone took its anchors with it
        for version in history:
            anchor = anchor_in(version.comment)
            if anchor is not None and anchor.rollout == rollout:
                found.append(Anchored(policy, version.version, anchor))
    return tuple(sorted(found, key=lambda each: each.anchor.seq))


def anchor_problem(anchor: Anchor, hashes: Sequence[str]) -> str | None:
    """What an anchor says against the hashes of the journal's lines; null: it fits."""
    if anchor.seq > len(hashes):
        lost = anchor.seq - len(hashes)
        return f"event {anchor.seq} was on record at that write; the journal ends with event {len(hashes)}: {lost} lost"
    if hashes[anchor.seq - 1] != anchor.hash:
        return (
            f"event {anchor.seq} had another hash at that write: the journal was rewritten since, or the write "
            "is another copy's (cbops journal verify --compare FOLDER)"
        )
    return None
