"""Whether the metrics show that a breaker no longer acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cbops.errors import CbopsError
from cbops.flows.ports import Clock, SamplePort
from cbops.measure import proof, proof_query
from cbops.model.base import iso
from cbops.model.config import MetricsConfig
from cbops.model.events_change import RollbackProof

POLL_SECONDS = 5.0
TELL_SECONDS = 30.0
ALL = "*"  # in place of a tenant or a policy: every one

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Proving:
    """What is to be proven, and how long to wait for traffic that could prove it; `*` is every tenant or policy."""

    tenant: str
    policy: str
    reloaded_at: datetime
    wait_seconds: float


def prove(
    samples: SamplePort | None,
    metrics: MetricsConfig,
    clock: Clock,
    wanted: Proving,
    told: Told | None = None,
) -> RollbackProof:
    """Look until it is proven or the time is up; a source that can't be asked proves nothing and ends it.

    Nothing that fails here is raised: the breaker is disabled by now, and that must be told. `told` hears what is
    still missing when the wait begins, and every half a minute.
    """
    if samples is None:
        return unknown("Unproven: there is no metrics source to ask.")
    begun = clock.now()
    until, tell = begun + timedelta(seconds=wanted.wait_seconds), begun
    while True:
        now = clock.now()
        try:
            fetched = samples.fetch(proof_query(wanted.tenant, metrics), wanted.reloaded_at, now)
        except CbopsError as error:
            return unknown(f"Unproven: the metrics could not be asked: {error.message}")
        found = proof(wanted.policy, wanted.reloaded_at, now, fetched, metrics)
        if found.proven or now >= until or _acted(found):
            return found
        if told is not None and now >= tell:
            tell = now + timedelta(seconds=TELL_SECONDS)
            waited = f"{(now - begun).total_seconds():.0f} s of {wanted.wait_seconds:.0f} s"
            told(f"disabled; waiting for the proof ({waited}): {found.summary}")
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


def to_check(tenant: str, policy: str, since: datetime) -> tuple[str, ...]:
    """How a person can see by the metrics what is still unproven."""
    whose = "" if tenant == ALL else f'tenant_id="{tenant}"'
    which = whose if policy == ALL else f'{whose},policy_id="{policy}"'
    and_so = f"{whose}," if whose else ""
    return (
        f"  To check it by hand, since {iso(since)}: router_policy_decisions_total{{{which}}} must grow, while",
        f'    router_circuit_breaker_events_total{{{and_so}event_type="fail_fast"}}, transitions to half_open',
        f'    and router_policy_decisions_total{{{and_so}reason="circuit_breaker_fallback"}} stand still.',
    )
