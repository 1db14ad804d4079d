"""What cbops.yaml says about servers, as far as it can be checked without them: addresses, secrets, headers, TLS.

Secrets are named by their place; none stands in the file, and none is repeated in a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from cbops.clients.strict import REMEDY
from cbops.errors import ConfigError
from cbops.model.config import Config, EndpointConfig, TlsConfig
from cbops.model.config_secrets import AuthConfig, HeaderSecret, Place, SecretSource

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ENTRY = re.compile(r"(?=[^\s/])[^/\x00-\x1f\x7f]+/(?=\S)[^\x00-\x1f\x7f]+")
_SECRET_VALUE = re.compile(r"\s*((bearer|basic|token|apikey|digest)\s|eyJ[\w-]+\.)", re.IGNORECASE)
_SECRET_HEADER = re.compile(r"auth|cookie|token|secret|key|passw|credential", re.IGNORECASE)

# What a request is made of: with another value the server would not understand it.
_OURS = frozenset(
    (
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "te",
        "transfer-encoding",
    )
)


def check_endpoints(config: Config, path: Path) -> None:
    """ConfigError, with the key in it, for what can't be right."""
    _check_urls(config, path)
    sources: dict[str, AuthConfig | SecretSource] = {"router.auth": config.router.auth}
    names = {"router.auth.header": config.router.auth.header}
    for section, endpoint in _endpoints(config):
        _check_headers(section, endpoint, path)
        sources |= dict(_sources(section, endpoint))
        names |= {f"{section}.headers.{name}": name for name in endpoint.headers}
    for key, source in sources.items():
        _check_source(key, *source.place, path)
    for key, name in names.items():
        if not _HEADER.fullmatch(name):
            raise ConfigError(f"{path}: {key} is not the name of a header", hint=REMEDY)


def _check_source(key: str, kind: Place, name: str, path: Path) -> None:
    if kind == "env" and not _VARIABLE.fullmatch(name):
        raise ConfigError(
            f"{path}: {key}.env is not the name of an environment variable",
            hint="It is a name such as CBOPS_ADMIN_TOKEN, not the secret itself.",
        )
    if kind == "keyring" and not _ENTRY.fullmatch(name):
        raise ConfigError(
            f"{path}: {key}.keyring is not SERVICE/NAME",
            hint="It names an entry of the system keyring, such as cbops/admin, not the secret itself.",
        )
    if kind == "file" and (not name or not name.isprintable()):
        raise ConfigError(
            f"{path}: {key}.file is not a path", hint="It names the file that holds the secret."
        )


def _endpoints(config: Config) -> tuple[tuple[str, EndpointConfig], ...]:
    return (("metrics", config.metrics), ("alerts", config.alerts))


def _check_urls(config: Config, path: Path) -> None:
    urls = {
        "router.admin_url": (config.router.admin_url, config.router.tls),
        "metrics.url": (config.metrics.url, config.metrics.tls),
        "alerts.alertmanager_url": (config.alerts.alertmanager_url, config.alerts.tls),
    }
    for key, (url, tls) in urls.items():
        if url is not None:
            _check_url(key, url, path)
            _check_tls(key, url, tls, path)


def _check_url(key: str, url: str, path: Path) -> None:
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise _wrong_url(path, key) from None
    if parts.username is not None or parts.password is not None:
        section = key.partition(".")[0]
        instead = "router.auth" if section == "router" else f"{section}.basic_auth"
        raise ConfigError(
            f"{path}: {key} holds a user or password, which do not belong into a file",
            hint=f"Take it out of the URL and set {instead}, with the secret from the environment.",
        )
    if not right or parts.query or parts.fragment:
        raise _wrong_url(path, key)


def _wrong_url(path: Path, key: str) -> ConfigError:
    return ConfigError(
        f"{path}: {key} is not the URL of a server",
        hint="It looks like http://127.0.0.1:8080, without a query.",
    )


def _check_tls(key: str, url: str, tls: TlsConfig, path: Path) -> None:
    section = key.partition(".")[0]
    if tls.key_file is not None and tls.cert_file is None:
        raise ConfigError(
            f"{path}: {section}.tls.key_file stands without {section}.tls.cert_file",
            hint="Name the certificate that the key is of.",
        )
    if tls != TlsConfig() and not url.lower().startswith("https://"):
        raise ConfigError(
            f"{path}: {section}.tls is set, and {key} begins with http://",
            hint=f"Write https:// there, or take {section}.tls out.",
        )


def _check_headers(section: str, endpoint: EndpointConfig, path: Path) -> None:
    for name, value in endpoint.headers.items():
        key = f"{section}.headers.{name}"
        if name.lower() in _OURS:
            raise ConfigError(f"{path}: {key} is a header that cbops sets itself", hint="Take it out.")
        if isinstance(value, HeaderSecret):
            if value.scheme is not None and not _HEADER.fullmatch(value.scheme):
                raise ConfigError(f"{path}: {key}.scheme is not one word such as Bearer", hint=REMEDY)
        elif _SECRET_HEADER.search(name) or _SECRET_VALUE.match(value):
            raise ConfigError(
                f"{path}: {key} looks like a secret, and secrets do not belong into a file",
                hint=f"Name the environment variable that holds it: {name}: {{env: NAME}}; or {{file: PATH}}, or "
                "{keyring: SERVICE/NAME}",
            )
        elif not value.isprintable():
            raise ConfigError(f"{path}: {key} holds a control character", hint=REMEDY)
    if endpoint.basic_auth is None:
        return
    if ":" in endpoint.basic_auth.username or not endpoint.basic_auth.username.isprintable():
        raise ConfigError(
            f"{path}: {section}.basic_auth.username holds a colon or a control character",
            hint="Basic authentication has no way to send such a name.",
        )
    if any(name.lower() == "authorization" for name in endpoint.headers):
        raise ConfigError(
            f"{path}: {section}.basic_auth and {section}.headers both set the Authorization header",
            hint="Keep one of the two.",
        )


def _sources(section: str, endpoint: EndpointConfig) -> Iterator[tuple[str, SecretSource]]:
    for name, value in endpoint.headers.items():
        if isinstance(value, HeaderSecret):
            yield f"{section}.headers.{name}", value
    if endpoint.basic_auth is not None:
        yield f"{section}.basic_auth.password", endpoint.basic_auth.password
