"""`cbops monitor watch`."""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.options import By, instant, interval, seconds, words
from cbops.cli.watching import told
from cbops.cli.wiring import SystemClock, Workplace, workplace
from cbops.errors import UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.guard_terms import Orders, Outside
from cbops.flows.steps.heartbeat import Heartbeat
from cbops.flows.steps.loading import load
from cbops.flows.watch import day_end, unpause, watch
from cbops.model.answers.watch import UnpauseAnswer, WatchAnswer
from cbops.model.config import Config
from cbops.model.config_guard import GuardAction

DAY_END = "day-end"


def _until(text: str) -> str | datetime:
    return DAY_END if text.strip() == DAY_END else instant(text)


def command(
    context: typer.Context,
    *,
    on_breach: Annotated[
        GuardAction | None,
        typer.Option("--on-breach", help="The most that may be done about a hard breach. Default: warn."),
    ] = None,
    auto_rollback: Annotated[
        bool, typer.Option("--auto-rollback", help="The same as --on-breach rollback.")
    ] = False,
    duration: Annotated[
        float, typer.Option("--for", metavar="TIME", parser=seconds, help="How long: 90s, 6h. 0: no end.")
    ] = 0,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", parser=_until, help="Until then, or 'day-end'."),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option("--every", metavar="TIME", parser=interval, help="Default: guard.interval_seconds."),
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", metavar="TIME", parser=seconds, help="How long to wait for a proof.")
    ] = 600,
    textfile: Annotated[
        Path | None,
        typer.Option(
            "--textfile", metavar="PATH", help="A heartbeat for node_exporter's textfile collector."
        ),
    ] = None,
    unpause_reason: Annotated[
        str | None,
        typer.Option(
            "--unpause", metavar="REASON", parser=words, help="Let a paused rollout go on, and end."
        ),
    ] = None,
    by: By = None,
) -> Outcome[WatchAnswer] | Outcome[UnpauseAnswer]:
    """Guard the canary live: warn, pause or roll back on a hard breach.

    Exit 0 without a breach, 10 warned or paused, 20 rolled back, 7 blind for too long or at its end, 130 interrupted.
    """
    place = workplace(context)
    folder = place.rollout()
    if unpause_reason is not None:
        return _unpaused(place, folder, unpause_reason, by)
    if auto_rollback and on_breach not in (None, "rollback"):
        raise UsageError(
            f"--auto-rollback and --on-breach {on_breach} contradict each other",
            hint="Give one of the two.",
        )
    if duration and until is not None:
        raise UsageError("--for and --until both say when it ends", hint="Give one of the two.")
    orders = Orders(
        action="rollback" if auto_rollback else on_breach or "warn",
        until=_end(place, folder, duration, until),
        why="day_end" if until == DAY_END else "time",
        proof_seconds=wait,
    )
    real = isinstance(place.clock, SystemClock)
    with told(place.settings, place.environ.get("TERM")) as teller:
        outside = Outside(
            samples=place.samples(),
            admin=place.admin(),
            who=place.who(by),
            heartbeat=Heartbeat(folder, textfile),
            chance=_spread if real else _even,
            # CLOCK_MONOTONIC stands while the machine sleeps: that is how a sleep is seen.
            steady=time.monotonic if real else None,
            teller=teller,
        )
        outcome = watch(folder, _every(place.config, every), orders, outside)
    return place.noted(outcome)


def _spread() -> float:
    """So that several guards don't ask in the same moment."""
    return random.uniform(-1, 1)  # noqa: S311 - hides nothing


def _even() -> float:
    """A practice router is asked by nobody else."""
    return 0.0


def _end(place: Workplace, folder: Path, duration: float, until: str | datetime | None) -> datetime | None:
    now = place.clock.now()
    if until == DAY_END:
        return day_end(load(folder), now)
    if isinstance(until, datetime):
        return until
    return now + timedelta(seconds=duration) if duration else None


def _every(config: Config, every: float | None) -> Config:
    if every is None:
        return config
    return config.model_copy(update={"guard": config.guard.model_copy(update={"interval_seconds": every})})


def _unpaused(place: Workplace, folder: Path, reason: str, by: str | None) -> Outcome[UnpauseAnswer]:
    state = unpause(folder, place.who(by), reason)
    last = state.pauses[-1]
    assert last.until is not None
    return place.noted(
        Outcome(
            data=UnpauseAnswer(rollout=state.id, paused_since=last.since, until=last.until, reason=reason),
            headline=f"{state.id} goes on; it was paused from {last.since:%Y-%m-%d %H:%M} to {last.until:%Y-%m-%d %H:%M} UTC.",
            body=("  Days of which a part was paused don't count.",),
            next_step="Guard it again: cbops monitor watch",
        )
    )
