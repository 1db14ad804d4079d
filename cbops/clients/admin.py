"""The router's admin API over HTTP, as the flows need it. Source: the admin API section of the domain description."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from cbops.clients import admin_answers as answers
from cbops.clients.admin_call import Call, path_part, unclear
from cbops.clients.admin_http import AdminHttp
from cbops.clients.etags import REFUSED, Tagged, highest, state, strong
from cbops.clients.http.client import Client
from cbops.errors import AdminAnswerError, AdminError, AdminMissingError
from cbops.model.base import JsonObject
from cbops.model.config import RouterConfig
from cbops.model.policy import PolicyInfo, PolicyVersion, PutAnswer

PAGE = 100
MAX_POLICIES = 100_000
# There is no offset for a history, so as much of it as any server is likely to give.
HISTORY = 1000

A = TypeVar("A", bound=BaseModel)


class AdminClient(Client):
    """An AdminPort; close it, or use it as a context manager.

    Every call may raise AdminUnreachableError, AdminRefusedError, AdminMissingError and AdminAnswerError,
    and InputError for an id that no path can carry. The constructor raises ConfigError for a URL or key
    that can't be used. After a PUT, AdminUnreachableError means that whether it was written is not known.
    `transport` and `monotonic` are the seams for tests.
    """

    def __init__(
        self,
        config: RouterConfig,
        token: str | None,
        *,
        transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._base = "/" + config.base_path.strip("/")
        self._tagged = Tagged()
        self._http = AdminHttp(config, token, transport=transport, monotonic=monotonic)
        super().__init__(self._http)

    def look(self) -> int | None:
        """Ask for one line of the list, in one request (two where the router redirects): how many policies there are,
        null where it doesn't say.
        """
        call = Call("listing the policies", "GET", f"{self._base}/", params={"limit": "1"}, twin=self._base)
        return self._ask(call, answers.PolicyPage).total

    def policies(self, tenant: str | None = None) -> tuple[PolicyInfo, ...]:
        """All policies, every page of them, or one tenant's; in the server's order."""
        found: dict[tuple[str, str], PolicyInfo] = {}
        seen = 0
        while seen < MAX_POLICIES:
            call = self._page(tenant, seen)
            page = self._ask(call, answers.PolicyPage)
            seen += len(page.policies)
            fresh = {(line.tenant_id, line.policy_id): _info(line) for line in page.policies}
            if page.policies and fresh.keys() <= found.keys():
                raise unclear(call, "the same page came twice", hint="The router's paging is broken.")
            found |= fresh
            if page.total is not None and not page.policies and seen < page.total:
                raise unclear(
                    call, f"only {seen} of {page.total} policies came", hint="Run the command again."
                )
            if not page.policies or (page.total is not None and seen >= page.total):
                return tuple(info for info in found.values() if tenant in (None, info.tenant))
        raise AdminAnswerError(
            f"the router lists more than {MAX_POLICIES} policies", hint="Name a tenant to ask for less."
        )

    def history(self, tenant: str, policy: str) -> tuple[PolicyVersion, ...]:
        """All versions, as the server orders them; the live one has `is_active`."""
        call = Call(
            f"reading the history of {tenant}/{policy}",
            "GET",
            f"{self._policy(tenant, policy)}/history",
            params={"limit": str(HISTORY)},
        )
        found = tuple(
            PolicyVersion(
                version=line.version,
                document=line.policy_json,
                is_active=line.is_active,
                created_at=line.created_at,
                created_by=line.created_by,
                comment=line.comment,
            )
            for line in self._ask(call, answers.History).versions
        )
        self._tagged.read((tenant, policy), self._http.etag, found)
        return found

    def latest(self, tenant: str, policy: str) -> tuple[str, JsonObject]:
        """The latest version, which need not be the live one: (version, document)."""
        answer = self._document(tenant, policy)
        return answer.info.version, answer.policy_json

    def loaded_at(self, tenant: str, policy: str) -> str | None:
        """When the router last took the policy up, as it tells; null where it doesn't."""
        metadata = self._document(tenant, policy).metadata
        return metadata.loaded_at if metadata else None

    def _document(self, tenant: str, policy: str) -> answers.PolicyDocument:
        call = Call(f"reading {tenant}/{policy}", "GET", self._policy(tenant, policy))
        answer = self._ask(call, answers.PolicyDocument)
        named = (answer.info.tenant_id or tenant, answer.info.policy_id or policy)
        if named != (tenant, policy):
            raise unclear(call, "the answer is about another policy", hint="Look into the router's own log.")
        return answer

    def validate(self, document: Mapping[str, Any]) -> tuple[str, ...]:
        """What the router finds wrong with the document; empty when it is valid."""
        body = {"policy_json": document, "strict": True}
        call = Call("checking the policy", "POST", f"{self._base}/validate", body=body, reads=True)
        answer = self._ask(call, answers.Validation)
        if answer.valid:
            return ()
        said = tuple(_said(complaint) for complaint in answer.errors)
        return said or ("the router calls it invalid and does not say why",)

    def put(
        self,
        tenant: str,
        policy: str,
        document: Mapping[str, Any],
        *,
        version: str,
        comment: str,
        check: bool = True,
    ) -> PutAnswer:
        """Write a new version; sent once, never repeated. `check` false: the router needn't find it valid.

        Where the history came with an entity tag, the router is told to write only over what was read (If-Match).
        """
        call = Call(
            f"writing version {version} of {tenant}/{policy}",
            "PUT",
            self._policy(tenant, policy),
            body={
                "policy_json": document,
                "version": version,
                "validate": check,
                "dry_run": False,
                "comment": comment,
            },
            writes=True,
            match=self._tag(tenant, policy),
        )
        answer = self._write(call, tenant, policy)
        if not answer.success:
            raise AdminAnswerError(
                f"{call.doing}: the router answered that it did not", hint="Look into the router's own log."
            )
        return PutAnswer(
            new_version=answer.new_version or version,
            previous_version=answer.previous_version,
            updated_at=answer.updated_at,
        )

    def _tag(self, tenant: str, policy: str) -> str | None:
        """The policy's entity tag, while its latest version is the one of the history that was read last."""
        seen = self._tagged.known((tenant, policy))
        if seen is None:
            return None
        try:
            version, _ = self.latest(tenant, policy)
        except AdminError:
            return None  # what is to be written is as safe as with a router that has no tags
        return strong(self._http.etag) if version == highest(seen) else None

    def _write(self, call: Call, tenant: str, policy: str) -> answers.Written:
        seen = self._tagged.known((tenant, policy))
        self._tagged.forget((tenant, policy))
        try:
            return self._ask(call, answers.Written)
        except AdminAnswerError:
            if (
                call.match is None
                or self._http.status != REFUSED
                or state(self.history(tenant, policy)) != seen
            ):
                raise
        # Nothing was written, and nobody else wrote: the tag is about something else than the policy.
        return self._ask(replace(call, match=None), answers.Written)

    def reload(self, tenant: str, policy: str) -> None:
        """Make the stored policy live again."""
        path = self._config.reload_path
        for name, value in (("tenant", tenant), ("policy", policy)):
            path = path.replace(f"{{{name}}}", path_part(name, value))
        self._act(Call(f"reloading {tenant}/{policy}", "POST", "/" + path.lstrip("/")))

    def disable_all(self) -> None:
        """The global emergency switch; AdminMissingError where the router has none."""
        path = "/" + self._config.disable_path.lstrip("/")
        try:
            self._act(Call("switching every circuit breaker off", "POST", path))
        except AdminMissingError as error:
            raise AdminMissingError(
                f"the router has no global switch at {path}",
                hint="Disable policy by policy: cbops rollback --scope tenant",
            ) from error

    def _page(self, tenant: str | None, offset: int) -> Call:
        params = {"limit": str(PAGE), "offset": str(offset)}
        if tenant is not None:
            path_part("tenant", tenant)  # refuses what could not be a tenant's id
            params["tenant_id"] = tenant
        # Some servers tell `…/policies/` from `…/policies`, and have only the second.
        return Call("listing the policies", "GET", f"{self._base}/", params=params, twin=self._base)

    def _policy(self, tenant: str, policy: str) -> str:
        return f"{self._base}/{path_part('tenant', tenant)}/{path_part('policy', policy)}"

    def _ask(self, call: Call, shape: type[A]) -> A:
        answer = self._http.json(call)
        try:
            return shape.model_validate(answer)
        except ValidationError as error:
            raise _wrong_shape(call, error) from error

    def _act(self, call: Call) -> None:
        """A call whose answer matters only when it says that nothing was done."""
        answer = self._http.json(call)
        if isinstance(answer, dict) and answer.get("success") is False:
            raise AdminAnswerError(
                f"{call.doing}: the router answered that it did not", hint="Look into the router's own log."
            )


def _info(line: answers.PolicyLine) -> PolicyInfo:
    return PolicyInfo(
        tenant=line.tenant_id,
        policy=line.policy_id,
        version=line.version,
        status=line.status,
        provider_count=line.provider_count,
        has_fallbacks=line.has_fallbacks,
    )


def _said(complaint: answers.Complaint) -> str:
    where = complaint.path or complaint.field
    return f"{where}: {complaint.message}" if where else complaint.message


def _wrong_shape(call: Call, error: ValidationError) -> AdminError:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "it"
    return unclear(
        call,
        f"the answer is not what the admin API gives ({where}: {first['msg'].lower()})",
        hint="Check router.admin_url and router.base_path in cbops.yaml.",
    )
