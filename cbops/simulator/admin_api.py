"""The admin API's calls, under the paths that the domain description gives them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from cbops.model.base import iso
from cbops.simulator import bodies, schema
from cbops.simulator.bodies import Id, Version
from cbops.simulator.problems import CallRefusedError
from cbops.simulator.router import Router
from cbops.simulator.store import StoredPolicy

BASE = "/api/v1/admin/policies"

_ERRORS = {
    400: "The body is not JSON, or an id has a slash in it",
    401: "No key, or a wrong one",
    404: "No such tenant, policy or version",
    409: "The version is not above the highest",
    412: "The policy no longer has the entity tag of If-Match",
    413: "The body is too large",
    422: "The body or a parameter is wrong, or the policy is invalid",
    507: "The state file could not be written",
}
Tenant = Annotated[Id, Path()]
Policy = Annotated[Id, Path()]


def _responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    return {status: {"model": bodies.ErrorAnswer, "description": _ERRORS[status]} for status in statuses}


def admin_routes(router: Router) -> APIRouter:
    """Every call of the admin API."""
    routes = APIRouter(responses=_responses(400, 401, 413, 422))
    _reading(routes, router)
    _asking(routes, router)
    _writing(routes, router)
    _acting(routes, router)
    return routes


def _reading(routes: APIRouter, router: Router) -> None:
    @routes.get(BASE, include_in_schema=False)
    @routes.get(f"{BASE}/")
    def policies(
        tenant_id: str | None = None,
        policy_id: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    ) -> bodies.PolicyList:
        """The policies, by page, in order of tenant and policy."""
        found = router.policies(tenant_id, policy_id)
        page = [_line(each) for each in found[offset : offset + limit]]
        return bodies.PolicyList(policies=page, total=len(found), limit=limit, offset=offset)

    @routes.get(f"{BASE}/{{tenant}}/{{policy}}", responses=_responses(404))
    def policy(
        tenant: Tenant, policy: Policy, response: Response, version: Version | None = None
    ) -> bodies.PolicyAnswer:
        """One version, by default the latest, which need not be the live one."""
        stored = router.policy(tenant, policy)
        _tag(response, router, stored)
        found = stored.latest if version is None else stored.find(version)
        if found is None:
            raise CallRefusedError(404, "not_found", f"policy '{policy}' has no version '{version}'")
        requests, last = router.usage(tenant, policy)
        return bodies.PolicyAnswer(
            info=bodies.Info(
                tenant_id=tenant,
                policy_id=policy,
                version=found.version,
                status=_status(stored, found.version),
            ),
            policy_json=found.document,
            metadata=bodies.Metadata(
                schema_version="1.0",
                loaded_at=router.loaded_at(tenant, policy),
                last_used_at=last,
                request_count=requests,
            ),
        )

    @routes.get(f"{BASE}/{{tenant}}/{{policy}}/history", responses=_responses(404))
    def history(
        tenant: Tenant, policy: Policy, response: Response, limit: Annotated[int, Query(ge=1, le=1000)] = 50
    ) -> bodies.HistoryAnswer:
        """The versions, the newest first."""
        stored = router.policy(tenant, policy)
        _tag(response, router, stored)
        return bodies.HistoryAnswer(
            versions=[
                bodies.HistoryLine(
                    version=each.version,
                    policy_json=each.document,
                    created_at=each.created_at,
                    created_by=each.created_by,
                    comment=each.comment,
                    is_active=each.version == stored.active,
                )
                for each in reversed(stored.versions[-limit:])
            ]
        )


def _asking(routes: APIRouter, router: Router) -> None:
    @routes.post(f"{BASE}/validate")
    def validate(body: bodies.ValidateBody) -> bodies.ValidateAnswer:
        """What is wrong with a document; nothing is written."""
        wrong = schema.errors(body.policy_json)
        ignored = schema.warnings(body.policy_json) if body.strict else ()
        return bodies.ValidateAnswer(valid=not wrong, errors=_lines(wrong), warnings=_lines(ignored))

    @routes.post(f"{BASE}/dry-run", responses=_responses(404))
    def dry_run(body: bodies.DryRunBody) -> bodies.DryRunAnswer:
        """Where a request would go now; nothing is counted."""
        decided = router.dry_run(body.tenant_id, body.policy_id, body.request.context)
        return bodies.DryRunAnswer(
            provider_id=decided.provider,
            reason=decided.reason,
            steps=list(decided.steps),
            context=body.request.context,
            metadata=bodies.DryRunMetadata(version=decided.version),
        )


def _writing(routes: APIRouter, router: Router) -> None:
    @routes.put(f"{BASE}/{{tenant}}/{{policy}}", responses=_responses(409, 412, 507))
    def put(
        tenant: Tenant,
        policy: Policy,
        body: bodies.PutBody,
        if_match: Annotated[str | None, Header(max_length=256)] = None,
    ) -> bodies.PutAnswer:
        """Write a new version, which is live from then on (or from the next reload on, where so set up)."""
        written = router.put(
            tenant,
            policy,
            body.policy_json,
            version=body.version,
            check=body.check,
            dry=body.dry_run,
            comment=body.comment,
            **_match(router, if_match),
        )
        return bodies.PutAnswer(
            success=True,
            new_version=written.version,
            previous_version=written.previous,
            updated_at=written.at,
        )

    @routes.post(f"{BASE}/{{tenant}}/{{policy}}/rollback", responses=_responses(404, 507))
    def rollback(tenant: Tenant, policy: Policy, body: bodies.RollbackBody) -> bodies.RollbackAnswer:
        """Make an older version live again; no version is written."""
        done = router.roll_back(tenant, policy, body.target_version)
        return bodies.RollbackAnswer(
            success=True,
            current_version=done.version,
            previous_version=done.previous,
            rolled_back_at=done.at,
        )


def _tag(response: Response, router: Router, stored: StoredPolicy) -> None:
    if router.etags:
        response.headers["etag"] = stored.etag


def _match(router: Router, tag: str | None) -> dict[str, str]:
    """What a write must find; nothing where the router has no tags, or `*` asks for any."""
    return {"match": tag} if router.etags and tag not in (None, "*") else {}


def _acting(routes: APIRouter, router: Router) -> None:
    @routes.post("/admin/policies/{tenant}/{policy}/reload", responses=_responses(404, 507))
    def reload(tenant: Tenant, policy: Policy) -> bodies.ReloadAnswer:
        """Take the live version up again from the store."""
        stored = router.reload(tenant, policy)
        return bodies.ReloadAnswer(
            success=True,
            tenant_id=tenant,
            policy_id=policy,
            version=stored.active,
            reloaded_at=iso(router.now),
        )

    @routes.post("/admin/circuit-breaker/disable")
    def disable() -> bodies.DisableAnswer:
        """The emergency switch for the whole router: no circuit is asked until it restarts."""
        router.disable_breakers()
        return bodies.DisableAnswer(success=True, disabled_at=iso(router.now))


def _status(stored: StoredPolicy, version: str) -> bodies.Status:
    return "active" if version == stored.active else "inactive"


def _line(stored: StoredPolicy) -> bodies.PolicyLine:
    latest = stored.latest
    providers = latest.document.get("providers")
    return bodies.PolicyLine(
        tenant_id=stored.tenant,
        policy_id=stored.policy,
        version=latest.version,
        status=_status(stored, latest.version),
        created_at=stored.versions[0].created_at,
        updated_at=stored.updated_at,
        provider_count=len(providers) if isinstance(providers, list) else 0,
        has_fallbacks=bool(latest.document.get("fallbacks")),
        has_extensions=bool(latest.document.get("extensions")),
    )


def _lines(complaints: tuple[schema.Complaint, ...]) -> list[bodies.ComplaintLine]:
    return [
        bodies.ComplaintLine(field=each.field, message=each.message, path=each.path) for each in complaints
    ]
