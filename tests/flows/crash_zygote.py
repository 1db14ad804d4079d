"""Runs cbops in forked children that kill themselves at a given point; one JSON job a line on stdin.

A job: {"words": […], "folder": …, "environ": {…}, "now": ISO time, "kill": [where, number]}. `where` is
`before PUT`, `after GET history`, …: the number-th admin call that begins so, not yet sent or just answered;
or `fsync`: just before the number-th fsync of a file or folder. The answer: the child's wait status.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

import httpx

# Everything that a command loads, so that a fork has it already.
import cbops.cli.commands.canary_enable
import cbops.cli.commands.resume
import cbops.cli.commands.rollback
import cbops.clients.admin
import cbops.clients.files
import cbops.clients.store
from cbops.cli.app import run

real_handle = httpx.HTTPTransport.handle_request
real_fsync = os.fsync


class FixedClock:
    def __init__(self, now: str) -> None:
        self._now = datetime.fromisoformat(now)

    def now(self) -> datetime:
        return self._now

    def wait(self, seconds: float) -> None:
        raise AssertionError("nothing is waited for here")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def plant(where: str, number: int) -> None:
    """Install the death."""
    left = number
    moment, _, wanted = where.partition(" ")

    def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        nonlocal left
        call = f"{request.method} {request.url.path.rstrip('/').rpartition('/')[2]}"
        hit = bool(wanted) and call.startswith(wanted)
        left -= hit
        if hit and left == 0 and moment == "before":
            die()
        response = real_handle(transport, request)
        if hit and left == 0:
            response.read()
            die()
        return response

    def fsync(fd: int) -> None:
        nonlocal left
        left -= where == "fsync"
        if left == 0 and where == "fsync":
            die()
        real_fsync(fd)

    httpx.HTTPTransport.handle_request = handle  # type: ignore[method-assign]
    os.fsync = fsync


def child(job: dict[str, object]) -> int:
    os.chdir(str(job["folder"]))
    os.environ.clear()
    os.environ.update(job["environ"])  # type: ignore[arg-type]
    out = os.open(os.devnull, os.O_WRONLY)
    os.dup2(out, 1)
    os.dup2(out, 2)
    where, number = job["kill"]  # type: ignore[misc]
    plant(where, number)
    return run([str(word) for word in job["words"]], FixedClock(str(job["now"])))  # type: ignore[attr-defined]


def main() -> None:
    assert Path(cbops.cli.commands.resume.__file__).exists()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                status = child(json.loads(line))
            finally:
                os._exit(status)
        _, ended = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(ended), flush=True)


main()
