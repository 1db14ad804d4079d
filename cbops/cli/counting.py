"""A count on stderr for long work whose end is not known; needs Rich, so it is loaded when it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def counting(what: str, *, colour: bool) -> Iterator[Callable[[int], None]]:
    """`1,234,567 requests` and the time, gone when the work is done."""
    console = Console(stderr=True, no_color=None if colour else True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task(f"reading {what}", total=None)

        def told(count: int) -> None:
            shown.update(task, description=f"{count:,} {what}")

        yield told


@contextmanager
def elapsing(what: str, *, colour: bool) -> Iterator[None]:
    """What is done and the time, for work whose steps nobody can count; gone when it is done."""
    console = Console(stderr=True, no_color=None if colour else True)
    columns = (TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        shown.add_task(what, total=None)
        yield


@contextmanager
def searching(*, colour: bool) -> Iterator[Callable[[int, int], None]]:
    """First the requests that were read, then a bar of the policies that were scored, gone when all is done."""
    console = Console(stderr=True, no_color=None if colour else True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("reading requests", total=None)

        def told(count: int, total: int) -> None:
            if total:
                shown.update(
                    task, description=f"{count:,} of {total:,} policies", total=total, completed=count
                )
            else:
                shown.update(task, description=f"{count:,} requests")

        yield told
