"""What the checks are given: the settings of a place, and how to reach what it depends on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cbops.flows.ports import AdminLookPort, AlertmanagerLookPort, Clock, MetricsPort, MetricsServerPort
from cbops.model.config import Config
from cbops.model.promql import Expr
from cbops.model.rule_check import ReadRules
from cbops.model.state import RolloutState
from cbops.model.telemetry import LoadedRule
from cbops.model.tenant import TenantsFile

MAX_TENANTS = 10


@dataclass(frozen=True, slots=True)
class Subject:
    """A tenant that is looked at; `meant`: a rollout is about it or somebody named it, so what it lacks is a problem.

    `policies` are those that must exist. `provider` null: no rollout says which.
    """

    tenant: str
    policies: tuple[str, ...] = ()
    provider: str | None = None
    meant: bool = True


@dataclass(frozen=True, slots=True)
class Premises:
    """A place. Clients are made when they are asked for, as that alone can fail (a key that can't be sent).

    `server` null: the metrics source is the embedded store. `alertmanager` null: none is configured.
    """

    config: Config
    config_path: Path
    rollouts: Path
    clock: Clock
    days: int
    named: tuple[str, ...]
    chosen: Path | None  # the one rollout that was asked for
    tenants: Callable[[], TenantsFile]
    signed: bool  # there is a key for the admin API
    admin: Callable[[], AdminLookPort]
    metrics: Callable[[], MetricsPort]
    server: Callable[[], MetricsServerPort] | None
    alertmanager: Callable[[], AlertmanagerLookPort] | None
    read_rules: Callable[[Sequence[LoadedRule], Mapping[str, tuple[str, ...]]], ReadRules]
    parse: Callable[
        [str], Expr | None
    ]  # PromQL in a form in which layout doesn't matter; null: can't be read
    extras: Mapping[str, bool]  # optional parts, and whether they are installed
    versions: Mapping[str, str]  # of cbops and of what it runs on


@dataclass(frozen=True, slots=True)
class Window:
    """The last days, up to now."""

    start: datetime
    end: datetime

    @classmethod
    def last(cls, days: int, end: datetime) -> Window:
        """So many days."""
        return cls(end - timedelta(days=days), end)


@dataclass(frozen=True, slots=True)
class Homes:
    """What was read of the place itself: tenants.yaml (null: unreadable) and the rollouts that can be read."""

    tenants: TenantsFile | None
    states: tuple[RolloutState, ...]


def subjects(premises: Premises, homes: Homes) -> tuple[Subject, ...]:
    """Whom to look at: those named, else the tenants of the active rollouts, else those of tenants.yaml, MAX_TENANTS of
    them at most.
    """
    listed = {tenant.id: tenant.policies for tenant in homes.tenants.tenants} if homes.tenants else {}
    targets = [state.target for state in homes.states if state.stage.active] or [
        state.target for state in homes.states
    ]
    of_rollouts: dict[str, Subject] = {}
    for target in targets:
        of_rollouts.setdefault(target.tenant, Subject(target.tenant, (target.policy,), target.provider))
    if premises.named:
        found = [
            of_rollouts.get(name) or Subject(name, listed.get(name, ()))
            for name in dict.fromkeys(premises.named)
        ]
    elif of_rollouts:
        found = list(of_rollouts.values())
    else:
        found = [Subject(name, policies, meant=False) for name, policies in listed.items()]
    return tuple(found[:MAX_TENANTS])
