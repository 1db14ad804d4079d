"""The router's gauges and lesser counters against its counters, for each circuit of the tenant.

Source: the metrics section of the domain description. What the router is known to do (the state gauge sticks, the
trigger reason is never counted up, window statistics move only at transitions, the remaining time-out stays) is
told as known; so is what a birth, a restart, an operator's call or a label that splits the series explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cbops.measure.gauge_rates import compare_rate
from cbops.measure.gauge_states import compare_state
from cbops.measure.gauged_circuit import OPERATOR, Circuit, Lone, circuits_of
from cbops.measure.names import (
    TIMEOUT_REMAINING,
    TIMEOUT_TRANSITIONS,
    TRIGGER_REASON,
    WINDOW_FAILURES,
    WINDOW_REQUESTS,
)
from cbops.measure.targets import Targets
from cbops.model.observation import State
from cbops.model.series import Series
from cbops.model.telemetry import GaugeComparison

# The error-rate window of a policy that names none, and of a tenant without a breaker (the router's default).
DEFAULT_WINDOW_SECONDS = 60.0

_LEADS_TO: dict[str, State] = {
    "failure_threshold_exceeded": "open",
    "error_rate_threshold_exceeded": "open",
    "latency_threshold_exceeded": "open",
    "half_open_failure": "open",
    "timeout_elapsed": "half_open",
    "success_threshold_met": "closed",
}
# Counts that should be alike may differ by what was in flight at the edges.
_SLACK, _SLACK_SHARE = 5, 0.005


def compare_gauges(
    series: Sequence[Series],
    targets: Targets,
    start_ms: int,
    end_ms: int,
    *,
    window_seconds: Iterable[float] = (DEFAULT_WINDOW_SECONDS,),
) -> tuple[GaugeComparison, ...]:
    """What can be compared over (start, end], in the order of provider, router and gauge.

    `series` are all of the tenant's, raw, in documented names. `window_seconds`: the error-rate windows that its
    circuits may have had on that day (the policy's, the default's). A metric that a router doesn't export for
    the tenant is optional and not compared.
    """
    windows = tuple(dict.fromkeys((*window_seconds, DEFAULT_WINDOW_SECONDS)))
    return tuple(
        found
        for circuit in circuits_of(series, targets, start_ms, end_ms)
        for found in (
            compare_state(circuit),
            compare_rate(circuit, windows),
            _window(circuit),
            _trigger(circuit),
            *_timeout(circuit),
        )
        if found is not None
    )


def _window(circuit: Circuit) -> GaugeComparison | None:
    """Window statistics rise at transitions, by what the window holds; or else with each result."""
    requests = circuit.risen(circuit.of(WINDOW_REQUESTS))
    failures = circuit.risen(circuit.of(WINDOW_FAILURES))
    if not requests and not failures:
        return None
    moved = circuit.risen(circuit.moves())
    # A scrape in the middle of a transition shows the one now and the other with the next scrape.
    near = set(moved).union(*(_neighbours(circuit, at) for at in moved))
    stray = round(sum(by for at, by in (requests | failures).items() if at not in near))
    counted, failed, results = round(sum(requests.values())), round(sum(failures.values())), circuit.results()
    numbers: dict[str, float | int | str | None] = {
        "window_requests": counted,
        "window_failures": failed,
        "results": results,
        "transitions": round(sum(moved.values())),
        "risen_without_transition": stray,
    }
    told = f"{circuit.provider}: window statistics rose by {counted}, of them {failed} failures; {results} results"
    if failed > counted:
        return circuit.compared("window", "contradiction", f"{told}: more failures than results", numbers)
    if not stray:
        text = f"{told}; they are counted only at the {numbers['transitions']} transitions"
        return circuit.compared("window", "known", text, numbers, "moves_only_at_transitions")
    if abs(counted - results) <= _SLACK + _SLACK_SHARE * results:
        return circuit.compared("window", "agree", told, numbers)
    if circuit.unseen:
        return circuit.compared("window", "known", f"{told}; {OPERATOR}", numbers, "operator")
    text = f"{told}; {stray} of it without any transition"
    return circuit.compared("window", "contradiction", text, numbers)


def _neighbours(circuit: Circuit, at: int) -> set[int]:
    interval = round(circuit.target.interval * 1.5)
    return set(circuit.target.scrapes(at - interval - 1, at + interval))


def _trigger(circuit: Circuit) -> GaugeComparison | None:
    """A reason stands only where the circuit went to the state that it leads to, and is 1 however often."""
    triggers = circuit.of(TRIGGER_REASON)
    if TRIGGER_REASON not in circuit.exported:
        return None
    openings = circuit.rise((*circuit.moves("open"), *circuit.moves("half_open")))
    last = {one.labels.get("reason", ""): one.values[-1] for one in triggers if one.values}
    numbers: dict[str, float | int | str | None] = {"openings_and_half_openings": openings}
    numbers |= {reason: last[reason] for reason in sorted(last)}
    for reason in sorted(last):
        led = _LEADS_TO.get(reason)
        mine = [one for one in triggers if one.labels.get("reason") == reason]
        if led is None or (led == "closed" and not circuit.moves(led)):
            continue
        if times := circuit.alone(mine, circuit.moves(led)):
            told = f"{circuit.provider}: the reason {reason} stands without a transition to {led}"
            lone = Lone(told, numbers | {"transitions": 0}, times, mine, circuit.moves(led))
            return circuit.unmatched("trigger_reason", lone, led)
    opening = [one for one in triggers if _LEADS_TO.get(one.labels.get("reason", ""), "open") == "open"]
    if times := circuit.alone(circuit.moves("open"), opening):
        told = f"{circuit.provider}: the circuit opened, and no reason stands for it"
        return circuit.unmatched("trigger_reason", Lone(told, numbers, times, (), opening))
    if not triggers:
        return None
    above = max((max(one.values, default=0.0) for one in triggers), default=0.0)
    total = round(sum(one.values[-1] for one in circuit.of(TRIGGER_REASON) if one.values))
    text = f"{circuit.provider}: {openings} openings and half-openings; the reasons' sum is {total}"
    if above > 1 and total > _counted(circuit):
        return circuit.compared("trigger_reason", "contradiction", text, numbers | {"sum": total})
    text += ", as a reason is set to 1 and never counted up"
    return circuit.compared("trigger_reason", "known", text, numbers | {"sum": total}, "set_once")


def _counted(circuit: Circuit) -> float:
    """What the counters of openings and half-openings hold at their last samples."""
    moves = (*circuit.moves("open"), *circuit.moves("half_open"))
    return sum(one.values[-1] for one in moves if one.values)


def _timeout(circuit: Circuit) -> Iterator[GaugeComparison | None]:
    yield _timeout_transitions(circuit)
    yield _timeout_remaining(circuit)


def _timeout_transitions(circuit: Circuit) -> GaugeComparison | None:
    """Every half-opening is one that a time-out allowed."""
    if TIMEOUT_TRANSITIONS not in circuit.exported:
        return None
    mine = circuit.of(TIMEOUT_TRANSITIONS, transition_type="open_to_half_open")
    timed, half = circuit.rise(mine), circuit.rise(circuit.moves("half_open"))
    if not mine and not half:
        return None
    numbers: dict[str, float | int | str | None] = {"timeout_transitions": timed, "half_openings": half}
    text = f"{circuit.provider}: {timed} timeout transitions, {half} half-openings"
    restarts = sum(circuit.start < at <= circuit.end for _, at in circuit.target.restarts)
    # One scrape between the two counters, at either edge of the window.
    apart = abs(timed - half)
    if apart <= 1:
        return circuit.compared("timeout", "agree", text, numbers)
    if circuit.is_split((*mine, *circuit.moves("half_open"))):
        told = f"{text}; a label that splits the series explains it"
        return circuit.compared("timeout", "known", told, numbers, "extra_labels")
    if apart <= 1 + 2 * restarts:
        return circuit.compared("timeout", "known", f"{text}; a restart explains it", numbers, "restart")
    return circuit.compared("timeout", "contradiction", text, numbers)


def _timeout_remaining(circuit: Circuit) -> GaugeComparison | None:
    """Set while a circuit is open; what it holds after that is its last value."""
    mine = circuit.of(TIMEOUT_REMAINING)
    values = [min(one.values) for one in mine if one.values]
    if not values:
        return None
    now, last = circuit.state_at(circuit.end), max(one.values[-1] for one in mine if one.values)
    numbers: dict[str, float | int | str | None] = {"remaining_ms": last, "state": now}
    if min(values) < 0:
        text = f"{circuit.provider}: a remaining time-out of {min(values):g} ms"
        return circuit.compared("timeout", "contradiction", text, numbers | {"least_ms": min(values)})
    if times := circuit.alone(mine, circuit.moves("open")):
        told = f"{circuit.provider}: a time-out of {last:g} ms remains without a transition to open"
        lone = Lone(told, numbers | {"transitions": 0}, times, mine, circuit.moves("open"))
        return circuit.unmatched("timeout", lone, "open")
    if last > 0 and now != "open":
        text = (
            f"{circuit.provider}: {last:g} ms remain by the gauge, which stays at its last value; it is {now}"
        )
        return circuit.compared("timeout", "known", text, numbers, "stays_at_last")
    return circuit.compared("timeout", "agree", f"{circuit.provider}: {last:g} ms remain, {now}", numbers)
