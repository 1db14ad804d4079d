"""Sentences that several flows share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `canary status` starts without them
    from cbops.model.comparison import ComparisonWord
    from cbops.model.observation import LatencyFigures
    from cbops.model.policy import Change
    from cbops.model.traffic import TrafficSummary


def change_line(change: Change) -> str:
    """`path: before → after`, with absent for null."""
    return f"{change.path}: {_value(change.before)} → {_value(change.after)}"


def _value(value: object) -> str:
    """As the policy's JSON has it."""
    return "absent" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def change_lines(changes: tuple[Change, ...]) -> str:
    """All of them behind one another, each led in by a semicolon; empty when there are none."""
    return "".join(f"; {change_line(change)}" for change in changes)


def plural(count: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def spans(numbers: Iterable[int]) -> str:
    """Ascending numbers with runs of them drawn together: `1-3, 7`; empty for none."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def skipped_rows(traffic: TrafficSummary) -> tuple[str, ...]:
    """A warning about the rows of a trace that could not be read and were skipped; nothing where there are none."""
    if not traffic.skipped:
        return ()
    shown = [
        f"{row.file}{f':{row.line}' if row.line is not None else ''}: {row.problem}"
        for row in traffic.skipped_rows
    ]
    further = traffic.skipped - len(shown)
    more = f" and {plural(further, 'more row')}" if further > 0 and shown else ""
    return (f"{plural(traffic.skipped, 'row')} skipped: {'; '.join(shown)}{more}",)


def comparison_line(word: ComparisonWord) -> str:
    """What a person set to compare with, by whom and why."""
    parts = []
    if word.controls is not None:
        parts.append(f"controls {', '.join(word.controls)}" if word.controls else "no controls")
    if word.baseline_from is not None:
        parts.append(f"baseline {word.baseline_from} to {word.baseline_to}")
    return f"set by hand by {word.by} on {word.at:%Y-%m-%d}: {'; '.join(parts)} ({word.reason})"


def latency_words(figures: LatencyFigures) -> str:
    """'mean 245 ms, p95 312 ms (in the bucket 300 to 400)'; the percentile only where it is known."""
    if figures.mean_ms is None:
        return "mean unknown"
    mean = f"mean {figures.mean_ms:.0f} ms"
    if figures.p95_ms is None or figures.p95_bucket is None:
        return mean
    lower, upper = figures.p95_bucket.lower_ms, figures.p95_bucket.upper_ms
    if upper is None:
        return f"{mean}, p95 above {lower:g} ms (beyond the highest bucket)"
    return f"{mean}, p95 {figures.p95_ms:.0f} ms (in the bucket {lower:g} to {upper:g})"
