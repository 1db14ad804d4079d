"""The figures of a replay, policies side by side; shared by the terminal, the log and the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cbops.model.forecast import Forecast, ForecastTotals
from cbops.render import text

NOTHING = "none"
NO_OUTAGE = "no outage"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what it is, and each policy's value in their order."""

    label: str
    values: tuple[str, ...]


def side_by_side(forecast: Forecast) -> tuple[Figure, ...]:
    """Every figure of every policy; a time without any outage to take it from is `none`."""
    totals = [policy.totals for policy in forecast.policies]
    return tuple(Figure(label, tuple(told(each) for each in totals)) for label, told in _FIGURES)


def span(ms: int | None) -> str:
    """A length of time; `none` where there is none."""
    if ms is None:
        return NOTHING
    return f"{ms} ms" if 0 < ms < 1000 else text.duration(ms / 1000)


def _counts(field: str) -> Callable[[ForecastTotals], str]:
    return lambda totals: text.number(getattr(totals, field))


def _missed(totals: ForecastTotals) -> str:
    if not totals.outages:
        return NO_OUTAGE
    return f"{text.number(totals.outages_missed)} of {text.number(totals.outages)}"


_FIGURES: tuple[tuple[str, Callable[[ForecastTotals], str]], ...] = (
    ("opens", _counts("opens")),
    ("opens, expected", _counts("expected")),
    ("opens, unexpected", _counts("unexpected")),
    ("opens, unexplained", _counts("unexplained")),
    ("opens, one failure", _counts("single_failure")),
    ("reopened", _counts("reopened")),
    ("calls failed fast", _counts("fail_fast")),
    ("failing calls saved", _counts("saved")),
    ("good calls rejected", _counts("rejected")),
    ("failing calls through", _counts("failed_through")),
    ("outages missed", _missed),
    ("time to open (median)", lambda totals: span(totals.opened_after_ms)),
    ("time to close (median)", lambda totals: span(totals.closed_after_ms)),
    ("wedged circuits", _counts("wedged")),
)
