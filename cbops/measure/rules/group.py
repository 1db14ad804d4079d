"""All rules as one group, so that each sees what those before it recorded at the same instant."""

from __future__ import annotations

from cbops.measure.rules.alerting import alerts
from cbops.measure.rules.guarding import guard_alerts
from cbops.measure.rules.recordings import recordings
from cbops.measure.rules.vocabulary import Vocabulary
from cbops.model.rules import RuleGroup, RuleSettings

GROUP = "router-circuit-breaker"
INTERVAL = "30s"  # whatever the server is set to: the windows of 5m need several evaluations each


def rule_group(settings: RuleSettings) -> RuleGroup:
    """The rules; ConfigError for a remapped name that cannot stand in a rule."""
    words = Vocabulary.of(settings)
    return RuleGroup(
        name=GROUP,
        interval=INTERVAL,
        recordings=recordings(words, settings.dialect),
        alerts=(
            *alerts(words),
            *(guard_alerts(words, settings.scope.tenants) if settings.with_watch else ()),
        ),
    )
