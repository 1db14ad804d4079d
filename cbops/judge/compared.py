"""What is compared with what, and everything that a comparison rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cbops.judge.blocks import Block, Bounds, days_until
from cbops.judge.case import Case, counted
from cbops.judge.cells import restart_spans
from cbops.judge.kept import REASONS, Days, DaySums, LeftOut, day_sums
from cbops.judge.numbers import rounded
from cbops.judge.outages import Outage
from cbops.judge.settings import (
    BLOCK_HOURS,
    DRIFT_HOURS,
    FIRST_HORIZON_DAYS,
    FIRST_HORIZON_SHARE,
    MIN_BLOCK_WEIGHT,
    MIN_BLOCKS_ALONE,
    MIN_BLOCKS_BEFORE,
    WARM_UP_MS,
)
from cbops.model.base import from_ms, iso, to_ms

FORECAST_DAYS = 21  # a rollout that needs longer than three more weeks needs something else


@dataclass(frozen=True, slots=True)
class Compared:
    """What is compared, day by day, and how many buckets were left out and why."""

    before: Days
    after: Days
    left_out: Mapping[str, int] = field(default_factory=dict)
    same_hours: Mapping[int, Days] = field(
        default_factory=dict
    )  # the days before, in a cut-short day's hours
    outages: tuple[tuple[str, Outage], ...] = ()

    def as_evidence(self) -> dict[str, Any]:
        """The counts, and the outages that were left out."""
        return {
            "buckets_before": sum(day.buckets for day in self.before),
            "buckets_after": sum(day.buckets for day in self.after),
            "buckets_left_out": dict(self.left_out),
            "outages_left_out": [
                {"provider": p, "from": iso(from_ms(o.start)), "to": iso(from_ms(o.end)), "by": o.source}
                for p, o in self.outages
            ],
        }


def circuit_spans(case: Case) -> tuple[tuple[str, Outage], ...]:
    """The stretches in which a circuit of the canary wasn't closed, from just before to just after."""
    found = []
    for episode in case.not_closed:
        start = to_ms(episode.opened_after or episode.opened)
        end = case.until if episode.closed is None else to_ms(episode.closed)
        found.append((episode.provider, Outage(start, end, "circuit")))
    return tuple(found)


def _same_hours(case: Case, after: Days, left_out: LeftOut) -> dict[int, Days]:
    """For each day that was cut short (the first, by enabling), the days before from the same hour on."""
    ends = {day.window.day: to_ms(day.window.end) for day in case.after.days}
    short = {day.day: ends[day.day] - day.kept[0][0] for day in after if not day.full}
    return {
        day: day_sums(case.before, left_out, dict.fromkeys(REASONS, 0), last_ms)
        for day, last_ms in short.items()
    }


def compared(case: Case, *, closed: bool) -> Compared:
    """Leave out, by rule: warm-up after enabling, provider failures on independent evidence (before and
    since enabling alike), and with `closed` also the time in which a circuit wasn't closed.
    """
    providers = sorted({*case.before.canary, *case.after.canary})
    outages = tuple((p, outage) for p in providers for outage in case.provider(p).outages)
    failing = [outage for _, outage in outages]
    circuits = [span for _, span in circuit_spans(case)] if closed else []
    enabled = None if case.state.enabled_at is None else to_ms(case.state.enabled_at)
    warm_up = (0, 0) if enabled is None else (enabled, enabled + WARM_UP_MS)
    left_out = LeftOut(warm_up, failing, circuits)
    counts = dict.fromkeys(REASONS, 0)
    before, after = (day_sums(period, left_out, counts) for period in (case.before, case.after))
    return Compared(before, after, counts, _same_hours(case, after, left_out), outages)


