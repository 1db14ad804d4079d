"""The number that a new version gets."""

from __future__ import annotations

from cbops.model.policy import next_version, parse_version
from cbops.simulator.problems import CallRefusedError
from cbops.simulator.store import StoredPolicy


def new_version(old: StoredPolicy | None, wanted: str | None) -> str:
    """One minor step above the highest, or the one that is wanted; CallRefusedError (409) where that isn't above it."""
    versions = [] if old is None else [each.version for each in old.versions]
    if wanted is None:
        return next_version(versions)
    if versions and parse_version(wanted) <= max(map(parse_version, versions)):
        raise CallRefusedError(
            409,
            "version_conflict",
            f"version {wanted} is not above the highest, which is {max(versions, key=parse_version)}",
        )
    return wanted
