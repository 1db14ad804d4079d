"""`canary enable`: plan → ask → intent → PUT → reload → read back → done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from cbops.breaker import rehearse
from cbops.errors import CbopsError, WrongStageError
from cbops.flows.steps.enabling import finish, require_unchanged, write
from cbops.flows.steps.loading import load
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort, SamplePort
from cbops.flows.steps.recording import Who, canonical, recording
from cbops.flows.steps.requirements import parse_overrides, require, requirements
from cbops.flows.steps.wording import change_line
from cbops.measure import circuit_states, states_query
from cbops.model.answers.canary import EnableAnswer, Requirement
from cbops.model.base import JsonObject
from cbops.model.config import MetricsConfig
from cbops.model.events import EnableDone, EnableIntended, Rehearsed
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


def circuit_now(
    folder: Path, samples: Callable[[], SamplePort], metrics: MetricsConfig, now: datetime
) -> CircuitState | None:
    """The state of the target's circuit by the metrics; None when they can't say, which is no reason to stop."""
    target = load(folder).target
    try:
        fetched = samples().fetch(states_query(metrics, target.tenant), now - timedelta(hours=1), now)
    except CbopsError:
        return None
    return circuit_states(fetched, metrics).get((target.tenant, target.provider))


def preview(
    folder: Path,
    admin: AdminPort,
    block: JsonObject,
    override: tuple[str, ...],
    circuit: CircuitState | None,
) -> Preview:
    """Plan the change against the live policy; nothing is written anywhere.

    Errors: WrongStageError, AdminError, PolicyError. What is open of the requirements is listed, not raised.
    """
    state = load(folder)
    _require_selected(state)
    target = state.target
    plan = plan_enable(target, admin.history(target.tenant, target.policy), block)
    rehearsal = rehearse(block)
    warnings = list(plan.warnings)
    warnings += [f"the router finds in the policy: {problem}" for problem in admin.validate(plan.after)]
    if circuit in ("open", "half_open"):
        warnings.append(
            f"the circuit of {target.tenant} to {target.provider} is already {circuit.replace('_', '-')}: "
            "its first request after enabling moves it on"
        )
    if circuit is None:
        warnings.append(f"whether the circuit of {target.tenant} to {target.provider} is open is unknown")
    if not rehearsal.passed:
        warnings.append(f"the rehearsal failed: {rehearsal.steps[-1]}")
    overrides = parse_overrides(override, state)
    return Preview(
        state=state,
        plan=plan,
        requirements=requirements(state, overrides),
        overrides=overrides,
        rehearsal=rehearsal,
        circuit=circuit,
        warnings=tuple(warnings),
    )


def _require_selected(state: RolloutState) -> None:
    if state.stage is Stage.ENABLING:
        raise WrongStageError(
            f"an enabling of {state.id} is in flight already", hint="Finish or abandon it: cbops resume"
        )
    if state.stage is not Stage.SELECTED:
        raise WrongStageError(
            f"rollout {state.id} is {state.stage.value}, so there is nothing to enable",
            hint="See where it stands: cbops canary status",
        )


def dry_run(seen: Preview) -> Outcome[EnableAnswer]:
    """The plan as an answer; nothing was touched."""
    target = seen.plan.target
    blocked = [r.name for r in seen.requirements if not r.met and r.override is None]
    return Outcome(
        data=_answer(seen, applied=False),
        headline=f"Dry run: {target.policy} of {target.tenant} would go from {seen.plan.read_version} "
        f"to {seen.plan.new_version}; nothing was changed.",
        body=plan_lines(seen),
        warnings=seen.warnings,
        next_step=f"Open before it can be enabled: {', '.join(blocked)}. See: cbops checklist show"
        if blocked
        else "Enable it: cbops canary enable",
    )


def plan_lines(seen: Preview) -> tuple[str, ...]:
    """The difference, the rehearsal and the requirements, for people."""
    lines = [f"  Change of {seen.plan.target.policy} ({seen.plan.read_version} → {seen.plan.new_version}):"]
    lines += [f"    {change_line(change)}" for change in seen.plan.changes]
    outcome = "opened and recovered" if seen.rehearsal.passed else "FAILED"
    lines.append(f"  Rehearsal in the real engine: {outcome}")
    lines.append("  Requirements:")
    for requirement in seen.requirements:
        tick = "✓" if requirement.met else "!" if requirement.override else "✗"
        aside = f" (set aside: {requirement.override})" if requirement.override and not requirement.met else ""
        lines.append(f"    {tick} {requirement.detail}{aside}")
    return tuple(lines)


def apply(folder: Path, admin: AdminPort, who: Who, seen: Preview) -> Outcome[EnableAnswer]:
    """Carry the plan out, each step on record before the next.

    Errors: BlockedError (a requirement is open), ChangedError (someone else changed the policy),
    AdminError. After an error the journal says how far it came, and `cbops resume` goes on from there.
    """
    require(seen.requirements)
    with recording(folder, who) as (session, state):
        _require_selected(state)
        require_unchanged(admin, seen.plan)
        session.append(Rehearsed(rehearsal=seen.rehearsal))
        session.append(
            EnableIntended(
                read_version=seen.plan.read_version,
                new_version=seen.plan.new_version,
                before=session.put_evidence(canonical(seen.plan.before)),
                after=session.put_evidence(canonical(seen.plan.after)),
                block=seen.plan.after["circuit_breaker"],
                overrides=seen.overrides,
            )
        )
        target = seen.plan.target
        version = write(session, admin, who, seen.plan)
        done = finish(session, admin, who, target, seen.plan.after, version)
    return Outcome(
        data=_answer(seen, applied=True, done=done),
        headline=f"Enabled: the breaker of {target.policy} of {target.tenant} is live as {done.version} "
        f"since {done.enabled_at:%Y-%m-%d %H:%M:%S} UTC.",
        body=(f"  {done.verification}",),
        warnings=seen.warnings,
        next_step="Tomorrow, collect the first day: cbops monitor daily   (at any time: cbops rollback)",
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
    )
