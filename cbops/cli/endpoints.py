"""The clients of a workplace: addresses from cbops.yaml, secrets from where it says, files beside cbops.yaml."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cbops.cli.lazy import lazy
from cbops.cli.secrets import admin_key, secret

if TYPE_CHECKING:
    from contextlib import ExitStack

    from cbops.flows.ports import AdminPort, AlertmanagerPort, RulesPort, SamplePort
    from cbops.model.config import (
        AlertsConfig,
        Config,
        EndpointConfig,
        MetricsConfig,
        RouterConfig,
        TlsConfig,
    )
    from cbops.model.config_secrets import HeaderSecret

TLS_FILES = ("ca_file", "cert_file", "key_file")
E = TypeVar("E", "RouterConfig", "MetricsConfig", "AlertsConfig")


def admin_client(config: Config, base: Path, environ: Mapping[str, str], closing: ExitStack) -> AdminPort:
    """The router's admin API, signed with its key (none: unsigned)."""
    token = admin_key(config.router.auth, environ, base)
    client = lazy("cbops.clients.admin", "AdminClient")(located(config.router, base), token)
    made: AdminPort = _closed(client, closing)
    return made


def sample_source(config: Config, base: Path, environ: Mapping[str, str], closing: ExitStack) -> SamplePort:
    """The metrics source, for samples."""
    if config.metrics.source == "embedded":
        made: SamplePort = _store(("cbops.clients.store", "SampleStore"), config, base, closing)
    else:
        source = ("cbops.clients.prometheus", "PrometheusSource")
        made = metrics_server(source, config, base, environ, closing)
    return made


def rules_source(config: Config, base: Path, environ: Mapping[str, str], closing: ExitStack) -> RulesPort:
    """The metrics source, for what rules read."""
    if config.metrics.source == "embedded":
        made: RulesPort = _store(("cbops.clients.rule_series", "StoreRules"), config, base, closing)
    else:
        source = ("cbops.clients.rule_series", "PrometheusRules")
        made = metrics_server(source, config, base, environ, closing)
    return made


def metrics_server(
    source: tuple[str, str], config: Config, base: Path, environ: Mapping[str, str], closing: ExitStack
) -> Any:  # noqa: ANN401 - the caller states the type
    """A client of the metrics server: `source` is its module and class."""
    sent = headers(config.metrics, environ, base, "metrics")
    return _closed(lazy(*source)(located(config.metrics, base), sent), closing)


def _store(source: tuple[str, str], config: Config, base: Path, closing: ExitStack) -> Any:  # noqa: ANN401 - as above
    return _closed(lazy(*source)(base / config.metrics.path), closing)


def alertmanager_client(
    config: Config, base: Path, environ: Mapping[str, str], closing: ExitStack
) -> AlertmanagerPort:
    """Alertmanager; its address must be set."""
    sent = headers(config.alerts, environ, base, "alerts")
    client = lazy("cbops.clients.alertmanager", "Alertmanager")(
        located(config.alerts, base), sent, config.metrics.labels
    )
    made: AlertmanagerPort = _closed(client, closing)
    return made


def headers(endpoint: EndpointConfig, environ: Mapping[str, str], base: Path, section: str) -> dict[str, str]:
    """Literal values as they are, secrets from their places, user and password as Authorization.

    ConfigError, without the value, when a secret isn't there or is what no header can carry.
    """
    found = header_values(endpoint.headers, environ, base, section)
    basic = endpoint.basic_auth
    if basic is not None:
        told = secret(basic.password, f"{section}.basic_auth.password", environ, base, ascii_only=False)
        pair = f"{basic.username}:{told}".encode()
        found["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return found


def header_values(
    named: Mapping[str, str | HeaderSecret], environ: Mapping[str, str], base: Path, section: str
) -> dict[str, str]:
    """The headers of a section. ConfigError as of `headers`."""
    found = {}
    for name, value in named.items():
        if isinstance(value, str):
            found[name] = value
            continue
        told = secret(value, f"{section}.headers.{name}", environ, base)
        found[name] = told if value.scheme is None else f"{value.scheme} {told}"
    return found


def located(endpoint: E, base: Path) -> E:
    """The same settings, with the paths of TLS files from the folder of cbops.yaml on."""
    tls: TlsConfig = endpoint.tls
    files = {name: str(base / value) for name in TLS_FILES if (value := getattr(tls, name))}
    if not files:
        return endpoint
    return endpoint.model_copy(update={"tls": tls.model_copy(update=files)})


def _closed(client: Any, closing: ExitStack) -> Any:  # noqa: ANN401 - the caller states the type
    """The client, closed when the command ends."""
    closing.callback(client.close)
    return client
