"""What fires now, from Alertmanager's API. Source: the alerts section of the domain description."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

from cbops.clients.http.caller import Caller
from cbops.clients.http.client import Client
from cbops.clients.http.faults import Server
from cbops.clients.json_keys import DoubledJsonKeyError, single_keys
from cbops.errors import AlertmanagerError, ConfigError
from cbops.model.base import as_utc
from cbops.model.config import AlertsConfig
from cbops.model.telemetry import AlertmanagerFacts, FiringAlert

MAX_MIB = 32
SERVER = Server(
    name="Alertmanager",
    section="alerts",
    address="alerts.alertmanager_url",
    api="an Alertmanager's HTTP API",
    unreachable=AlertmanagerError,
    refused=AlertmanagerError,
    answer=AlertmanagerError,
)


class Alertmanager(Client):
    """An AlertmanagerPort. `labels` maps the documented names of labels to the server's, as in `metrics.labels`.

    Every call may raise AlertmanagerError; what may be retried is. The constructor raises ConfigError where no
    address is set or a TLS file is wrong. `transport` and `monotonic` are the seams for tests. Close it, or use it as
    a context manager.
    """

    def __init__(
        self,
        config: AlertsConfig,
        headers: Mapping[str, str],
        labels: Mapping[str, str],
        *,
        transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if config.alertmanager_url is None:
            raise ConfigError("alerts.alertmanager_url is not set", hint="Set it in cbops.yaml.")
        self._tenant = labels.get("tenant_id", "tenant_id")
        self._provider = labels.get("provider_id", "provider_id")
        self._caller = Caller(
            SERVER,
            config.alertmanager_url,
            config,
            headers,
            max_mib=MAX_MIB,
            transport=transport,
            monotonic=monotonic,
        )
        super().__init__(self._caller)

    def alerts(self) -> tuple[FiringAlert, ...]:
        """What it holds now, silenced and inhibited ones too, resolved ones left out, by start and name."""
        found = self._get("alerts")
        if not isinstance(found, list):
            raise self._caller.nonsense("no list of alerts")
        try:
            alerts = [self._alert(each) for each in found]
        except (KeyError, TypeError, AttributeError, ValueError):
            raise self._caller.nonsense("an alert without its labels, start or state") from None
        return tuple(sorted(alerts, key=lambda one: (one.since, one.name, one.provider or "")))

    def status(self) -> AlertmanagerFacts:
        """Its version, and how its cluster is."""
        found = self._get("status")
        try:
            return AlertmanagerFacts(
                version=found["versionInfo"]["version"],
                cluster=found["cluster"]["status"],
                peers=len(found["cluster"].get("peers") or ()),
                started=_instant(found["uptime"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError):
            raise self._caller.nonsense("no status of an Alertmanager") from None

    def version(self) -> str:
        """Its version, at the cost of one request."""
        return self.status().version

    def _get(self, what: str) -> Any:  # noqa: ANN401 - as the server sent it
        answer = self._caller.ask("GET", f"/api/v2/{what}", {})
        if answer.status != 200:
            raise self._caller.nonsense(f"HTTP {answer.status} {self._caller.safe(answer.text)}".strip())
        try:
            return json.loads(answer.text, object_pairs_hook=single_keys)
        except DoubledJsonKeyError as error:
            raise self._caller.nonsense(str(error)) from None
        except (ValueError, RecursionError):
            raise self._caller.nonsense("HTTP 200, and no JSON") from None

    def _alert(self, found: dict[str, Any]) -> FiringAlert:
        labels, status = found["labels"], found["status"]
        return FiringAlert(
            name=labels.get("alertname", ""),
            severity=labels.get("severity"),
            tenant=labels.get(self._tenant),
            provider=labels.get(self._provider),
            since=_instant(found["startsAt"]),
            state=status["state"],
            silenced_by=tuple(status.get("silencedBy") or ()),
            summary=(found.get("annotations") or {}).get("summary"),
        )


def _instant(text: str) -> datetime:
    return as_utc(datetime.fromisoformat(text))