def mix(days: Iterable[DaySums]) -> dict[str, float]:
    """Each provider's share of the canary's results."""
    counts: dict[str, int] = {}
    for day in days:
        for provider, sums in day.canary.items():
            counts[provider] = counts.get(provider, 0) + sums.results
    total = sum(counts.values())
    return {provider: n / total for provider, n in counts.items() if n} if total else {}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The blocks that are compared, and the bounds of the effect; null: too few blocks."""

    compared: Compared
    shares: Mapping[str, float]
    controlled: bool
    before: Sequence[Block]
    after: Sequence[Block]
    bounds: Bounds | None
    same_hours: Mapping[int, Sequence[Block]] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """What was compared with what."""
        if self.controlled and self.compared.before:
            return "difference in differences: canary minus controls, since enabling minus before"
        if self.controlled:
            return "canary minus controls since enabling; there is no baseline"
        if self.compared.before:
            return "since enabling minus before, in full days; there is no control, so this is weaker"
        return "nothing to compare with: neither baseline nor controls"


def blocks_shown(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """For the record."""
    return [
        {"day": b.day, "value": rounded(b.value), "weight": rounded(b.weight, 4), **b.figures} for b in blocks
    ]


def comparison_evidence(case: Case, found: Comparison) -> dict[str, Any]:
    """Everything that a comparison rests on, down to its blocks."""
    bounds = found.bounds
    return {
        "method": found.method,
        "estimate": None if bounds is None else rounded(bounds.estimate),
        "lower": None if bounds is None else rounded(bounds.lower),
        "upper": None if bounds is None else rounded(bounds.upper),
        "intervals": [] if bounds is None else [e.as_evidence(case.criteria) for e in bounds.effects],
        "confidence": {
            "false_met": case.criteria.false_met,
            "false_missed": case.criteria.false_missed,
            "rule": "over all looks together, one-sided; early looks spend least; the widest interval binds",
            "first_horizon_days": FIRST_HORIZON_DAYS,
            "first_horizon_share": FIRST_HORIZON_SHARE,
            "block_hours": BLOCK_HOURS,
            "drift_hours": DRIFT_HOURS,
            "min_blocks_before": MIN_BLOCKS_BEFORE,
            "min_blocks_alone": MIN_BLOCKS_ALONE,
            "min_block_weight": MIN_BLOCK_WEIGHT,
        },
        "mix": {provider: rounded(share) for provider, share in found.shares.items()},
        "blocks": {
            "before": blocks_shown(found.before),
            "after": blocks_shown(found.after),
            "before_in_the_hours_of_day": {
                str(day): blocks_shown(blocks) for day, blocks in found.same_hours.items()
            },
        },
        "controls": case.controls.as_evidence(),
        "compared": {
            **found.compared.as_evidence(),
            "warm_up_seconds": WARM_UP_MS // 1000,
            "restarts_left_out": [
                iso(from_ms(at)) for _, at in restart_spans((*case.before.days, *case.after.days))
            ],
        },
        "min_full_days": case.criteria.min_full_days,
        "min_coverage": case.criteria.min_coverage,
        **case.days_evidence(),
    }


def what_is_missing(case: Case, found: Comparison, name: str, margin: float) -> tuple[str, ...]:
    """What a verdict of met still lacks, concretely."""
    missing = []
    if not found.compared.before:
        missing.append("days before enabling to compare with (baseline_days)")
    if not found.compared.before and not found.controlled:
        missing.append("control tenants on the same providers")
    if not case.enough_days:
        missing.append(counted(case.criteria.min_full_days - len(case.full_days), "more full day"))
    if found.bounds is None:
        least = (
            f"{MIN_BLOCKS_BEFORE} before enabling and one since"
            if found.compared.before
            else f"{MIN_BLOCKS_ALONE} since enabling"
        )
        missing.append(
            f"for the {name}, days with enough results: at least {least}"
            f" (now {len(found.before)} and {len(found.after)})"
        )
    elif case.enough_days and found.bounds.upper >= margin:
        missing.append(f"for the {name}, {_more_days(case, found, found.bounds, margin)}")
    return tuple(missing)


def _more_days(case: Case, found: Comparison, bounds: Bounds, margin: float) -> str:
    """A forecast from today's estimate and noise."""
    if bounds.estimate >= margin:
        return "an estimate below the margin: more days will show whether it stays where it is"
    days = days_until(bounds, margin, case.criteria.false_met, FORECAST_DAYS)
    if days is None:
        return f"a quieter comparison: at this traffic and this noise {FORECAST_DAYS} more days alone won't be enough"
    full = [day for day in found.compared.after if day.full] or list(found.compared.after)
    results = sum(sums.results for day in full for sums in day.canary.values()) // max(1, len(full))
    return f"about {counted(days, 'more full day')} at this tenant's traffic ({days * results:,} results)"
