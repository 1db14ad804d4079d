"""`replay tune`: thresholds searched over recorded traffic."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cbops.breaker.checks.surroundings import band_of
from cbops.breaker.search.scoring import Row, Scorer
from cbops.breaker.search.searching import Gathered, Ready, scores
from cbops.breaker.search.space import default_space, policies, usual_block
from cbops.breaker.search.telling import Plan, tuning_of
from cbops.errors import InputError, UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import TrafficPort
from cbops.flows.steps.recording import Who
from cbops.flows.steps.tuning_record import keep_tuning
from cbops.flows.steps.wording import skipped_rows
from cbops.journal.files import write_atomically
from cbops.model.answers.tuning import TuneAnswer
from cbops.model.base import JsonObject
from cbops.model.events import IncidentAdded
from cbops.model.space import SearchSpace
from cbops.model.traffic import Engine, TrafficSummary
from cbops.model.tuning import Role, Tuning
from cbops.render.charts.front import front_spec
from cbops.render.charts.svg import require, to_svg
from cbops.render.tuned import lines

# How many requests were read, or policies scored, and of how many (0: not known).
Progress = Callable[[int, int], None]
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to search. `space` null: the usual one of the traffic's band. `base` fills the fields left out, and
    `live` is the policy in use, null where none is known.
    """

    base: JsonObject
    origin: Literal["live", "rollout", "file", "canary"]
    live: JsonObject | None = None
    space: SearchSpace | None = None
    space_file: str | None = None
    incidents: tuple[IncidentAdded, ...] = ()
    timezone: str = "UTC"
    engine: Engine = "auto"
    workers: int = 2
    memory_bytes: int = 2**30
    resamples: int = 200
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a search goes besides the answer. `who` null: it is not put on the record of `rollout`."""

    rollout: Path | None = None
    who: Who | None = None
    write: Path | None = None
    force: bool = False
    svg: Path | None = None


def tune(
    traffic: TrafficPort,
    wanted: Wanted,
    *,
    kept: Kept | None = None,
    notes: Sequence[str] = (),
    progress: Progress | None = None,
) -> Outcome[TuneAnswer]:
    """Score every policy on the traffic and recommend one.

    KeyboardInterrupt while policies are scored ends the search early: what was found is told, with exit status
    130. InputError for traffic without a request, more than the memory holds, or a space that can't be searched.
    """
    kept = kept or Kept()
    _check_places(kept)
    told = progress or (lambda _done, _total: None)
    ready, summary = _gathered(traffic, wanted, told)
    plan = _plan(ready, wanted)
    scorer = ready.scorer(len(plan.policies.candidates), timezone=wanted.timezone, engine=wanted.engine)
    rows = _scored(scorer, plan, wanted.workers, told)
    tuning = tuning_of(ready, scorer, plan, rows, summary)
    written = _write(tuning, kept)
    if kept.svg is not None:
        write_atomically(kept.svg, to_svg(front_spec(tuning)).encode())
    recorded = kept.rollout is not None and kept.who is not None
    if kept.rollout is not None and kept.who is not None:
        keep_tuning(kept.rollout, kept.who, tuning)
    answer = TuneAnswer(
        tuning=tuning,
        rollout=kept.rollout.name if kept.rollout else None,
        recorded=recorded,
        written=written,
        svg=str(kept.svg) if kept.svg else None,
        notes=tuple(notes),
    )
    return Outcome(
        data=answer,
        headline=headline(tuning),
        body=(*(f"  {note}" for note in notes), "", *lines(tuning)),
        warnings=_warnings(answer, kept),
        next_step=_next_step(answer),
        exit_status=0 if tuning.complete else INTERRUPTED,
    )


def headline(tuning: Tuning) -> str:
    """The summary, which says so where the traffic is an approximation or the search was interrupted."""
    text = f"Interrupted: {tuning.summary}" if not tuning.complete else tuning.summary
    return f"Approximation: {text}" if tuning.traffic.approximate else text


def _gathered(traffic: TrafficPort, wanted: Wanted, told: Progress) -> tuple[Ready, TrafficSummary]:
    gathered = Gathered(memory_bytes=wanted.memory_bytes, workers=wanted.workers, incidents=wanted.incidents)
    for chunk in traffic.chunks():
        gathered.feed(chunk)
        told(gathered.requests, 0)
    if not gathered.requests:
        raise InputError(
            "the trace holds no request that could be replayed",
            hint="Check the files and the filters (--tenant, --provider).",
        )
    return gathered.ready(), traffic.summary


def _plan(ready: Ready, wanted: Wanted) -> Plan:
    band = band_of(ready.busiest_rpm)
    space = wanted.space or default_space(band, wanted.base, ready.unrecorded)
    named: list[tuple[Role, JsonObject]] = [("base", wanted.base), ("usual", usual_block(band, wanted.base))]
    if wanted.live is not None:
        named.insert(0, ("live", wanted.live))
        # A base that is the live policy is no further policy to compare with.
        if wanted.origin == "live":
            del named[1]
    return Plan(
        space=space,
        source="band" if wanted.space is None else "file",
        file=wanted.space_file,
        band=band,
        policies=policies(space, wanted.base, named),
        base=wanted.origin,
        timezone=wanted.timezone,
        resamples=wanted.resamples,
        seed=wanted.seed,
    )


def _scored(scorer: Scorer, plan: Plan, workers: int, told: Progress) -> dict[int, Row]:
    """The rows of the policies that were scored; all of them unless it was interrupted."""
    rows: dict[int, Row] = {}
    candidates = plan.policies.candidates
    current = next(place for place, each in enumerate(candidates) if plan.current in each.roles)
    try:
        with closing(scores(scorer, candidates, workers)) as found:
            for place, row in found:
                rows[place] = row
                told(len(rows), len(candidates))
    except KeyboardInterrupt:
        if current not in rows:  # nothing to compare with yet
            raise
    return rows


def _check_places(kept: Kept) -> None:
    """Said before the work, not after it."""
    if kept.svg is not None:
        require()
    for option, path in (("--write", kept.write), ("--svg", kept.svg)):
        if path is None:
            continue
        if path.is_dir():
            raise UsageError(
                f"{option} {path} is a folder", hint=f"Name a file in it: {option} {path / 'FILE'}"
            )
        parent = path.absolute().parent
        if parent.is_dir() and not os.access(path if path.exists() else parent, os.W_OK):
            raise UsageError(
                f"{option} {path} may not be written: permission denied",
                hint="Name a file in another folder.",
            )
        if not parent.is_dir():
            raise UsageError(
                f"{option} {path}: there is no folder {path.parent}", hint="Make the folder first."
            )
    if kept.write is not None and kept.write.exists() and not kept.force:
        raise InputError(f"{kept.write} is there already", hint="Name another file, or add --force.")


def _write(tuning: Tuning, kept: Kept) -> str | None:
    """The recommended block, as `canary enable --policy-file` takes it; nothing without a recommendation."""
    block = tuning.recommended.block
    if kept.write is None or block is None:
        return None
    if kept.write.exists() and not kept.force:  # made meanwhile
        raise InputError(f"{kept.write} is there already", hint="Name another file, or add --force.")
    write_atomically(kept.write, (json.dumps(block, indent=2) + "\n").encode())
    return str(kept.write)


def _warnings(answer: TuneAnswer, kept: Kept) -> tuple[str, ...]:
    traffic, found = answer.tuning.traffic, []
    if not answer.tuning.complete:
        tuning = answer.tuning
        found.append(
            f"interrupted after {tuning.scored:,} of {tuning.searched.policies:,} policies: what stands here is about these"
        )
    if traffic.approximate:
        found.append(
            f"the traffic is an approximation: {traffic.note}"
            if traffic.note
            else "the traffic is an approximation"
        )
    found += skipped_rows(traffic)
    if kept.write is not None and answer.written is None:
        found.append(f"{kept.write} was not written: nothing is recommended")
    return tuple(found)


def _next_step(answer: TuneAnswer) -> str:
    if answer.written is not None and answer.rollout is not None:
        return f"See what it would change: cbops policy diff --policy-file {answer.written}"
    if answer.written is not None:
        return f"Check it: cbops policy check --policy-file {answer.written}"
    if answer.recorded:
        return "See it in the log: cbops report log"
    if answer.tuning.recommended.block is not None:
        return "Keep the recommended block: cbops replay tune … --write FILE"
    source = "--from-prometheus" if answer.tuning.traffic.origin != "files" else "--trace FILE…"
    return f"Play one policy in detail: cbops replay run {source}"
