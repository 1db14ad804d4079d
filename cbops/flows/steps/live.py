"""What is live, read from the router."""

from __future__ import annotations

from cbops.errors import AdminAnswerError, AdminMissingError, PolicyError
from cbops.flows.ports import AdminPort
from cbops.flows.steps.orders import ALL, Order
from cbops.model.policy import PolicyVersion, parse_version
from cbops.rollout.planning import live_version, plan_disable


def policies_of(admin: AdminPort, tenant: str, first: str) -> tuple[str, ...]:
    """The tenant's policies as the router lists them, the named one first."""
    named = [info.policy for info in admin.policies(tenant)]
    return tuple(dict.fromkeys([*([] if first == ALL else [first]), *named]))


def numbered_history(admin: AdminPort, tenant: str, policy: str) -> tuple[PolicyVersion, ...]:
    """The versions, to count on from; AdminAnswerError where one is not MAJOR.MINOR."""
    history = admin.history(tenant, policy)
    for each in history:
        try:
            parse_version(each.version)
        except PolicyError as error:
            raise AdminAnswerError(
                f"the history of {tenant}/{policy} has a version {each.version!r}, which is not MAJOR.MINOR",
                hint="Which version comes next can't be told. Look into the router's own log.",
            ) from error
    return history


def live_history(admin: AdminPort, tenant: str, policy: str) -> tuple[PolicyVersion, ...]:
    """The versions, one of them live. Where the history names none (some servers cut it short), the latest
    stands for it: nobody must be told that a breaker is disabled because its version wasn't listed.
    """
    history = admin.history(tenant, policy)
    if live_version(history) is not None:
        return history
    version, document = admin.latest(tenant, policy)
    others = tuple(each for each in history if each.version != version)
    return (PolicyVersion(version=version, document=document, is_active=True), *others)


def to_be_disabled(admin: AdminPort, order: Order) -> dict[str, tuple[PolicyVersion, ...]]:
    """The histories of those policies that an order of scope policy or tenant has still to disable.

    A policy that was deleted meanwhile enables nothing; the one that the order names must exist.
    """
    tenant = order.scope == "tenant"
    wanted = policies_of(admin, order.tenant, order.policy) if tenant else (order.policy,)
    found = {}
    for policy in wanted:
        try:
            history = live_history(admin, order.tenant, policy)
        except AdminMissingError:
            if policy == order.policy:
                raise
            continue
        if plan_disable(history) is not None:
            found[policy] = history
    return found
