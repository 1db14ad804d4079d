"""What watches: the alerts, and the scraping itself."""

from __future__ import annotations

from cbops.measure.names import ALERTS, EVENTS, server_name
from cbops.measure.panels.counting import RANGE, over
from cbops.measure.panels.words import CIRCUIT, PROVIDER, TENANT, Words
from cbops.model.dashboard import BoardPanel, BoardQuery

YARDSTICK = "1d"


def alerts_now(words: Words) -> BoardPanel:
    """What fires, and for how long it did."""
    by = f"alertname, severity, {words.circuit}"
    found = f"max by ({by}) ({_alerts(words)})"
    none = "or on () vector(0)"
    return BoardPanel(
        id=16,
        title="Active alerts",
        description=(
            "Alerts of the breaker that fire at the end of the range ('firing' 1), and for how long they fired in it. 0 without "
            "a name: none. Alerts fire only where the rules are loaded: cbops alerts render."
        ),
        kind="table",
        unit="alert",
        queries=(
            BoardQuery(id="alerts_now", expr=f"{found}\n{none}", legend="firing", instant=True),
            BoardQuery(
                id="alerts_time",
                expr=f"{over(f'60 * {found}', RANGE)}\n{none}",
                legend="fired for",
                instant=True,
                unit="seconds",
            ),
        ),
        width=12,
        height=7,
    )


def alerts_over_time(words: Words) -> BoardPanel:
    """A row per alert."""
    by = f"alertname, severity, {words.circuit}"
    return BoardPanel(
        id=17,
        title="Alerts over time",
        description=(
            "When each alert of the breaker fired. Look for: an open (above) with no alert, an alert with no open, and alerts "
            "that come and go. A row without a name is 'none'."
        ),
        kind="timeline",
        unit="alert",
        queries=(
            BoardQuery(
                id="alerts_over_time",
                expr=f"max by ({by}) ({_alerts(words)})\nor on () vector(0)",
                legend="{{alertname}} " + words.legend(*CIRCUIT, between=" "),
            ),
        ),
        width=12,
        height=7,
    )


def _alerts(words: Words) -> str:
    """The tenant or the provider may be missing: one alert has no provider."""
    label = words.everyone.label
    found = (
        f"{server_name(words.everyone.config, ALERTS)}{{"
        f'alertstate="firing",alertname=~".*CircuitBreaker.*",'
        f'{label("tenant_id")}=~"{TENANT}|",{label("provider_id")}=~"{PROVIDER}|"}}'
    )
    # Without a staleness marker the server would hand out a resolved alert for five minutes more.
    return f"{found} and last_over_time({found}[2m])"


def coverage(words: Words) -> BoardPanel:
    """How much of the scraping worked."""
    target, up = words.target, words.everyone.up
    routers = f"group by ({target}) (last_over_time({_with_instance(words)}[{YARDSTICK}]))"

    def of_routers(expr: str) -> str:
        return f"({expr} and on ({target}) {routers} or {expr} unless on () {routers})"

    good = of_routers(f"sum_over_time({up}[1h])")
    most = f"max_over_time((sum_over_time({up}[1h]))[{YARDSTICK}:10m])"
    share_of = f"clamp_max(({good} or 0 * {of_routers(most)}) / {of_routers(most)}, 1)"
    return BoardPanel(
        id=18,
        title="Coverage of scrapes",
        description=(
            "Successful scrapes of each router in the last hour, against the fullest hour of the last day: failed scrapes and "
            "scrapes that never happened both lower it. What isn't scraped is unknown, not zero, so read every other panel "
            "together with this one. Look for: anything below 95 %."
        ),
        kind="lines",
        unit="share",
        queries=(
            BoardQuery(
                id="coverage",
                expr=f"max by ({target}) ({share_of})",
                legend=words.legend("job", "instance", between=" "),
            ),
        ),
        width=24,
        height=6,
    )


def _with_instance(words: Words) -> str:
    return f'{words.everyone.everyone(EVENTS)}{{{words.everyone.label("instance")}!=""}}'
