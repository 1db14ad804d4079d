"""The guard's judgement, without a clock: a state and a reading give the next state, and which bounds broke.

"No data" is neither health nor a breach: it leaves every count of readings as it is. How long it lasted is counted, and
that has a bound of its own. Source: the domain description (the breaker's rules, the truths about the metrics).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cbops.model.config_guard import GuardAction, GuardConfig
from cbops.model.events_guard import BreachKind
from cbops.model.guard import Breach, CircuitReading, Reading
from cbops.model.policy import BreakerPolicy

Key = tuple[BreachKind, str | None]
JUMP_SECONDS = 5.0  # that the clock and the time that passed may differ by
_MILD: dict[GuardAction, int] = {"warn": 0, "pause": 1, "rollback": 2}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is held against a reading: the configuration, the policy that was applied, and the judge's margin."""

    config: GuardConfig
    policy: BreakerPolicy
    margin_seconds: int

    def stuck_seconds(self, circuits: int, requests: int) -> float:
        """How long a circuit may stay in one state: its timeout, its probes at this traffic, and the margin."""
        if self.config.stuck.seconds is not None:
            return self.config.stuck.seconds
        probes = max(1, self.policy.success_threshold) * circuits
        each = self.config.window_seconds / requests
        return max(0, self.policy.timeout_ms) / 1000 + probes * each + self.margin_seconds


@dataclass(frozen=True, slots=True)
class Standing:
    """Since when a circuit has its state, and since when it isn't closed."""

    state: str
    moved_at: datetime
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class GuardState:
    """What the guard remembers; its size depends on the number of circuits only. `steady`: of the last reading."""

    started_at: datetime
    readings: int = 0
    last: datetime | None = None
    steady: float | None = None
    watched_seconds: float = 0
    blind_seconds: float = 0
    blind_since: datetime | None = None
    unreachable_since: datetime | None = None
    standing: Mapping[tuple[str, str], Standing] = field(default_factory=dict)
    broken: Mapping[Key, int] = field(default_factory=dict)  # readings in a row
    sound: Mapping[Key, int] = field(default_factory=dict)  # of a breach, sound readings in a row
    breaches: Mapping[Key, Breach] = field(default_factory=dict)  # that last


