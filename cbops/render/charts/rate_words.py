"""What the picture of the error rate says, in words and numbers."""

from __future__ import annotations

from cbops.model.base import from_ms
from cbops.model.calendar import zone
from cbops.model.spans import united
from cbops.render import text
from cbops.render.rollout_figures import RateStep, RolloutFigures, Shade

MAX_TOLD = 6  # outages that are named
_BY = {"incident": "declared", "controls": "seen on other tenants", "canary": "seen on its own calls"}


def said_by(shade: Shade) -> str:
    """Who says that there was an outage."""
    return _BY.get(shade.by, shade.by)


def rate_of(step: RateStep) -> float:
    """Failures over results; 0 without any."""
    return step.failures / step.results if step.failures and step.results else 0.0


def rate_alt(figures: RolloutFigures) -> str:
    """The rate of each side of enabling, its highest hour, the opens and the outages."""
    return " ".join((*_overall(figures), *_peak(figures), *_opens(figures), *_outages(figures)))


def _overall(figures: RolloutFigures) -> list[str]:
    told = []
    for words, days in (
        ("before enabling", [day for day in figures.days if day.number < 1]),
        ("since enabling", [day for day in figures.days if day.number >= 1]),
    ):
        known = [day for day in days if day.success is not None and day.failure is not None]
        failures = sum(day.failure or 0 for day in known)
        results = failures + sum(day.success or 0 for day in known)
        if results:
            told.append(
                f"Error rate {words}: {text.percent(failures / results)} "
                f"({text.number(failures)} of {text.counted(results, 'result')})."
            )
    return told or ["Error rate: unknown."]


def _peak(figures: RolloutFigures) -> list[str]:
    steps = [step for step in figures.steps if step.failures and step.results]
    if not steps:
        return []
    highest = max(steps, key=lambda step: (rate_of(step), -step.start))
    at = text.instant(from_ms(highest.start), zone(figures.timezone))
    minutes = text.duration((highest.end - highest.start) / 1000)
    return [f"Highest in {minutes}: {text.percent(rate_of(highest))} from {at}."]


def _opens(figures: RolloutFigures) -> list[str]:
    if not figures.episodes:
        return ["No circuit opened."]
    kinds = [each.classification for each in figures.episodes]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    length = sum(last - first for first, last in united((e.start, e.end) for e in figures.episodes)) / 1000
    left = sum(not each.closed for each in figures.episodes)
    rest = f", {left} not closed so far" if left else ""
    return [
        f"{text.counted(len(kinds), 'open')} ({counts}{rest}), not closed for {text.duration(length)} altogether."
    ]


def _outages(figures: RolloutFigures) -> list[str]:
    tz = zone(figures.timezone)
    sources: dict[tuple[str, int, int], list[str]] = {}
    for shade in figures.outages:
        sources.setdefault((shade.provider, shade.start, shade.end), []).append(said_by(shade))
    told = [
        f"Outage of {text.one_line(provider)} ({', '.join(by)}): {text.interval(from_ms(start), from_ms(end), tz)}."
        for (provider, start, end), by in sources.items()
    ]
    left = len(told) - MAX_TOLD
    return [*told[:MAX_TOLD], *([f"{text.counted(left, 'more outage')}."] if left > 0 else [])]
