"""The error-rate gauge against the counted rate.

The gauge is the error rate over the policy's window as of the last recorded result. Counters tell how many results
came between two scrapes and not when, so they give the bounds that no order of those results can leave; only a
gauge outside of them contradicts. Source: the breaker's section of the domain description.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite

from cbops.measure.counting import increments
from cbops.measure.gauged_circuit import OPERATOR, Circuit
from cbops.measure.names import ERROR_RATE, EVENTS
from cbops.model.base import from_ms, iso
from cbops.model.telemetry import GaugeComparison

# Exporters round, some to two digits.
ROUNDING = 0.0051
# The server's time of a scrape and the router's own may be this far apart (ms).
JITTER_MS = 1_000
# A scrape between two lines of a page shows a result in one series and not in the other: so many, or this share.
RACES, RACES_SHARE = 3, 0.01


@dataclass(frozen=True, slots=True)
class _Results:
    """What one scrape interval (after, at] counted."""

    after: int
    at: int
    failed: int
    succeeded: int
    restart: bool


@dataclass(frozen=True, slots=True)
class _Held:
    """One gauge sample at a scrape that showed a new result, and the bounds of the counted rate."""

    at: int
    gauge: float
    low: float
    high: float
    under: frozenset[float]  # the windows (seconds) that it fits

    @property
    def fits(self) -> bool:
        return bool(self.under)

    @property
    def off(self) -> float:
        """By how much it lies outside."""
        return max(self.low - self.gauge, self.gauge - self.high)


def compare_rate(circuit: Circuit, windows: Sequence[float]) -> GaugeComparison | None:
    """`windows` (seconds) are those that the circuit may have had, the policy's first; null without such a gauge."""
    gauges = circuit.of(ERROR_RATE)
    if not gauges:
        return None
    if len(gauges) > 1:
        text = f"{circuit.provider}: {len(gauges)} series of the error rate; a label of their own splits them"
        return circuit.compared("error_rate", "unknown", text, {"series": len(gauges)}, "extra_labels")
    results = _results(circuit)
    held = list(
        _compared(circuit, dict(zip(gauges[0].times, gauges[0].values, strict=True)), results, windows)
    )
    wrong = [one for one in held if not one.fits]
    fitting = {width: sum(width in one.under for one in held) for width in windows}
    best = max(windows, key=lambda width: fitting[width])
    numbers: dict[str, float | int | str | None] = {
        "compared": len(held),
        "disagree": len(wrong),
        "window_seconds": best,
    }
    if not held:
        text = f"{circuit.provider}: no new result to compare the error rate with"
        return circuit.compared("error_rate", "unknown", text, numbers)
    if wrong:
        return _disagreement(circuit, held, wrong, numbers, max(windows))
    return _agreement(circuit, len(held), fitting, numbers)


def _agreement(
    circuit: Circuit, held: int, fitting: dict[float, int], numbers: dict[str, float | int | str | None]
) -> GaugeComparison:
    """By how many of them fit each window; the first is the policy's."""
    policy, best = next(iter(fitting)), max(fitting, key=lambda width: fitting[width])
    if fitting[best] - fitting[policy] > max(RACES, RACES_SHARE * held):
        numbers |= {"policy_window_seconds": policy, "disagree_over_policy_window": held - fitting[policy]}
        text = (
            f"{circuit.provider}: the error rate fits the counters over {best:g} s, and at {held - fitting[policy]} of "
            f"{held} scrapes not over the policy's {policy:g} s; a circuit on the default settings explains it"
        )
        return circuit.compared("error_rate", "known", text, numbers, "default_window")
    over = f"{best:g} s" if fitting[best] == held else " or ".join(f"{width:g} s" for width in fitting)
    text = f"{circuit.provider}: the error rate fits the counters over {over} at all {held} scrapes"
    return circuit.compared("error_rate", "agree", text, numbers)


