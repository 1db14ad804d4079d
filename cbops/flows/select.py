"""`canary candidates` and `canary select`: which tenant, and opening its rollout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cbops.errors import (
    AdminMissingError,
    BlockedError,
    InputError,
    MetricsError,
    MetricsRefusedError,
    MetricsUnreachableError,
)
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort, SamplePort
from cbops.flows.steps.opening import one_at_a_time, opening, reason_of, require_alone, rivals
from cbops.flows.steps.recording import Who
from cbops.flows.steps.wording import plural
from cbops.journal.writer import create
from cbops.judge import cannot_say, expected_verdict
from cbops.measure import Traffic, circuit_states, recent_days, states_query, traffic, traffic_query
from cbops.model.answers.canary import CandidatesAnswer, SelectAnswer
from cbops.model.config import Config
from cbops.model.expected import ExpectedVerdict, RecentDay
from cbops.model.observation import State
from cbops.model.plan import Candidate, OverrideNote
from cbops.model.policy import PolicyVersion, enables_breaker
from cbops.model.series import Fetched
from cbops.model.tenant import Target, TenantsFile
from cbops.rollout.planning import live_version
from cbops.rollout.selection import unmet, weigh_candidates

RECENT = timedelta(hours=1)  # what tells the present state of circuits
MARKS = {"for": "+", "against": "-", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Field:
    """Who could be a canary: the router, the metrics (made when asked for), and what is known of the tenants."""

    admin: AdminPort
    samples: Callable[[], SamplePort]
    tenants: TenantsFile
    config: Config
    now: datetime


def candidates(field: Field, *, limit: int) -> Outcome[CandidatesAnswer]:
    """Every policy of every tenant, weighed; best first. Metrics that can't be had leave traffic unknown.

    `limit` bounds what is told in words; the data has all of them.
    """
    weighed, warnings = _weigh(field, None)
    eligible = [candidate for candidate in weighed if candidate.eligible]
    best = eligible[0].target if eligible else None
    return Outcome(
        data=CandidatesAnswer(candidates=weighed, traffic_days=field.config.selection.traffic_days),
        headline=f"{len(eligible)} of {plural(len(weighed), 'candidate')} fit{'s' if len(eligible) == 1 else ''} as the canary.",
        body=tuple(line for candidate in weighed[:limit] for line in candidate_lines(candidate)),
        warnings=warnings,
        next_step=f"Choose: cbops canary select {best.tenant} --policy {best.policy} --provider {best.provider}"
        if best
        else "Name the owners in tenants.yaml, see that metrics are there, or select with --override REASON.",
    )


def candidate_lines(candidate: Candidate) -> tuple[str, ...]:
    """A candidate in a few lines, for people."""
    target = candidate.target
    busy = "unknown" if candidate.busiest_rpm is None else f"{candidate.busiest_rpm:.1f} req/min"
    fit = "fits" if candidate.eligible else "does not fit"
    head = f"  {target.tenant} / {target.policy} / {target.provider}: {fit}; busiest hour {busy}"
    reasons = (f"    {MARKS[w.verdict]} {w.reason}" for w in candidate.reasons)
    verdict = () if candidate.expected is None else (f"    a verdict {candidate.expected.reason}",)
    return (head, *reasons, *verdict)


def _weigh(field: Field, tenant: str | None) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    infos = field.admin.policies(tenant)
    live: dict[tuple[str, str], PolicyVersion] = {}
    for info in infos:
        try:
            version = live_version(field.admin.history(info.tenant, info.policy))
        except AdminMissingError:
            continue  # deleted since it was listed
        if version is not None:
            live[info.tenant, info.policy] = version
    measured = _metrics(field, results=tenant is None)
    warnings = measured.warnings
    if tenant is None:
        warnings = (*warnings, *_not_there(field.tenants, live))
    weighed = weigh_candidates(
        live,
        field.tenants,
        measured.flows,
        measured.states,
        field.config.selection.max_requests_per_minute,
    )
    return (_expecting(field, weighed, live, measured) if tenant is None else weighed), warnings


def _expecting(
    field: Field,
    weighed: tuple[Candidate, ...],
    live: Mapping[tuple[str, str], PolicyVersion],
    measured: _Measured,
) -> tuple[Candidate, ...]:
    """The candidates with how long each would take to a verdict; the same for all policies of a tenant."""
    criteria, baseline = field.config.criteria, field.config.baseline_days
    enabled: dict[str, bool] = {}
    for (tenant, _), version in live.items():
        enabled[tenant] = enabled.get(tenant, False) or enables_breaker(version.document)
    days = measured.days[-baseline:] if baseline else ()
    known: dict[tuple[str, str], ExpectedVerdict] = {}
    found = []
    for candidate in weighed:
        target = candidate.target
        key = target.tenant, target.provider
        if key not in known:
            known[key] = (
                cannot_say(measured.lacking, criteria)
                if measured.lacking
                else expected_verdict(target, days, enabled, criteria)
            )
        found.append(candidate.model_copy(update={"expected": known[key]}))
    return tuple(found)


def _not_there(tenants: TenantsFile, live: Mapping[tuple[str, str], PolicyVersion]) -> tuple[str, ...]:
    """What tenants.yaml names and the router doesn't have, which may be a slip of the pen."""
    known = {tenant for tenant, _ in live}
    told = [
        f"tenants.yaml names {tenant.id}, of which the router has no live policy"
        for tenant in tenants.tenants
        if tenant.id not in known
    ]
    told += [
        f"tenants.yaml lists the policy {policy} of {tenant.id}, which is not live in the router"
        for tenant in tenants.tenants
        for policy in tenant.policies
        if tenant.id in known and (tenant.id, policy) not in live
    ]
    return tuple(told)


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the metrics say; `lacking`: why nothing is known of the days (empty: it is)."""

    flows: Mapping[tuple[str, str], Traffic]
    states: Mapping[tuple[str, str], State]
    days: tuple[RecentDay, ...] = ()
    lacking: str = ""
    warnings: tuple[str, ...] = ()


def _metrics(field: Field, *, results: bool) -> _Measured:
    metrics = field.config.metrics
    try:
        source = field.samples()
        fetched, lacking = _fetched(field, source, results=results)
        flows = traffic(fetched, metrics)
        days = recent_days(fetched, metrics) if results and not lacking else ()
        recent = source.fetch(states_query(metrics), field.now - RECENT, field.now)
    except (MetricsError, InputError) as error:
        told = f"the metrics could not be asked, so all traffic is unknown: {error.message}"
        return _Measured({}, {}, lacking="the metrics could not be asked", warnings=(told,))
    return _Measured(flows, circuit_states(recent, metrics), days, lacking)


def _fetched(field: Field, source: SamplePort, *, results: bool) -> tuple[Fetched, str]:
    """All tenants' recent traffic in one request; where the results are too much for the server, without them."""
    metrics = field.config.metrics
    start = field.now - timedelta(days=field.config.selection.traffic_days)
    if results:
        try:
            return source.fetch(traffic_query(metrics, results=True), start, field.now), ""
        except (MetricsUnreachableError, MetricsRefusedError):
            raise
        except MetricsError as error:
            lacking = f"the results of all tenants could not be read: {error.message}"
            return source.fetch(traffic_query(metrics), start, field.now), lacking
    return source.fetch(traffic_query(metrics), start, field.now), ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose, and why what speaks against it is set aside (null: it isn't).

    `override` is about the tenant; `beside` is why another rollout of the policy may go on beside it.
    """

    target: Target
    override: str | None
    beside: str | None = None


def select(rollouts: Path, field: Field, who: Who, choice: Choice) -> Outcome[SelectAnswer]:
    """Open a rollout for this tenant.

    BlockedError when a required criterion isn't met, or another rollout of the policy is not over, and no
    reason sets that aside; InputError when the router has no such live policy.
    """
    reason = reason_of(choice.override, "--override")
    beside = reason_of(choice.beside, "--beside")
    weighed, warnings = _weigh(field, choice.target.tenant)
    candidate = _chosen(weighed, choice.target)
    overrides = (
        *require_alone(rivals(rollouts, choice.target), choice.target, beside),
        *_set_aside(candidate, reason),
    )
    with one_at_a_time(rollouts, who):
        require_alone(rivals(rollouts, choice.target), choice.target, beside)
        opened = opening(
            rollouts,
            field.config,
            who,
            choice.target,
            candidate.owner,
            reasons=candidate.reasons,
            overrides=overrides,
        )
        with create(
            rollouts,
            opened.rollout,
            command=who.command,
            actor=who.actor,
            clock=who.clock,
            system=who.system,
        ) as session:
            session.append(opened)
    return Outcome(
        data=SelectAnswer(
            rollout=opened.rollout,
            candidate=candidate,
            overrides=overrides,
            folder=str(rollouts / opened.rollout),
        ),
        headline=f"Rollout {opened.rollout} opened: {choice.target.policy} of {choice.target.tenant}.",
        body=candidate_lines(candidate),
        warnings=(*warnings, *(f"set aside: {note.requirement} ({note.reason})" for note in overrides)),
        next_step="Tell the owner, then put it on record: cbops canary notify --how HOW --answer ANSWER",
    )


def _set_aside(candidate: Candidate, reason: str | None) -> tuple[OverrideNote, ...]:
    """One note for each required criterion that isn't met; BlockedError without a reason."""
    failing = unmet(candidate)
    if failing and reason is None:
        raise BlockedError(
            f"{candidate.target.tenant} is no canary: " + "; ".join(w.reason for w in failing),
            hint="Choose another (cbops canary candidates), or set it aside on record: --override REASON",
        )
    return tuple(OverrideNote(requirement=w.criterion, reason=reason or "") for w in failing)


def _chosen(weighed: tuple[Candidate, ...], target: Target) -> Candidate:
    for candidate in weighed:
        if candidate.target == target:
            return candidate
    have = sorted({f"{c.target.policy}/{c.target.provider}" for c in weighed})
    if have:
        raise InputError(
            f"{target.tenant} has no live policy '{target.policy}' with provider '{target.provider}'",
            hint=f"It has: {', '.join(have)}.",
        )
    raise InputError(
        f"the router knows no live policy of tenant '{target.tenant}'", hint="See: cbops canary candidates"
    )
