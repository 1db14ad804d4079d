"""Options of the commands that replay recorded traffic, and the values in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.options import words
from cbops.errors import ConfigError
from cbops.model.calendar import zone
from cbops.model.traffic import LEAST_MEMORY, Engine

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]i?b)", re.IGNORECASE)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
MOST_MEMORY = 2**50
DEFAULT_MEMORY = 2**30


def size(text: str | int, least: int = LEAST_MEMORY) -> int:
    """Bytes: 512MB and 2GB count in thousands, 512MiB and 2GiB in 1024s; between `least` and 1024TiB."""
    if isinstance(text, int):
        return text
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"'{text}' is not a size such as 512MB or 2GiB")
    unit = found[2].lower()
    count = int(float(found[1]) * (1024 if "i" in unit else 1000) ** _POWERS[unit[0]])
    if not least <= count <= MOST_MEMORY:
        raise typer.BadParameter(f"'{text}' is not between {least >> 20}MiB and 1024TiB")
    return count


def size_to_search(text: str | int) -> int:
    """Bytes for reading a trace and for keeping it."""
    return size(text, 2 * LEAST_MEMORY)


def time_zone(text: str) -> str:
    """An IANA time zone."""
    try:
        return zone(text.strip()).key
    except ConfigError as error:
        raise typer.BadParameter(f"{error.message} such as UTC or Europe/Berlin") from None


Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="FILE", parser=words, help="Further files of --trace."),
]
Trace = Annotated[
    list[str] | None,
    typer.Option(
        "--trace",
        metavar="FILE",
        parser=words,
        help="Recorded requests: JSONL, CSV or Parquet, plain, gzip or zstd; a pattern such as 'day-*.csv' too. "
        "Repeatable.",
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="NAME=COLUMN",
        parser=words,
        help="What the trace calls a column, or an outcome. Repeatable.",
    ),
]
Incidents = Annotated[
    Path | None,
    typer.Option(
        "--incidents", metavar="FILE", help='Declared ones, JSON: [{"provider": …, "from": …, "to": …}].'
    ),
]
SkipBad = Annotated[
    int, typer.Option("--skip-bad", metavar="N", min=0, help="Skip up to N rows that can't be read.")
]
Memory = Annotated[
    int,
    typer.Option(
        "--memory",
        metavar="SIZE",
        parser=size,
        help="At most so much, such as 512MB or 2GiB.",
        show_default="1GiB",
    ),
]
SearchMemory = Annotated[
    int,
    typer.Option(
        "--memory",
        metavar="SIZE",
        parser=size_to_search,
        help="At most so much, such as 512MB or 2GiB.",
        show_default="1GiB",
    ),
]
Workers = Annotated[int, typer.Option("--workers", metavar="N", min=1, max=256, help="Threads that replay.")]
EngineOption = Annotated[
    Engine, typer.Option("--engine", help="Compiled needs cbops[fast]; the answers are the same.")
]
Tenant = Annotated[
    str | None, typer.Option("--tenant", metavar="TENANT", parser=words, help="Only this tenant's requests.")
]
Provider = Annotated[
    str | None,
    typer.Option("--provider", metavar="PROVIDER", parser=words, help="Only requests to this provider."),
]
AllTenants = Annotated[bool, typer.Option("--all-tenants", help="Not only the rollout's tenant.")]
NoLive = Annotated[bool, typer.Option("--no-live", help="Don't ask for the live policy.")]
TimeZone = Annotated[
    str | None,
    typer.Option(
        "--timezone", metavar="ZONE", parser=time_zone, help="Of the times. Default: the rollout's, else UTC."
    ),
]
Svg = Annotated[
    Path | None,
    typer.Option("--svg", metavar="PATH", help="Draw a picture there; needs cbops[charts]."),
]
Record = Annotated[bool, typer.Option("--record", help="Put it on the rollout's record and into its log.")]
