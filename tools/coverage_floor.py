"""Fail when a package has less coverage than the floor: python -m tools.coverage_floor COVERAGE.json.

Statements and branches count apart, so that many statements cannot hide a branch that no test takes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FLOOR = 0.95
PACKAGES = ("model", "breaker", "measure", "judge", "rollout", "journal")


@dataclass(frozen=True, slots=True)
class Share:
    """How many there are, and how many of them were reached."""

    reached: int
    all: int

    @property
    def value(self) -> float:
        """1.0 when there is nothing to reach."""
        return self.reached / self.all if self.all else 1.0


@dataclass(frozen=True, slots=True)
class Package:
    """The coverage of one package."""

    name: str
    statements: Share
    branches: Share

    @property
    def holds(self) -> bool:
        """Whether both reach the floor; a package without statements was not measured, and doesn't."""
        return self.statements.all > 0 and min(self.statements.value, self.branches.value) >= FLOOR


def package(name: str, files: Mapping[str, Any]) -> Package:
    """Sum up the files of cbops/<name>/ in coverage's JSON report."""
    summaries = [
        report["summary"] for path, report in files.items() if f"cbops/{name}/" in path.replace("\\", "/")
    ]

    def total(key: str) -> int:
        return sum(summary[key] for summary in summaries)

    return Package(
        name,
        Share(total("covered_lines"), total("num_statements")),
        Share(total("covered_branches"), total("num_branches")),
    )


def main(argv: list[str]) -> int:
    """Print a line a package; 1 when one is below the floor."""
    files = json.loads(Path(argv[0]).read_text(encoding="utf-8"))["files"]
    packages = [package(name, files) for name in PACKAGES]
    for one in packages:
        verdict = "" if one.holds else f"  below {FLOOR:.0%}"
        line = f"{one.name:<9} statements {one.statements.value:6.1%}  branches {one.branches.value:6.1%}{verdict}"
        sys.stdout.write(line + "\n")
    return 0 if all(one.holds for one in packages) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
