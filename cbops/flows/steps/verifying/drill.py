"""A rollback rehearsed: the live policy, copied into a practice router of one's own, is enabled in an outage and rolled back.

The steps are those of `cbops rollback`, over real HTTP on this machine; the time is the practice router's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cbops.clients.admin import AdminClient
from cbops.clients.scrape import Scraper
from cbops.clients.store import SampleStore
from cbops.flows.steps.disabling import disable
from cbops.flows.steps.orders import Order
from cbops.flows.steps.proving import Proving, prove
from cbops.flows.steps.scribe import Scribe
from cbops.flows.steps.verifying.finding import Finding
from cbops.model.base import JsonObject, to_ms
from cbops.model.config import MetricsConfig, RouterConfig
from cbops.model.events_change import RollbackProof
from cbops.model.policy import (
    CANARY_BLOCK,
    PolicyVersion,
    breaker_block,
    enables_breaker,
    fallback_targets,
    next_version,
    provider_weights,
    with_breaker,
)
from cbops.model.tenant import Target, Tenant
from cbops.simulator.router import Router
from cbops.simulator.scenarios import DayCurve, Outage, PolicySpec, ProviderSpec, Scenario, TenantSpec
from cbops.simulator.server import RunningServer

TOKEN = "rehearsal"  # noqa: S105 - of a router that lives for a moment, on this machine
METRICS = MetricsConfig(source="embedded")  # the practice router's own names, whatever the real one's are
ACTOR = "rehearsal"
STEP = timedelta(seconds=5)
CALM = timedelta(minutes=2)  # traffic before the outage
OUTAGE = timedelta(minutes=2)  # in which the circuit opens
PROOF = timedelta(minutes=15)  # in which the proof must come
REQUESTS_A_MINUTE = 120
AGAIN = "cbops checklist verify rollback_understood"


@dataclass(frozen=True, slots=True)
class Drill:
    """What is rehearsed. `block`: what the breaker is enabled with, where the live policy doesn't enable it."""

    target: Target
    live: PolicyVersion
    block: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Ground:
    """The router that is practised on, and the clock that it and the rollback live by."""

    router: Router
    scraper: Scraper
    store: SampleStore
    admin: AdminClient

    def now(self) -> datetime:
        return self.router.now

    def wait(self, seconds: float) -> None:
        """Let the router play on, scraped all the while."""
        end = self.now() + timedelta(seconds=seconds)
        while self.now() < end:
            at = to_ms(min(self.now() + STEP, end))
            self.router.advance_to(at)
            self.scraper.scrape(at)
        self.store.flush()


def drill_of(target: Target, live: PolicyVersion) -> Drill:
    """With the live policy's own block where it enables the breaker, else with the canary's."""
    block = breaker_block(live.document) if enables_breaker(live.document) else CANARY_BLOCK
    return Drill(target, live, block)


def rehearse_rollback(drill: Drill, monotonic: Callable[[], float] | None) -> Finding:
    """Enable in an outage, see the breaker act, roll back, prove. Takes a second or two.

    `monotonic` times the work (null: it isn't timed). Fails where the breaker never acted or that it stopped could
    not be proven. CbopsError of a step goes through.
    """
    with (
        tempfile.TemporaryDirectory(prefix="cbops-rehearsal-") as folder,
        _ground(drill, Path(folder)) as ground,
    ):
        acted = _enable(ground, drill)
        if not acted.fail_fast:
            return _never_acted(drill, acted)
        steps = Scribe(None, ACTOR, ground, reason="a rehearsal keeps no journal")
        begun = monotonic() if monotonic else 0.0
        done = disable(ground.admin, steps, _order(drill))
        took = round(monotonic() - begun, 3) if monotonic else None
        proof = _prove(ground, drill, PROOF)
        return _told(drill, (acted, proof), done.disabled_at, took, steps.unwritten)


def _order(drill: Drill) -> Order:
    return Order(drill.target.tenant, drill.target.policy, "policy", "a rehearsal")


