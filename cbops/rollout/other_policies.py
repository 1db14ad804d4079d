"""When another policy than the applied one was live: told by the router's history, bounded by what was seen.

The history tells when a version was written, not when it went live, and nothing at all of an older one that was
made live again. So a time is sure only where nothing that was seen speaks against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cbops.errors import PolicyError
from cbops.model.base import as_utc
from cbops.model.other_policy import OtherPolicy
from cbops.model.policy import PolicyVersion, parse_version
from cbops.model.state import RolloutState
from cbops.rollout.planning import live_version, same_document

OWN = "cbops rollback by"  # how a comment begins by which the router's history knows our own rollback


@dataclass(frozen=True, slots=True)
class Applied:
    """What was applied, from when to when it counts, and the instants at which it was seen to be live.

    `watched` false: it was disabled by a rollback at `end`, so what is live now tells nothing.
    """

    document: Mapping[str, Any]
    version: str | None
    begin: datetime
    end: datetime
    seen: tuple[datetime, ...]
    watched: bool = True


def seen_live(state: RolloutState) -> tuple[datetime, ...]:
    """When a look on record found the applied policy live, ascending."""
    looks = [
        *((day.collected_at, day.drift) for day in state.days),
        *((record.at, record.evaluated.drift) for record in state.evaluations),
    ]
    return tuple(
        sorted(at for at, drift in looks if drift is not None and drift.checked and not drift.drifted)
    )


def other_policies(applied: Applied, history: Iterable[PolicyVersion]) -> tuple[OtherPolicy, ...]:
    """The times since enabling in which another policy was live, or may have been, in order."""
    versions = tuple(history)
    found: list[OtherPolicy] = []
    now: tuple[PolicyVersion, datetime] | None = (
        None  # the other version that is taken for live, and since when
    )
    for at, version in _written(applied, versions):
        if now is not None:
            found.append(_other(*now, at))
        now = (version, at) if _differs(applied, version) else None
    found += _last(applied, live_version(versions), now)
    pieces = (piece for each in found for piece in _split(each, applied.seen))
    return tuple(sorted((p for p in pieces if p.since < p.until), key=lambda p: (p.since, p.until)))


def joined(known: tuple[OtherPolicy, ...], more: tuple[OtherPolicy, ...]) -> tuple[OtherPolicy, ...]:
    """Both, in order; one that was seen again has its latest end."""
    found = {(each.since, each.version): each for each in known}
    for each in more:
        key = (each.since, each.version)
        before = found.get(key)
        found[key] = each if before is None or each.until > before.until else before
    return tuple(sorted(found.values(), key=lambda each: (each.since, each.until)))


def _written(applied: Applied, versions: Iterable[PolicyVersion]) -> list[tuple[datetime, PolicyVersion]]:
    """Versions above the applied one with the instant of their writing, in order; those without one are left out."""
    found = []
    for version in versions:
        at = _instant(version.created_at)
        own = not applied.watched and (version.comment or "").startswith(OWN)
        if at is None or own or not applied.begin <= at <= applied.end:
            continue
        if _above(version.version, applied.version):
            found.append((at, version))
    return sorted(found, key=lambda each: (each[0], parse_version(each[1].version)))


def _last(
    applied: Applied, live: PolicyVersion | None, now: tuple[PolicyVersion, datetime] | None
) -> list[OtherPolicy]:
    """The time up to the look, by what is live."""
    if not applied.watched:
        return [] if now is None else [_other(*now, applied.end)]
    if live is not None and not _differs(applied, live):
        # Stored above the applied one and not live: it was taken back by the router, or was never live.
        after = () if now is None else tuple(at for at in applied.seen if at >= now[1])
        until = after[0] if after else applied.end
        return [] if now is None else [_other(*now, until).model_copy(update={"sure": False})]
    if now is not None and live is not None and now[0].version == live.version:
        return [_other(*now, applied.end)]
    known = [] if now is None else [_other(*now, applied.end)]
    since = max((at for at in applied.seen if at < applied.end), default=applied.begin)
    missing = PolicyVersion(version="none", document={}, is_active=False)
    return [*known, _other(live or missing, since, applied.end).model_copy(update={"sure": False})]


def _split(other: OtherPolicy, seen: tuple[datetime, ...]) -> list[OtherPolicy]:
    """Where the applied policy was seen live inside, that time is taken out, and none of the rest is sure."""
    inside = [at for at in seen if other.since < at < other.until]
    if not inside:
        return [other]
    return [
        other.model_copy(update={"until": inside[0], "sure": False}),
        other.model_copy(update={"since": inside[-1], "sure": False}),
    ]


def _other(version: PolicyVersion, since: datetime, until: datetime) -> OtherPolicy:
    return OtherPolicy(since=since, until=until, version=version.version, by=version.created_by)


def _differs(applied: Applied, version: PolicyVersion) -> bool:
    return bool(same_document(applied.document, version.document, version.version))


def _instant(text: str | None) -> datetime | None:
    try:
        return None if text is None else as_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _above(version: str, applied: str | None) -> bool:
    try:
        return parse_version(version) > parse_version(applied or "0.0")
    except PolicyError:
        return False
