"""What Alertmanager holds of a tenant now; no command fails for want of it."""

from __future__ import annotations

from collections.abc import Callable

from cbops.errors import CbopsError
from cbops.flows.ports import AlertmanagerPort
from cbops.model.firing import FiringAlert


def firing(
    tenant: str, alertmanager: Callable[[], AlertmanagerPort | None]
) -> tuple[tuple[FiringAlert, ...] | None, tuple[str, ...]]:
    """The tenant's alerts, and warnings. Null: there is no Alertmanager, or it gave no answer and a warning says why."""
    try:
        port = alertmanager()
        if port is None:
            return None, ()
        held = port.alerts()
    except CbopsError as error:
        end = " " if error.message.endswith(("?", ".")) else ". "
        return None, (f"what fires now is not known: {error.message}{end}{error.hint or ''}".rstrip(),)
    return tuple(alert for alert in held if alert.tenant == tenant), ()


def alert_line(alert: FiringAlert) -> str:
    """`RouterCircuitBreakerOpened (warning), openai, since 2025-01-29 14:01 UTC; silenced`."""
    severity = f" ({alert.severity})" if alert.severity else ""
    provider = f", {alert.provider}" if alert.provider else ""
    quiet = {"active": "", "suppressed": "; silenced" if alert.silenced_by else "; inhibited"}
    state = quiet.get(alert.state, f"; {alert.state}")
    return f"{alert.name}{severity}{provider}, since {alert.since:%Y-%m-%d %H:%M} UTC{state}"
