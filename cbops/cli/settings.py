"""The global options, which stand before or after the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

Format = Literal["text", "json"]

FORMATS: tuple[Format, ...] = ("text", "json")
FLAGS = ("--quiet", "--verbose", "--no-color")
VALUES = ("--config", "--rollout", "--format")

EPILOG = (
    "Global options, before or after the command: --config PATH, --rollout ID, "
    "--format text|json, --quiet, --verbose, --no-color."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the global options say. `config` and `rollout` null: look for the only one."""

    config: Path | None = None
    rollout: str | None = None
    format: Format = "text"
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False


@dataclass(frozen=True, slots=True)
class Hoisted:
    """The settings, the words that are left for the command, and what was wrong (null: nothing)."""

    settings: Settings
    words: tuple[str, ...]
    problem: str | None


def hoist(argv: Sequence[str], environ: Mapping[str, str]) -> Hoisted:
    """Take the global options out of the words; what follows `--` is left alone.

    The last of a repeated option counts. Reading goes on after a problem, so that `--format json`
    is known wherever it stands.
    """
    settings = Settings(no_color=bool(environ.get("NO_COLOR")))
    words: list[str] = []
    problem: str | None = None
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            words += [word, *rest]
            break
        if name in FLAGS:
            settings = _with_flag(settings, name)
            problem = problem or (f"{name} takes no value" if equals else None)
        elif name in VALUES:
            missing = not equals and (not rest or rest[0] == "--")
            given = "" if missing else value if equals else rest.pop(0)
            settings, wrong = _with_value(settings, name, given)
            problem = problem or (f"{name} needs a value" if not given else wrong)
        else:
            words.append(word)
    return Hoisted(settings, tuple(words), problem)


def _with_flag(settings: Settings, name: str) -> Settings:
    return replace(
        settings,
        quiet=settings.quiet or name == "--quiet",
        verbose=settings.verbose or name == "--verbose",
        no_color=settings.no_color or name == "--no-color",
    )


def _with_value(settings: Settings, name: str, value: str) -> tuple[Settings, str | None]:
    if name == "--config":
        return replace(settings, config=Path(value) if value else None), None
    if name == "--rollout":
        return replace(settings, rollout=value or None), None
    for known in FORMATS:
        if value == known:
            return replace(settings, format=known), None
    return settings, f"--format is '{value}', not text or json"
