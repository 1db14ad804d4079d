"""Runs cbops in forked children: with every point of theirs recorded, killed at one of them, or many at once.

One JSON job a line on stdin, one JSON answer a line on stdout. A job:
{"words": […], "folder": …, "environ": {…}, "now": ISO time, "stop": null | [name's beginning or null, number]}.
The answer: {"status": the child's wait status, "points": how many it passed, "last": the last one's name, and
with "stop": null "passed": all their names, "missed": what no point was made of}.
{"together": [job, …]} starts one child for each at the same instant, uninstrumented; the answer is a list of
{"status", "stdout"}. {"warm": job} runs a command in the parent itself, so that its forks have it behind them.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import stamina
from crash_points import Points

# Everything that a command loads, so that a fork has it already.
import cbops.cli.commands.canary_approve
import cbops.cli.commands.canary_enable
import cbops.cli.commands.canary_notify
import cbops.cli.commands.canary_select
import cbops.cli.commands.decide
import cbops.cli.commands.journal_seal
import cbops.cli.commands.monitor_daily
import cbops.cli.commands.monitor_note
import cbops.cli.commands.monitor_watch
import cbops.cli.commands.resume
import cbops.cli.commands.rollback
import cbops.cli.commands.ticket_create
import cbops.cli.commands.ticket_update
import cbops.clients.admin
import cbops.clients.files
import cbops.clients.store  # noqa: F401
from cbops.cli.app import run

Job = dict[str, Any]


class FixedClock:
    def __init__(self, now: str) -> None:
        self._now = datetime.fromisoformat(now)

    def now(self) -> datetime:
        return self._now

    def wait(self, seconds: float) -> None:
        raise AssertionError("nothing is waited for here")


def command(job: Job, out: int) -> int:
    """The command in this process; stdout goes to `out`."""
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environ"])
    os.dup2(out, 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    status = run([str(word) for word in job["words"]], FixedClock(job["now"]))
    sys.stdout.flush()
    return status


def forked(act: Callable[[], int]) -> int:
    """The child's process number; it ends with what `act` returns."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        status = act()
    finally:
        os._exit(status)


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def alone(job: Job) -> Job:
    """One command, its points recorded, or killed at one of them."""
    read, write = os.pipe()
    real_write, wanted = os.write, job["stop"]

    def tell(points: Points) -> None:
        answer: Job = {"points": len(points.passed), "last": (points.passed or [""])[-1]}
        if wanted is None:
            answer |= {"passed": points.passed, "missed": points.missed}
        real_write(write, json.dumps(answer).encode())

    def child() -> int:
        points = Points(Path(job["folder"]), wanted and (wanted[0], wanted[1]), tell)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        points.install()
        status = command(job, nowhere)
        tell(points)
        return status

    pid = forked(child)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        said = told.read()
    return {"status": ended(pid), **json.loads(said or b"{}")}


def together(jobs: list[Job]) -> list[Job]:
    """All of them at once: each child waits until the gate is shut behind the last one."""
    read, gate = os.pipe()
    outs = [tempfile.TemporaryFile() for _ in jobs]  # noqa: SIM115 - closed below

    def child(job: Job, out: int) -> Callable[[], int]:
        def act() -> int:
            os.close(gate)
            os.read(read, 1)
            return command(job, out)

        return act

    pids = [forked(child(job, out.fileno())) for job, out in zip(jobs, outs, strict=True)]
    os.close(gate)
    answers = []
    for pid, out in zip(pids, outs, strict=True):
        status = ended(pid)
        out.seek(0)
        answers.append({"status": status, "stdout": out.read().decode()})
        out.close()
    os.close(read)
    return answers


def done(job: Any) -> Any:
    if "warm" in job:
        status = command(job["warm"], os.open(os.devnull, os.O_WRONLY))
        gc.collect()
        gc.freeze()
        return status
    return together(job["together"]) if "together" in job else alone(job)


def main() -> None:
    stamina.set_testing(True, attempts=5, cap=True)
    answers = os.fdopen(os.dup(1), "w")  # stdout itself is the commands'
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps(done(job)), file=answers, flush=True)


main()
