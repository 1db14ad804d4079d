"""What a person sees before being asked; to stderr, so that stdout stays the answer."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from cbops.cli.emit import plain
from cbops.cli.settings import Settings


def show_plan(settings: Settings, lines: Iterable[str], warnings: Iterable[str]) -> bool:
    """The plan and its warnings, unless the answer is for a program or nobody wants to read.

    True when they were shown, so that the answer need not repeat the warnings.
    """
    if settings.format == "json" or settings.quiet:
        return False
    for line in lines:
        print(plain(line), file=sys.stderr)
    for warning in warnings:
        print(f"warning: {plain(warning)}", file=sys.stderr)
    return True
