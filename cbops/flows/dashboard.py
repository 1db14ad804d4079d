"""`dashboard render`: a Grafana dashboard, a pure function of its settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cbops.errors import InputError, PolicyError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.loading import load
from cbops.flows.steps.placing import Chosen, Place
from cbops.measure.panels import board
from cbops.model.answers.dashboard import DashboardRenderAnswer, PanelListed, QueryListed
from cbops.model.config import MetricsConfig
from cbops.model.dashboard import Board, DashboardSettings, PolicyChange, ThresholdFrom
from cbops.model.policy import BreakerPolicy, parse_block
from cbops.model.state import RolloutState
from cbops.render.dashboard import dashboard_json, is_untouched, uid_of

DEFAULT_THRESHOLD = 0.5
DEFAULT_WINDOW = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; null: the rollout's, else all tenants and providers, and the default threshold."""

    tenant: str | None = None
    provider: str | None = None
    threshold: float | None = None


def settings_for(
    folder: Path | None, asked: Asked, chosen: Chosen, metrics: MetricsConfig
) -> tuple[DashboardSettings, ThresholdFrom]:
    """From the rollout and the command line, which goes before; InputError for a text that is no tenant or provider."""
    for text in (asked.tenant, asked.provider):
        if text is not None and (not text.isprintable() or not text.strip()):
            raise InputError(f"{text!r} is no tenant and no provider", hint="Use plain text.")
    state = load(folder) if folder else None
    # Another tenant than the rollout's has another policy, and changed at other times.
    mine = state if state and asked.tenant in (None, state.target.tenant) else None
    policy = _policy(mine)
    threshold, by = _threshold(asked, policy)
    return DashboardSettings(
        dialect=chosen.dialect,
        metrics=metrics,
        rollout=mine.id if mine else None,
        tenant=asked.tenant or (mine.target.tenant if mine else None),
        provider=asked.provider,
        threshold=threshold,
        window_seconds=max(1, policy.error_rate_window_seconds) if policy else DEFAULT_WINDOW,
        timeout_ms=policy.timeout_ms if policy else None,
        changes=_changes(mine) if mine else (),
    ), by


def _threshold(asked: Asked, policy: BreakerPolicy | None) -> tuple[float, ThresholdFrom]:
    if asked.threshold is not None:
        return asked.threshold, "option"
    if policy is not None:
        return policy.error_rate_threshold, "rollout"
    return DEFAULT_THRESHOLD, "default"


def _policy(state: RolloutState | None) -> BreakerPolicy | None:
    """The breaker that was enabled, else what enabling intends."""
    block = (state.block or (state.enable.block if state.enable else None)) if state else None
    if block is None:
        return None
    try:
        return parse_block(block)
    except PolicyError:  # the router ignores what it doesn't know, and so does a picture
        return None


def _changes(state: RolloutState) -> tuple[PolicyChange, ...]:
    found = [(state.enabled_at, "Breaker enabled"), (state.disabled_at, "Breaker disabled")]
    return tuple(PolicyChange(at=at, text=text) for at, text in found if at is not None)


def render(
    asked: Asked, chosen: Chosen, metrics: MetricsConfig, place: Place
) -> Outcome[DashboardRenderAnswer]:
    """Write the dashboard, or hand it over for stdout.

    ConfigError for names that can't stand in a query; ConflictError where a file stands that cbops didn't write so.
    """
    settings, by = settings_for(place.folder, asked, chosen, metrics)
    found = board(settings)
    text = dashboard_json(found, settings)
    changed = False if place.stdout else place.write(text, is_untouched)
    data = _answer(settings, chosen, found, place, text, by=by, changed=changed)
    if place.stdout:
        return Outcome(
            data=data, headline="The dashboard.", next_step="", warnings=chosen.notes, document=text
        )
    verb = "Wrote" if changed else "Nothing to change in"
    queries = sum(len(panel.queries) for panel in found.panels)
    return Outcome(
        data=data,
        headline=f"{verb} the dashboard: {place.path} ({len(found.panels)} panels, {queries} queries).",
        body=(
            f"Dialect: {settings.dialect}. Tenant: {settings.tenant or 'all'}. Provider: {settings.provider or 'all'}.",
            f"Threshold of error rates: {settings.threshold:g} ({_WHENCE[by]}).",
        ),
        next_step=(
            f"import it in Grafana (Dashboards → New → Import → {place.path.name}) and choose the server under 'Data "
            "source' at its top, or put it into the folder of a dashboard provider (provisioning/dashboards)."
        ),
        warnings=chosen.notes,
    )


_WHENCE: dict[ThresholdFrom, str] = {
    "option": "as given",
    "rollout": "the rollout's policy",
    "default": "the default: no policy is known, see --threshold",
}


def _answer(
    settings: DashboardSettings,
    chosen: Chosen,
    found: Board,
    place: Place,
    text: str,
    *,
    by: ThresholdFrom,
    changed: bool,
) -> DashboardRenderAnswer:
    return DashboardRenderAnswer(
        rollout=place.folder.name if place.folder else None,
        path=None if place.stdout else str(place.path),
        changed=changed,
        bytes=len(text.encode()),
        uid=uid_of(settings),
        title=found.title,
        dialect=settings.dialect,
        dialect_from=chosen.by,
        tenant=settings.tenant,
        provider=settings.provider,
        threshold=settings.threshold,
        threshold_from=by,
        window_seconds=settings.window_seconds,
        panels=tuple(
            PanelListed(
                id=panel.id,
                title=panel.title,
                kind=panel.kind,
                queries=tuple(
                    QueryListed(id=one.id, expr=one.expr, legend=one.legend, instant=one.instant)
                    for one in panel.queries
                ),
            )
            for panel in found.panels
        ),
        text=text if place.stdout else None,
    )
