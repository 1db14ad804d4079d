"""cbops.yaml, tenants.yaml, and files with incidents or a breaker block."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from cbops.clients.endpoint_checks import check_endpoints
from cbops.clients.name_checks import check_names
from cbops.clients.strict import REMEDY, parse_json, parse_yaml, read_text, validate
from cbops.errors import ConfigError, InputError, PolicyError, TenantsError
from cbops.model.base import Frozen, JsonObject, within_reason
from cbops.model.calendar import zone
from cbops.model.config import Config
from cbops.model.events import IncidentAdded
from cbops.model.policy import parse_block
from cbops.model.tenant import TenantsFile

_MAX_INCIDENTS = 10_000


class _Incidents(Frozen):
    incidents: tuple[IncidentAdded, ...]


def read_config(path: Path) -> Config:
    """cbops.yaml, checked; ConfigError names the key and what to do."""
    text = read_text(path, ConfigError, "Write one with: cbops init")
    config = validate(Config, parse_yaml(path, text, ConfigError), path, ConfigError, text)
    check_endpoints(config, path)
    check_names(config, path)
    _check_reload_path(config, path)
    _check_zone(config, path)
    return config


def _check_zone(config: Config, path: Path) -> None:
    try:
        zone(config.timezone)
    except ConfigError as error:
        raise ConfigError(f"{path}: timezone: {error.message}", hint=error.hint) from error


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
    if len(loaded) > _MAX_INCIDENTS:
        raise InputError(f"{path} lists more than {_MAX_INCIDENTS} incidents", hint="Is it the right file?")
    incidents = validate(_Incidents, {"incidents": loaded}, path, InputError).incidents
    for number, incident in enumerate(incidents):
        try:
            within_reason(incident.start)
            within_reason(incident.end)
        except ValueError as wrong:
            raise InputError(f"{path}: incidents.{number} has {wrong}", hint=REMEDY) from None
    return incidents


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
