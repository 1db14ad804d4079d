"""The other end of crash_zygote: commands that are recorded, killed, or run all at once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow_world import Work

from cbops.model.base import iso

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class Ended:
    """How a command of many ended."""

    status: int
    stdout: str

    @property
    def answer(self) -> dict[str, Any]:
        return json.loads(self.stdout)

    @property
    def error(self) -> dict[str, str]:
        return self.answer["error"]


@dataclass(frozen=True)
class Zygote:
    """A process that has everything loaded and forks."""

    process: subprocess.Popen[str]

    def ask(self, job: object) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@dataclass(frozen=True)
class Crash:
    """Commands in this work folder."""

    zygote: Zygote
    work: Work

    def __call__(self, where: str, number: int, *words: object) -> int:
        """Killed at the number-th point whose name begins so; the exit status."""
        return int(self.zygote.ask(self._job(words, [where, number]))["status"])

    def warm(self, *words: object) -> int:
        """Run it in the parent of all forks; the exit status."""
        return int(self.zygote.ask({"warm": self._job(words, None)}))

    def points(self, *words: object) -> dict[str, Any]:
        """Run to its end: {"status", "passed": the names of all its points, "missed"}."""
        return self.zygote.ask(self._job(words, None))

    def at(self, point: int, *words: object) -> dict[str, Any]:
        """Killed at the point of that number, from 1: {"status", "last": its name}."""
        return self.zygote.ask(self._job(words, [None, point]))

    def together(self, commands: Sequence[Sequence[object]]) -> list[Ended]:
        """All at the same instant, each with a JSON answer."""
        jobs = [self._job((*words, "--format", "json"), None) for words in commands]
        return [Ended(**each) for each in self.zygote.ask({"together": jobs})]

    def _job(self, words: Sequence[object], stop: object) -> dict[str, object]:
        return {
            "words": [str(word) for word in words],
            "folder": str(self.work.folder),
            "environ": self.work.cli.environ,
            "now": iso(self.work.clock.now()),
            "stop": stop,
        }


@contextmanager
def started() -> Iterator[Zygote]:
    """The zygote, until the block ends."""
    script = Path(__file__).with_name("crash_zygote.py")
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    ) as process:
        try:
            yield Zygote(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)
