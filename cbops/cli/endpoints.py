"""The clients of a workplace: addresses from cbops.yaml, secrets from the environment, files beside cbops.yaml."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cbops.cli.lazy import lazy
from cbops.errors import ConfigError

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

E = TypeVar("E", "RouterConfig", "MetricsConfig", "AlertsConfig")


def admin_client(config: Config, base: Path, environ: Mapping[str, str], closing: ExitStack) -> AdminPort:
    """The router's admin API, signed with the key from the environment (none: unsigned)."""
    token = environ.get(config.router.auth.env) or None
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
    sent = headers(config.metrics, environ, "metrics")
    return _closed(lazy(*source)(located(config.metrics, base), sent), closing)


def _store(source: tuple[str, str], config: Config, base: Path, closing: ExitStack) -> Any:  # noqa: ANN401 - as above
    return _closed(lazy(*source)(base / config.metrics.path), closing)


def alertmanager_client(
    config: Config, base: Path, environ: Mapping[str, str], closing: ExitStack
) -> AlertmanagerPort:
    """Alertmanager; its address must be set."""
    sent = headers(config.alerts, environ, "alerts")
    client = lazy("cbops.clients.alertmanager", "Alertmanager")(
        located(config.alerts, base), sent, config.metrics.labels
    )
    made: AlertmanagerPort = _closed(client, closing)
    return made


def headers(endpoint: EndpointConfig, environ: Mapping[str, str], section: str) -> dict[str, str]:
    """Literal values as they are, {env: NAME} from the environment, user and password as Authorization.

    ConfigError, without the value, when NAME isn't set or holds what no header can carry.
    """
    found = {}
    for name, value in endpoint.headers.items():
        if isinstance(value, str):
            found[name] = value
            continue
        secret = _secret(f"{section}.headers.{name}", value.env, environ)
        found[name] = secret if value.scheme is None else f"{value.scheme} {secret}"
    basic = endpoint.basic_auth
    if basic is not None:
        secret = _secret(f"{section}.basic_auth.password", basic.password.env, environ, ascii_only=False)
        pair = f"{basic.username}:{secret}".encode()
        found["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return found


def _secret(key: str, variable: str, environ: Mapping[str, str], *, ascii_only: bool = True) -> str:
    secret = environ.get(variable)
    if not secret:
        raise ConfigError(
            f"{key} is read from the environment, and {variable} is {'not set' if secret is None else 'empty'}",
            hint=f"Set it: export {variable}=…",
        )
    if not secret.isprintable() or secret != secret.strip() or (ascii_only and not secret.isascii()):
        raise ConfigError(
            f"{key} is read from {variable}, and what that holds can't be sent",
            hint="It may have printable ASCII characters only, and no space or line end around it.",
        )
    return secret


def located(endpoint: E, base: Path) -> E:
    """The same settings, with the paths of TLS files from the folder of cbops.yaml on."""
    tls: TlsConfig = endpoint.tls
    files = {name: str(base / value) for name in type(tls).model_fields if (value := getattr(tls, name))}
    if not files:
        return endpoint
    return endpoint.model_copy(update={"tls": tls.model_copy(update=files)})


def _closed(client: Any, closing: ExitStack) -> Any:  # noqa: ANN401 - the caller states the type
    """The client, closed when the command ends."""
    closing.callback(client.close)
    return client
