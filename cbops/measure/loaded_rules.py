"""Which of the alert rules that a server has loaded are about circuit breakers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cbops.measure.names import BREAKER_NAMES, server_name
from cbops.model.config import MetricsConfig
from cbops.model.telemetry import LoadedRule

TENANT_LABEL = "tenant_id"
MAX_RULES = 60
_ALERT = re.compile(r"circuit_?breaker", re.IGNORECASE)


def breaker_rules(rules: Iterable[LoadedRule], config: MetricsConfig) -> tuple[tuple[LoadedRule, ...], int]:
    """Those whose name or expression names a breaker's metric, as documented or as remapped; and how many more
    there are than a day's record keeps.
    """
    names = sorted({name for each in BREAKER_NAMES for name in (each, server_name(config, each))})
    metrics = re.compile("|".join(rf"(?<![\w:]){re.escape(name)}(?![\w:])" for name in names))
    found = [
        rule
        for rule in rules
        if _ALERT.search(rule.name) or _ALERT.search(rule.expression) or metrics.search(rule.expression)
    ]
    kept = found[:MAX_RULES]
    if (label := config.labels.get(TENANT_LABEL, TENANT_LABEL)) != TENANT_LABEL:
        kept = [rule.model_copy(update={"tenant_label": label}) for rule in kept]
    return tuple(kept), len(found[MAX_RULES:])
