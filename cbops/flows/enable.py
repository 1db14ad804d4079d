"""`canary enable`: plan → ask → intent → PUT → reload → read back → done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from cbops.breaker import rehearse
from cbops.breaker.checks import TrafficFacts, check_policy
from cbops.errors import AdminMissingError, CbopsError, WrongStageError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort, SamplePort
from cbops.flows.steps.checks import Known, Metrics, counts, finding_lines, finding_warnings, volume
from cbops.flows.steps.enabling import finish, in_flight_said, require_unchanged, write
from cbops.flows.steps.gates import Gate, enable_gates
from cbops.flows.steps.live import numbered_history
from cbops.flows.steps.loading import load, policy_providers
from cbops.flows.steps.notifying import about, announce, settle
from cbops.flows.steps.recording import Record, Who, canonical, recording
from cbops.flows.steps.requirements import CHECKS, parse_overrides, require, requirements
from cbops.flows.steps.wording import change_line
from cbops.measure import circuit_states, states_query
from cbops.model.answers.canary import EnableAnswer, Requirement
from cbops.model.base import JsonObject
from cbops.model.checking import PolicyFinding
from cbops.model.config import MetricsConfig
from cbops.model.config_notifications import NotificationKind
from cbops.model.events import Rehearsed
from cbops.model.events_change import EnableDone, EnableIntended
from cbops.model.plan import EnablePlan, OverrideNote, Rehearsal
from cbops.model.state import RolloutState, Stage
from cbops.rollout.planning import plan_enable

CircuitState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that a person sees before saying yes."""

    state: RolloutState
    plan: EnablePlan
    requirements: tuple[Requirement, ...]
    overrides: tuple[OverrideNote, ...]
    rehearsal: Rehearsal
    circuit: CircuitState | None
    warnings: tuple[str, ...]
    findings: tuple[PolicyFinding, ...] = ()
    gate: Gate | None = None


def circuits_now(
    folder: Path, samples: Callable[[], SamplePort], metrics: MetricsConfig, now: datetime
) -> dict[str, CircuitState]:
    """The states of the tenant's circuits by the metrics, by provider. One that they can't tell is left out,
    which is no reason to stop.
    """
    state = load(folder)
    if state.stage is not Stage.SELECTED:
        return {}  # nothing will be enabled, so nobody waits for the metrics
    target = state.target
    try:
        fetched = samples().fetch(states_query(metrics, target.tenant), now - timedelta(hours=1), now)
    except CbopsError:
        return {}
    states = circuit_states(fetched, metrics)
    return {provider: state for (tenant, provider), state in states.items() if tenant == target.tenant}


def traffic_now(folder: Path, metrics: Metrics) -> TrafficFacts:
    """How much traffic the circuit has by the metrics; nothing is known where they can't tell."""
    state = load(folder)
    if state.stage is not Stage.SELECTED:
        return TrafficFacts()
    return volume(Known(), metrics, state.target.tenant, state.target.provider).facts


def preview(
    folder: Path,
    admin: AdminPort,
    block: JsonObject,
    override: tuple[str, ...],
    circuits: Mapping[str, CircuitState],
    *,
    traffic: TrafficFacts | None = None,
    gate: Gate | None = None,
    now: datetime | None = None,
) -> Preview:
    """Plan the change against the live policy; nothing is written anywhere. `circuits`: the tenant's, by provider.
    `now`: what the age of the checklist is counted to.

    `traffic` is what the policy checks know of the circuit's traffic (null: nothing), `gate` what the configuration
    puts before enabling, and who wants to pass (null: nothing).
    Errors: WrongStageError, AdminError, PolicyError. What is open of the requirements is listed, not raised.
    """
    state = load(folder)
    _require_selected(state)
    plan = _plan(state, admin, block)
    rehearsal = rehearse(plan.after["circuit_breaker"])
    findings = check_policy(plan.after["circuit_breaker"], plan.after, traffic or TrafficFacts())
    gates = enable_gates(gate, state, plan)
    overrides = parse_overrides(override, state, rehearsal, findings, gates, now=now)
    warnings = [*plan.warnings, *finding_warnings(findings, "cbops canary enable --dry-run --verbose")]
    warnings += [*_validation(admin, plan), *_circuits_told(plan, circuits)]
    if not rehearsal.passed:
        warnings.append(f"the rehearsal failed: {rehearsal.steps[-1]}")
    return Preview(
        state=state,
        plan=plan,
        requirements=(
            *requirements(state, rehearsal, findings, overrides, now),
            *enable_gates(gate, state, plan, overrides),
        ),
        overrides=overrides,
        rehearsal=rehearsal,
        circuit=circuits.get(state.target.provider),
        warnings=tuple(warnings),
        findings=findings,
        gate=gate,
    )


def _circuits_told(plan: EnablePlan, circuits: Mapping[str, CircuitState]) -> list[str]:
    """Enabling acts on every provider of the policy: which circuits are open already, and which are unknown."""
    target = plan.target
    providers = tuple(dict.fromkeys((target.provider, *policy_providers(plan.before))))
    told = [
        f"the circuit of {target.tenant} to {provider} is already {circuits[provider].replace('_', '-')}: "
        "its first request after enabling moves it on"
        for provider in providers
        if circuits.get(provider) in ("open", "half_open")
    ]
    unknown = [provider for provider in providers if provider not in circuits]
    if len(unknown) == 1:
        told.append(f"whether the circuit of {target.tenant} to {unknown[0]} is open is unknown")
    elif unknown:
        names = f"{', '.join(unknown[:-1])} and {unknown[-1]}"
        told.append(f"whether the circuits of {target.tenant} to {names} are open is unknown")
    return told


