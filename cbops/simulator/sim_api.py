"""Controls that only a practice router has: its clock, and a restart."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter

from cbops.model.base import as_utc, iso, to_ms
from cbops.simulator.bodies import AdvanceBody, ClockAnswer, ErrorAnswer
from cbops.simulator.problems import CallRefusedError
from cbops.simulator.router import Router

_LONGEST = timedelta(days=100)
_RESPONSES: dict[int | str, dict[str, object]] = {
    status: {"model": ErrorAnswer, "description": text}
    for status, text in {
        400: "The body is not JSON",
        401: "No key, or a wrong one",
        409: "The clock can't do that",
        413: "The body is too large",
        422: "The body is wrong",
    }.items()
}


def clock_routes(router: Router, *, virtual: bool) -> APIRouter:
    """`POST /sim/advance` and `POST /sim/restart`."""
    routes = APIRouter(prefix="/sim", responses=_RESPONSES)

    @routes.post("/advance")
    def advance(body: AdvanceBody) -> ClockAnswer:
        """Let time pass, with all that happens in it; answers when it has passed."""
        if not virtual:
            raise CallRefusedError(409, "clock_conflict", "time runs by itself here")
        router.advance_to(_target(router.now, body))
        return ClockAnswer(now=iso(router.now))

    @routes.post("/restart")
    def restart() -> ClockAnswer:
        """Restart the router: counters and circuits are gone, policies stay."""
        router.restart()
        return ClockAnswer(now=iso(router.now))

    return routes


def _target(now: datetime, body: AdvanceBody) -> int:
    """Milliseconds since the epoch."""
    if (body.to is None) == (body.seconds is None):
        raise CallRefusedError(422, "invalid_body", "give either 'to' or 'seconds'")
    if body.seconds is not None:
        return to_ms(now) + int(body.seconds * 1000)
    try:
        to = as_utc(datetime.fromisoformat(body.to or ""))
    except (ValueError, OverflowError) as error:
        raise CallRefusedError(422, "invalid_body", "to: not an ISO 8601 time") from error
    if to < now:
        raise CallRefusedError(409, "clock_conflict", f"it is {iso(now)} already")
    if to - now > _LONGEST:
        raise CallRefusedError(422, "invalid_body", f"to: more than {_LONGEST.days} days ahead")
    return to_ms(to)
