"""`cbops sim serve`."""

from __future__ import annotations

import sys
from contextlib import nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.options import instant, words
from cbops.cli.wiring import SystemClock, environment, settings_of
from cbops.errors import StorageError, UsageError
from cbops.flows.outcome import Outcome
from cbops.model.answers.record import SimAnswer
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SCENARIOS, scenario
from cbops.simulator.server import serve
from cbops.simulator.transition_log import TransitionLog

KEY_VARIABLE = "CBOPS_ADMIN_TOKEN"


def command(
    context: typer.Context,
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8080,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", parser=words, help="Where to listen.")
    ] = "127.0.0.1",
    name: Annotated[
        str, typer.Option("--scenario", metavar="NAME", parser=words, help=f"One of: {', '.join(SCENARIOS)}.")
    ] = "sound",
    seed: Annotated[int | None, typer.Option("--seed", help="Default: the scenario's.")] = None,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="FILE", help="Keep policies and clock in this file.")
    ] = None,
    clock: Annotated[
        str,
        typer.Option(
            "--clock",
            metavar="real|virtual",
            parser=words,
            help="virtual: time stands still until it is moved on.",
        ),
    ] = "real",
    speed: Annotated[
        float,
        typer.Option("--speed", min=0.001, max=100_000, help="Seconds that pass in a second of real time."),
    ] = 1,
    start: Annotated[
        datetime | None,
        typer.Option(
            "--start", metavar="TIME", parser=instant, help="Default: now (real), the scenario's (virtual)."
        ),
    ] = None,
    etags: Annotated[
        bool,
        typer.Option("--etags", help="Send entity tags, and refuse a write whose If-Match is out of date."),
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="FILE", help="Add a line of JSON for each transition of a circuit."),
    ] = None,
) -> Outcome[SimAnswer]:
    """Serve the practice router over HTTP.

    The admin API wants the key in the environment variable CBOPS_ADMIN_TOKEN; /metrics and /health are open.
    With --clock virtual, cbops lives by the router's time where CBOPS_CLOCK=practice is set: 'cbops monitor
    scrape --every 5m --for 1d' lets a day pass in seconds. Ctrl-C ends it.
    """
    if clock not in ("real", "virtual"):
        raise UsageError(f"--clock is '{clock}', not real or virtual", hint="Correct --clock.")
    token = environment().get(KEY_VARIABLE)
    if not token:
        raise UsageError(
            f"the admin API needs a key, and {KEY_VARIABLE} is not set",
            hint=f"Set any word for practice, in this shell and in the one of cbops: export {KEY_VARIABLE}=practice",
        )
    played = scenario(name)
    begin = start or (played.start if clock == "virtual" else SystemClock().now())
    told = None if log is None else TransitionLog(log, _lines_lost)
    router = Router(played, seed=seed, start=begin, state_file=state, log=told, etags=etags)
    urls: list[str] = []

    def listening(url: str) -> None:
        urls.append(url)
        if told is not None:
            told.started(router.now_ms, url.removeprefix("http://"))

    def ready(url: str) -> None:
        if not settings_of(context).quiet:
            print(
                f"practice router '{played.name}' on {url} (metrics: {url}/metrics); Ctrl-C ends it",
                file=sys.stderr,
            )
            sys.stderr.flush()

    if host not in ("127.0.0.1", "localhost", "::1"):
        print(f"warning: {host} can be reached from other machines", file=sys.stderr)
    with told or nullcontext(), suppress(KeyboardInterrupt):
        serve(
            router,
            host,
            port,
            token=token,
            speed=None if clock == "virtual" else speed,
            on_listening=listening,
            on_ready=ready,
        )
    url = urls[0] if urls else ""
    lost = told.lost if told else 0
    return Outcome(
        data=SimAnswer(url=url, scenario=played.name, requests=router.requests, now=router.now),
        headline=f"Served {router.requests:,} practice requests on {url} until {router.now:%Y-%m-%d %H:%M:%S} UTC.",
        warnings=(f"{lost} lines of the log {log} were lost",) if lost else (),
        next_step="Serve again: cbops sim serve",
    )


def _lines_lost(error: StorageError) -> None:
    print(f"warning: {error.message}; the router goes on without it", file=sys.stderr)
    sys.stderr.flush()
