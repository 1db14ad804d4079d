"""The router's admin API: does it answer, does it take the key, does it have the policies. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from cbops.errors import AdminError, AdminRefusedError, AdminUnreachableError, CbopsError
from cbops.flows.ports import AdminLookPort
from cbops.flows.steps.diagnosis.clocks import Reading
from cbops.flows.steps.diagnosis.marking import Mark, guarded
from cbops.flows.steps.diagnosis.premises import Premises, Subject
from cbops.flows.steps.diagnosis.words import some
from cbops.flows.steps.wording import plural
from cbops.model.answers.doctor import DoctorCheck
from cbops.model.policy import enables_breaker
from cbops.rollout.planning import live_version

_REACHED = Mark("router", "admin_reachable", "the admin API")
_KEY = Mark("router", "admin_key", "the key of the admin API")
_POLICIES = Mark("router", "policies", "the tenants' policies")
_LIVE = Mark("router", "live_policy", "the live policy")
_VALID = Mark("router", "policy_valid", "the router's own check of the live policy")
_LATER = (_KEY, _POLICIES, _LIVE, _VALID)


@dataclass(frozen=True, slots=True)
class RouterFound:
    """The checks, and what the others need: the router's clock (null: it gave no answer) and the requests."""

    checks: tuple[DoctorCheck, ...]
    reading: Reading | None
    requests: int


def router_checks(premises: Premises, subjects: tuple[Subject, ...]) -> RouterFound:
    """What is found of the router; what can't be asked any more is unknown."""
    try:
        admin = premises.admin()
    except CbopsError as error:
        why = "no call can be sent"
        return RouterFound((_REACHED.not_asked(why), _KEY.failed(error), *_not_asked(why, _KEY)), None, 0)
    reading, first = _look(premises, admin)
    checks = first
    if all(check.level in ("ok", "warning") for check in first):
        checks += _policies(admin, subjects)
    return RouterFound(checks, reading, admin.requests)


def _look(premises: Premises, admin: AdminLookPort) -> tuple[Reading | None, tuple[DoctorCheck, ...]]:
    """The first call, which tells an unreachable router from one that refuses the key and from another server."""
    url, auth = premises.config.router.admin_url, premises.config.router.auth
    sent = premises.clock.now()
    try:
        total = admin.look()
    except AdminUnreachableError as error:
        return None, (_REACHED.failed(error), *_not_asked("the admin API can't be reached"))
    except AdminRefusedError as error:
        reading = Reading(sent, premises.clock.now(), admin.date)
        reached = _REACHED.ok(f"the admin API at {url} answers")
        refused = _KEY.failed(error, header=auth.header, env=auth.where)
        return reading, (reached, refused, *_not_asked("the admin API doesn't take the key", _KEY))
    except AdminError as error:
        reading = Reading(sent, premises.clock.now(), admin.date)
        return reading, (_REACHED.failed(error), *_not_asked("what answers isn't the admin API"))
    reading = Reading(sent, premises.clock.now(), admin.date)
    took = (reading.received - reading.sent).total_seconds()
    count = "" if total is None else f" with {total} {'policy' if total == 1 else 'policies'}"
    return reading, (
        _REACHED.ok(f"the admin API at {url} answers{count}", seconds=round(took, 3), policies=total),
        _taken(premises),
    )


def _taken(premises: Premises) -> DoctorCheck:
    """The first call was answered: with the key, or although there was none."""
    auth = premises.config.router.auth
    if premises.signed:
        return _KEY.ok(f"the admin API takes the key ({auth.header}, from {auth.where})")
    return _KEY.warning(
        f"the admin API takes calls without any key, as {auth.env} is not set: so it does from anybody",
        f"Have the router ask for a key, and set it here: export {auth.env}=…",
    )


def _not_asked(why: str, *but: Mark) -> tuple[DoctorCheck, ...]:
    return tuple(mark.not_asked(why) for mark in _LATER if mark not in but)


def _policies(admin: AdminLookPort, subjects: tuple[Subject, ...]) -> tuple[DoctorCheck, ...]:
    if not subjects:
        why = "no tenant is known: tenants.yaml lists none, and there is no rollout"
        return tuple(mark.not_asked(why) for mark in (_POLICIES, _LIVE, _VALID))
    found: list[DoctorCheck] = []
    there: list[tuple[str, str]] = []
    for subject in subjects:
        found += guarded(_POLICIES.about(subject.tenant), partial(_of_tenant, admin, subject, there))
    if not there:
        return (
            *found,
            *(mark.not_asked("no policy of these tenants is there") for mark in (_LIVE, _VALID)),
        )
    tenant, policy = there[0]
    return (*found, *guarded(_LIVE.about(f"{tenant}/{policy}"), lambda: _live(admin, tenant, policy)))


def _of_tenant(admin: AdminLookPort, subject: Subject, there: list[tuple[str, str]]) -> Iterator[DoctorCheck]:
    """Whether the tenant has the policies that it should have; those that exist are added to `there`."""
    mark = _POLICIES.about(subject.tenant)
    known = [info.policy for info in admin.policies(subject.tenant)]
    missing = [policy for policy in subject.policies if policy not in known]
    there += [(subject.tenant, policy) for policy in subject.policies or known if policy in known]
    numbers = {"policies": known[:20], "missing": missing}
    if not missing and known:
        yield mark.ok(f"the router has {_named(known)} of {subject.tenant}", **numbers)
        return
    if known:
        text = f"the router has no policy {some(missing)} of {subject.tenant}; it has {some(known)}"
        remedy = "Correct the name in tenants.yaml, or create the policy on the router."
    else:
        text = f"the router has no policy of the tenant '{subject.tenant}'"
        remedy = "Correct the tenant's id (tenants.yaml, --tenant), or create its policy on the router."
    yield mark.problem(text, remedy, **numbers) if subject.meant else mark.warning(text, remedy, **numbers)


def _named(policies: list[str]) -> str:
    return f"the policy {some(policies)}" if len(policies) == 1 else f"the policies {some(policies)}"


def _live(admin: AdminLookPort, tenant: str, policy: str) -> Iterator[DoctorCheck]:
    """Its history has a live version, and the router itself finds nothing wrong with that one."""
    name = f"{tenant}/{policy}"
    live_mark, valid_mark = _LIVE.about(name), _VALID.about(name)
    versions = admin.history(tenant, policy)
    live = live_version(versions)
    if live is None:
        text = f"none of the {plural(len(versions), 'version')} of {name} is live"
        yield live_mark.problem(text, "Reload the policy on the router, and look: cbops policy show")
        yield valid_mark.not_asked("no version is live")
        return
    enabled = enables_breaker(live.document)
    state = "its breaker is enabled" if enabled else "its breaker is not enabled"
    count = plural(len(versions), "version")
    yield live_mark.ok(
        f"version {live.version} of {name} is live ({count} in its history); {state}",
        version=live.version,
        versions=len(versions),
        breaker_enabled=enabled,
    )
    yield from guarded(valid_mark, lambda: (_valid(admin, valid_mark, name, live.document),))


def _valid(admin: AdminLookPort, mark: Mark, name: str, document: dict[str, object]) -> DoctorCheck:
    said = admin.validate(document)
    if not said:
        return mark.ok(f"the router's own check finds nothing wrong with the live policy {name}")
    return mark.problem(
        f"the router's own check refuses the live policy {name}: {'; '.join(said)[:300]}",
        "Correct the policy before anything is enabled in it: cbops policy show",
        complaints=len(said),
    )