def _disagreement(
    circuit: Circuit,
    held: Sequence[_Held],
    wrong: Sequence[_Held],
    numbers: dict[str, float | int | str | None],
    widest: float,
) -> GaugeComparison:
    worst = max(wrong, key=lambda one: one.off)
    numbers |= {
        "gauge": round(worst.gauge, 4),
        "counted_low": round(worst.low, 4),
        "counted_high": round(worst.high, 4),
        "at": iso(from_ms(worst.at)),
    }
    counted = f"{worst.low:.3f}" + ("" if worst.high == worst.low else f" to {worst.high:.3f}")
    told = (
        f"{circuit.provider}: the error rate's gauge is {worst.gauge:.3f} where {counted} was counted "
        f"({len(wrong)} of {len(held)} scrapes)"
    )
    if circuit.unseen:
        return circuit.compared("error_rate", "known", f"{told}; {OPERATOR}", numbers, "operator")
    if len(wrong) <= max(RACES, RACES_SHARE * len(held)):
        told += "; results that came while a page was read explain so few"
        return circuit.compared("error_rate", "known", told, numbers, "race")
    lasted = wrong[-1].at - wrong[0].at
    if lasted <= widest * 1000 + 2 * circuit.target.interval:
        told += "; for less than one window: a crash of the breaker, or an operator's call, that emptied it"
        return circuit.compared("error_rate", "known", told, numbers, "window_emptied")
    return circuit.compared("error_rate", "contradiction", told, numbers)


def _results(circuit: Circuit) -> list[_Results]:
    """Per scrape that showed any result, ascending, from all samples that there are."""
    counts: dict[int, list[int]] = {}
    for place, kind in enumerate(("failure", "success")):
        for one in circuit.of(EVENTS, event_type=kind):
            for rise in increments(one, circuit.target, -1, circuit.end):
                found = counts.setdefault(rise.at, [0, 0, rise.at])
                found[place] += round(rise.by)
                found[2] = min(found[2], rise.at if rise.after is None else rise.after)
    restarts = {at for _, at in circuit.target.restarts}
    return [
        _Results(after, at, failed, succeeded, at in restarts)
        for at, (failed, succeeded, after) in sorted(counts.items())
    ]


def _compared(
    circuit: Circuit, gauge: dict[int, float], results: Sequence[_Results], windows: Sequence[float]
) -> Iterator[_Held]:
    """At each scrape of the window that showed a result; the bounds are those of the window that fits best."""
    begun = min(circuit.target.times, default=0)
    for index, last in enumerate(results):
        if not circuit.start < last.at <= circuit.end or not isfinite(gauge.get(last.at, inf)):
            continue  # a NaN says nothing
        known = [width for width in windows if last.after - width * 1000 - JITTER_MS >= begun]
        if len(known) < len(windows) and not last.restart:
            continue  # what was in the window before the first scrape is not known
        bounds = {width: bounds_of(results, index, width * 1000) for width in windows}
        value = gauge[last.at]
        fits = frozenset(w for w, (low, high) in bounds.items() if low - ROUNDING <= value <= high + ROUNDING)
        low, high = min(bounds.values(), key=lambda bound: max(bound[0] - value, value - bound[1]))
        yield _Held(last.at, value, low, high, fits)


def bounds_of(results: Sequence[_Results], index: int, width: float) -> tuple[float, float]:
    """The least and the greatest error rate that the window (ms) can have held at the last result of that scrape.

    All results of an interval are in the window before any of an older one is; of the oldest, any part may be.
    """
    last = results[index]
    bounds: list[float] = []
    failed = succeeded = 0
    for place in range(index, -1, -1):
        one = results[place]
        if place != index and one.at < last.after - width - JITTER_MS:
            break
        if one.after < last.at - width + JITTER_MS:
            bounds += _with_part(failed, succeeded, one)
        failed, succeeded = failed + one.failed, succeeded + one.succeeded
        if one.restart:
            break
    if not bounds:
        bounds.append(failed / (failed + succeeded))
    return min(bounds), max(bounds)


def _with_part(failed: int, succeeded: int, part: _Results) -> tuple[float, float]:
    """The least and the greatest rate with any of those results; at least one result is there."""
    least = failed + succeeded + part.succeeded
    most = failed + part.failed + succeeded
    return failed / least if least else 1.0, (failed + part.failed) / most if most else 0.0
