"""Tenants as tenants.yaml describes them, and the target of a rollout."""

from __future__ import annotations

from cbops.model.base import Frozen


class Owner(Frozen):
    """Who answers for a tenant; `responsive` null: nobody has said."""

    name: str
    contact: str | None = None
    responsive: bool | None = None


class Tenant(Frozen):
    """`critical` null: nobody has said."""

    id: str
    critical: bool | None = None
    owner: Owner | None = None
    policies: tuple[str, ...] = ()


class TenantsFile(Frozen):
    """tenants.yaml."""

    tenants: tuple[Tenant, ...] = ()


class Target(Frozen):
    """What a rollout is about: one policy of one tenant, and the provider that it watches."""

    tenant: str
    policy: str
    provider: str
