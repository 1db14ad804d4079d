"""`doctor`: everything that a rollout depends on, looked at once, and go or no-go. Nothing is written anywhere."""

from __future__ import annotations

from cbops.flows.outcome import Outcome
from cbops.flows.steps.diagnosis.premises import Premises
from cbops.flows.steps.diagnosis.whole import diagnose
from cbops.flows.steps.diagnosis.words import counted, headline, lines, next_step
from cbops.flows.steps.readiness import readiness, readiness_lines, verdict_words
from cbops.model.answers.doctor import DoctorAnswer

_FAILED = 7


def examine(premises: Premises, *, strict: bool) -> Outcome[DoctorAnswer]:
    """All checks, and go or no-go for each rollout that is selected and not enabled.

    Exits 7 for a problem and for no-go, with `strict` also for a warning and for what is unknown.
    """
    found = diagnose(premises)
    counts = counted(found.checks)
    weighed = tuple(
        one
        for state in found.states
        if (one := readiness(state, premises.config, found.checks, found.at)) is not None
    )
    stopped = [one for one in weighed if one.verdict == "no-go"]
    bad = counts.problem + (counts.warning + counts.unknown if strict else 0) + len(stopped)
    first = next((blocker.command for one in stopped for blocker in one.blockers if blocker.command), None)
    return Outcome(
        data=DoctorAnswer(
            ok=not bad,
            strict=strict,
            at=found.at,
            days=premises.days,
            tenants=found.tenants,
            counts=counts,
            requests=found.requests,
            checks=found.checks,
            readiness=weighed,
        ),
        headline=" ".join([*(verdict_words(one) for one in weighed), headline(counts)]),
        body=(*(line for one in weighed for line in readiness_lines(one)), *lines(found.checks)),
        next_step=next_step(found.checks, strict=strict)
        if counts.problem or first is None
        else f"{first} (then again: cbops doctor)",
        exit_status=_FAILED if bad else 0,
    )
