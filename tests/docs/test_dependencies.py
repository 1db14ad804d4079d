"""docs/dependencies.md names every dependency of pyproject.toml, and no other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def named(requirements):
    return sorted(re.match(r"[A-Za-z0-9_.-]+", text).group().lower() for text in requirements)


def rows(heading):
    part = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1].strip() for line in part.splitlines() if line.startswith("| ")]
    return [cell for cell in cells if cell != "package"]


def test_every_dependency_at_run_time_has_its_row():
    assert sorted(row.split(" ")[0] for row in rows("At run time")) == named(
        PROJECT["project"]["dependencies"]
    )


def test_every_dependency_of_the_tests_and_checks_has_its_reason():
    listed = [name.lower() for row in rows("For tests and checks") for name in row.split(", ")]
    wanted = [
        text for group in PROJECT["dependency-groups"].values() for text in group if isinstance(text, str)
    ]
    assert sorted(listed) == named(wanted)
