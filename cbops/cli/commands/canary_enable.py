"""`cbops canary enable`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.confirm import confirm
from cbops.cli.lazy import lazy
from cbops.cli.options import By, Yes, words
from cbops.cli.show import show_plan
from cbops.cli.trace_options import DEFAULT_MEMORY, Map
from cbops.cli.traces import TraceOptions, trace_traffic
from cbops.cli.wiring import Workplace, workplace
from cbops.clients.files import read_block
from cbops.errors import UsageError
from cbops.flows.enable import Preview, apply, circuits_now, dry_run, plan_lines, preview, traffic_now
from cbops.flows.outcome import Outcome
from cbops.flows.steps.checks import Metrics
from cbops.flows.steps.gates import Gate
from cbops.flows.steps.requirements import require
from cbops.model.answers.canary import EnableAnswer
from cbops.model.policy import CANARY_BLOCK


def command(
    context: typer.Context,
    *,
    policy_file: Annotated[
        Path | None,
        typer.Option(
            "--policy-file",
            metavar="FILE",
            help="A JSON file with the circuit_breaker block. Default: the canary's.",
        ),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override",
            metavar="[ITEM=]REASON",
            parser=words,
            help="Go on although a requirement (ITEM; default: each that is open) is open; on record.",
        ),
    ] = None,
    dry: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the plan, and what it would have done; touch nothing."),
    ] = False,
    trace: Annotated[
        list[str] | None,
        typer.Option(
            "--trace",
            metavar="FILE",
            parser=words,
            help="With --dry-run: recorded requests in place of recent counters. Repeatable.",
        ),
    ] = None,
    mapping: Map = None,
    yes: Yes = False,
    by: By = None,
) -> Outcome[EnableAnswer]:
    """Enable the breaker in the canary's live policy.

    Only the circuit_breaker block of the live policy changes. The plan is shown first, then: write,
    reload, read back, compare.
    """
    if not dry and (trace or mapping):
        raise UsageError("--trace and --map belong to --dry-run", hint="Add --dry-run.")
    place = workplace(context)
    folder, admin = place.rollout(), place.admin()
    block = read_block(policy_file) if policy_file else CANARY_BLOCK
    circuits = circuits_now(folder, place.samples, place.config.metrics, place.clock.now())
    traffic = traffic_now(folder, Metrics(place.samples, place.config, place.clock.now()))
    who = place.who(by)
    gate = Gate.of(place.config, who)
    seen = preview(
        folder,
        admin,
        block,
        tuple(override or ()),
        circuits,
        traffic=traffic,
        gate=gate,
        now=place.clock.now(),
    )
    verbose = place.settings.verbose
    if dry:
        return _with_forecast(place, seen, dry_run(seen, verbose=verbose), trace, mapping)
    require(seen.requirements)
    shown = show_plan(place.settings, plan_lines(seen, verbose=verbose), seen.warnings)
    target = seen.plan.target
    confirm(f"Enable the breaker of {target.policy} of {target.tenant}?", yes=yes)
    outcome = place.noted(apply(folder, admin, who, seen))
    return replace(outcome, warnings=tuple(place.notes)) if shown else outcome


def _with_forecast(
    place: Workplace,
    seen: Preview,
    shown: Outcome[EnableAnswer],
    trace: list[str] | None,
    mapping: list[str] | None,
) -> Outcome[EnableAnswer]:
    """The plan, and what it would have done with recent traffic, or with a trace where one was given."""
    steps = "cbops.flows.steps.forecasting"
    if trace:
        options = TraceOptions(tuple(trace), tuple(mapping or ()), DEFAULT_MEMORY, skip_bad=0, workers=2)
        traffic = trace_traffic(options, place.closing, preferred=seen.plan.target.tenant)
        foreseen = lazy(steps, "foresee_trace")(seen.state, seen.plan, traffic)
    else:
        recent = lazy(steps, "Recent")(place.samples, place.config.metrics, place.clock.now())
        foreseen = lazy(steps, "foresee_recent")(seen.state, seen.plan, recent)
    told: Outcome[EnableAnswer] = lazy(steps, "with_forecast")(shown, foreseen)
    return told