@dataclass(frozen=True, slots=True)
class Judged:
    """The next state, the breaches that began and ended with this reading, and what is odd about the time."""

    state: GuardState
    begun: tuple[Breach, ...]
    ended: tuple[Breach, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Finding:
    """Whether a bound is broken; null: nothing is known."""

    key: Key
    broken: bool | None
    action: GuardAction
    told: str


def milder(asked: GuardAction, allowed: GuardAction) -> GuardAction:
    """What is done when a bound asks for the one, and the run may do no more than the other."""
    return min(asked, allowed, key=_MILD.__getitem__)


def advance(state: GuardState, reading: Reading, steady: float | None, bounds: Bounds) -> Judged:
    """Take one reading. `steady`: seconds of a clock that nobody sets and that stands while the machine sleeps;
    null where there is none.
    """
    passed, lost, notes = _time(state, reading, steady, bounds)
    blind = reading.blind is not None
    blind_since = None
    if blind:
        earlier = state.last if state.last is not None and state.last <= reading.at else reading.at
        blind_since = min(state.blind_since or earlier, reading.at)
    state = replace(
        state,
        readings=state.readings + 1,
        last=reading.at,
        steady=steady,
        watched_seconds=state.watched_seconds + passed,
        blind_seconds=state.blind_seconds + (passed if blind else min(lost, passed)),
        blind_since=blind_since,
        unreachable_since=_unreachable(state, reading),
        standing=state.standing if blind else _standings(state, reading),
    )
    state, begun, ended = _counted(state, tuple(_findings(state, reading, bounds)), reading.at, bounds)
    return Judged(state, begun, ended, notes)


def _time(
    state: GuardState, reading: Reading, steady: float | None, bounds: Bounds
) -> tuple[float, float, tuple[str, ...]]:
    """(seconds that passed, how many of them nobody watched, what to say of it)."""
    if state.last is None:
        return 0, 0, ()
    wall = (reading.at - state.last).total_seconds()
    run = None if steady is None or state.steady is None else steady - state.steady
    if wall < 0 or (run is not None and wall < run - JUMP_SECONDS):
        back = (run or 0) - wall
        return max(0, run or 0), 0, (f"the clock was set back by {back:.0f} s",)
    if run is not None and wall > run + JUMP_SECONDS:
        ahead = wall - run
        return wall, ahead, (f"the machine slept or the clock was set ahead: {ahead:.0f} s count as blind",)
    due = bounds.config.interval_seconds * (1 + bounds.config.jitter)
    if wall > 2 * due + JUMP_SECONDS:
        return wall, wall - due, (f"no reading for {wall:.0f} s: {wall - due:.0f} s of them count as blind",)
    return wall, 0, ()


def _unreachable(state: GuardState, reading: Reading) -> datetime | None:
    if reading.reachable is None:
        since = state.unreachable_since
    else:
        since = None if reading.reachable else state.unreachable_since or reading.at
    return None if since is None else min(since, reading.at)


def _standings(state: GuardState, reading: Reading) -> dict[tuple[str, str], Standing]:
    """Of the circuits that are not closed."""
    return {
        (each.provider, each.instance): _standing(
            state.standing.get((each.provider, each.instance)), each, reading.at
        )
        for each in reading.circuits
        if each.state != "closed"
    }


def _standing(before: Standing | None, now: CircuitReading, at: datetime) -> Standing:
    """A transition from before what was read happened at least as long ago as the guard knows the state."""
    same = before is not None and before.state == now.state
    moved = now.moved_at or (before.moved_at if before is not None and same else at)
    opened = now.opened_at or (before.opened_at if before is not None else at)
    return Standing(now.state, min(moved, at), min(opened, at))


def _findings(state: GuardState, reading: Reading, bounds: Bounds) -> Iterator[_Finding]:
    config = bounds.config
    yield _rate(reading, config)
    yield _latency(reading, config)
    yield from _circuits(state, reading, bounds)
    yield _lasting("control_plane", state.unreachable_since, reading, config, "the admin API does not answer")
    yield _lasting("blind", state.blind_since, reading, config, f"no data: {reading.blind}")


def _rate(reading: Reading, config: GuardConfig) -> _Finding:
    bound, rate, results = config.error_rate, reading.error_rate, reading.results
    if bound.above is None or reading.blind or rate is None or (results or 0) < bound.min_results:
        return _Finding(("error_rate", None), None, bound.action, "")
    told = f"the tenant's error rate is {rate:.1%} of {results} results in {config.window_seconds} s; the bound is {bound.above:.1%}"
    return _Finding(("error_rate", None), rate > bound.above, bound.action, told)


def _latency(reading: Reading, config: GuardConfig) -> _Finding:
    bound, mean, count = config.latency, reading.latency_ms, reading.latency_count
    if bound.above_ms is None or reading.blind or mean is None or (count or 0) < bound.min_results:
        return _Finding(("latency", None), None, bound.action, "")
    told = f"the tenant's mean latency is {mean:.0f} ms over {count} results in {config.window_seconds} s; the bound is {bound.above_ms:.0f} ms"
    return _Finding(("latency", None), mean > bound.above_ms, bound.action, told)


def _circuits(state: GuardState, reading: Reading, bounds: Bounds) -> Iterator[_Finding]:
    """Only a request moves a circuit: without one it may stand for ever, and that is no breach."""
    requests = max(reading.decisions or 0, reading.results or 0)
    known = {f"{provider} {instance}".strip(): each for (provider, instance), each in state.standing.items()}
    last = {subject for kind, subject in (*state.broken, *state.breaches) if kind in ("stuck", "not_closed")}
    for name in sorted({*known, *(subject for subject in last if subject is not None)}):
        found = known.get(name)
        yield _stuck(name, found, reading, bounds, requests, len(reading.circuits))
        yield _open(name, found, reading, bounds.config)


def _stuck(  # noqa: PLR0917 - each is one thing of its own
    name: str, found: Standing | None, reading: Reading, bounds: Bounds, requests: int, circuits: int
) -> _Finding:
    key: Key = ("stuck", name)
    action = bounds.config.stuck.action
    if reading.blind or (found is not None and not requests):
        return _Finding(key, None, action, "")
    if found is None:
        return _Finding(key, False, action, "")
    stood = (reading.at - found.moved_at).total_seconds()
    bound = bounds.stuck_seconds(max(1, circuits), requests)
    word = "wedged half-open" if found.state == "half_open" else "open"
    told = f"the circuit {name} is {word} for {stood:.0f} s without moving, under traffic; the bound is {bound:.0f} s"
    return _Finding(key, stood > bound, action, told)


def _open(name: str, found: Standing | None, reading: Reading, config: GuardConfig) -> _Finding:
    key: Key = ("not_closed", name)
    bound = config.not_closed
    if reading.blind:
        return _Finding(key, None, bound.action, "")
    if found is None:
        return _Finding(key, False, bound.action, "")
    stood = (reading.at - found.opened_at).total_seconds()
    told = f"the circuit {name} has not been closed for {stood:.0f} s; the bound is {bound.seconds} s"
    return _Finding(key, stood > bound.seconds, bound.action, told)


def _lasting(
    kind: BreachKind, since: datetime | None, reading: Reading, config: GuardConfig, what: str
) -> _Finding:
    bound = config.blind if kind == "blind" else config.control_plane
    if since is None:
        return _Finding((kind, None), False, bound.action, "")
    lasted = reading.at - since
    told = f"{what}, for {lasted.total_seconds():.0f} s; the bound is {bound.seconds} s"
    return _Finding((kind, None), lasted > timedelta(seconds=bound.seconds), bound.action, told)


def _counted(
    state: GuardState, findings: tuple[_Finding, ...], at: datetime, bounds: Bounds
) -> tuple[GuardState, tuple[Breach, ...], tuple[Breach, ...]]:
    """A breach begins with so many broken readings in a row, and ends with as many sound ones."""
    needed = bounds.config.readings
    broken, sound, breaches = dict(state.broken), dict(state.sound), dict(state.breaches)
    begun, ended = [], []
    for found in findings:
        if found.broken is None:
            continue
        if not found.broken:
            broken.pop(found.key, None)
            if found.key in breaches:
                sound[found.key] = sound.get(found.key, 0) + 1
                if sound[found.key] >= needed:
                    del sound[found.key]
                    ended.append(breaches.pop(found.key))
            continue
        sound.pop(found.key, None)
        broken[found.key] = broken.get(found.key, 0) + 1
        if broken[found.key] >= needed and found.key not in breaches:
            kind, subject = found.key
            breaches[found.key] = Breach(
                kind=kind, subject=subject, action=found.action, told=found.told, at=at
            )
            begun.append(breaches[found.key])
    return replace(state, broken=broken, sound=sound, breaches=breaches), tuple(begun), tuple(ended)
