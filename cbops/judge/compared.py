"""Which buckets are compared, and what they add up to, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from cbops.judge.blocks import Block, Bounds, days_until
from cbops.judge.case import Case, counted
from cbops.judge.cells import Cell, Period, Row, extend, restart_spans
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
from cbops.model.spans import Span

FORECAST_DAYS = 21  # a rollout that needs longer than three more weeks needs something else


@dataclass(frozen=True, slots=True)
class Sums:
    """Counts of one (tenant, provider) over the compared buckets of a day."""

    success: int = 0
    failure: int = 0
    fail_fast: int = 0
    latency_count: int = 0
    latency_sum: float = 0.0

    @property
    def results(self) -> int:
        """Successes and failures."""
        return self.success + self.failure

    @staticmethod
    def of(cells: Sequence[Cell]) -> Sums:
        """Of some buckets; a latency counts only where both its count and its sum are known."""
        _, _, success, failure, fail_fast, _, counts, sums = zip(*cells, strict=True)
        if None in sums:
            counts = tuple(n for n, total in zip(counts, sums, strict=True) if total is not None)
        known = [total for n, total in zip(counts, filter(_is_known, sums), strict=True) if n]
        return Sums(
            sum(success), sum(failure), sum(filter(None, fail_fast)), sum(filter(None, counts)), sum(known)
        )


def _is_known(value: float | None) -> bool:
    return value is not None


@dataclass(frozen=True, slots=True)
class DaySums:
    """One day's compared buckets: the canary's by provider, the controls' by tenant and provider."""

    day: int
    full: bool
    buckets: int
    canary: Mapping[str, Sums]
    controls: Mapping[str, Mapping[str, Sums]]
    kept: tuple[Span, ...] = ()  # the stretches (ms) that the compared buckets cover


Days = tuple[DaySums, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """What is compared, day by day, and how many buckets were left out and why."""

    before: Days
    after: Days
    left_out: Mapping[str, int] = field(default_factory=dict)
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


def _reasons(
    starts: Mapping[int, int], warm_up: tuple[int, int], failing: Sequence[Outage], circuits: Sequence[Outage]
) -> dict[int, str]:
    """Why a bucket (start → end) is left out; the others aren't named."""
    found = {start: "warm-up" for start in starts if warm_up[0] <= start < warm_up[1]}
    for reason, spans in (("provider failing", failing), ("circuit not closed", circuits)):
        for span in spans:
            for start, end in starts.items():
                if start < span.end and span.start < end:
                    found.setdefault(start, reason)
    return found


def _summed(rows: Mapping[str, Row], place: Mapping[int, int]) -> dict[int, dict[str, Sums]]:
    """By day and provider, over the buckets that have a place."""
    found: dict[int, dict[str, Sums]] = {}
    for provider, row in rows.items():
        kept = (cell for cell in row if cell.start in place)
        for day, cells in groupby(kept, key=lambda cell: place[cell.start]):
            found.setdefault(day, {})[provider] = Sums.of(tuple(cells))
    return found


def _day_sums(period: Period, starts: Mapping[int, int], left_out: Mapping[int, str]) -> Days:
    """The kept buckets of the days of a period; controls count where the canary was measured too."""
    bounds = sorted((to_ms(d.window.start), to_ms(d.window.end), d.window.day) for d in period.days)
    place: dict[int, int] = {}
    counts: dict[int, int] = {}
    kept: dict[int, list[Span]] = {}
    current = 0
    for start in sorted(starts):
        while current < len(bounds) and start >= bounds[current][1]:
            current += 1
        if current < len(bounds) and start >= bounds[current][0] and start not in left_out:
            day = place[start] = bounds[current][2]
            counts[day] = counts.get(day, 0) + 1
            extend(kept.setdefault(day, []), start, starts[start])
    full = {d.window.day: d.window.full for d in period.days}
    canary = _summed(period.canary, place)
    controls = {tenant: _summed(rows, place) for tenant, rows in period.controls.items()}
    return tuple(
        DaySums(
            day,
            full[day],
            n,
            canary[day],
            {t: days[day] for t, days in controls.items() if day in days},
            tuple(kept[day]),
        )
        for day, n in sorted(counts.items())
    )


def _starts(period: Period) -> dict[int, int]:
    """Start and end of every bucket in which the canary was measured."""
    return {cell.start: cell.end for row in period.canary.values() for cell in row}


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
    counts = {"warm-up": 0, "provider failing": 0, "circuit not closed": 0}
    sides = []
    for period in (case.before, case.after):
        starts = _starts(period)
        reasons = _reasons(starts, warm_up, failing, circuits)
        for reason in reasons.values():
            counts[reason] += 1
        sides.append(_day_sums(period, starts, reasons))
    return Compared(before=sides[0], after=sides[1], left_out=counts, outages=outages)


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
        "blocks": {"before": blocks_shown(found.before), "after": blocks_shown(found.after)},
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


def what_is_missing(case: Case, found: Comparison, margin: float) -> tuple[str, ...]:
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
            f"days with enough results: at least {least} (now {len(found.before)} and {len(found.after)})"
        )
    elif case.enough_days and found.bounds.upper >= margin:
        missing.append(_more_days(case, found, found.bounds, margin))
    return tuple(missing)


def _more_days(case: Case, found: Comparison, bounds: Bounds, margin: float) -> str:
    """A forecast from today's estimate and noise."""
    if bounds.estimate >= margin:
        return "the estimate itself is not below the margin: more days will show whether it stays there"
    days = days_until(bounds, margin, case.criteria.false_met, FORECAST_DAYS)
    if days is None:
        return "a quieter comparison: at this traffic and this noise more days alone won't be enough"
    full = [day for day in found.compared.after if day.full] or list(found.compared.after)
    results = sum(sums.results for day in full for sums in day.canary.values()) // max(1, len(full))
    return f"about {counted(days, 'more full day')} at this tenant's traffic ({days * results:,} results)"
