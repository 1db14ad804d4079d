"""cbops.yaml, typed; every default is here and nowhere else."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cbops.model.base import Frozen


class AuthConfig(Frozen):
    """How requests to the admin API are signed: the header, and the variable that holds its value."""

    header: str = "x-api-key"
    env: str = "CBOPS_ADMIN_TOKEN"
    scheme: str | None = None  # "Bearer" puts that word before the value


class RouterConfig(Frozen):
    """The router's admin API."""

    admin_url: str = "http://127.0.0.1:8080"
    base_path: str = "/api/v1/admin/policies"
    reload_path: str = "/admin/policies/{tenant}/{policy}/reload"
    disable_path: str = "/admin/circuit-breaker/disable"  # the global switch
    auth: AuthConfig = AuthConfig()
    timeout_seconds: float = Field(default=10, gt=0, le=600)


class EnvValue(Frozen):
    """A value that is read from the environment, so that it never stands in a file."""

    env: str


class MetricsConfig(Frozen):
    """Where samples come from, and what the series are called there.

    `names` maps a metric's documented name to the server's; `labels` does so for labels
    (tenant_id, provider_id, event_type, policy_id, reason, instance).
    """

    source: Literal["prometheus", "embedded"] = "prometheus"
    url: str = "http://127.0.0.1:9090"
    path: str = "samples.db"  # the embedded store
    headers: dict[str, str | EnvValue] = {}
    dialect: Literal["auto", "router", "documented"] = "auto"
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    job: str | None = None  # the routers' scrape job; narrows what `up` is read of
    names: dict[str, str] = {}
    labels: dict[str, str] = {}
    denied_without_fallback: Literal["sent", "rejected"] = "sent"


class AlertsConfig(Frozen):
    """Alertmanager, where there is one."""

    alertmanager_url: str | None = None


class OpenBudget(Frozen):
    """Unexpected opens that turn 'extend' into 'rollback': more than `opens` on each of `days` days."""

    opens: int = Field(default=3, ge=0)
    days: int = Field(default=2, ge=1)


class CriteriaConfig(Frozen):
    """Margins and confidence of the five criteria."""

    error_rate_margin: float = Field(default=0.005, gt=0, lt=1)  # 0.5 percentage points
    latency_margin: float = Field(default=0.05, gt=0, lt=1)  # 5 %
    false_met: float = Field(default=0.05, gt=0, lt=0.5)  # one-sided
    false_missed: float = Field(default=0.025, gt=0, lt=0.5)  # one-sided
    min_full_days: int = Field(default=3, ge=1, le=7)
    min_coverage: float = Field(default=0.9, gt=0, le=1)  # share of scrapes that a day needs to count
    recovery_margin_seconds: int = Field(default=300, ge=0)
    unexpected_opens_budget: OpenBudget = OpenBudget()


class SelectionConfig(Frozen):
    """What makes a tenant a canary: under this many requests per minute in its busiest hour."""

    max_requests_per_minute: float = Field(default=100, gt=0)
    traffic_days: int = Field(default=7, ge=1, le=30)


class Config(Frozen):
    """cbops.yaml."""

    version: Literal[1] = 1
    router: RouterConfig = RouterConfig()
    metrics: MetricsConfig = MetricsConfig()
    alerts: AlertsConfig = AlertsConfig()
    tenants: str = "tenants.yaml"
    rollouts: str = "rollouts"
    timezone: str = "UTC"
    baseline_days: int = Field(default=7, ge=0, le=60)
    criteria: CriteriaConfig = CriteriaConfig()
    selection: SelectionConfig = SelectionConfig()
