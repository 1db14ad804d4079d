"""`cbops replay tune`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cbops.cli.emit import colour_wanted
from cbops.cli.lazy import lazy
from cbops.cli.options import By
from cbops.cli.recent import Days, From, FromPrometheus, Recently, To, chosen_traffic
from cbops.cli.replaying import Around, around, asked_policy, live
from cbops.cli.trace_options import (
    DEFAULT_MEMORY,
    AllTenants,
    EngineOption,
    Files,
    Incidents,
    Map,
    NoLive,
    Provider,
    Record,
    SearchMemory,
    SkipBad,
    Svg,
    Tenant,
    TimeZone,
    Trace,
    Workers,
)
from cbops.cli.traces import TraceOptions
from cbops.cli.wiring import Surroundings, surroundings
from cbops.clients.files import read_incidents
from cbops.clients.space import read_space
from cbops.flows.outcome import Outcome
from cbops.model.answers.tuning import TuneAnswer
from cbops.model.policy import CANARY_BLOCK
from cbops.model.traffic import LEAST_MEMORY

if TYPE_CHECKING:
    from cbops.flows.steps.compared import Live


def command(
    context: typer.Context,
    *,
    files: Files = None,
    trace: Trace = None,
    mapping: Map = None,
    from_prometheus: FromPrometheus = False,
    days: Days = None,
    since: From = None,
    until: To = None,
    space: Annotated[
        Path | None,
        typer.Option(
            "--space", metavar="FILE", help="YAML with the values of each field. Default: the traffic band's."
        ),
    ] = None,
    policy_file: Annotated[
        Path | None,
        typer.Option(
            "--policy-file",
            metavar="FILE",
            help="JSON with the block whose values stand for fields left out. Default: the live one, else the "
            "rollout's, else the canary's.",
        ),
    ] = None,
    incidents: Incidents = None,
    skip_bad: SkipBad = 0,
    memory: SearchMemory = DEFAULT_MEMORY,
    workers: Workers = 2,
    engine: EngineOption = "auto",
    tenant: Tenant = None,
    provider: Provider = None,
    all_tenants: AllTenants = False,
    no_live: NoLive = False,
    resamples: Annotated[
        int,
        typer.Option(
            "--resamples", metavar="N", min=1, max=10_000, help="Draws of the days, for the stability."
        ),
    ] = 200,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of these draws.")] = 1,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="FILE", help="Write the recommended block there, as --policy-file takes it."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --write replace a file.")] = False,
    svg: Svg = None,
    record: Record = False,
    by: By = None,
    timezone: TimeZone = None,
) -> Outcome[TuneAnswer]:
    """Search better thresholds over recorded traffic.

    Scores every policy of a space, shows the best trades and recommends one, with reasons. Needs no rollout, no
    server and no cbops.yaml. Ctrl-C keeps what was found.
    """
    reading = max(LEAST_MEMORY, memory // 4)
    recently = Recently(asked=from_prometheus, days=days, since=since, until=until)
    options = TraceOptions(
        recently.patterns(trace, files), tuple(mapping or ()), reading, skip_bad, workers, tenant, provider
    )
    searched = read_space(space) if space else None
    declared = tuple(read_incidents(incidents)) if incidents else ()
    found = around(context, record=record)
    known = live(found, wanted=not no_live)
    base, origin, note = _base(found, known, policy_file)
    traffic, whose = chosen_traffic(context, recently, found, options, all_tenants=all_tenants)
    who = found.place.who(by) if record and found.place else None
    wanted = lazy("cbops.flows.tune", "Wanted")(
        base=base,
        origin=origin,
        live=known.block if known else None,
        space=searched,
        space_file=str(space) if space else None,
        incidents=(*found.incidents, *declared),
        timezone=timezone or found.timezone,
        engine=engine,
        workers=workers,
        memory_bytes=memory - reading,
        resamples=resamples,
        seed=seed,
    )
    kept = lazy("cbops.flows.tune", "Kept")(rollout=found.folder, who=who, write=write, force=force, svg=svg)
    notes = (*found.notes, note, *((known.note,) if known else ()), *whose)
    with _bar(surroundings(context)) as progress:
        outcome: Outcome[TuneAnswer] = lazy("cbops.flows.tune", "tune")(
            traffic, wanted, kept=kept, notes=notes, progress=progress
        )
    return found.place.noted(outcome) if found.place else outcome


def _base(found: Around, known: Live | None, policy_file: Path | None) -> tuple[dict[str, Any], str, str]:
    """The block whose values stand for fields left out, where it comes from, and that in words."""
    if policy_file is None and known is not None and known.block is not None:
        return known.block, "live", "fields left out: as in the live policy"
    asked = asked_policy(found, policy_file)
    origin = "canary" if asked.block is CANARY_BLOCK else "rollout"
    if policy_file is not None:
        origin = "file"
    return asked.block, origin, f"fields left out: as in {asked.source}"


@contextmanager
def _bar(given: Surroundings) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr where somebody looks at it."""
    settings = given.settings
    if settings.quiet or settings.format == "json" or not sys.stderr.isatty():
        yield None
        return
    colour = colour_wanted(sys.stderr, settings, given.environ.get("TERM"))
    with lazy("cbops.cli.counting", "searching")(colour=colour) as told:
        yield told
