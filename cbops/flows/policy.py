"""`policy show` and `policy diff`."""

from __future__ import annotations

import json

from cbops.breaker.checks import TrafficFacts, check_policy
from cbops.errors import AdminMissingError, PolicyError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort
from cbops.flows.steps.checks import effective, finding_warnings
from cbops.flows.steps.live import numbered_history
from cbops.flows.steps.wording import change_line, plural
from cbops.model.answers.canary import PolicyDiffAnswer, PolicyShowAnswer
from cbops.model.base import JsonObject
from cbops.model.policy import (
    breaker_block,
    differences,
    enables_breaker,
    next_version,
    parse_block,
    provider_weights,
    with_breaker,
)
from cbops.model.tenant import Target
from cbops.rollout.planning import live_version, plan_enable


def show(admin: AdminPort, tenant: str, policy: str) -> Outcome[PolicyShowAnswer]:
    """The live policy, and its breaker with the router's defaults filled in."""
    history = admin.history(tenant, policy)
    live = live_version(history)
    if live is None:
        raise AdminMissingError(
            f"no version of {tenant}/{policy} is live", hint="See the versions in the router's admin API."
        )
    warnings = []
    block = breaker_block(live.document)
    try:
        parse_block(block)
    except PolicyError as error:
        warnings.append(f"{error.message}. {error.hint}")
    filled = effective(block)
    latest, _ = admin.latest(tenant, policy)
    if latest != live.version:
        warnings.append(f"the latest version is {latest}, but {live.version} is live")
    state = "enabled" if filled.get("enabled") is True else "disabled"
    return Outcome(
        data=PolicyShowAnswer(
            tenant=tenant,
            policy=policy,
            version=live.version,
            latest_version=latest,
            document=live.document,
            effective=filled,
            versions=len(history),
        ),
        headline=f"{tenant}/{policy} {live.version} is live; its breaker is {state}.",
        body=(
            *json.dumps(live.document, indent=2, ensure_ascii=False).splitlines(),
            "effective circuit_breaker (left out = the router's default):",
            *(
                f"  {key}: {json.dumps(value, ensure_ascii=False)}{'' if key in block else '   (default)'}"
                for key, value in filled.items()
            ),
        ),
        warnings=tuple(warnings),
        next_step=f"See what enabling would change: cbops policy diff {tenant} {policy} ({plural(len(history), 'version')} so far)",
    )


def diff(
    admin: AdminPort, tenant: str, policy: str, block: JsonObject, *, provider: str | None = None
) -> Outcome[PolicyDiffAnswer]:
    """What enabling with this block would change; nothing is written. `provider` null: the policy's first.

    A breaker that is enabled already is compared all the same, and said.
    """
    history = numbered_history(admin, tenant, policy)
    live = live_version(history)
    watched = provider or (next(iter(provider_weights(live.document)), "") if live else "")
    target = Target(tenant=tenant, policy=policy, provider=watched)
    enabled = live is not None and enables_breaker(live.document)
    if live is not None and enabled:
        parse_block({"enabled": True, **block})
        after = with_breaker(live.document, {"enabled": True, **block})
        read, new = live.version, next_version([each.version for each in history])
        changes = differences(live.document, after)
        warnings: tuple[str, ...] = (f"the live version {read} enables the breaker already",)
    else:
        plan = plan_enable(target, history, block)
        read, new, changes, warnings = plan.read_version, plan.new_version, plan.changes, plan.warnings
        after = plan.after
    findings = check_policy(after["circuit_breaker"], after, TrafficFacts())
    return Outcome(
        data=PolicyDiffAnswer(tenant=tenant, policy=policy, version=read, new_version=new, changes=changes),
        headline=f"Enabling would change {plural(len(changes), 'value')} of {tenant}/{policy} "
        f"({read} → {new}).",
        body=tuple(f"  {change_line(change)}" for change in changes),
        warnings=(
            *warnings,
            *finding_warnings(findings, f"cbops policy check {tenant} {policy} --policy-file FILE"),
        ),
        next_step="See what is live: cbops policy show"
        if enabled
        else "See the whole plan: cbops canary enable --dry-run",
    )
