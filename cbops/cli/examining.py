"""What `doctor` is given: every client of a workplace, made when it is asked for, and impatient."""

from __future__ import annotations

import platform
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from cbops import __version__
from cbops.cli import endpoints
from cbops.cli.lazy import lazy
from cbops.flows.steps.diagnosis.premises import Premises

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbops.cli.wiring import Workplace
    from cbops.flows.ports import AdminLookPort, AlertmanagerLookPort, MetricsPort, MetricsServerPort
    from cbops.model.config import AlertsConfig, Config, MetricsConfig, RouterConfig
    from cbops.model.promql import Expr
    from cbops.model.rule_check import ReadRules
    from cbops.model.telemetry import LoadedRule

EXTRAS = {"fast": "numba", "charts": "vl_convert", "keyring": "keyring"}
MAX_SECONDS = 15.0  # for one answer: a check is no measurement
MAX_ATTEMPTS = 2
E = TypeVar("E", "RouterConfig", "MetricsConfig", "AlertsConfig")


def premises_of(place: Workplace, tenants: tuple[str, ...], days: int) -> Premises:
    """The place as `doctor` sees it."""
    return _Clients(place).premises(tenants, days)


class _Clients:
    """Makes the clients of one workplace."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._config = _impatient(place.config)

    def premises(self, tenants: tuple[str, ...], days: int) -> Premises:
        place = self._place
        prometheus = place.config.metrics.source == "prometheus"
        return Premises(
            config=place.config,
            config_path=place.config_path,
            rollouts=place.rollouts,
            clock=place.clock,
            days=days,
            named=tenants,
            chosen=place.rollout() if place.settings.rollout is not None else None,
            tenants=place.tenants,
            signed=_signed(place),
            admin=self._admin,
            metrics=self._metrics,
            server=self._server if prometheus else None,
            alertmanager=self._alertmanager if place.config.alerts.alertmanager_url is not None else None,
            read_rules=self._read_rules,
            parse=self._parse,
            extras={name: find_spec(module) is not None for name, module in EXTRAS.items()},
            versions={"cbops": __version__, "Python": platform.python_version()},
        )

    def _admin(self) -> AdminLookPort:
        place = self._place
        client = endpoints.admin_client(self._config, self._base, place.environ, place.closing)
        return cast("AdminLookPort", client)

    def _metrics(self) -> MetricsPort:
        place = self._place
        source = endpoints.rules_source(self._config, self._base, place.environ, place.closing)
        return cast("MetricsPort", source)

    def _server(self) -> MetricsServerPort:
        place, source = self._place, ("cbops.clients.looking", "PrometheusServer")
        server: MetricsServerPort = endpoints.metrics_server(
            source, self._config, self._base, place.environ, place.closing
        )
        return server

    def _alertmanager(self) -> AlertmanagerLookPort:
        place = self._place
        client = endpoints.alertmanager_client(self._config, self._base, place.environ, place.closing)
        return cast("AlertmanagerLookPort", client)

    def _read_rules(
        self, alerts: Sequence[LoadedRule], recordings: Mapping[str, tuple[str, ...]]
    ) -> ReadRules:
        read: ReadRules = lazy("cbops.clients.loaded_files", "as_read")(alerts, recordings)
        return read

    def _parse(self, text: str) -> Expr | None:
        read: Expr | None = lazy("cbops.clients.loaded_files", "expression")(text)
        return read

    @property
    def _base(self) -> Path:
        return self._place.base


def _signed(place: Workplace) -> bool:
    """A key is sent; where a file or the keyring should hold it and doesn't, no call is."""
    kind, name = place.config.router.auth.place
    return kind != "env" or bool(place.environ.get(name))


def _impatient(config: Config) -> Config:
    return config.model_copy(
        update={
            "router": _hurried(config.router),
            "metrics": _hurried(config.metrics),
            "alerts": _hurried(config.alerts),
        }
    )


def _hurried(endpoint: E) -> E:
    retries = endpoint.retries.model_copy(update={"attempts": min(endpoint.retries.attempts, MAX_ATTEMPTS)})
    seconds = min(endpoint.timeout_seconds, MAX_SECONDS)
    return endpoint.model_copy(update={"timeout_seconds": seconds, "retries": retries})
