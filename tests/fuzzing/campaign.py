"""Runs many cases against one parser after the other; what it finds is kept as a file.

Run: python tests/fuzzing/campaign.py [--cases N] [--seed S] [--only NAME]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    ROOT = Path(__file__).parents[2]
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from boundaries import BOUNDARIES, Boundary, run
from hostile import mutated

SLOW_SECONDS = 2.0  # of processor time, for one case: more is a hang in the making


@dataclass
class Tally:
    """What became of the cases of one parser. `bugs` are told once for each place that they come from."""

    name: str
    cases: int = 0
    taken: int = 0
    slowest: float = 0.0
    bugs: dict[str, tuple[bytes, str]] = field(default_factory=dict)


def tried(boundary: Boundary, cases: Iterator[bytes], folder: Path) -> Tally:
    """All of the cases; `folder` is empty, and nothing may be written outside of it."""
    tally = Tally(boundary.name)
    for raw in cases:
        begin = time.process_time()
        try:
            tally.taken += run(boundary, raw, folder)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
            tally.bugs.setdefault(place, (raw, "".join(traceback.format_exception(error)[-6:])))
        took = time.process_time() - begin
        tally.slowest = max(tally.slowest, took)
        if took > SLOW_SECONDS:
            tally.bugs.setdefault("slow", (raw, f"{took:.1f} s"))
        tally.cases += 1
    return tally


def cases_of(boundary: Boundary, count: int, seed: int) -> Iterator[bytes]:
    """So many, the same ones for the same seed; each grows from a good one, or from one that was taken."""
    rng = random.Random(f"{seed} {boundary.name}")
    for _ in range(count):
        raw = rng.choice(boundary.good)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            raw = mutated(raw, rng)
        yield raw


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--cases", type=int, default=5_000, help="for each parser")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--only", default="")
    words.add_argument("--keep", type=Path, default=None, help="a folder for what was found")
    asked = words.parse_args()
    total = found = 0
    for boundary in BOUNDARIES:
        if asked.only not in boundary.name:
            continue
        with tempfile.TemporaryDirectory() as name:
            tally = tried(boundary, cases_of(boundary, asked.cases, asked.seed), Path(name))
        total, found = total + tally.cases, found + len(tally.bugs)
        print(
            f"{tally.name:16} {tally.cases:8,} cases, {tally.taken:7,} taken, slowest {tally.slowest:.2f} s, {len(tally.bugs)} found",
            flush=True,
        )
        for number, (place, (raw, told)) in enumerate(tally.bugs.items()):
            print(f"  {place}\n    {raw[:200]!r}\n    {told.strip()}")
            if asked.keep is not None:
                asked.keep.mkdir(parents=True, exist_ok=True)
                (asked.keep / f"{boundary.name.replace(' ', '-')}-{number}").write_bytes(raw)
    print(f"{total:,} cases, {found} found")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
