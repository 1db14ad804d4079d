"""Whether the metrics show that a breaker no longer acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cbops.errors import CbopsError
from cbops.flows.ports import Clock, SamplePort
from cbops.measure import proof, proof_query
from cbops.model.config import MetricsConfig
from cbops.model.events import RollbackProof

POLL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Proving:
    """What is to be proven, and how long to wait for traffic that could prove it."""

    tenant: str
    policy: str
    reloaded_at: datetime
    wait_seconds: float


def prove(samples: SamplePort | None, metrics: MetricsConfig, clock: Clock, wanted: Proving) -> RollbackProof:
    """Look until it is proven or the time is up; a source that can't be asked proves nothing and ends it.

    Nothing that fails here is raised: the breaker is disabled by now, and that must be told.
    """
    if samples is None:
        return unknown("Unproven: there is no metrics source to ask.")
    until = clock.now() + timedelta(seconds=wanted.wait_seconds)
    while True:
        now = clock.now()
        try:
            fetched = samples.fetch(proof_query(wanted.tenant, metrics), wanted.reloaded_at, now)
        except CbopsError as error:
            return unknown(f"Unproven: the metrics could not be asked: {error.message}")
        found = proof(wanted.policy, wanted.reloaded_at, now, fetched, metrics)
        if found.proven or now >= until or _acted(found):
            return found
        clock.wait(min(POLL_SECONDS, (until - now).total_seconds()))


def _acted(found: RollbackProof) -> bool:
    """Waiting can't undo what was seen."""
    return any((found.fail_fast, found.half_open, found.fallback_decisions))


def unknown(summary: str) -> RollbackProof:
    """Nothing is known."""
    return RollbackProof(
        proven=False,
        since=None,
        until=None,
        decisions=None,
        fail_fast=None,
        half_open=None,
        fallback_decisions=None,
        summary=summary,
    )
