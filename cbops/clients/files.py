"""cbops.yaml, tenants.yaml, and files with incidents or a breaker block."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from cbops.clients.strict import REMEDY, parse_json, parse_yaml, read_text, validate
from cbops.errors import ConfigError, InputError, PolicyError, TenantsError
from cbops.model.base import Frozen, JsonObject
from cbops.model.calendar import zone
from cbops.model.config import Config, EnvValue
from cbops.model.events import IncidentAdded
from cbops.model.policy import parse_block
from cbops.model.tenant import TenantsFile

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SECRET_HEADER = re.compile(r"auth|cookie|token|secret|key|passw|credential", re.IGNORECASE)


class _Incidents(Frozen):
    incidents: tuple[IncidentAdded, ...]


def read_config(path: Path) -> Config:
    """cbops.yaml, checked; ConfigError names the key and what to do."""
    text = read_text(path, ConfigError, "Write one with: cbops init")
    config = validate(Config, parse_yaml(path, text, ConfigError), path, ConfigError, text)
    _check_urls(config, path)
    _check_secrets(config, path)
    _check_reload_path(config, path)
    _check_zone(config, path)
    return config


def _check_zone(config: Config, path: Path) -> None:
    try:
        zone(config.timezone)
    except ConfigError as error:
        raise ConfigError(f"{path}: timezone: {error.message}", hint=error.hint) from error


def _check_urls(config: Config, path: Path) -> None:
    urls = {
        "router.admin_url": config.router.admin_url,
        "metrics.url": config.metrics.url,
        "alerts.alertmanager_url": config.alerts.alertmanager_url,
    }
    for key, url in urls.items():
        if url is None:
            continue
        try:
            parts = urlsplit(url)
            right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            raise _wrong_url(path, key) from None
        if parts.username is not None or parts.password is not None:
            raise ConfigError(
                f"{path}: {key} holds a user or password, which do not belong into a file",
                hint="Take it out of the URL and send an Authorization header from the environment instead.",
            )
        if not right or parts.query or parts.fragment:
            raise _wrong_url(path, key)


def _wrong_url(path: Path, key: str) -> ConfigError:
    return ConfigError(
        f"{path}: {key} is not the URL of a server",
        hint="It looks like http://127.0.0.1:8080, without a query.",
    )


def _check_secrets(config: Config, path: Path) -> None:
    """Secrets are named by their variable; none stands in the file, and none is repeated in the message."""
    variables = {"router.auth.env": config.router.auth.env}
    names = {"router.auth.header": config.router.auth.header}
    for name, value in config.metrics.headers.items():
        key = f"metrics.headers.{name}"
        names[key] = name
        if isinstance(value, EnvValue):
            variables[f"{key}.env"] = value.env
        elif _SECRET_HEADER.search(name):
            raise ConfigError(
                f"{path}: {key} looks like a secret, and secrets do not belong into a file",
                hint=f"Name the environment variable that holds it: {name}: {{env: NAME}}",
            )
        elif not value.isprintable():
            raise ConfigError(f"{path}: {key} holds a control character", hint=REMEDY)
    for key, variable in variables.items():
        if not _VARIABLE.fullmatch(variable):
            raise ConfigError(
                f"{path}: {key} is not the name of an environment variable",
                hint="It is a name such as CBOPS_ADMIN_TOKEN, not the secret itself.",
            )
    for key, name in names.items():
        if not _HEADER.fullmatch(name):
            raise ConfigError(f"{path}: {key} is not the name of a header", hint=REMEDY)


def _check_reload_path(config: Config, path: Path) -> None:
    try:
        config.router.reload_path.format(tenant="t", policy="p")
    except (KeyError, IndexError, ValueError, AttributeError):
        raise ConfigError(
            f"{path}: router.reload_path has a placeholder that is not known",
            hint="Known are {tenant} and {policy}.",
        ) from None


def read_tenants(path: Path) -> TenantsFile:
    """tenants.yaml, checked; TenantsError names the key and what to do."""
    text = read_text(path, TenantsError, "Write one with: cbops init")
    tenants = validate(TenantsFile, parse_yaml(path, text, TenantsError), path, TenantsError, text)
    counts = Counter(tenant.id for tenant in tenants.tenants)
    doubled = [name for name, count in counts.items() if count > 1]
    if doubled:
        raise TenantsError(f"{path}: tenant '{doubled[0]}' stands twice", hint="Keep one of the two.")
    if "" in counts:
        raise TenantsError(f"{path}: a tenant has an empty id", hint=REMEDY)
    return tenants


def read_incidents(path: Path) -> tuple[IncidentAdded, ...]:
    """A JSON list of {provider, from, to, note?}; InputError names the entry (counted from 0) and the key."""
    text = read_text(path, InputError, 'Give a JSON file: [{"provider": P, "from": T, "to": T}]')
    loaded = parse_json(path, text, InputError)
    if not isinstance(loaded, list):
        raise InputError(
            f"{path} is not a JSON list", hint='It looks like [{"provider": P, "from": T, "to": T}].'
        )
    return validate(_Incidents, {"incidents": loaded}, path, InputError).incidents


def read_block(path: Path) -> JsonObject:
    """A circuit_breaker block from a JSON file: the block itself, or a policy document that holds one.

    PolicyError for a key or a value that the router would not understand.
    """
    block, _ = read_policy(path)
    if not isinstance(block, dict):
        raise _no_block(path)
    parse_block(block)
    return block


def read_policy(path: Path) -> tuple[object, JsonObject | None]:
    """(the circuit_breaker block as it was written, right or wrong; the policy document that holds it, if any).

    PolicyError where the file is no JSON object.
    """
    text = read_text(path, PolicyError, "Give a JSON file with the circuit_breaker block.")
    loaded = parse_json(path, text, PolicyError)
    if not isinstance(loaded, dict):
        raise _no_block(path)
    if "circuit_breaker" in loaded:
        return loaded["circuit_breaker"], loaded
    return loaded, None


def _no_block(path: Path) -> PolicyError:
    return PolicyError(f"{path} holds no circuit_breaker block", hint='It looks like {"enabled": true, …}.')
