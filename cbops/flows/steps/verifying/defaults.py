"""Whether breakers are disabled by default: every policy of the admin API is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cbops.errors import AdminMissingError, CbopsError
from cbops.flows.ports import AdminPort
from cbops.flows.steps.live import live_history
from cbops.flows.steps.loading import load
from cbops.flows.steps.verifying.finding import Finding
from cbops.flows.steps.wording import plural
from cbops.journal.folders import find_rollouts
from cbops.rollout.planning import armed_version, enables, live_version

MAX_SECONDS = 600  # after that no more is asked
SHOWN = 5
AGAIN = "cbops checklist verify disabled_by_default"


@dataclass(slots=True)
class _Looked:
    """What was found, by `tenant/policy`."""

    policies: int = 0
    tenants: set[str] = field(default_factory=set)
    enabled: list[str] = field(default_factory=list)
    armed: list[str] = field(default_factory=list)
    excepted: list[str] = field(default_factory=list)
    left: int = 0


def defaults(admin: AdminPort, rollouts: Path, now: Callable[[], datetime]) -> Finding:
    """Every policy has its breaker disabled or left out, except those in a rollout of this folder.

    One request for each hundred policies and one for the history of each. May raise AdminError.
    """
    ours, unread = _in_rollouts(rollouts)
    looked, until = _Looked(), now() + timedelta(seconds=MAX_SECONDS)
    listed = admin.policies()
    for info in listed:
        if now() > until:
            looked.left = len(listed) - looked.policies
            break
        _look(admin, looked, info.tenant, info.policy, ours)
    return _told(looked, ours, unread)


def _look(admin: AdminPort, looked: _Looked, tenant: str, policy: str, ours: dict[str, str]) -> None:
    name = f"{tenant}/{policy}"
    try:
        history = live_history(admin, tenant, policy)
    except AdminMissingError:
        return  # deleted since it was listed
    looked.policies += 1
    looked.tenants.add(tenant)
    if enables(live_version(history)):
        (looked.excepted if name in ours else looked.enabled).append(name)
    elif armed_version(history) is not None and name not in ours:
        looked.armed.append(name)


def _in_rollouts(rollouts: Path) -> tuple[dict[str, str], list[str]]:
    """The policies whose breaker a rollout of this folder enabled, and the rollouts that can't be read."""
    ours, unread = {}, []
    for folder in find_rollouts(rollouts):
        try:
            state = load(folder)
        except CbopsError:
            unread.append(folder.name)
            continue
        if (state.enable is not None or state.adopted) and state.disabled_at is None:
            ours[f"{state.target.tenant}/{state.target.policy}"] = state.id
    return ours, unread


def _told(looked: _Looked, ours: dict[str, str], unread: list[str]) -> Finding:
    figures = {
        "policies": looked.policies,
        "tenants": len(looked.tenants),
        "enabled": looked.enabled,
        "stored_to_be_enabled": looked.armed,
        "in_a_rollout": {name: ours[name] for name in looked.excepted},
        "rollouts_unread": unread,
    }
    policies = "1 policy" if looked.policies == 1 else f"{looked.policies} policies"
    seen = f"{policies} of {plural(len(looked.tenants), 'tenant')} looked at"
    wrong = [*looked.enabled, *(f"{name} (from its next reload on)" for name in looked.armed)]
    if wrong:
        tenant, _, policy = (looked.enabled or looked.armed)[0].partition("/")
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        aside = f"; not read: the rollouts {', '.join(unread)}" if unread else ""
        return Finding(
            "failed",
            f"{seen}; the breaker is enabled outside of a rollout in {', '.join(wrong[:SHOWN])}{more}{aside}",
            f"Disable it: cbops rollback --tenant {tenant} --policy {policy}; or take it over: cbops canary adopt",
            figures,
        )
    if looked.left:
        return Finding("unknown", f"{seen}, and {looked.left} were not: it took too long", AGAIN, figures)
    if not looked.policies:
        return Finding("unknown", "the router lists no policy", AGAIN, figures)
    aside = f" except in a rollout: {', '.join(looked.excepted[:SHOWN])}" if looked.excepted else ""
    return Finding("verified", f"{seen}; none enables its breaker{aside}", None, figures)
