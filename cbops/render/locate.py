"""Where the templates are: beside the package in a source checkout, inside it when installed."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import cbops

INSTALLED = "_templates"


def templates(package: Traversable, checkout: Path) -> Traversable:
    """The templates folder of an installed package, else that of its checkout."""
    installed = package.joinpath(INSTALLED)
    return installed if installed.is_dir() else checkout / "templates"


def template_source(name: str) -> str | None:
    """The text of the template of that name (`/` between folders), None when there is none."""
    here = files(cbops)
    found = templates(here, Path(str(here)).parent).joinpath(*name.split("/"))
    return found.read_text(encoding="utf-8") if found.is_file() else None
