"""The trace files of a command line as traffic, and the count that is shown while they are read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cbops.cli.emit import colour_wanted
from cbops.cli.lazy import lazy
from cbops.errors import UsageError
from cbops.flows.steps.narrowing import TenantTraffic
from cbops.model.traffic import Circuit

if TYPE_CHECKING:
    from cbops.cli.wiring import Surroundings
    from cbops.flows.ports import TrafficPort

LONG = 20_000_000  # bytes of trace files from which on a count is worth showing
# Bytes of a request in plain text, and in Parquet or packed.
TEXT = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")
TEXT_BYTES, PACKED_BYTES = 80, 8


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """What the options say of the trace. `tenant` and `provider` null: all of them."""

    patterns: tuple[str, ...]
    mapping: tuple[str, ...]
    memory_bytes: int
    skip_bad: int
    workers: int
    tenant: str | None = None
    provider: str | None = None


def patterns(trace: Sequence[str] | None, files: Sequence[str] | None) -> tuple[str, ...]:
    """The files of `--trace`, and those behind it, which a shell put there; UsageError for none."""
    named = (*(trace or ()), *(files or ()))
    if not named:
        raise UsageError(
            "a replay needs a trace",
            hint="Name its files: --trace FILE… Or take the counters: --from-prometheus",
        )
    return tuple(dict.fromkeys(named))


def trace_traffic(options: TraceOptions, closing: ExitStack, *, preferred: str | None = None) -> TrafficPort:
    """The requests of the files. `preferred`: only that tenant's, unless the trace names no tenant or
    `options` name one.
    """
    mapping = lazy("cbops.clients.traces.mapping", "parse_map")(options.mapping)

    def opened(tenant: str | None) -> TrafficPort:
        only = Circuit(tenant=tenant, provider=options.provider)
        made = lazy("cbops.clients.traces.reader", "TraceFiles")(
            options.patterns,
            mapping,
            memory_bytes=options.memory_bytes,
            skip_bad=options.skip_bad,
            only=None if only == Circuit() else only,
            threads=options.workers,
        )
        closing.callback(made.close)
        port: TrafficPort = made
        return port

    if preferred is not None and options.tenant is None:
        return TenantTraffic(preferred, opened)
    return opened(options.tenant)


@contextmanager
def shown_count(
    given: Surroundings, named: Sequence[str], *, always: bool = False
) -> Iterator[Callable[[int], None] | None]:
    """The requests counted on stderr, where somebody looks at it and the files are long (or `always`); else null."""
    settings = given.settings
    quiet = settings.quiet or settings.format == "json" or not sys.stderr.isatty()
    if quiet or not (always or sum(_sizes(named).values()) >= LONG):
        yield None
        return
    colour = colour_wanted(sys.stderr, settings, given.environ.get("TERM"))
    with lazy("cbops.cli.counting", "counting")("requests", colour=colour) as told:
        yield told


def likely_requests(named: Sequence[str]) -> int:
    """About how many requests the files hold, by their sizes."""
    return sum(
        size // (TEXT_BYTES if path.suffix in TEXT else PACKED_BYTES) for path, size in _sizes(named).items()
    )


def _sizes(named: Sequence[str]) -> dict[Path, int]:
    """The bytes of each file; nothing for what isn't there, which the reader tells."""
    matches: Callable[[str], list[Path]] = lazy("cbops.clients.traces.inputs", "matches")
    return {path: path.stat().st_size for each in named for path in matches(each) if path.is_file()}
