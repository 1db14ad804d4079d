"""What was said of each made rollout, kept in a folder: one file a row, one line a rollout, in the order of being done.

A run that was ended goes on where it stopped, with more rollouts a row if so asked. A line that was cut short is played
again. Each line names the sources that it was made by, so that a table of several of them can be told.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

from judgement_rows import Judged, Look

import cbops.breaker
import cbops.judge


@cache
def sources() -> str:
    """A short name of the judge and the generator as they are now."""
    folders = [
        Path(cbops.judge.__file__).parent,
        Path(cbops.breaker.__file__).parent,
        Path(__file__).parent / "counted",
    ]
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def kept(path: Path) -> dict[int, tuple[Judged, str]]:
    """By seed, with what made it."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            told = json.loads(line)
        except json.JSONDecodeError:  # the run was ended while it wrote
            continue
        looks = tuple(Look(*look) for look in told["looks"])
        found[told["seed"]] = (
            Judged(told["drift"], told["hours"], told["controls"], looks, told["seconds"]),
            told["by"],
        )
    return found


def keep(path: Path, seed: int, judged: Judged) -> None:
    """Put one more behind the others."""
    told = {"seed": seed, "by": sources(), **asdict(judged)}
    told["looks"] = [list(look.values()) for look in told["looks"]]
    begun = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if begun else "") + json.dumps(told, separators=(",", ":")) + "\n")
