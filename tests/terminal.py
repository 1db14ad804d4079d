"""A real terminal of a fixed size: tmux on a socket of its own, read as a person sees it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_server import until

from tests.conftest import ROOT

CBOPS = f"{shlex.quote(sys.executable)} -m cbops"
PROMPT = "$ "


@dataclass(frozen=True)
class Terminal:
    """One server with one shell. What is typed reaches the shell as from a keyboard."""

    socket: Path

    def tmux(self, *words: str) -> str:
        """One command of tmux, and what it answers."""
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), "-f", os.devnull, *words],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout

    def type(self, line: str) -> None:
        """A line, and Enter."""
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def key(self, name: str) -> None:
        """A key by its name: `C-c`, `Tab`."""
        self.tmux("send-keys", name)

    def screen(self, *options: str) -> str:
        """What is to be seen, without the empty lines at the end."""
        return self.tmux("capture-pane", "-p", *options).rstrip("\n ")

    def resize(self, columns: int, lines: int) -> None:
        """As when a person draws at the window's corner."""
        self.tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def state(self) -> tuple[bool, bool]:
        """(whether the cursor is to be seen, whether it is the terminal's other screen)."""
        cursor, other = self.tmux("display-message", "-p", "#{cursor_flag} #{alternate_on}").split()
        return cursor == "1", other == "1"

    def waits(self, found: Callable[[str], bool], what: str) -> str:
        """The screen once it is so."""
        seen = [""]

        def look() -> bool:
            seen[0] = self.screen()
            return found(seen[0])

        try:
            until(look, what, 20)
        except AssertionError as error:
            raise AssertionError(f"{error}; to be seen is:\n{seen[0]}") from None
        return seen[0]

    def fresh(self) -> None:
        """An empty screen of 80 × 24 with a prompt, whatever ran before."""
        self.resize(80, 24)
        self.tmux("respawn-pane", "-k")
        self.waits(lambda text: text == PROMPT.strip(), "a prompt")


@contextmanager
def opened(folder: Path, home: Path) -> Iterator[Terminal]:
    """A terminal whose shell stands in that folder, and knows nothing of ours but the path."""
    made = Terminal(home / "tmux")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "PS1": PROMPT,
        "LANG": "C.UTF-8",
    }
    words = [f"{name}={value}" for name, value in environ.items()]
    shell = shlex.join(["env", "-i", "TERM=tmux-256color", *words, "bash", "--norc", "--noprofile"])
    made.tmux("new-session", "-d", "-x", "80", "-y", "24", "-c", str(folder), shell)
    try:
        made.tmux("set-option", "-g", "status", "off")
        made.tmux("set-option", "-g", "remain-on-exit", "on")
        yield made
    finally:
        made.tmux("kill-server")
