"""`replay run`: recorded traffic through the real engine, policies side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cbops.breaker.forecast.forecaster import Forecaster
from cbops.errors import InputError, UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import TrafficPort
from cbops.flows.steps.forecast_record import keep_forecast
from cbops.flows.steps.recording import Who
from cbops.flows.steps.wording import plural, skipped_rows
from cbops.journal.files import write_atomically
from cbops.model.answers.replay import ReplayAnswer
from cbops.model.base import JsonObject
from cbops.model.events import IncidentAdded
from cbops.model.forecast import Forecast
from cbops.model.traffic import Engine, TrafficSummary
from cbops.render.charts.forecast import forecast_spec
from cbops.render.charts.svg import require, to_svg
from cbops.render.replayed import headline, replay_lines

# The number of requests replayed so far.
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a replay goes besides the answer. `who` null: it is not put on the record of `rollout`."""

    rollout: Path | None = None
    who: Who | None = None
    svg: Path | None = None


def run(
    traffic: TrafficPort,
    policies: Mapping[str, JsonObject | None],
    *,
    incidents: Sequence[IncidentAdded] = (),
    engine: Engine = "auto",
    workers: int = 2,
    timezone: str = "UTC",
    kept: Kept | None = None,
    notes: Sequence[str] = (),
    progress: Progress | None = None,
    expected: int = 0,
) -> Outcome[ReplayAnswer]:
    """Replay the traffic with each policy (null: no breaker), the first of them being the one asked for.

    `expected` is about how many requests there are, 0 where nobody knows; it decides nothing but when things load.
    InputError for traffic without a request that can be replayed, and whatever reading it raises.
    """
    kept = kept or Kept()
    if kept.svg is not None:
        require()
        _check_place(kept.svg)
    forecaster = Forecaster(
        policies,
        incidents=incidents,
        engine=engine,
        workers=workers,
        timezone=timezone,
        expected=expected,
    )
    forecast = _played(traffic, forecaster, progress)
    if kept.svg is not None:
        write_atomically(kept.svg, to_svg(forecast_spec(forecast)).encode())
    if kept.rollout is not None and kept.who is not None:
        keep_forecast(kept.rollout, kept.who, forecast)
    answer = ReplayAnswer(
        forecast=forecast,
        rollout=kept.rollout.name if kept.rollout else None,
        recorded=kept.rollout is not None and kept.who is not None,
        svg=str(kept.svg) if kept.svg else None,
        notes=tuple(notes),
    )
    return Outcome(
        data=answer,
        headline=headline(forecast),
        body=lines(answer),
        warnings=skipped_rows(forecast.traffic),
        next_step=_next_step(answer),
    )


def lines(answer: ReplayAnswer, width: int = 80, *, blocks: bool = True) -> tuple[str, ...]:
    """The body for a screen of that width."""
    return replay_lines(answer.forecast, width, blocks=blocks, notes=answer.notes)


def _played(traffic: TrafficPort, forecaster: Forecaster, progress: Progress | None) -> Forecast:
    played = 0
    for chunk in traffic.chunks():
        forecaster.feed(chunk)
        played = len(chunk) if chunk.begins else played + len(chunk)
        if progress is not None:
            progress(played)
    summary = traffic.summary
    if not summary.requests:
        raise _nothing(summary)
    return forecaster.finish(summary)


def _nothing(summary: TrafficSummary) -> InputError:
    """No data is never a pass."""
    left = []
    if summary.denied_in_production:
        left.append(f"{plural(summary.denied_in_production, 'request')} denied in production")
    if summary.skipped:
        left.append(f"{plural(summary.skipped, 'row')} that could not be read")
    besides = f"; left out: {' and '.join(left)}" if left else ""
    return InputError(
        f"the trace holds no request that could be replayed{besides}",
        hint="Check the files and the filters (--tenant, --provider, --all-tenants).",
        details=skipped_rows(summary),
    )


def _check_place(svg: Path) -> None:
    """Said before the work, not after it."""
    if svg.is_dir():
        raise UsageError(f"--svg {svg} is a folder", hint=f"Name the file: --svg {svg / 'replay.svg'}")
    if not svg.absolute().parent.is_dir():
        raise UsageError(f"--svg {svg}: there is no folder {svg.parent}", hint="Make the folder first.")


def _next_step(answer: ReplayAnswer) -> str:
    if answer.recorded:
        return "See it in the log: cbops report log"
    if answer.svg:
        return f"Look at the picture: {answer.svg}"
    return "Search better thresholds: cbops replay tune"
