"""cbops.yaml, typed; every default is here and nowhere else."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cbops.model.base import Frozen, by_default
from cbops.model.config_checklist import ChecklistConfig
from cbops.model.config_connection import RetriesConfig as RetriesConfig
from cbops.model.config_connection import TlsConfig as TlsConfig
from cbops.model.config_guard import GuardConfig
from cbops.model.config_notifications import NotificationsConfig
from cbops.model.config_safeguards import ApprovalsConfig, Freezes, SigningConfig
from cbops.model.config_secrets import AuthConfig, HeaderSecret, SecretSource
from cbops.model.config_tickets import TicketsConfig


class RouterConfig(Frozen):
    """The router's admin API."""

    admin_url: str = "http://127.0.0.1:8080"
    base_path: str = "/api/v1/admin/policies"
    reload_path: str = "/admin/policies/{tenant}/{policy}/reload"
    disable_path: str = "/admin/circuit-breaker/disable"  # the global switch
    auth: AuthConfig = by_default(AuthConfig)
    tls: TlsConfig = by_default(TlsConfig)
    timeout_seconds: float = Field(default=10, gt=0, le=600)
    retries: RetriesConfig = by_default(RetriesConfig)  # of what only reads


class BasicAuth(Frozen):
    """User and password, sent as an Authorization header."""

    username: str
    password: SecretSource


class EndpointConfig(Frozen):
    """How a server that is only read from is spoken to: who asks, over which connection, how patiently."""

    headers: dict[str, str | HeaderSecret] = {}
    basic_auth: BasicAuth | None = None
    tls: TlsConfig = by_default(TlsConfig)
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    retries: RetriesConfig = by_default(RetriesConfig)


class MetricsConfig(EndpointConfig):
    """Where samples come from, and what the series are called there.

    `names` maps a metric's documented name to the server's; `labels` does so for labels
    (tenant_id, provider_id, event_type, policy_id, reason, instance).
    """

    source: Literal["prometheus", "embedded"] = "prometheus"
    url: str = "http://127.0.0.1:9090"
    path: str = "samples.db"  # the embedded store
    max_answer_mib: int = Field(default=512, ge=1, le=16_384)
    dialect: Literal["auto", "router", "documented"] = "auto"
    job: str | None = None  # the routers' scrape job; narrows what `up` is read of
    names: dict[str, str] = {}
    labels: dict[str, str] = {}
    denied_without_fallback: Literal["sent", "rejected"] = "sent"


class AlertsConfig(EndpointConfig):
    """Alertmanager, where there is one."""

    alertmanager_url: str | None = None
    timeout_seconds: float = Field(default=5, gt=0, le=600)


class OpenBudget(Frozen):
    """Unexpected opens that turn 'extend' into 'rollback': more than `opens` on each of `days` days."""

    opens: int = Field(default=3, ge=0)
    days: int = Field(default=2, ge=1)


class ShadowConfig(Frozen):
    """A criterion of one's own, measured and shown beside the five; only a `binding` one can hold a rollout up.

    `query`: PromQL with the places `{tenant}`, `{provider}`, `{range}` (the day's length), giving one number a day.
    `margin`: how much worse than before it may become: a number in the query's own unit, or a share of what it was
    before ("5 %").
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    query: str = Field(min_length=1, max_length=2000)
    direction: Literal["lower_is_better", "higher_is_better"]
    margin: Annotated[float, Field(ge=0)] | Annotated[str, Field(pattern=r"^\d{1,6}(\.\d{1,6})? ?%$")]
    binding: bool = False

    @property
    def share(self) -> float | None:
        """The margin as a share of what it was before; null where it is in the query's unit."""
        return float(self.margin.rstrip(" %")) / 100 if isinstance(self.margin, str) else None


MAX_SHADOWS = 10  # each is a request for every day


def _differ(shadows: tuple[ShadowConfig, ...]) -> tuple[ShadowConfig, ...]:
    """ValueError where two have the same id."""
    names = [shadow.id for shadow in shadows]
    if len(set(names)) < len(names):
        raise ValueError("two shadow criteria have the same id")
    return shadows


class CriteriaConfig(Frozen):
    """Margins and confidence of the five criteria."""

    error_rate_margin: float = Field(default=0.005, gt=0, lt=1)  # 0.5 percentage points
    latency_margin: float = Field(default=0.05, gt=0, lt=1)  # 5 %
    p95_binding: Literal["auto", "never"] = "auto"  # auto: where the histogram's buckets allow
    false_met: float = Field(default=0.05, gt=0, lt=0.5)  # one-sided
    false_missed: float = Field(default=0.025, gt=0, lt=0.5)  # one-sided
    min_full_days: int = Field(default=3, ge=1, le=7)
    min_coverage: float = Field(default=0.9, gt=0, le=1)  # share of scrapes that a day needs to count
    recovery_margin_seconds: int = Field(default=300, ge=0)
    unexpected_opens_budget: OpenBudget = by_default(OpenBudget)
    shadow: Annotated[tuple[ShadowConfig, ...], Field(max_length=MAX_SHADOWS), AfterValidator(_differ)] = ()


class SelectionConfig(Frozen):
    """What makes a tenant a canary: under this many requests per minute in its busiest hour."""

    max_requests_per_minute: float = Field(default=100, gt=0)
    traffic_days: int = Field(default=7, ge=1, le=30)


class Config(Frozen):
    """cbops.yaml."""

    version: Literal[1] = 1
    router: RouterConfig = by_default(RouterConfig)
    metrics: MetricsConfig = by_default(MetricsConfig)
    alerts: AlertsConfig = by_default(AlertsConfig)
    tenants: str = "tenants.yaml"
    rollouts: str = "rollouts"
    templates: Annotated[str, Field(min_length=1)] | None = None  # the folder of the user's own
    timezone: str = "UTC"
    baseline_days: int = Field(default=7, ge=0, le=60)
    criteria: CriteriaConfig = by_default(CriteriaConfig)
    selection: SelectionConfig = by_default(SelectionConfig)
    checklist: ChecklistConfig = by_default(ChecklistConfig)
    guard: GuardConfig = by_default(GuardConfig)
    tickets: TicketsConfig = by_default(TicketsConfig)
    notifications: NotificationsConfig = by_default(NotificationsConfig)
    freezes: Freezes = ()
    approvals: ApprovalsConfig = by_default(ApprovalsConfig)
    signing: SigningConfig = by_default(SigningConfig)
