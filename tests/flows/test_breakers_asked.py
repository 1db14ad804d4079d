"""Asking the admin API whose breaker is enabled: bounded, and what fails is said and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cbops.errors import AdminError, AdminMissingError, AdminUnreachableError
from cbops.flows.steps.breakers import MAX_CALLS, ask_breakers
from cbops.model.base import JsonObject
from cbops.model.policy import PolicyInfo, PolicyVersion, PutAnswer

NOW = datetime(2025, 1, 30, tzinfo=UTC)
ON, OFF = {"circuit_breaker": {"enabled": True}}, {"circuit_breaker": {"enabled": False}}


@dataclass
class Admin:
    """An admin API in memory: tenant → policy → document of the live version, or the error of asking."""

    tenants: Mapping[str, Mapping[str, JsonObject | AdminError] | AdminError]
    calls: list[str] = field(default_factory=list)

    def policies(self, tenant: str | None = None) -> tuple[PolicyInfo, ...]:
        self.calls.append(f"policies {tenant}")
        found = self.tenants[tenant or ""]
        if isinstance(found, AdminError):
            raise found
        return tuple(PolicyInfo(tenant=tenant or "", policy=name, version="1.1") for name in found)

    def history(self, tenant: str, policy: str) -> tuple[PolicyVersion, ...]:
        self.calls.append(f"history {tenant}/{policy}")
        found = self.tenants[tenant]
        document = found[policy] if not isinstance(found, AdminError) else found
        if isinstance(document, AdminError):
            raise document
        return (
            PolicyVersion(version="1.1", document=ON if document == OFF else OFF, is_active=False),
            PolicyVersion(version="1.0", document=document, is_active=True),
        )

    def latest(self, tenant: str, policy: str) -> tuple[str, JsonObject]:
        raise NotImplementedError

    def validate(self, document: Mapping[str, Any]) -> tuple[str, ...]:
        raise NotImplementedError

    def put(self, tenant: str, policy: str, document: Mapping[str, Any], **_: Any) -> PutAnswer:
        raise NotImplementedError

    def reload(self, tenant: str, policy: str) -> None:
        raise NotImplementedError

    def disable_all(self) -> None:
        raise NotImplementedError


def asked(admin: Admin | None, *tenants: str, unreachable: str | None = None) -> Any:
    return ask_breakers(admin, tenants, lambda: NOW, unreachable)


def found(breakers: Any) -> dict[str, bool | None]:
    return {one.tenant: one.enabled for one in breakers.asked.tenants}


def test_the_live_version_of_each_policy_decides_and_not_the_latest() -> None:
    admin = Admin({"a": {"x": OFF, "y": ON}, "b": {"x": OFF}})
    breakers = asked(admin, "a", "b")
    assert found(breakers) == {"a": True, "b": False}
    assert breakers.asked.tenants[0].policies == ("y",)
    assert (breakers.asked.requests, breakers.asked.asked_at) == (len(admin.calls), NOW)
    assert breakers.warnings == ()


@pytest.mark.parametrize(
    ("tenants", "said"),
    [
        ({"a": {}}, "lists no policy"),
        ({"a": AdminMissingError("no such tenant", hint="-")}, "no such tenant"),
        ({"a": {"x": AdminMissingError("no such policy", hint="-")}}, "no such policy"),
    ],
)
def test_a_tenant_that_cannot_be_told_is_unknown_and_the_others_are_asked(
    tenants: dict[str, Any], said: str
) -> None:
    breakers = asked(Admin({**tenants, "b": {"x": ON}}), "a", "b")
    assert found(breakers) == {"a": None, "b": True}
    assert said in breakers.warnings[0]
    assert "told from its series" in breakers.warnings[0]


def test_a_router_that_gives_no_answer_is_not_asked_again() -> None:
    away = AdminUnreachableError("the router gives no answer", hint="-")
    admin = Admin({"a": {"x": OFF}, "b": away, "c": {"x": OFF}})
    assert found(asked(admin, "a", "b", "c")) == {"a": False, "b": None, "c": None}
    assert "policies c" not in admin.calls
    breakers = asked(Admin({"a": away, "b": away}), "a", "b")
    assert breakers.asked is None
    assert "could not be asked (the router gives no answer)" in breakers.warnings[0]


def test_without_a_router_or_after_it_failed_a_moment_ago_nothing_is_asked() -> None:
    admin = Admin({"a": {"x": OFF}})
    assert asked(None, "a").asked is None
    assert asked(admin, "a", unreachable="refused").why == "refused"
    assert asked(admin).warnings == ()
    assert admin.calls == []


def test_a_command_asks_so_often_at_most_and_says_so() -> None:
    many = {f"p{number}": OFF for number in range(30)}
    admin = Admin(dict.fromkeys("abcde", many))
    breakers = asked(admin, *"abcde")
    assert len(admin.calls) <= MAX_CALLS
    assert breakers.asked.requests == len(admin.calls)
    assert list(found(breakers).values()) == [False, False, False, None, None]
    assert f"at most {MAX_CALLS} requests" in breakers.warnings[0]
    enabling = Admin({"a": {"first": ON, **{f"p{n}": OFF for n in range(200)}}})
    assert found(asked(enabling, "a")) == {"a": True}


def test_a_slow_router_is_asked_for_a_minute_and_no_longer() -> None:
    admin = Admin({tenant: {"x": OFF} for tenant in "abc"})
    breakers = ask_breakers(admin, tuple("abc"), lambda: NOW + timedelta(seconds=25 * len(admin.calls)), None)
    assert found(breakers) == {"a": False, "b": False, "c": None}
    assert "took more than 60 s" in breakers.warnings[0]
