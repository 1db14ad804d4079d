"""Options that several commands share, and the values in them."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from cbops.model.base import as_utc, within_reason


def instant(text: str | datetime) -> datetime:
    """ISO 8601; a time without an offset is UTC (promise to scripts)."""
    if isinstance(text, datetime):
        return as_utc(text)
    try:
        return within_reason(as_utc(datetime.fromisoformat(text.strip())))
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not an ISO 8601 time such as 2025-01-27T09:00:00Z") from None


def calendar_date(text: str | date) -> date:
    """An ISO 8601 date, in the rollout's time zone."""
    if isinstance(text, date):
        return text
    try:
        found = date.fromisoformat(text.strip())
        within_reason(datetime(found.year, found.month, found.day, tzinfo=UTC))
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a date such as 2025-01-27") from None
    return found


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 366 * _UNITS["d"]
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


def seconds(text: str | float) -> float:
    """A length of time in seconds: 90, 90s, 15m, 6h or 3d."""
    if not isinstance(text, str):
        return float(text)
    found = _DURATION.fullmatch(text.strip())
    length = float(found[1]) * _UNITS[found[2] or "s"] if found else math.inf
    if length > _LONGEST:
        raise typer.BadParameter(
            f"'{text}' is not a length of time such as 90s, 15m, 6h or 3d, at most a year"
        )
    return length


def interval(text: str | float) -> float:
    """A length of time from a tenth of a second on."""
    length = seconds(text)
    if length < 0.1:
        raise typer.BadParameter(f"'{text}' is shorter than 0.1s")
    return length


def words(text: str) -> str:
    """Text that says something."""
    if not text.strip():
        raise typer.BadParameter("it is empty")
    return text.strip()


By = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", parser=words, help="Who acts. Default: the system's user."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]
Override = Annotated[
    str | None,
    typer.Option(
        "--override", metavar="REASON", parser=words, help="Go on although a requirement is open; on record."
    ),
]
Beside = Annotated[
    str | None,
    typer.Option(
        "--beside",
        metavar="REASON",
        parser=words,
        help="Open it although a rollout of this policy is not over; on record.",
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", metavar="TIME", parser=instant, help="As if it were that instant. Default: now."),
]
Instant = Annotated[datetime, typer.Option(metavar="TIME", parser=instant)]
TenantArgument = Annotated[str, typer.Argument(metavar="TENANT", parser=words, help="The tenant's id.")]
RolloutTenant = Annotated[
    str | None, typer.Argument(metavar="TENANT", parser=words, help="Default: the rollout's.")
]
RolloutPolicy = Annotated[
    str | None, typer.Argument(metavar="POLICY", parser=words, help="Default: the rollout's.")
]
PolicyOption = Annotated[
    str, typer.Option("--policy", metavar="POLICY", parser=words, help="The policy's id.")
]
ProviderOption = Annotated[
    str, typer.Option("--provider", metavar="PROVIDER", parser=words, help="The provider's name.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="REASON", parser=words, help="Why; on record.")]
