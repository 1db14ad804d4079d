"""`doctor`: everything that a rollout depends on, looked at once. Nothing is written anywhere."""

from __future__ import annotations

from cbops.flows.outcome import Outcome
from cbops.flows.steps.diagnosis.premises import Premises
from cbops.flows.steps.diagnosis.whole import diagnose
from cbops.flows.steps.diagnosis.words import counted, headline, lines, next_step
from cbops.model.answers.doctor import DoctorAnswer

_FAILED = 7


def examine(premises: Premises, *, strict: bool) -> Outcome[DoctorAnswer]:
    """All checks. Exits 7 for a problem, with `strict` also for a warning and for what is unknown."""
    found = diagnose(premises)
    counts = counted(found.checks)
    bad = counts.problem + (counts.warning + counts.unknown if strict else 0)
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
        ),
        headline=headline(counts),
        body=lines(found.checks),
        next_step=next_step(found.checks, strict=strict),
        exit_status=_FAILED if bad else 0,
    )
