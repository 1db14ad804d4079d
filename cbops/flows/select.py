"""`canary candidates`, `canary select` and `canary adopt`: which tenant, and opening its rollout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cbops.breaker import rehearse
from cbops.errors import AdminError, BlockedError, InputError, MetricsError, UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort, SamplePort
from cbops.rollout.planning import live_version
from cbops.flows.steps.recording import Who, canonical
from cbops.flows.steps.wording import plural
from cbops.journal.folders import find_rollouts, slug
from cbops.journal.writer import create
from cbops.measure import Traffic, circuit_states, states_query, traffic, traffic_query
from cbops.model.answers.canary import AdoptAnswer, CandidatesAnswer, SelectAnswer
from cbops.model.config import Config
from cbops.model.events import BreakerAdopted, Rehearsed, RolloutOpened
from cbops.model.observation import State
from cbops.model.plan import Candidate, OverrideNote, Weighed
from cbops.model.policy import PolicyVersion, breaker_block
from cbops.model.tenant import Owner, Target, TenantsFile
from cbops.rollout.selection import unmet, weigh_candidates

RECENT = timedelta(hours=1)  # what tells the present state of circuits
MARKS = {"for": "+", "against": "-", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Field:
    """Who could be a canary: the router, the metrics (null: none), and what is known of the tenants."""

    admin: AdminPort
    samples: SamplePort | None
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
        headline=f"{plural(len(eligible), 'candidate')} of {len(weighed)} fit as the canary.",
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
    return (head, *(f"    {MARKS[w.verdict]} {w.reason}" for w in candidate.reasons))


def _weigh(field: Field, tenant: str | None) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    infos = field.admin.policies(tenant)
    live: dict[tuple[str, str], PolicyVersion] = {}
    for info in infos:
        version = live_version(field.admin.history(info.tenant, info.policy))
        if version is not None:
            live[info.tenant, info.policy] = version
    flows, states, warnings = _metrics(field)
    weighed = weigh_candidates(
        live, field.tenants, flows, states, field.config.selection.max_requests_per_minute
    )
    return weighed, warnings


def _metrics(
    field: Field,
) -> tuple[dict[tuple[str, str], Traffic], dict[tuple[str, str], State], tuple[str, ...]]:
    if field.samples is None:
        return {}, {}, ("there is no metrics source, so all traffic is unknown",)
    metrics = field.config.metrics
    start = field.now - timedelta(days=field.config.selection.traffic_days)
    try:
        flows = traffic(field.samples.fetch(traffic_query(metrics), start, field.now), metrics)
        recent = field.samples.fetch(states_query(metrics), field.now - RECENT, field.now)
    except MetricsError as error:
        return {}, {}, (f"the metrics could not be asked, so all traffic is unknown: {error.message}",)
    return flows, circuit_states(recent, metrics), ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose, and what is set aside for it (null: nothing)."""

    target: Target
    override: str | None


def select(rollouts: Path, field: Field, who: Who, choice: Choice) -> Outcome[SelectAnswer]:
    """Open a rollout for this tenant; BlockedError when a required criterion isn't met and not set aside."""
    weighed, warnings = _weigh(field, choice.target.tenant)
    candidate = _chosen(weighed, choice.target)
    failing = unmet(candidate)
    if failing and not (choice.override or "").strip():
        raise BlockedError(
            f"{choice.target.tenant} is no canary: " + "; ".join(w.reason for w in failing),
            hint="Choose another (cbops canary candidates), or set it aside on record: --override REASON",
        )
    overrides = tuple(
        OverrideNote(requirement=w.criterion, reason=(choice.override or "").strip()) for w in failing
    )
    opened = _opened(rollouts, field.config, who, choice.target, candidate.owner, candidate.reasons, overrides)
    with create(rollouts, opened.rollout, command=who.command, actor=who.actor, clock=who.clock) as session:
        session.append(opened)
    folder = rollouts / opened.rollout
    return Outcome(
        data=SelectAnswer(
            rollout=opened.rollout, candidate=candidate, overrides=overrides, folder=str(folder)
        ),
        headline=f"Rollout {opened.rollout} opened: {choice.target.policy} of {choice.target.tenant}.",
        body=candidate_lines(candidate),
        warnings=(*warnings, *(f"set aside: {note.requirement} ({note.reason})" for note in overrides)),
        next_step="Tell the owner, then put it on record: cbops canary notify --how HOW --answer ANSWER",
    )


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


