"""Mean latency per day and provider, with the bounds that the last judgement put around its change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cbops.model.observation import Observation
from cbops.model.verdict import Evaluation, Verdict


@dataclass(frozen=True, slots=True)
class LatencyDay:
    """`mean_ms` null: no result came back, or latency isn't exported."""

    day: int
    mean_ms: float | None
    p95_ms: float | None
    count: int | None


@dataclass(frozen=True, slots=True)
class ProviderLatency:
    """A provider's days. `baseline_ms`: the mean over the days before enabling, null without any.

    `margin`: by how much it may grow, as a share; `lower` and `upper`: the judge's interval of the change against the
    baseline and the controls, as shares. Null: not judged (or, of a bound, without a limit).
    """

    provider: str
    days: tuple[LatencyDay, ...]
    baseline_ms: float | None
    margin: float | None = None
    lower: float | None = None
    upper: float | None = None
    verdict: Verdict | None = None


def latencies(seen: Sequence[Observation], evaluation: Evaluation | None) -> tuple[ProviderLatency, ...]:
    """Of the providers with any latency on record: the one with most results first."""
    result = (
        next((each for each in evaluation.criteria if each.id == "latency"), None) if evaluation else None
    )
    evidence: Mapping[str, Any] = result.evidence if result else {}
    names = sorted({name for day in seen for name in day.providers})
    found = []
    for name in names:
        days = tuple(_day(day, name) for day in seen)
        if any(day.mean_ms is not None for day in days):
            judged = evidence.get("providers", {}).get(name, {})
            found.append(
                ProviderLatency(
                    provider=name,
                    days=days,
                    baseline_ms=judged.get("mean_ms_before", _baseline(days)),
                    margin=evidence.get("margin"),
                    lower=judged.get("change_lower"),
                    upper=judged.get("change_upper"),
                    verdict=result.verdict if result and judged else None,
                )
            )
    return tuple(sorted(found, key=lambda each: (-sum(day.count or 0 for day in each.days), each.provider)))


def _day(seen: Observation, provider: str) -> LatencyDay:
    figures = seen.providers.get(provider)
    if figures is None:
        return LatencyDay(seen.window.day, None, None, None)
    latency = figures.latency
    return LatencyDay(seen.window.day, latency.mean_ms, latency.p95_ms, latency.count)


def _baseline(days: Sequence[LatencyDay]) -> float | None:
    """The mean over the days before enabling, each by its results."""
    before = [(day.mean_ms, day.count) for day in days if day.day < 1]
    known = [(mean, count) for mean, count in before if mean is not None and count]
    results = sum(count for _, count in known)
    return sum(mean * count for mean, count in known) / results if results else None
