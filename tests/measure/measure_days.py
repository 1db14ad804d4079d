"""A quiet day of one tenant on one router, and what is measured of it."""

from __future__ import annotations

from measure_samples import (
    DAY_S,
    DECISIONS,
    ERROR_RATE,
    EVENTS,
    LATENCY,
    TARGET,
    TRANSITIONS,
    Memory,
    series,
    up,
    window,
)

from cbops.measure import gather_day, measure_day
from cbops.model.config import MetricsConfig
from cbops.model.observation import Observation

CONFIG = MetricsConfig()
ROUTER = {"instance": "a:9001", "job": "router"}
CANARY = {"tenant_id": "t1", **ROUTER}
OPENAI = {"provider_id": "openai", **CANARY}
MINUTES = range(-1200, 86_460, 60)


def day(points: dict[int, float]) -> dict[int, float]:
    return {DAY_S + offset: value for offset, value in points.items()}


def flat(value: float, begin: int = -1200, end: int = 86_400) -> dict[int, float]:
    return day({offset: value for offset in MINUTES if begin <= offset <= end})


def growing(per_minute: float, begin: int = -1200, end: int = 86_400) -> dict[int, float]:
    return day({offset: (offset + 1260) / 60 * per_minute for offset in MINUTES if begin <= offset <= end})


def traffic() -> list:
    return [
        series(EVENTS, growing(10), event_type="success", **OPENAI),
        series(EVENTS, growing(1), event_type="failure", **OPENAI),
        series(DECISIONS, growing(11), policy_id="p1", reason="weighted", **CANARY),
        series(ERROR_RATE, flat(1 / 11), **OPENAI),
        series(f"{LATENCY}_count", growing(11), **OPENAI),
        series(f"{LATENCY}_sum", growing(2200), **OPENAI),
        series(f"{LATENCY}_bucket", growing(11), le="400", **OPENAI),
        series(f"{LATENCY}_bucket", growing(11), le="+Inf", **OPENAI),
        up([DAY_S + offset for offset in MINUTES], **ROUTER),
    ]


def moved(points: dict[int, float], source: str, target: str, **labels: str):
    return series(TRANSITIONS, points, **{**OPENAI, "from": source, "to": target, **labels})


def measured(
    *found, config: MetricsConfig = CONFIG, providers: tuple[str, ...] = (), kind: str = "prometheus", **when
) -> Observation:
    over = window(**when)
    samples = gather_day(Memory(*found).fetch, kind, TARGET, over, config, providers)
    return measure_day(TARGET, over, over.end, samples, config, known_providers=providers)


def codes(observation: Observation) -> set[str]:
    return {finding.code for finding in observation.findings}


def again(found: list, name: str | None = None, shift: int = 0, **labels: str) -> list:
    """The same series with other labels (an empty value removes one), under another name, scraped later."""
    return [
        series(
            one.name if name is None else name,
            {at // 1000 + shift: value for at, value in zip(one.times, one.values, strict=True)},
            **{key: value for key, value in {**one.labels, **labels}.items() if value},
        )
        for one in found
    ]
