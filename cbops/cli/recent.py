"""`--from-prometheus`: the traffic of a replay from the metrics source, and the time that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cbops.cli.lazy import lazy
from cbops.cli.options import instant
from cbops.cli.replaying import narrowed
from cbops.cli.traces import patterns, trace_traffic
from cbops.cli.wiring import workplace
from cbops.errors import UsageError
from cbops.flows.steps.wording import plural

if TYPE_CHECKING:
    from cbops.cli.replaying import Around
    from cbops.cli.traces import TraceOptions
    from cbops.flows.ports import TrafficPort
    from cbops.model.state import RolloutState

USUAL_DAYS = 7
ENABLING = "enabling"


def instant_or_enabling(text: str | datetime) -> datetime | str:
    """ISO 8601, or the word for the instant at which the rollout's breaker was enabled."""
    if isinstance(text, str) and text.strip().lower() == ENABLING:
        return ENABLING
    return instant(text)


FromPrometheus = Annotated[
    bool,
    typer.Option(
        "--from-prometheus",
        help="Instead of a trace: requests synthesised from the counters of the metrics source, an approximation.",
    ),
]
Days = Annotated[
    int | None,
    typer.Option("--days", metavar="N", min=1, max=365, help="With it: so many days. Default: 7."),
]
From = Annotated[
    datetime | None, typer.Option("--from", metavar="TIME", parser=instant, help="With it: from then on.")
]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="TIME",
        parser=instant_or_enabling,
        help="With it: until then, or until 'enabling'. Default: now.",
    ),
]


class Recently:
    """The options that say which traffic of the metrics source is meant."""

    def __init__(
        self, *, asked: bool, days: int | None, since: datetime | None, until: datetime | str | None
    ) -> None:
        if not asked and (days, since, until) != (None, None, None):
            raise UsageError(
                "--days, --from and --to belong to --from-prometheus", hint="Add --from-prometheus."
            )
        if days is not None and since is not None:
            raise UsageError("--days and --from say two things", hint="Give one of them, and --to if wanted.")
        self.asked, self._days, self._since, self._until = asked, days, since, until

    @property
    def past(self) -> bool:
        """Whether the time ends at an instant that was given, not now."""
        return self._until is not None

    def patterns(self, trace: Sequence[str] | None, files: Sequence[str] | None) -> tuple[str, ...]:
        """The trace files that are meant: none where counters take their place. UsageError for both or neither."""
        if not self.asked:
            return patterns(trace, files)
        if trace or files:
            raise _one_of_both("--trace")
        return ()

    def span(self, now: datetime, rollout: RolloutState | None) -> tuple[datetime, datetime]:
        """The time that is meant: (after, up to). UsageError when it is empty or not over."""
        end = now
        if isinstance(self._until, datetime):
            end = self._until
        elif self._until is not None:
            end = _enabled_at(rollout)
        start = self._since or end - timedelta(days=self._days or USUAL_DAYS)
        if not start < end <= now:
            raise UsageError(
                f"from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC is no time that is over",
                hint=f"It is {now:%Y-%m-%d %H:%M} UTC; correct --from or --to.",
            )
        return start, end


def chosen_traffic(
    context: typer.Context, asked: Recently, found: Around, options: TraceOptions, *, all_tenants: bool
) -> tuple[TrafficPort, tuple[str, ...]]:
    """The traffic of the counters where that was asked for, else of the files; and what notes say of it.

    ConfigError without cbops.yaml where counters are asked for, UsageError without a tenant and for a time that is
    none.
    """
    if asked.asked:
        others = {
            "--map": options.mapping,
            "--skip-bad": options.skip_bad,
            "--all-tenants": all_tenants,
        }
        if given := [name for name, value in others.items() if value]:
            raise _one_of_both(given[0])
        traffic, note = _counted_traffic(context, asked, found, options)
        return traffic, (note,)
    preferred = None if all_tenants or found.state is None else found.state.target.tenant
    files = trace_traffic(options, context.with_resource(ExitStack()), preferred=preferred)
    return files, narrowed(found, options.tenant, preferred)


def _one_of_both(name: str) -> UsageError:
    return UsageError(
        f"--from-prometheus takes the place of a trace, and {name} belongs to a trace",
        hint="Give one of the two.",
    )


def _counted_traffic(
    context: typer.Context, asked: Recently, found: Around, options: TraceOptions
) -> tuple[TrafficPort, str]:
    place, state = workplace(context), found.state
    tenant, provider = _whose(found, options.tenant, options.provider)
    start, end = asked.span(place.clock.now(), state)
    made: TrafficPort = lazy("cbops.flows.steps.traffic", "RecentTraffic")(
        place.samples(),
        place.config.metrics,
        tenant,
        None if provider is None else frozenset({provider}),
        start,
        end,
        past=asked.past,
    )
    declared = (
        "" if state is None else f"rollout {state.id}: {plural(len(state.incidents), 'declared incident')}; "
    )
    return made, (
        f"{declared}counters of {tenant} on {provider or 'all its providers'}, "
        f"from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    )


def _whose(found: Around, tenant: str | None, provider: str | None) -> tuple[str, str | None]:
    """Those that are named, else the rollout's."""
    target = None if found.state is None else found.state.target
    if target is not None and tenant in (None, target.tenant):
        return target.tenant, provider or target.provider
    if tenant is None:
        raise UsageError(
            "--from-prometheus needs a tenant, and "
            + (found.notes[0] if found.notes else "there is no rollout to take it from"),
            hint="Name one: --tenant TENANT, and --provider PROVIDER for a single circuit.",
        )
    return tenant, provider


def _enabled_at(rollout: RolloutState | None) -> datetime:
    if rollout is None or rollout.enabled_at is None:
        raise UsageError(
            "--to enabling: there is no rollout whose breaker was enabled", hint="Give a time: --to TIME."
        )
    return rollout.enabled_at
