"""Forecasts made by hand, for whatever shows them. Texts from outside go through `tell`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from cbops.model.base import from_ms
from cbops.model.forecast import (
    CircuitForecast,
    Forecast,
    ForecastEpisode,
    ForecastTotals,
    Outage,
    Outcomes,
    PolicyForecast,
    Timeline,
    Wedge,
)
from cbops.model.observation import TransitionCounts
from cbops.model.policy import CANARY_BLOCK
from cbops.model.traffic import Circuit, TrafficSummary

Tell = Callable[[str], str]
START = datetime(2025, 1, 27, 9, tzinfo=UTC)
STEP_MS = 3_600_000  # an hour


def same(word: str) -> str:
    return word


def hours(count: float) -> datetime:
    return START + timedelta(hours=count)


def totals(**more: Any) -> ForecastTotals:
    values: dict[str, Any] = {
        "requests": 4800,
        "opens": 0,
        "expected": 0,
        "unexpected": 0,
        "unexplained": 0,
        "single_failure": 0,
        "reopened": 0,
        "fail_fast": 0,
        "saved": 0,
        "rejected": 0,
        "failed_through": 60,
        "outages": 1,
        "outages_missed": 1,
        "opened_after_ms": None,
        "closed_after_ms": None,
        "wedged": 0,
    }
    return ForecastTotals(**{**values, **more})


def episode(hour: float, length: float | None, tell: Tell = same, **more: Any) -> ForecastEpisode:
    values: dict[str, Any] = {
        "opened": hours(hour),
        "closed": None if length is None else hours(hour + length),
        "reopened": 0,
        "reason": "error_rate_threshold_exceeded",
        "window_results": 2,
        "window_failures": 1,
        "classification": "unexpected",
        "source": "trace",
        "evidence": tell("1 of 2 results failed, and no other within 10 min"),
        "denied": Outcomes(success=3),
    }
    return ForecastEpisode(**{**values, **more})


def outage(**more: Any) -> Outage:
    values: dict[str, Any] = {
        "begins": hours(10),
        "ends": hours(12),
        "source": "incident",
        "results": 80,
        "failures": 60,
        "opened_after_ms": 12_000,
        "closed_after_ms": 31_000,
    }
    return Outage(**{**values, **more})


def circuit(tell: Tell = same, number: int = 0, **more: Any) -> CircuitForecast:
    values: dict[str, Any] = {
        "circuit": Circuit(tenant=tell("tenant_canary"), provider=tell(f"openai{number or ''}")),
        "admitted": Outcomes(success=4700, failure=20),
        "denied": Outcomes(success=40, failure=40),
        "counts": TransitionCounts(open=2, half_open=3, closed=2),
        "transitions": (),
        "episodes": (
            episode(2, 0.01, tell),
            episode(
                10,
                2.1,
                tell,
                classification="expected",
                source="incident",
                evidence=tell("a declared incident of openai"),
                window_results=9,
                window_failures=5,
                reopened=4,
                reason="failure_threshold_exceeded",
                denied=Outcomes(success=37, failure=40),
            ),
        ),
        "outages": (outage(),),
        "wedge": None,
        "final_state": "closed",
    }
    return CircuitForecast(**{**values, **more})


def timeline(names: tuple[str, ...], steps: int = 48) -> Timeline:
    """Traffic in the first 40 hours; an outage in hours 10 and 11, a single failure in hour 2."""
    failures = [30 if step in (10, 11) else 1 if step == 2 else 0 for step in range(steps)]
    opened = [
        1.0 if step in (10, 11) else 0.3 if step == 2 else 0.6 if step == 12 else 0.0 for step in range(steps)
    ]
    closed = [0.0] * steps
    return Timeline(
        begins=START,
        step_ms=STEP_MS,
        results=tuple(40 if step < 40 else 0 for step in range(steps)),
        failures=tuple(failures),
        denied={name: tuple(40 if share == 1 else 0 for share in opened) for name in names},
        open={name: tuple(closed if name == "no breaker" else opened) for name in names},
    )


def forecast(tell: Tell = same, **more: Any) -> Forecast:
    """Three policies on one circuit over two days: the one asked for, the live one, and none."""
    asked = totals(
        opens=2,
        expected=1,
        unexpected=1,
        single_failure=1,
        reopened=4,
        fail_fast=80,
        saved=40,
        rejected=40,
        failed_through=20,
        outages_missed=0,
        opened_after_ms=12_000,
        closed_after_ms=31_000,
    )
    names = (tell("policy"), tell("live"), "no breaker")
    values: dict[str, Any] = {
        "traffic": TrafficSummary(
            origin="files",
            files=(tell("requests.jsonl.gz"),),
            begins=START,
            ends=hours(40),
            requests=4800,
        ),
        "policies": (
            PolicyForecast(name=names[0], block=CANARY_BLOCK, totals=asked, circuits=(circuit(tell),)),
            PolicyForecast(
                name=names[1],
                block={**CANARY_BLOCK, "timeout_ms": 60_000},
                totals=totals(opens=1, unexplained=1, fail_fast=1200, wedged=1, outages_missed=1),
                circuits=(circuit(tell, wedge=Wedge(since=hours(11), denied=Outcomes(success=1200))),),
            ),
            PolicyForecast(
                name=names[2], block=None, totals=totals(), circuits=(circuit(tell, episodes=()),)
            ),
        ),
        "timeline": timeline(names),
        "summary": (
            tell("In 1 d 16 h: 2 opens, 1 of them from a single failure at night."),
            tell("It denies 80 calls: 40 would have failed, 40 were good."),
        ),
    }
    return Forecast(**{**values, **more})


def relative(**more: Any) -> Forecast:
    """The same with times that are no dates."""
    made = forecast()
    assert made.timeline is not None
    traffic = made.traffic.model_copy(
        update={"clock": "relative", "begins": from_ms(0), "ends": from_ms(40 * STEP_MS)}
    )
    moved = made.timeline.model_copy(update={"begins": from_ms(0)})
    return made.model_copy(update={"traffic": traffic, "timeline": moved, **more})


def approximate(tell: Tell = same) -> Forecast:
    """The same, synthesised from counters."""
    made = forecast(tell)
    traffic = made.traffic.model_copy(
        update={
            "origin": "prometheus",
            "approximate": True,
            "files": (),
            "note": tell("synthesised from counters, spread evenly over each scrape interval"),
        }
    )
    return made.model_copy(update={"traffic": traffic})
