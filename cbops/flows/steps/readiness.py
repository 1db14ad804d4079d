"""Go or no-go for a rollout: its record, the configuration and what `doctor` found, weighed in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from cbops.flows.steps.checklist import standing
from cbops.flows.steps.requirements import FREEZE, OWNER_NOTIFIED, recorded_requirements
from cbops.flows.steps.wording import plural
from cbops.model.answers.doctor import DoctorCheck
from cbops.model.config import Config
from cbops.model.readiness import Blocker, Readiness
from cbops.model.state import RolloutState, Stage
from cbops.rollout.freezing import frozen


def readiness(
    state: RolloutState, config: Config, checks: Iterable[DoctorCheck], now: datetime
) -> Readiness | None:
    """Every reason that keeps the canary from being enabled; None where there is nothing (more) to enable.

    A problem that `doctor` found blocks; a warning, and what could not be looked at there, doesn't. Of the checklist
    what is unknown blocks too. What the policy's own checks and rehearsal say, `canary enable --dry-run` tells.
    """
    if state.stage is not Stage.SELECTED:
        return None
    blockers = (*_recorded(state, now), *_freezes(config, now), *_problems(checks))
    return Readiness(
        rollout=state.id,
        target=state.target,
        at=now,
        verdict="no-go" if blockers else "go",
        blockers=blockers,
        items=standing(state, now),
        later=_later(config),
    )


def _recorded(state: RolloutState, now: datetime) -> Iterator[Blocker]:
    for each in recorded_requirements(state, {}, now):
        if not each.met:
            kind = "owner" if each.name == OWNER_NOTIFIED else "checklist"
            yield Blocker(
                kind="owner" if kind == "owner" else "checklist",
                name=each.name,
                reason=each.detail,
                command=each.command,
            )


def _freezes(config: Config, now: datetime) -> Iterator[Blocker]:
    on = frozen(config.freezes, now, config.timezone)
    if on:
        names = ", then ".join(f"'{each.name}' until {each.end:%Y-%m-%d %H:%M} UTC" for each in on)
        yield Blocker(
            kind="freeze",
            name=FREEZE,
            reason=f"a change freeze is on: {names}",
            command="Wait for its end, or set it aside on record: cbops canary enable --override freeze=REASON",
        )


def _problems(checks: Iterable[DoctorCheck]) -> Iterator[Blocker]:
    for one in checks:
        if one.level == "problem":
            subject = f" ({one.subject})" if one.subject else ""
            yield Blocker(
                kind="check", name=f"{one.id}{subject}", reason=one.text.removesuffix("."), command=one.remedy
            )


def _later(config: Config) -> tuple[str, ...]:
    others = config.approvals.enable - 1
    told = ["the policy's own checks and its rehearsal in the engine: cbops canary enable --dry-run"]
    if others:
        told.append(f"{plural(others, 'approval')} of other people: cbops canary approve enable")
    return tuple(told)


def readiness_lines(one: Readiness) -> tuple[str, ...]:
    """The verdict, and every reason with what resolves it."""
    lines = [f"{one.verdict} for {one.rollout}"]
    for blocker in one.blockers:
        lines.append(f"  ✗ {blocker.kind} {blocker.name}: {blocker.reason}")
        lines += [f"    do: {blocker.command}"] if blocker.command else []
    return tuple(lines)


def verdict_words(one: Readiness) -> str:
    """`No-go for ID: 3 reasons.`"""
    if one.verdict == "go":
        return f"Go for {one.rollout}."
    return f"No-go for {one.rollout}: {plural(len(one.blockers), 'reason')}."
