"""Whether load tests were run, passed, and are recent enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cbops.flows.steps.verifying.finding import Finding
from cbops.flows.steps.wording import plural
from cbops.model.base import iso

AGAIN = "Run the load tests again; a run outside of cbops is attested: cbops checklist mark load_tests --note REPORT"


@dataclass(frozen=True, slots=True)
class LoadEvidence:
    """The newest load test: when, against what, and how each scenario ended; `required`: those that must have passed."""

    at: datetime
    target: str
    required: tuple[str, ...]
    scenarios: Mapping[str, Literal["passed", "failed", "skipped"]]


def load_tests(newest: LoadEvidence | None, now: datetime, max_age: timedelta) -> Finding:
    """Every required scenario passed, no longer ago than `max_age`. A failed, skipped or absent one fails."""
    if newest is None:
        return Finding("unknown", "no load test is on record", AGAIN)
    ended = {name: newest.scenarios.get(name, "absent") for name in newest.required}
    what = f"the load test of {newest.at:%Y-%m-%d %H:%M} UTC against {newest.target}"
    figures = {"at": iso(newest.at), "target": newest.target, "scenarios": ended}
    wrong = [f"{name} {how}" for name, how in ended.items() if how != "passed"]
    if wrong:
        return Finding("failed", f"{what}: {', '.join(wrong)}", AGAIN, figures, newest.at)
    if now - newest.at >= max_age:
        told = f"{what} passed, and is older than {plural(max_age.days, 'day')}: it must be done again"
        return Finding("unknown", told, AGAIN, figures, newest.at)
    return Finding(
        "verified", f"{what}: all {len(ended)} scenarios passed", None, figures, happened_at=newest.at
    )