def _opened(
    rollouts: Path,
    config: Config,
    who: Who,
    target: Target,
    owner: Owner | None,
    reasons: tuple[Weighed, ...] = (),
    overrides: tuple[OverrideNote, ...] = (),
    *,
    adopted: bool = False,
) -> RolloutOpened:
    name = _free_name(rollouts, f"phase1-{target.tenant}-{who.clock.now():%Y%m%d}")
    return RolloutOpened(
        rollout=name,
        target=target,
        owner=owner,
        timezone=config.timezone,
        baseline_days=config.baseline_days,
        reasons=reasons,
        overrides=overrides,
        adopted=adopted,
    )


def _free_name(rollouts: Path, wanted: str) -> str:
    """A rollout's name that isn't taken: the wanted one, or with -2, -3, … behind it."""
    taken = {folder.name for folder in find_rollouts(rollouts)}
    name, number = slug(wanted), 1
    while name in taken:
        number += 1
        name = slug(f"{wanted}-{number}")
    return name


def adopt(
    rollouts: Path,
    config: Config,
    tenants: TenantsFile,
    admin: AdminPort | None,
    who: Who,
    target: Target,
    enabled_at: datetime,
) -> Outcome[AdoptAnswer]:
    """Open a rollout for a breaker that was enabled outside cbops; the admin API is read when it can be."""
    if enabled_at > who.clock.now():
        raise UsageError(
            f"--enabled-at {enabled_at:%Y-%m-%d %H:%M} UTC lies in the future", hint="Give the time of enabling."
        )
    live, warnings = _live(admin, target)
    block = breaker_block(live.document) if live else None
    owner = next((t.owner for t in tenants.tenants if t.id == target.tenant), None)
    opened = _opened(rollouts, config, who, target, owner, adopted=True)
    folder = rollouts / opened.rollout
    with create(rollouts, opened.rollout, command=who.command, actor=who.actor, clock=who.clock) as session:
        session.append(opened)
        session.append(
            BreakerAdopted(
                enabled_at=enabled_at,
                version=live.version if live else None,
                block=block,
                document=session.put_evidence(canonical(live.document)) if live else None,
            )
        )
        if block is not None and block.get("enabled") is True:
            session.append(Rehearsed(rehearsal=rehearse(block)))
    return Outcome(
        data=AdoptAnswer(
            rollout=opened.rollout,
            target=target,
            enabled_at=enabled_at,
            version=live.version if live else None,
            block=block,
            folder=str(folder),
        ),
        headline=f"Rollout {opened.rollout} adopted: {target.policy} of {target.tenant}, "
        f"enabled {enabled_at:%Y-%m-%d %H:%M} UTC.",
        warnings=warnings,
        next_step="Collect its days: cbops monitor daily --all",
    )


def _live(admin: AdminPort | None, target: Target) -> tuple[PolicyVersion | None, tuple[str, ...]]:
    if admin is None:
        return None, ("there is no admin API to ask, so the enabled policy is unknown",)
    try:
        live = live_version(admin.history(target.tenant, target.policy))
    except AdminError as error:
        return None, (f"the enabled policy is unknown: {error.message}",)
    if live is None:
        return None, ("the admin API has no live version, so the enabled policy is unknown",)
    if breaker_block(live.document).get("enabled") is not True:
        return live, (f"the live policy {live.version} does not enable the breaker",)
    return live, ()
