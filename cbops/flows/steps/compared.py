"""Which policies a replay compares, and what the live one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cbops.errors import AdminError, PolicyError, UsageError
from cbops.flows.ports import AdminPort
from cbops.flows.steps.live import live_history
from cbops.model.base import JsonObject
from cbops.model.policy import breaker_block, enables_breaker, parse_block
from cbops.model.tenant import Target
from cbops.rollout.planning import live_version

ASKED = "policy"
LIVE = "live"
NO_BREAKER = "no breaker"


@dataclass(frozen=True, slots=True)
class Compared:
    """The policies by their names, the one asked for first and no breaker (null) last; `notes` say what they are."""

    policies: dict[str, JsonObject | None]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """The policy that a replay is about, and where it comes from."""

    block: JsonObject
    source: str


@dataclass(frozen=True, slots=True)
class Live:
    """The live policy's breaker; null where there is nothing to compare with, which `note` then explains."""

    block: JsonObject | None
    note: str


def live_policy(admin: AdminPort, target: Target) -> Live:
    """The live policy's block. What stands in the way is no error: a replay goes on without it."""
    named = f"{target.tenant}/{target.policy}"
    try:
        version = live_version(live_history(admin, target.tenant, target.policy))
        if version is None:
            return Live(None, f"no live policy: no version of {named} is live")
        block = breaker_block(version.document)
        parse_block(block)
    except AdminError as error:
        return Live(None, f"no live policy: {error.message}")
    except PolicyError as error:
        return Live(None, f"no live policy: that of {named} can't be played: {error.message}")
    if not enables_breaker(version.document):
        return Live(None, f"the live policy ({named} {version.version}) enables no breaker")
    return Live(block, f"live: {named} {version.version}")


def compared(asked: Asked, live: Live | None, against: Mapping[str, JsonObject]) -> Compared:
    """The policies side by side. The live one is left out where it is the one asked for, or none."""
    policies: dict[str, JsonObject | None] = {ASKED: asked.block}
    notes = [f"{ASKED}: {asked.source}"]
    if live is not None:
        same = live.block is not None and _settings(live.block) == _settings(asked.block)
        notes.append(f"{live.note}, the same as the policy asked for" if same else live.note)
        if live.block is not None and not same:
            policies[LIVE] = live.block
    return Compared({**policies, **against, NO_BREAKER: None}, tuple(notes))


def named_files(paths: tuple[Path, ...]) -> dict[str, Path]:
    """The files by their names, by their paths where a name is taken; UsageError for one that was given twice."""
    found: dict[str, Path] = {}
    taken = {ASKED, LIVE, NO_BREAKER}
    for path in paths:
        names = [name for name in (path.name, str(path)) if name not in (*found, *taken)]
        if not names:
            raise UsageError(f"--against {path} was given twice", hint="Give each file once.")
        found[names[0]] = path
    return found


def _settings(block: JsonObject) -> object:
    return parse_block({**block, "enabled": True})
