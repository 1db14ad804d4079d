"""The guard in words: its screen and what it says at its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cbops.flows.steps.guard_undoing import Undoing
from cbops.flows.steps.wording import plural
from cbops.model.answers.watch import WatchAnswer
from cbops.model.config_guard import GuardAction
from cbops.model.guard import Reading
from cbops.model.state import RolloutState
from cbops.rollout.guard import GuardState

MAY: dict[GuardAction, str] = {
    "warn": "warns",
    "pause": "warns or pauses",
    "rollback": "warns, pauses or rolls back",
}


@dataclass(frozen=True, slots=True)
class Closing:
    """The words of the outcome."""

    headline: str
    body: tuple[str, ...]
    warnings: tuple[str, ...]
    next_step: str


def length(seconds: float) -> str:
    """`45 s`, `12 min`, `3.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def screen(
    rollout: RolloutState, state: GuardState, reading: Reading, action: GuardAction, last: Iterable[str]
) -> tuple[str, ...]:
    """How it stands, a line each, for 80 columns."""
    target = rollout.target
    blind = f"; blind for {length(state.blind_seconds)} of them" if state.blind_seconds else ""
    lines = [
        f"{rollout.id}: {target.tenant}/{target.policy} ({target.provider})",
        f"  guard     {MAY[action]}; {plural(state.readings, 'reading')} in {length(state.watched_seconds)}{blind}",
        f"  read      {reading.at:%Y-%m-%d %H:%M:%S} UTC, {_fresh(reading)}",
        f"  circuits  {_circuits(reading)}",
        f"  results   {_results(reading)}",
        f"  latency   {_latency(reading)}",
        f"  breaches  {'none' if not state.breaches else ''}",
    ]
    if state.breaches:
        lines[-1:] = [f"  BREACH    {each.told}" for each in state.breaches.values()]
    counting = [
        f"{kind} {subject or ''}".strip() + f": {number}" for (kind, subject), number in state.broken.items()
    ]
    if counting:
        lines.append(f"  broken    {', '.join(counting)} in a row")
    return (*lines, *(f"  {each}" for each in last))


def _fresh(reading: Reading) -> str:
    if reading.blind is not None:
        return f"NO DATA: {reading.blind}"
    return f"last sample {reading.sample_age:.0f} s old"


def _circuits(reading: Reading) -> str:
    if reading.blind is not None:
        return "unknown"
    told = [
        f"{each.provider} {each.state}" + (f" ({each.instance})" if each.instance else "")
        for each in reading.circuits
        if each.state != "closed"
    ]
    closed = sum(each.state == "closed" for each in reading.circuits)
    if not told:
        return f"all closed ({closed} that ever moved)"
    return ", ".join(told) + (f"; {closed} closed" if closed else "")


def _results(reading: Reading) -> str:
    if reading.blind is not None or reading.results is None:
        return "unknown"
    rate = (
        "no error rate without results"
        if reading.error_rate is None
        else f"error rate {reading.error_rate:.2%}"
    )
    decisions = "unknown" if reading.decisions is None else str(reading.decisions)
    return f"{reading.results}, {rate}; decisions {decisions}"


def _latency(reading: Reading) -> str:
    if reading.blind is not None or reading.latency_ms is None:
        return "unknown"
    return f"mean {reading.latency_ms:.0f} ms of {reading.latency_count} results"


def closing(answer: WatchAnswer, undoing: Undoing) -> Closing:
    """What happened, and what to do next."""
    blind = f", blind for {length(answer.blind_seconds)} of it" if answer.blind_seconds else ""
    watched = f"{plural(answer.readings, 'reading')} in {length(answer.watched_seconds)}{blind}"
    lasting = {(each.kind, each.subject) for each in answer.lasting}
    body = tuple(
        f"  {each.at:%Y-%m-%d %H:%M} UTC  {each.told}{' (it lasts)' if (each.kind, each.subject) in lasting else ''}"
        for each in answer.breaches
    )
    warnings: tuple[str, ...] = ()
    if answer.paused:
        warnings = (
            "the rollout is paused: days paused don't count; go on with: cbops monitor watch --unpause REASON",
        )
    if answer.proof is not None:
        body = (*body, f"  {answer.proof.summary}", *undoing.unproven)
    if answer.rolled_back is False and undoing.by_hand is not None:
        warnings = (*warnings, f"the rollback is pending: {undoing.by_hand}")
    return Closing(f"{_verdict(answer)}: {watched}.", body, warnings, _next(answer, undoing))


def _verdict(answer: WatchAnswer) -> str:
    ended = "Interrupted. " if answer.why == "interrupted" else ""
    if answer.rolled_back:
        proven = answer.proof is not None and answer.proof.proven
        return f"{ended}Rolled back, {'proven' if proven else 'not proven yet'}"
    if answer.rolled_back is False:
        return f"{ended}A rollback is PENDING: the breaker may still act"
    if answer.breach_count:
        return f"{ended}{plural(answer.breach_count, 'hard breach').replace('breachs', 'breaches')}"
    if answer.blind is not None:
        return f"{ended}Blind at the end ({answer.blind}), so nothing is known"
    return f"{ended}No hard breach"


def _next(answer: WatchAnswer, undoing: Undoing) -> str:
    if answer.rolled_back:
        proven = answer.proof is not None and answer.proof.proven
        return (
            "Say what was learnt: cbops lesson add --kind improve TEXT"
            if proven
            else "Prove it: cbops rollback --wait 5m"
        )
    if answer.rolled_back is False:
        return f"Finish it: {undoing.finishing} (by hand: set circuit_breaker.enabled to false in the live policy)"
    if answer.paused:
        return "Look, then go on with: cbops monitor watch --unpause REASON"
    return (
        "Look at the tickets: cbops ticket list"
        if answer.breach_count
        else "Collect the day: cbops monitor daily"
    )
