"""The state gauge against the transitions, in whichever way a router keeps it.

Source: 'The state gauge sticks' in the domain description: each state is its own series, and none is set back.
A gauge without a state label, or one that is set back, tells the present state and is held against that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from cbops.measure.gauged_circuit import OPERATOR, RACE, Circuit, Known, Lone, span
from cbops.measure.names import STATE
from cbops.model.observation import State
from cbops.model.series import Series
from cbops.model.telemetry import GaugeComparison

VALUES: dict[State, int] = {"closed": 0, "open": 1, "half_open": 2}
_STATES = {float(value): state for state, value in VALUES.items()}


def compare_state(circuit: Circuit) -> GaugeComparison | None:
    """Null where the router doesn't export the gauge for this tenant, or the circuit never moved."""
    if STATE not in circuit.exported:
        return None
    gauges = circuit.of(STATE)
    present = [one for one in gauges if "state" not in one.labels]
    if present:
        return _present(circuit, list(_claims(circuit, present)))
    for state in VALUES:
        if (found := _one_state(circuit, state)) is not None:
            return found
    return _sticking(circuit) if gauges else None


def _one_state(circuit: Circuit, state: State) -> GaugeComparison | None:
    """What is wrong with the series of one state; null when nothing is."""
    mine, moves = circuit.of(STATE, state=state), circuit.moves(state)
    wrong = {value for one in mine for value in one.values} - {0.0, float(VALUES[state])}
    numbers: dict[str, float | int | str | None] = {"state": state, "transitions": circuit.rise(moves)}
    if wrong:
        text = f"{circuit.provider}: the gauge of {state} holds {min(wrong):g} and not {VALUES[state]}"
        return circuit.compared("state", "contradiction", text, numbers | {"gauge": min(wrong)})
    if state == "closed":
        # A circuit begins closed, and its value is 0: the series tells nothing that a counter could deny.
        return None
    if any(0.0 in one.values for one in mine):
        return _set_back(circuit, state, mine)
    if times := circuit.alone(mine, moves):
        told = f"{circuit.provider}: the gauge says {state} ({VALUES[state]}), with 0 transitions to {state}"
        numbers |= {"gauge": VALUES[state], "transitions": 0}
        return circuit.unmatched("state", Lone(told, numbers, times, mine, moves), state)
    if times := circuit.alone(moves, mine):
        told = f"{circuit.provider}: transitions to {state}, and no gauge of that state"
        return circuit.unmatched("state", Lone(told, numbers | {"gauge": None}, times, (), mine))
    return None


def _sticking(circuit: Circuit) -> GaugeComparison:
    shown = [state for state in VALUES if any(one.values[-1] > 0 for one in circuit.of(STATE, state=state))]
    now = circuit.state_at(circuit.end)
    numbers: dict[str, float | int | str | None] = {
        "state": now,
        "gauge_open": 1 if "open" in shown else None,
        "opens": circuit.rise(circuit.moves("open")),
        "open_now": int(now == "open"),
    }
    stuck = [state for state in shown if state != now]
    if stuck:
        text = f"{circuit.provider}: the gauge still says {' and '.join(stuck)}, and the circuit is {now}"
        return circuit.compared("state", "known", f"{text}: the gauge sticks", numbers, "sticking")
    return circuit.compared("state", "agree", f"{circuit.provider}: {now} by gauge and counters", numbers)


def _set_back(circuit: Circuit, state: State, mine: tuple[Series, ...]) -> GaugeComparison | None:
    """A router that does set its gauges back: then each sample must be true."""
    claims = [
        (at, state, value != 0)
        for one in mine
        for at, value in zip(one.times, one.values, strict=True)
        if circuit.start < at <= circuit.end
    ]
    found = _present(circuit, claims)
    return found if found.status != "agree" else None


Claim = tuple[int, State, bool]  # at that scrape the circuit is, or is not, in that state


def _claims(circuit: Circuit, series: list[Series]) -> Iterator[Claim]:
    for one in series:
        for at, value in zip(one.times, one.values, strict=True):
            state = _STATES.get(value)
            if state is not None and circuit.start < at <= circuit.end:
                yield at, state, True


def _present(circuit: Circuit, claims: list[Claim]) -> GaugeComparison:
    """Each claim against the states that the counters allow at that scrape, or at one beside it."""
    slack = circuit.target.interval * 1.5
    wrong = sorted(at for at, state, holds in claims if not _allowed(circuit.walked, at, state, holds, slack))
    now = circuit.state_at(circuit.end)
    numbers: dict[str, float | int | str | None] = {
        "state": now,
        "compared": len(claims),
        "wrong": len(wrong),
    }
    if len(wrong) <= RACE:
        return circuit.compared("state", "agree", f"{circuit.provider}: {now} by gauge and counters", numbers)
    claimed = next(state for at, state, _ in claims if at == wrong[0])
    told = f"{circuit.provider}: the gauge and the counters differ at {len(wrong)} of {len(claims)} scrapes"
    numbers |= {"gauge": VALUES[claimed], "counted": circuit.state_at(wrong[0])} | span(wrong)
    if circuit.unseen:
        return circuit.compared("state", "known", f"{told}; {OPERATOR}", numbers, "operator")
    return circuit.compared("state", "contradiction", told, numbers)


def _allowed(walked: tuple[Known, ...], at: int, state: State, holds: bool, slack: float) -> bool:
    times = [known.at for known in walked]
    first = max(0, bisect_left(times, at - slack) - 1)
    near = [known for known in walked[first:] if known.at <= at + slack]
    if not near:
        return True
    states = set(near[0].states if near[0].at >= at - slack else (near[0].state,))
    states = states.union(*(known.states for known in near[1:]))
    return state in states if holds else states != {state}
