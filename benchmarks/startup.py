"""Start-up times beside an empty Typer app, interleaved in one run: python benchmarks/startup.py [ROUNDS].

The work folder holds one finished rollout; by default it is a copy of the example under rollouts/.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 31

EMPTY = """\
import typer

app = typer.Typer()


@app.command()
def main() -> None:
    pass


if __name__ == "__main__":
    app()
"""

# What a console script does.
CBOPS = """\
import sys

from cbops.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A command, what it is measured against, and how many times as long it may take."""

    name: str
    words: tuple[str, ...]
    against: tuple[str, ...]
    target: float


PAIRS = (
    Pair("cbops --help", ("cbops.py", "--help"), ("empty.py", "--help"), 1.3),
    Pair("cbops canary status", ("cbops.py", "canary", "status"), ("empty.py",), 1.75),
)


def prepare(folder: Path) -> None:
    """The scripts and a work folder with one finished rollout."""
    (folder / "empty.py").write_text(EMPTY)
    (folder / "cbops.py").write_text(CBOPS)
    (folder / "cbops.yaml").write_text("version: 1\n")
    examples = [path.parent for path in (ROOT / "rollouts").glob("*/journal.jsonl")]
    if not examples:
        sys.exit("there is no finished example under rollouts/; make one with: make demo")
    shutil.copytree(examples[0], folder / "rollouts" / examples[0].name)


def seconds(words: tuple[str, ...], folder: Path, environ: Mapping[str, str]) -> float:
    """The wall time of one run, which must succeed."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=folder, env=environ, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def measure(rounds: int) -> dict[tuple[str, ...], list[float]]:
    """Every command once a round, so that a noisy moment meets all of them."""
    times: dict[tuple[str, ...], list[float]] = {}
    # -P keeps the folder of the script, which holds a cbops.py, out of the imports.
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    with tempfile.TemporaryDirectory(prefix="cbops-startup-") as name:
        folder = Path(name)
        prepare(folder)
        lines = [words for pair in PAIRS for words in (pair.against, pair.words)]
        for number in range(rounds + 1):
            for words in lines:
                taken = seconds(words, folder, environ)
                if number:  # the first round only writes byte code and warms the disk
                    times.setdefault(words, []).append(taken)
    return times


def main() -> int:
    """Print a table; 1 when a target is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    times = measure(rounds)
    print(f"medians of {rounds} interleaved runs, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    print(f"{'':<22}{'ms':>7}{'empty':>8}{'ratio':>8}{'target':>8}")
    met = True
    for pair in PAIRS:
        own, empty = statistics.median(times[pair.words]), statistics.median(times[pair.against])
        ratio = own / empty
        met = met and ratio <= pair.target
        verdict = "" if ratio <= pair.target else "  missed"
        print(f"{pair.name:<22}{own * 1000:7.0f}{empty * 1000:8.0f}{ratio:8.2f}{pair.target:8.2f}{verdict}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
