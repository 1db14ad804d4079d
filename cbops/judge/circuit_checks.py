"""A circuit's transitions against each other, and against the calls that it denied.

A circuit is in one state at a time, so it goes into each state once more or once less than out of it. Each time that
its way is broken off (a restart, days that weren't collected, a move without a metric) allows one more.
Source: 'Restarts', 'Instances' and the operators' calls in the domain description.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cbops.judge.case import Case
from cbops.judge.cells import NO_ROW
from cbops.judge.check import Check, Status
from cbops.judge.figures import total
from cbops.judge.not_closed import maybe_not_closed, not_closed, runs_of_days, touches
from cbops.judge.settings import UNSEEN_MOVES, UNSEEN_SHARE
from cbops.model.observation import Observation

_EXPLAINED = "; restarts and moves that no series shows (an operator's call, a crash) explain the difference"


@dataclass(frozen=True, slots=True)
class _Room:
    """By how much a provider's transitions may be apart: in any case, and with what explains more."""

    instances: int
    ways: int
    restarts: int
    unseen: int
    believed: int  # of those unseen

    def status(self, apart: int) -> Status:
        if apart <= self.ways:
            return "agree"
        return "explained" if apart <= self.ways + self.restarts + self.believed else "contradiction"

    @property
    def numbers(self) -> dict[str, Any]:
        return {"instances": self.instances, "restarts": self.restarts, "unseen_moves": self.unseen}


def circuit_checks(case: Case) -> list[Check]:
    """Each provider's circuits."""
    found: list[Check | None] = []
    for provider in sorted({p for day in case.observed.days for p in day.providers}):
        room = _room(case, provider)
        found += [
            _interleaving(case, provider, room),
            _half_opens(case, provider, room),
            _fail_fast(case, provider),
        ]
    return [check for check in found if check is not None]


def _room(case: Case, provider: str) -> _Room:
    """Instances share nothing, and a run of days without a missing one is one way of each."""
    days = case.observed.days
    moving = [
        {t.instance for day in run for t in day.transitions if t.provider == provider}
        for run in runs_of_days(days)
    ]
    if any(day.circuits for day in days):
        counts = [_unseen(day, provider) for day in days]
        unseen, believed = sum(n for n, _ in counts), sum(n for _, n in counts)
    else:
        unseen = believed = sum(e.closed_by == "unseen" for e in case.episodes if e.provider == provider)
    return _Room(
        instances=len(set().union(*moving)) if moving else 0,
        ways=max(1, sum(len(instances) for instances in moving)),
        restarts=sum(len(day.restarts) for day in days),
        unseen=unseen,
        believed=believed,
    )


def _unseen(day: Observation, provider: str) -> tuple[int, int]:
    """The day's moves without a metric, and how many of them an operator and crashes may have made."""
    unseen = believed = 0
    for circuit in day.circuits:
        if circuit.provider == provider and circuit.unseen:
            moves = sum(
                t.count for t in day.transitions if (t.provider, t.instance) == (provider, circuit.instance)
            )
            number = sum(each.count for each in circuit.unseen)
            unseen += number
            believed += min(number, max(UNSEEN_MOVES, round(UNSEEN_SHARE * moves)))
    return unseen, believed


def _days(case: Case) -> tuple[int, ...]:
    return tuple(day.window.day for day in case.observed.days)


def _interleaving(case: Case, provider: str, room: _Room) -> Check | None:
    """Into each state once more or once less than out of it: opens, half-opens and closes alternate."""
    figures = [day.providers.get(provider) for day in case.observed.days]
    known = [each.transitions for each in figures if each is not None]
    opens, half, closes = (
        total(getattr(each, state) for each in known) for state in ("open", "half_open", "closed")
    )
    if opens is None or half is None or closes is None:
        return None
    numbers: dict[str, Any] = {"open": opens, "half_open": half, "closed": closes, **room.numbers}
    status = room.status(max(abs(opens - half), closes - half))
    text = f"{provider}: {opens} opens, {half} half-opens, {closes} closes"
    text += {"explained": _EXPLAINED, "contradiction": ", which cannot alternate"}.get(status, "")
    return Check("interleaving", status, text, numbers, _days(case))


def _half_opens(case: Case, provider: str, room: _Room) -> Check | None:
    """Every half-open ends in an open or a close; told only where the series name the source."""
    moves = [t for day in case.observed.days for t in day.transitions if t.provider == provider]
    if not moves or any(t.source is None for t in moves):
        return None
    entered = sum(t.count for t in moves if t.target == "half_open")
    reopened = sum(t.count for t in moves if (t.source, t.target) == ("half_open", "open"))
    closed = sum(t.count for t in moves if (t.source, t.target) == ("half_open", "closed"))
    numbers = {"half_open": entered, "reopened": reopened, "closed": closed, **room.numbers}
    status = room.status(abs(entered - reopened - closed))
    text = f"{provider}: {entered} half-opens ended in {reopened} opens and {closed} closes"
    return Check(
        "half_open", status, text + (_EXPLAINED if status == "explained" else ""), numbers, _days(case)
    )


def _fail_fast(case: Case, provider: str) -> Check | None:
    """Only a circuit that isn't closed denies."""
    row = case.observed.canary.get(provider, NO_ROW)
    if not any(row.fail_fast):
        return None
    denied = [cell for cell in row if cell.fail_fast]
    spans, moved = not_closed(case, provider), maybe_not_closed(case, provider)
    stray: list[int] = []
    unseen: list[int] = []
    for cell in denied:
        # a scrape may show the last denials one bucket after the close
        reach = cell.end - cell.start
        if touches(spans, cell.start - reach, cell.end + reach):
            continue
        found = unseen if touches(moved, cell.start - reach, cell.end + reach) else stray
        found.append(cell.fail_fast or 0)
    numbers = {
        "fail_fast": sum(cell.fail_fast or 0 for cell in denied),
        "while_closed": sum(stray) + sum(unseen),
        "buckets_while_closed": len(stray) + len(unseen),
    }
    text = f"{provider}: {numbers['fail_fast']} denied, {numbers['while_closed']} of them while the circuit was closed"
    status: Status = "contradiction" if stray else "explained" if unseen else "agree"
    if status == "explained":
        text += " by its transitions; moves that no series shows (an operator's call) explain them"
    return Check("fail_fast", status, text, numbers, _days(case))
