"""The rules that a server lists as loaded: `/api/v1/rules` of Prometheus' HTTP API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from cbops.model.base import as_utc
from cbops.model.telemetry import LoadedRule


def loaded_rules(data: object) -> tuple[LoadedRule, ...]:
    """Every alert rule, in the server's order; ValueError where that is no list of rules."""
    try:
        return tuple(_rules(data))
    except (KeyError, TypeError, AttributeError, ValidationError):
        raise ValueError("no list of rules") from None


def _rules(data: Any) -> Iterator[LoadedRule]:  # noqa: ANN401 - as the server sent it
    for group in data["groups"]:
        for rule in group["rules"]:
            if rule.get("type", "alerting") == "alerting":
                yield _rule(group, rule)


def _rule(group: dict[str, Any], rule: dict[str, Any]) -> LoadedRule:
    return LoadedRule(
        name=rule["name"],
        group=group["name"],
        file=group.get("file") or "",
        expression=rule["query"],
        for_seconds=rule.get("duration") or 0,
        keep_firing_seconds=rule.get("keepFiringFor") or 0,
        labels=rule.get("labels") or {},
        health=rule.get("health") or "unknown",
        last_error=rule.get("lastError") or None,
        last_evaluation=_instant(rule.get("lastEvaluation")),
        interval_seconds=group.get("interval") or None,
    )


def _instant(text: object) -> datetime | None:
    """The time of the last evaluation; null for the year 1, which is how a server says never."""
    try:
        at = as_utc(datetime.fromisoformat(str(text)))
    except (ValueError, OverflowError):
        return None
    return at if at.year > 1 else None
