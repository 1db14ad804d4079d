"""Documents that are run: their console blocks, typed into a shell of our own.

In what a document shows, `…` stands for anything within a line, and a line of `…` alone for any lines.
127.0.0.1:8080 is wherever the practice router of the test listens.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cbops.cli.wiring import system_user
from tests.conftest import ROOT, Cli

if TYPE_CHECKING:
    from cbops.flows.ports import Clock

UPDATING = bool(os.environ.get("CBOPS_UPDATE_GOLDEN"))
ADDRESS = "127.0.0.1:8080"
_FENCE = re.compile(r"^```(\w*)$")
_STAGE = re.compile(r"^<!-- stage: (\w+) -->$")
_HEADING = re.compile(r"^#{2,} (?:`cbops (?P<command>[a-z ]+)`|(?P<title>.+))$")


@dataclass(frozen=True)
class Step:
    """A command with what the document shows of its output; `at` is the output's first line (from 0)."""

    command: str
    output: tuple[str, ...]
    at: int


@dataclass(frozen=True)
class Block:
    """A fenced block. `section` is the heading above it (a command's words, where it is about one)."""

    kind: str
    section: str
    stage: str | None
    lines: tuple[str, ...]
    at: int  # the first line in the fence, from 0

    @property
    def steps(self) -> tuple[Step, ...]:
        """The commands of a console block; `\\` at the end of a line goes on after `> ` in the next."""
        steps: list[Step] = []
        for number, line in enumerate(self.lines, self.at):
            if line.startswith("$ "):
                steps.append(Step(line[2:], (), number + 1))
                continue
            assert steps, f"line {number + 1}: output without a command"
            last = steps.pop()
            if last.command.endswith("\\") and line.startswith("> "):
                steps.append(Step(last.command[:-1] + line[2:].strip(), (), number + 1))
            else:
                steps.append(Step(last.command, (*last.output, line), last.at))
        return tuple(steps)


def blocks(page: Path) -> tuple[Block, ...]:
    """All fenced blocks of a document, in order."""
    found: list[Block] = []
    section, stage, start, kind = "", None, None, ""
    lines = page.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        fence = _FENCE.match(line)
        if start is not None:
            if line == "```":
                found.append(Block(kind, section, stage, tuple(lines[start:number]), start))
                start, stage = None, None
        elif fence:
            start, kind = number + 1, fence[1]
        elif named := _STAGE.match(line):
            stage = named[1]
        elif heading := _HEADING.match(line):
            section = heading["command"] or heading["title"]
    assert start is None, f"{page.name}: a block is not closed"
    return tuple(found)


def matches(shown: Sequence[str], printed: str) -> bool:
    """Whether that was printed, `…` standing for anything; spaces at the end of a line don't count."""
    pattern = ""
    for line in shown:
        if line.strip() == "…":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += ".*?".join(re.escape(part) for part in line.rstrip().split("…")) + "\n"
    text = "".join(line.rstrip() + "\n" for line in printed.splitlines())
    return re.fullmatch(pattern, text) is not None


@dataclass
class Served:
    """A `cbops sim serve` of the document, running as a process of its own."""

    process: subprocess.Popen[str]
    url: str
    said: str

    def stop(self) -> str:
        """Ctrl-C; returns what it printed then."""
        self.process.send_signal(2)
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err
        return out


