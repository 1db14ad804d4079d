"""`cbops policy check`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.lazy import lazy
from cbops.cli.options import RolloutPolicy, RolloutTenant, words
from cbops.cli.targets import Named, target_of
from cbops.cli.trace_options import DEFAULT_MEMORY, Map, Memory, SkipBad, Trace
from cbops.cli.traces import TraceOptions, trace_traffic
from cbops.cli.wiring import Workplace, anywhere, settings_of, workplace
from cbops.clients.files import read_policy
from cbops.errors import AdminError, CbopsError, UsageError
from cbops.flows.checking import Asked, Read, Sources, TraceFacts, Written, check
from cbops.flows.outcome import Outcome
from cbops.flows.steps.checks import Metrics
from cbops.model.answers.checking import PolicyCheckAnswer


def command(
    context: typer.Context,
    *,
    tenant: RolloutTenant = None,
    policy: RolloutPolicy = None,
    policy_file: Annotated[
        Path | None,
        typer.Option(
            "--policy-file",
            metavar="FILE",
            help="A JSON file with the circuit_breaker block, or a whole policy. Default: the live block.",
        ),
    ] = None,
    provider: Annotated[
        str | None,
        typer.Option(
            "--provider",
            metavar="PROVIDER",
            parser=words,
            help="Whose circuit. Default: the rollout's, else the policy's first.",
        ),
    ] = None,
    trace: Trace = None,
    mapping: Map = None,
    skip_bad: SkipBad = 0,
    memory: Memory = DEFAULT_MEMORY,
    live_traffic: Annotated[
        bool,
        typer.Option(
            "--live-traffic/--no-traffic", help="Ask the metrics how much traffic there is; not with --trace."
        ),
    ] = True,
) -> Outcome[PolicyCheckAnswer]:
    """Say what a policy means in practice (exit 7 for an error).

    The block is the live policy's, or the file's as it would stand in the live policy. With --policy-file
    alone it needs no router, no rollout and no cbops.yaml.
    """
    written = None if policy_file is None else _read(policy_file)
    facts = _trace_facts(trace, mapping or [], skip_bad, memory)
    if trace is None and mapping:
        raise UsageError("--map is about a trace, and there is none", hint="Add --trace FILE.")
    place, named, notes = _whose(context, tenant, policy, alone=written is not None)
    if place is None or named is None:
        offline = Sources(None, None, "the metrics were not asked", facts)
        return check(Asked(None, None, provider, written), offline, notes)
    sources = Sources(
        admin=place.admin(),
        metrics=Metrics(place.samples, place.config, place.clock.now()) if live_traffic else None,
        no_metrics="the metrics were not asked (--no-traffic)",
        trace=facts,
    )
    asked = Asked(named.tenant, named.policy, provider or named.provider, written)
    try:
        outcome = check(asked, sources, notes)
    except AdminError as error:
        if written is None or tenant is not None or settings_of(context).rollout is not None:
            raise
        told = f"the live policy could not be asked, so only the file is checked: {error.message}"
        return check(asked, replace(sources, admin=None), (*notes, told))
    return place.told(named.folder, outcome) if named.folder else outcome


def _read(path: Path) -> Written:
    block, document = read_policy(path)
    return Written(str(path), block, document)


def _whose(
    context: typer.Context, tenant: str | None, policy: str | None, *, alone: bool
) -> tuple[Workplace | None, Named | None, tuple[str, ...]]:
    """(workplace, the policy that is meant, notes); `alone`: a file can be checked without any of them."""
    if not alone or tenant is not None or policy is not None or settings_of(context).rollout is not None:
        place = workplace(context)
        return place, target_of(place, tenant, policy), ()
    try:
        if anywhere(context) is None:
            return None, None, ()
        place = workplace(context)
        return place, target_of(place, None, None), ()
    except CbopsError as error:
        return None, None, (f"the file is checked without a live policy: {error.message}",)


def _trace_facts(
    trace: list[str] | None, mapping: list[str], skip_bad: int, memory: int
) -> TraceFacts | None:
    """How to get the facts of the trace, read when they are asked for; None without one."""
    if not trace:
        return None

    options = TraceOptions(tuple(trace), tuple(mapping), memory, skip_bad, workers=2)

    def read(tenant: str | None, provider: str | None) -> Read:
        with ExitStack() as closing:
            port = trace_traffic(options, closing)
            read: Read = lazy("cbops.flows.steps.trace_facts", "trace_facts")(port, tenant, provider)
            return read

    return read
