"""Where the templates are: beside the package in a source checkout, inside it when installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import cbops

INSTALLED = "_templates"
SUFFIX = ".j2"


def templates(package: Traversable, checkout: Path) -> Traversable:
    """The templates folder of an installed package, else that of its checkout."""
    installed = package.joinpath(INSTALLED)
    return installed if installed.is_dir() else checkout / "templates"


def template_source(name: str) -> str | None:
    """The text of the template of that name (`/` between folders), None when there is none."""
    if name not in template_names():  # a name that leads elsewhere isn't one of them
        return None
    return _folder().joinpath(*name.split("/")).read_text(encoding="utf-8")


def template_names() -> tuple[str, ...]:
    """Every shipped template, sorted."""
    return tuple(sorted(_below(_folder(), "")))


def _folder() -> Traversable:
    here = files(cbops)
    return templates(here, Path(str(here)).parent)


def _below(folder: Traversable, before: str) -> Iterator[str]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _below(each, f"{before}{each.name}/")
        elif each.name.endswith(SUFFIX):
            yield before + each.name