@dataclass
class Shell:
    """Types the commands of a document. `address` is where the practice router really listens.

    A `cbops sim serve` keeps its terminal: what follows is typed into another, without its variables.
    """

    cli: Cli
    address: str = ADDRESS
    clock: Clock | None = None
    served: list[Served] = field(default_factory=list)
    status: int = 0
    _plain: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._plain = dict(self.cli.environ)

    def type(self, command: str) -> str:
        """Run one line; what it prints, as a terminal would show it. KeyError when this shell can't."""
        words = shlex.split(command.replace(ADDRESS, self.address))
        if command == "echo $?":
            printed = f"{self.status}\n"
            self.status = 0
            return printed
        assert self.status == 0, f"the exit status {self.status} before '{command}' is not shown: echo $?"
        if words[0] == "export":
            self.cli.environ.update(dict(word.split("=", 1) for word in words[1:]))
            return ""
        if words[0] == "cd":
            self.cli.folder = self.cli.folder / words[1]
            return ""
        if words[:3] == ["cbops", "sim", "serve"]:
            return self._serve(words[1:])
        if words[0] == "cbops":
            return self._cbops(words[1:])
        raise KeyError(command)

    def save(self, block: Block) -> None:
        """Write a file that the document shows; its first line names it: `# cbops.yaml`."""
        name = block.lines[0].removeprefix("# ")
        text = "\n".join(block.lines).replace(ADDRESS, self.address) + "\n"
        (self.cli.folder / name).write_text(text, encoding="utf-8")

    def stop(self) -> None:
        """End what was served."""
        for each in self.served:
            if each.process.poll() is None:
                each.stop()

    def _cbops(self, words: list[str]) -> str:
        result = self.cli(*words, clock=self.clock)
        self.status = result.status
        self._redirect()
        printed = result.stderr + result.stdout
        return printed.replace(self.address, ADDRESS).replace(str(self.cli.folder.parent), "/…")

    def _redirect(self) -> None:
        """The configuration that `cbops init` wrote names the usual address."""
        path = self.cli.folder / "cbops.yaml"
        if path.is_file() and ADDRESS in (text := path.read_text(encoding="utf-8")):
            path.write_text(text.replace(ADDRESS, self.address), encoding="utf-8")

    def _serve(self, words: list[str]) -> str:
        process = subprocess.Popen(
            [sys.executable, "-m", "cbops", *words, "--port", "0"],
            cwd=self.cli.folder,
            env={**self.cli.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = _line(process.stderr)
        found = re.search(r"on http://(\S+) ", said)
        if found is None:
            process.kill()
            pytest_says = said + process.communicate()[1]
            raise AssertionError(f"cbops {' '.join(words)} does not serve: {pytest_says}")
        self.address = found[1]
        self.served.append(Served(process, f"http://{found[1]}", said))
        self.cli.environ = dict(self._plain)
        return said.replace(self.address, ADDRESS)


def _line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def renewed(shown: Sequence[str], printed: str) -> list[str]:
    """What the document should show: lines of it that still hold stay, with their `…`; others are as printed."""
    text = re.sub(r"=[0-9a-f]{10}…", "=…", printed)
    lines = re.sub(rf"\b{re.escape(system_user())}\b", "…", text).splitlines()
    made: list[str] = []
    here, skipping = 0, False
    for line in shown:
        if line.strip() == "…":
            skipping = True
            continue
        at = next((k for k in range(here, len(lines)) if matches((line,), lines[k])), None)
        if at is not None:
            made += [*(["…"] if skipping else lines[here:at]), line]
            here, skipping = at + 1, False
    made += ["…"] if skipping else lines[here:]
    return [line.rstrip() for line in made]


@dataclass
class Checked:
    """The steps of a document that were typed, and what they printed where the document shows something else."""

    page: Path
    wrong: list[tuple[Step, str]] = field(default_factory=list)

    def see(self, step: Step, printed: str) -> None:
        """Compare what was printed with what the document shows."""
        if matches(step.output, printed):
            return
        if not UPDATING:
            shown = "\n".join(step.output)
            raise AssertionError(
                f"{self.page.name}:{step.at}: $ {step.command}\n--- shown ---\n{shown}\n--- printed ---\n{printed}"
            )
        self.wrong.append((step, printed))

    def rewrite(self) -> None:
        """With CBOPS_UPDATE_GOLDEN=1: put what was printed into the document, for somebody to read it."""
        lines = self.page.read_text(encoding="utf-8").splitlines()
        for step, printed in sorted(self.wrong, key=lambda each: -each[0].at):
            lines[step.at : step.at + len(step.output)] = renewed(step.output, printed)
        if self.wrong:
            self.page.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.wrong.clear()
