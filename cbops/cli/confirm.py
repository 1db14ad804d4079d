"""Asking a person; never waits where nobody can answer."""

from __future__ import annotations

import sys

import typer

from cbops.errors import InterruptedByUserError, UsageError


def confirm(question: str, *, yes: bool) -> None:
    """Return when the answer is yes. No is an InterruptedByUserError; without `yes` and without a
    terminal it is a UsageError at once. The question goes to stderr.
    """
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty() or sys.stderr is None or not sys.stderr.isatty():
        raise UsageError(f"'{question}' needs an answer, and there is no terminal", hint="Add --yes.")
    if not typer.confirm(question, err=True):
        raise InterruptedByUserError(
            "you said no; nothing was changed", hint="Run it again when you are ready."
        )
