"""Secrets, from the place that cbops.yaml names for each; and what the connections of this run give away."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cbops.cli.emit import plain
from cbops.cli.lazy import lazy
from cbops.errors import ConfigError

if TYPE_CHECKING:
    from cbops.model.config import Config
    from cbops.model.config_secrets import AuthConfig, SecretSource
    from cbops.model.config_tickets import Target

_PLACES = "cbops.clients.secret_places"
# By the setting that names its place: for the report of a bug, which must hold none. The environment it knows anyway.
_READ: dict[str, str] = {}


def secrets_read() -> Mapping[str, str]:
    """The secrets that this process has read from files and the keyring."""
    return {f"SECRET of {key}": value for key, value in _READ.items()}


def admin_key(auth: AuthConfig, environ: Mapping[str, str], base: Path) -> str | None:
    """The key of the admin API; None where its environment variable is not set or empty: then calls are unsigned.

    ConfigError for a file or a keyring that should hold it and doesn't.
    """
    kind, name = auth.place
    if kind == "env":
        return environ.get(name) or None
    return _sendable(_read(kind, name, f"router.auth.{kind}", base), f"router.auth.{kind}", name)


def secret(
    source: SecretSource, key: str, environ: Mapping[str, str], base: Path, *, ascii_only: bool = True
) -> str:
    """The secret that `key` of cbops.yaml names a place for.

    ConfigError, without the value, where it isn't there or can't be sent in a header.
    """
    kind, name = source.place
    if kind != "env":
        return _sendable(_read(kind, name, f"{key}.{kind}", base), key, name, ascii_only=ascii_only)
    value = environ.get(name)
    if not value:
        raise ConfigError(
            f"{key} is read from the environment, and {name} is {'not set' if value is None else 'empty'}",
            hint=f"Set it: export {name}=…",
        )
    return _sendable(value, key, name, ascii_only=ascii_only)


def warn_of_unverified(config: Config) -> None:
    """A line on stderr for each server whose certificate nobody verifies, each time; also with --quiet."""
    servers = (
        ("router", config.router.tls.verify, config.router.admin_url),
        ("metrics", config.metrics.tls.verify or config.metrics.source == "embedded", config.metrics.url),
        ("alerts", config.alerts.tls.verify, config.alerts.alertmanager_url),
        *(
            (f"tickets.targets.{target.name}", target.tls.verify, _address(target))
            for target in config.tickets.targets
        ),
    )
    for section, verified, url in servers:
        if not verified and url is not None:
            told = (
                f"warning: {section}.tls.verify is false: whoever stands between here and {url} can read the key and "
                "change what is said; set ca_file instead"
            )
            print(plain(told), file=sys.stderr)
            sys.stderr.flush()


def _address(target: Target) -> str:
    """Where it is; an address that is a secret stays one."""
    if target.kind == "github":
        return target.api_url
    return target.url if isinstance(target.url, str) else f"the webhook {target.name}"


def _read(kind: str, name: str, key: str, base: Path) -> str:
    if kind == "file":
        found: str = lazy(_PLACES, "secret_in_file")(base / name, key)
    else:
        found = lazy(_PLACES, "secret_in_keyring")(name, key)
    _READ[key] = found
    return found


def _sendable(value: str, key: str, name: str, *, ascii_only: bool = True) -> str:
    if not value or not value.isprintable() or value != value.strip() or (ascii_only and not value.isascii()):
        what = "what that holds can't be sent" if value else "that is empty"
        raise ConfigError(
            f"{key} is read from {name}, and {what}",
            hint="It may have printable ASCII characters only, and no space or line end around it.",
        )
    return value
