"""What a hint tells people to install can be installed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"cbops\[([a-z]+)\]")


def test_every_extra_that_a_message_or_a_page_names_exists() -> None:
    places = [*ROOT.glob("cbops/**/*.py"), *ROOT.glob("docs/*.md"), ROOT / "README.md"]
    named = {found for path in places for found in NAMED.findall(path.read_text(encoding="utf-8"))}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert named - set(project["optional-dependencies"]) == set()
