"""Controls that only a practice router has: its clock, a restart, and outages of providers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter

from cbops.model.base import as_utc, iso, to_ms
from cbops.simulator.bodies import (
    AdvanceBy,
    AdvanceTo,
    ClockAnswer,
    ErrorAnswer,
    OutageAnswer,
    OutageBody,
)
from cbops.simulator.problems import CallRefusedError
from cbops.simulator.router import Router

_LONGEST = timedelta(days=31)
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
    """`POST /sim/advance`, `POST /sim/restart` and `POST /sim/outage`."""
    routes = APIRouter(prefix="/sim", responses=_RESPONSES)

    @routes.post("/advance")
    def advance(body: AdvanceTo | AdvanceBy) -> ClockAnswer:
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

    @routes.post("/outage")
    def outage(body: OutageBody) -> OutageAnswer:
        """Let a provider fail for a while, beside the scenario's own outages."""
        end = router.fail(body.provider, body.seconds, failure=body.failure, latency=body.latency)
        return OutageAnswer(provider=body.provider, until=iso(end))

    return routes


def _target(now: datetime, body: AdvanceTo | AdvanceBy) -> int:
    """Milliseconds since the epoch."""
    if isinstance(body, AdvanceBy):
        return to_ms(now) + int(body.seconds * 1000)
    try:
        to = as_utc(body.to)
    except ValueError:
        to = body.to.replace(tzinfo=UTC)  # the first or last day that there is
    if to < now:
        raise CallRefusedError(409, "clock_conflict", f"it is {iso(now)} already")
    if to - now > _LONGEST:
        raise CallRefusedError(409, "clock_conflict", f"that is more than {_LONGEST.days} days ahead")
    return to_ms(to)
