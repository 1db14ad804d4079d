"""The practice router over HTTP: the admin API, the metrics page, and the controls of its clock."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.exceptions import HTTPException

from cbops.model.base import iso
from cbops.simulator import bodies
from cbops.simulator.admin_api import admin_routes
from cbops.simulator.dated import Dated
from cbops.simulator.guard import Guard
from cbops.simulator.problems import CallRefusedError, Code
from cbops.simulator.router import Router
from cbops.simulator.sim_api import clock_routes

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATUS_CODES: dict[int, Code] = {404: "not_found", 405: "method_not_allowed", 422: "invalid_body"}


def create_app(router: Router, token: str, *, virtual: bool = True) -> FastAPI:
    """The application. `token` opens all calls but /metrics, /health and /openapi.json.

    `virtual` false: time runs by itself, so it can't be advanced by a call (409).
    """
    app = FastAPI(
        title="cbops practice router",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(_open_routes(router))
    app.include_router(admin_routes(router), dependencies=_DOCUMENTED_KEYS)
    app.include_router(clock_routes(router, virtual=virtual), dependencies=_DOCUMENTED_KEYS)
    app.add_middleware(Guard, token=token)
    app.add_middleware(Dated, now=lambda: router.now)
    app.add_exception_handler(CallRefusedError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _failed)
    return app


# The guard has checked the key before a route is found; these only put it into the OpenAPI document.
_DOCUMENTED_KEYS = [
    Depends(APIKeyHeader(name="x-api-key", auto_error=False)),
    Depends(HTTPBearer(auto_error=False)),
]


def _open_routes(router: Router) -> APIRouter:
    routes = APIRouter()

    @routes.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> PlainTextResponse:
        """Counters and gauges in Prometheus' text format."""
        return PlainTextResponse(router.metrics(), media_type=METRICS_TYPE)

    @routes.get("/health")
    def health() -> bodies.HealthAnswer:
        """Whether the router serves."""
        return bodies.HealthAnswer(status="ok", now=iso(router.now), scenario=router.scenario.name)

    return routes


def _answer(status: int, code: Code, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CallRefusedError)
    return _answer(error.status, error.code, error.message)


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        return _answer(400, "bad_request", "the body is not JSON")
    return _answer(422, "invalid_body", f"{where}: {first['msg']}")


def _failed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    return _answer(
        error.status_code, _STATUS_CODES.get(error.status_code, "bad_request"), str(error.detail), headers
    )