def _plan(state: RolloutState, admin: AdminPort, block: JsonObject) -> EnablePlan:
    target = state.target
    history = numbered_history(admin, target.tenant, target.policy)
    try:
        return plan_enable(target, history, block)
    except WrongStageError as error:
        # An abandoned write that the router took up late is ours all the same.
        late = state.enable is not None and any(
            each.is_active and each.version == state.enable.new_version for each in history
        )
        if late:
            raise WrongStageError(
                error.message,
                hint="It may be the write that was given up: cbops resume. Or take it back: cbops rollback",
            ) from error
        raise


def _validation(admin: AdminPort, plan: EnablePlan) -> list[str]:
    """What the router finds in the planned document; one that can't be asked checks it at the write."""
    try:
        found = admin.validate(plan.after)
    except AdminMissingError as error:
        return [f"the router could not be asked to check the policy: {error.message}"]
    return [f"the router finds in the policy: {problem}" for problem in found]


def _require_selected(state: RolloutState) -> None:
    if state.stage is Stage.ENABLING:
        raise WrongStageError(
            f"an enabling of {state.id} is in flight already", hint="Finish or abandon it: cbops resume"
        )
    if state.stage is not Stage.SELECTED:
        raise WrongStageError(
            f"rollout {state.id} is {state.stage.words}, so there is nothing to enable",
            hint="See where it stands: cbops canary status",
        )


def dry_run(seen: Preview, *, verbose: bool = False) -> Outcome[EnableAnswer]:
    """The plan as an answer; nothing was touched."""
    target = seen.plan.target
    blocked = [r.name for r in seen.requirements if not r.met and r.override is None]
    return Outcome(
        data=_answer(seen, applied=False),
        headline=f"Dry run: {target.policy} of {target.tenant} would go from {seen.plan.read_version} "
        f"to {seen.plan.new_version}; nothing was changed.",
        body=plan_lines(seen, verbose=verbose),
        warnings=seen.warnings,
        next_step=f"Open before it can be enabled: {', '.join(blocked)}. "
        + ("Correct the policy's block." if blocked == [CHECKS] else "See: cbops checklist show")
        if blocked
        else "Enable it: cbops canary enable",
    )


def plan_lines(seen: Preview, *, verbose: bool = False) -> tuple[str, ...]:
    """The difference, the rehearsal, the checks and the requirements, for people; `verbose`: every finding too."""
    lines = [f"  Change of {seen.plan.target.policy} ({seen.plan.read_version} → {seen.plan.new_version}):"]
    lines += [f"    {change_line(change)}" for change in seen.plan.changes]
    outcome = "opened and recovered" if seen.rehearsal.passed else "FAILED"
    lines.append(f"  Rehearsal in the real engine: {outcome}")
    more = "" if verbose or not seen.findings else " (with fixes: --verbose)"
    lines.append(f"  Policy checks: {counts(seen.findings)}{more}")
    if verbose:
        lines += [f"  {line}" for line in finding_lines(seen.findings)]
    lines.append("  Requirements:")
    for requirement in seen.requirements:
        tick = "✓" if requirement.met else "!" if requirement.override else "✗"
        aside = (
            f" (set aside: {requirement.override})" if requirement.override and not requirement.met else ""
        )
        lines.append(f"    {tick} {requirement.detail}{aside}")
    return tuple(lines)


def apply(folder: Path, admin: AdminPort, who: Who, seen: Preview) -> Outcome[EnableAnswer]:
    """Carry the plan out, each step on record before the next.

    Errors: BlockedError (a requirement is open), ChangedError (someone else changed the policy),
    AdminError. After an error the journal says how far it came, and `cbops resume` goes on from there.
    """
    with recording(folder, who) as (record, state):
        _require_selected(state)
        require(requirements(state, seen.rehearsal, seen.findings, seen.overrides, who.clock.now()))
        # A freeze may have begun while somebody thought about it.
        require(enable_gates(seen.gate, state, seen.plan, seen.overrides))
        require_unchanged(admin, seen.plan)
        record.append(Rehearsed(rehearsal=seen.rehearsal))
        record.append(_intent(record, seen))
        with in_flight_said(record):
            version = write(record, admin, who, seen.plan)
            done = finish(record, admin, who, seen.plan.after, version)
    target = seen.plan.target
    announce(
        who,
        NotificationKind.ENABLED,
        about(state),
        f"The breaker of {target.policy} is live as {done.version}.",
        *(change_line(change) for change in seen.plan.changes),
    )
    settle(folder, who)
    return Outcome(
        data=_answer(seen, applied=True, done=done),
        headline=f"Enabled: the breaker of {target.policy} of {target.tenant} is live as {done.version} "
        f"since {done.enabled_at:%Y-%m-%d %H:%M:%S} UTC.",
        body=(f"  {done.verification}",),
        warnings=seen.warnings,
        next_step="Tomorrow, collect the first day: cbops monitor daily   (at any time: cbops rollback)",
    )


def _intent(record: Record, seen: Preview) -> EnableIntended:
    plan = seen.plan
    return EnableIntended(
        read_version=plan.read_version,
        new_version=plan.new_version,
        before=record.put_evidence(canonical(plan.before)),
        after=record.put_evidence(canonical(plan.after)),
        block=plan.after["circuit_breaker"],
        overrides=seen.overrides,
    )


def _answer(seen: Preview, *, applied: bool, done: EnableDone | None = None) -> EnableAnswer:
    return EnableAnswer(
        rollout=seen.state.id,
        applied=applied,
        plan=seen.plan,
        requirements=seen.requirements,
        rehearsal=seen.rehearsal,
        circuit_before=seen.circuit,
        version=done.version if done else None,
        enabled_at=done.enabled_at if done else None,
        verification=done.verification if done else None,
        findings=seen.findings,
    )