@contextmanager
def _ground(drill: Drill, folder: Path) -> Iterator[_Ground]:
    with ExitStack() as stack:
        router = Router(_scenario(drill))
        server = stack.enter_context(RunningServer(router, token=TOKEN))
        store = stack.enter_context(SampleStore(folder / "samples.db"))
        page = Scraper(f"{server.url}/metrics", store, instance="rehearsal", job="router")
        scraper = stack.enter_context(page)
        admin = stack.enter_context(AdminClient(RouterConfig(admin_url=server.url), TOKEN))
        yield _Ground(router, scraper, store, admin)


def _scenario(drill: Drill) -> Scenario:
    """The tenant alone, on the providers of its live policy, the rollout's of which fails from some minutes on."""
    target, document = drill.target, drill.live.document
    weights = provider_weights(document) or {target.provider: 100}
    names = dict.fromkeys((*weights, *fallback_targets(document)))
    spec = PolicySpec(target.policy, DayCurve(REQUESTS_A_MINUTE, swing=0), (("stand_in", 100),))
    return Scenario(
        name="rehearsal",
        title="The live policy, enabled in an outage and rolled back",
        canary=target,
        tenants=(TenantSpec(Tenant(id=target.tenant), (spec,)),),
        providers=tuple(ProviderSpec(name, 0.0, 50) for name in (*names, "stand_in")),
        outages=(Outage(target.provider, CALM, CALM + OUTAGE + 2 * PROOF, failure=1.0),),
        ignored=0.0,
    )


def _enable(ground: _Ground, drill: Drill) -> RollbackProof:
    """Copy the live policy, enable it, let its provider fail; what the metrics show of the breaker since then."""
    target = drill.target
    _put(ground, drill, drill.live.document)
    ground.wait(CALM.total_seconds())
    _put(ground, drill, with_breaker(drill.live.document, drill.block))
    enabled_at = ground.now()
    ground.wait(OUTAGE.total_seconds())
    since = Proving(target.tenant, target.policy, enabled_at, wait_seconds=0)
    return prove(ground.store, METRICS, ground, since)


def _put(ground: _Ground, drill: Drill, document: JsonObject) -> None:
    tenant, policy = drill.target.tenant, drill.target.policy
    version = next_version([each.version for each in ground.admin.history(tenant, policy)])
    # What is live was taken by the real router; the practice one needn't find it valid.
    ground.admin.put(tenant, policy, document, version=version, comment=ACTOR, check=False)
    ground.admin.reload(tenant, policy)


def _prove(ground: _Ground, drill: Drill, within: timedelta) -> RollbackProof:
    target = drill.target
    wanted = Proving(target.tenant, target.policy, ground.now(), within.total_seconds())
    return prove(ground.store, METRICS, ground, wanted)


def _never_acted(drill: Drill, acted: RollbackProof) -> Finding:
    return Finding(
        "failed",
        f"the rehearsal can't prove anything: with live version {drill.live.version} copied into a practice router, the "
        f"breaker denied nothing though {drill.target.provider} failed for {OUTAGE.total_seconds():.0f} s",
        f"Look at what the policy sends to {drill.target.provider}: cbops policy show; then: {AGAIN}",
        {"version": drill.live.version, "acted": acted.model_dump(mode="json")},
    )


def _told(
    drill: Drill,
    proofs: tuple[RollbackProof, RollbackProof],
    disabled_at: datetime,
    took: float | None,
    steps: list[JsonObject],
) -> Finding:
    acted, proof = proofs
    figures: JsonObject = {
        "version": drill.live.version,
        "live": drill.live.document,
        "block": dict(drill.block),
        "disabled_in_seconds": took,
        "acted": acted.model_dump(mode="json"),
        "proof": proof.model_dump(mode="json"),
        "steps": steps,
    }
    what = f"rollback rehearsed on a practice router with live version {drill.live.version}"
    if not proof.proven or proof.until is None:
        told = f"{what}: disabled, but not proven: {proof.summary}"
        return Finding("failed", told, f"Look at the policy: cbops policy show; then: {AGAIN}", figures)
    timed = "" if took is None else f" in {took:.2f} s"
    return Finding(
        "verified",
        f"{what}: {acted.fail_fast} calls were denied in an outage; disabled, reloaded and read back{timed}, and proven "
        f"not to act any more {(proof.until - disabled_at).total_seconds():.0f} s later ({proof.decisions} decisions, "
        "none denied)",
        None,
        figures,
    )
