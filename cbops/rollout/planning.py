"""What a change of a policy would write, and whether what is live is what was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cbops.errors import PolicyError, WrongStageError
from cbops.model.base import JsonObject
from cbops.model.plan import EnablePlan
from cbops.model.policy import (
    Change,
    PolicyVersion,
    breaker_block,
    differences,
    enables_breaker,
    next_version,
    parse_block,
    parse_version,
    provider_weights,
    with_breaker,
)
from cbops.model.tenant import Target


def plan_enable(target: Target, history: tuple[PolicyVersion, ...], block: Mapping[str, Any]) -> EnablePlan:
    """The live document with this circuit_breaker block, enabled, and nothing else changed.

    `enabled` may be left out of `block`. What its numbers mean is not said here but by the policy checks. Errors: WrongStageError when no version is live or the live
    one enables the breaker already; PolicyError when the block is wrong or disabled, a version isn't
    MAJOR.MINOR, or the provider isn't in the policy.
    """
    policy = parse_block({"enabled": True, **block})
    if not policy.enabled:
        raise PolicyError(
            "the circuit_breaker block to enable says 'enabled: false'",
            hint="Leave 'enabled' out, or set it to true.",
        )
    live = _require_live(target, history)
    _require_disabled(target, live)
    _require_provider(target, live)
    after = with_breaker(live.document, {"enabled": True, **block})
    latest = max((version.version for version in history), key=parse_version)
    return EnablePlan(
        target=target,
        read_version=live.version,
        latest_version=latest,
        new_version=next_version([version.version for version in history]),
        before=live.document,
        after=after,
        changes=differences(live.document, after),
        warnings=tuple(_warnings(target, live, latest)),
    )


def plan_disable(history: tuple[PolicyVersion, ...]) -> tuple[JsonObject, JsonObject, str] | None:
    """(live document, the same with `enabled: false`, next version).

    None when neither the live version nor an armed one enables the breaker. A version in the history that
    isn't MAJOR.MINOR is passed over: nothing may stand in the way of a rollback.
    """
    live = live_version(history)
    if live is None or not (enables(live) or armed_version(history)):
        return None
    block = {**breaker_block(live.document), "enabled": False}
    versions = [version.version for version in history if _is_version(version.version)]
    return live.document, with_breaker(live.document, block), next_version(versions)


def enables(version: PolicyVersion | None) -> bool:
    """Whether it enables the breaker; no version does not."""
    return version is not None and enables_breaker(version.document)


def armed_version(history: tuple[PolicyVersion, ...]) -> PolicyVersion | None:
    """The highest version where it is stored above the live one and enables the breaker.

    Some routers make a version live only when it is reloaded, so it may be live after the next reload.
    """
    latest = _highest(history)
    live = live_version(history)
    if latest is None or latest.is_active or not enables(latest):
        return None
    if live is None or not _is_version(live.version):
        return latest
    return latest if parse_version(latest.version) > parse_version(live.version) else None


def stored_version(
    history: tuple[PolicyVersion, ...], after: Mapping[str, Any], version: str
) -> PolicyVersion | None:
    """What was to be written, where the history holds it and nothing above it, live or not (yet)."""
    latest = _highest(history)
    return latest if is_intended(latest, after, version) else None


def same_document(written: Mapping[str, Any], read: Mapping[str, Any], version: str) -> tuple[Change, ...]:
    """The differences between what was written and what was read back; empty when there are none.

    A top-level `version` that the router set to the new version is no difference.
    """
    if read.get("version") == version:
        written = {**written, "version": version}
    return differences(written, read)


def is_intended(live: PolicyVersion | None, after: Mapping[str, Any], version: str) -> bool:
    """Whether what is live (or stored) is what was to be written."""
    return live is not None and live.version == version and not same_document(after, live.document, version)


def live_version(history: Iterable[PolicyVersion]) -> PolicyVersion | None:
    """The version that is live (`is_active`), which need not be the latest; None when none is."""
    return next((version for version in history if version.is_active), None)


def written_over(read: str, new: str, previous: str | None) -> bool:
    """Whether a write of version `new` went over someone else's: `previous` was live, but `read` was read.

    Some routers name the latest version there, which need not have been live; `new` is one step above it.
    A router that names none (null) leaves it open.
    """
    if previous in (None, read):
        return False
    try:
        return next_version([previous or ""]) != new
    except PolicyError:
        return True


def _require_live(target: Target, history: tuple[PolicyVersion, ...]) -> PolicyVersion:
    live = live_version(history)
    if live is None:
        raise WrongStageError(
            f"no version of {target.policy} of {target.tenant} is live, so there is nothing to enable it in",
            hint="Make a version live (reload the policy) and look again: cbops policy show",
        )
    return live


def _require_disabled(target: Target, live: PolicyVersion) -> None:
    if enables_breaker(live.document):
        raise WrongStageError(
            f"the live version {live.version} of {target.policy} of {target.tenant} enables the breaker already",
            hint="Take the rollout over as it is: cbops canary adopt; or disable it first: cbops rollback",
        )


def _require_provider(target: Target, live: PolicyVersion) -> None:
    providers = provider_weights(live.document)
    if target.provider not in providers:
        raise PolicyError(
            f"{target.provider} is not a provider of {target.policy} of {target.tenant} (live {live.version})",
            hint=f"Its providers: {', '.join(providers) or 'none'}. Select again: cbops canary candidates",
        )


def _warnings(target: Target, live: PolicyVersion, latest: str) -> list[str]:
    found = []
    if latest != live.version:
        found.append(
            f"version {latest} exists and is not live: the plan builds on the live {live.version}, so what "
            f"{latest} changed will not be in the new version"
        )
    if provider_weights(live.document)[target.provider] <= 0:
        found.append(
            f"{target.provider} has no weight in the policy, so its circuit will see no traffic of it"
        )
    return found


def _highest(history: tuple[PolicyVersion, ...]) -> PolicyVersion | None:
    versions = [each for each in history if _is_version(each.version)]
    return max(versions, key=lambda each: parse_version(each.version), default=None)


def _is_version(text: str) -> bool:
    try:
        parse_version(text)
    except PolicyError:
        return False
    return True
