"""`cbops replay run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cbops.cli.emit import Presented, Screen, plain
from cbops.cli.lazy import lazy
from cbops.cli.options import By
from cbops.cli.recent import Days, From, FromPrometheus, Recently, To, chosen_traffic
from cbops.cli.replaying import around, asked_policy, live
from cbops.cli.trace_options import (
    DEFAULT_MEMORY,
    AllTenants,
    EngineOption,
    Files,
    Incidents,
    Map,
    Memory,
    NoLive,
    Provider,
    Record,
    SkipBad,
    Svg,
    Tenant,
    TimeZone,
    Trace,
    Workers,
)
from cbops.cli.traces import TraceOptions, likely_requests, shown_count
from cbops.cli.wiring import surroundings
from cbops.clients.files import read_block, read_incidents
from cbops.flows.steps.compared import compared, named_files
from cbops.model.answers.replay import ReplayAnswer

if TYPE_CHECKING:
    from cbops.flows.outcome import Outcome


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
    policy_file: Annotated[
        Path | None,
        typer.Option(
            "--policy-file",
            metavar="FILE",
            help="JSON with the circuit_breaker block to replay. Default: the rollout's, else the canary's.",
        ),
    ] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", metavar="FILE", help="A further policy to compare with. Repeatable."),
    ] = None,
    incidents: Incidents = None,
    skip_bad: SkipBad = 0,
    memory: Memory = DEFAULT_MEMORY,
    workers: Workers = 2,
    engine: EngineOption = "auto",
    tenant: Tenant = None,
    provider: Provider = None,
    all_tenants: AllTenants = False,
    no_live: NoLive = False,
    svg: Svg = None,
    record: Record = False,
    by: By = None,
    timezone: TimeZone = None,
) -> Presented:
    """Play recorded traffic through policies, side by side.

    Needs no rollout, no server and no cbops.yaml. Where there is a rollout, its policy, the live one, its
    incidents and its tenant are taken into account.
    """
    recently = Recently(asked=from_prometheus, days=days, since=since, until=until)
    options = TraceOptions(
        recently.patterns(trace, files), tuple(mapping or ()), memory, skip_bad, workers, tenant, provider
    )
    declared = tuple(read_incidents(incidents)) if incidents else ()
    found = around(context, record=record)
    asked = asked_policy(found, policy_file)
    further = {name: read_block(path) for name, path in named_files(tuple(against or ())).items()}
    traffic, whose = chosen_traffic(context, recently, found, options, all_tenants=all_tenants)
    told = compared(asked, live(found, wanted=not no_live), further)
    who = found.place.who(by) if record and found.place else None
    with shown_count(surroundings(context), options.patterns, always=recently.asked) as progress:
        outcome: Outcome[ReplayAnswer] = lazy("cbops.flows.replay", "run")(
            traffic,
            told.policies,
            incidents=(*found.incidents, *declared),
            engine=engine,
            workers=workers,
            timezone=timezone or found.timezone,
            kept=lazy("cbops.flows.replay", "Kept")(rollout=found.folder, who=who, svg=svg),
            notes=(*found.notes, *told.notes, *whose),
            progress=progress,
            expected=0 if recently.asked else likely_requests(options.patterns),
        )
    return Presented(found.place.noted(outcome) if found.place else outcome, _present)


def _present(answer: ReplayAnswer, screen: Screen) -> tuple[str, ...]:
    """The body as wide as the screen; a column is kept free, so that no terminal breaks a line of the picture."""
    lines: tuple[str, ...] = lazy("cbops.flows.replay", "lines")(
        answer, screen.width - 1, blocks=screen.blocks
    )
    return tuple(plain(line) for line in lines)
