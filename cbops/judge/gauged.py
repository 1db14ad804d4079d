"""The router's gauges against its counters, as measuring found them day by day."""

from __future__ import annotations

from cbops.judge.case import Case
from cbops.judge.check import Check, Status
from cbops.model.telemetry import GaugeComparison

_STATUS: dict[str, Status] = {
    "agree": "agree",
    "known": "explained",
    "contradiction": "contradiction",
    "unknown": "unknown",
}


def gauged_checks(case: Case) -> list[Check]:
    """A contradiction each; what is alike on several days (the same circuit, gauge and cause) is one check."""
    groups: dict[tuple[str, ...], list[tuple[int, GaugeComparison]]] = {}
    for day in case.observed.days:
        for one in day.gauges:
            alone = str(day.window.day) if one.status == "contradiction" else ""
            key = (one.gauge, one.provider, one.instance, one.status, one.cause or "", alone)
            groups.setdefault(key, []).append((day.window.day, one))
    return [_check(found) for _, found in sorted(groups.items())]


def _check(found: list[tuple[int, GaugeComparison]]) -> Check:
    day, last = found[-1]
    router = f" ({last.instance})" if last.instance else ""
    numbers = {**last.numbers, "provider": last.provider, "instance": last.instance, "cause": last.cause}
    text = f"day {day}{router}: {last.text}"
    return Check(f"gauge_{last.gauge}", _STATUS[last.status], text, numbers, tuple(day for day, _ in found))
