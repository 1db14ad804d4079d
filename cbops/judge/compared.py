"""Which buckets are compared, and how they are put into blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cbops.judge.blocks import Block, Bounds, days_to_verdict
from cbops.judge.case import Case, counted
from cbops.judge.cells import Cell, Period, restart_spans
from cbops.judge.numbers import rounded
from cbops.judge.outages import Outage
from cbops.judge.settings import BLOCK_HOURS, LOOKS, MIN_BLOCKS, WARM_UP_MS
from cbops.model.base import from_ms, iso, to_ms

HOUR_MS = 3_600_000
FORECAST_DAYS = 21  # a rollout that needs longer than three more weeks needs something else


@dataclass(frozen=True, slots=True)
class Slot:
    """One bucket of everybody: the canary's cells by provider, the controls' by tenant and provider."""

    start: int
    day: int
    full_day: bool
    canary: Mapping[str, Cell]
    controls: Mapping[str, Mapping[str, Cell]]


@dataclass(frozen=True, slots=True)
class Slots:
    """The buckets that are compared, and how many were left out and why."""

    before: tuple[Slot, ...]
    after: tuple[Slot, ...]
    left_out: Mapping[str, int]
    outages: tuple[tuple[str, Outage], ...]

    def as_evidence(self) -> dict[str, Any]:
        """The counts, and the outages that were left out."""
        return {
            "buckets_before": len(self.before),
            "buckets_after": len(self.after),
            "buckets_left_out": dict(self.left_out),
            "outages_left_out": [
                {"provider": p, "from": iso(from_ms(o.start)), "to": iso(from_ms(o.end)), "by": o.source}
                for p, o in self.outages
            ],
        }


def slots_of(period: Period) -> list[Slot]:
    """Every bucket of the period in which the canary was measured."""
    canary: dict[int, dict[str, Cell]] = {}
    for provider, row in period.canary.items():
        for cell in row:
            canary.setdefault(cell.start, {})[provider] = cell
    controls: dict[int, dict[str, dict[str, Cell]]] = {}
    for tenant, rows in period.controls.items():
        for provider, row in rows.items():
            for cell in row:
                controls.setdefault(cell.start, {}).setdefault(tenant, {})[provider] = cell
    days = sorted(
        (to_ms(d.window.start), to_ms(d.window.end), d.window.day, d.window.full) for d in period.days
    )
    found = []
    for begin, end, day, full in days:
        starts = sorted(start for start in canary if begin <= start < end)
        found += [Slot(start, day, full, canary[start], controls.get(start, {})) for start in starts]
    return found


def circuit_spans(case: Case) -> tuple[tuple[str, Outage], ...]:
    """The stretches in which a circuit of the canary wasn't closed, from just before to just after."""
    found = []
    for episode in case.not_closed:
        start = to_ms(episode.opened_after or episode.opened)
        end = case.until if episode.closed is None else to_ms(episode.closed)
        found.append((episode.provider, Outage(start, end, "circuit")))
    return tuple(found)


def _touches(slot: Slot, spans: Iterable[tuple[str, Outage]]) -> bool:
    end = max(cell.end for cell in slot.canary.values())
    return any(slot.start < span.end and span.start < end for _, span in spans)


@dataclass(frozen=True, slots=True)
class AllSlots:
    """Every bucket of the days that count, read once for all comparisons."""

    before: tuple[Slot, ...]
    after: tuple[Slot, ...]


def all_slots(case: Case) -> AllSlots:
    """Before and since enabling."""
    return AllSlots(tuple(slots_of(case.before)), tuple(slots_of(case.after)))


def compared_slots(case: Case, everything: AllSlots, *, closed: bool) -> Slots:
    """Leave out, by rule: warm-up after enabling, provider failures on independent evidence (before and
    since enabling alike), and with `closed` also the time in which a circuit wasn't closed.
    """
    providers = sorted({*case.before.canary, *case.after.canary})
    outages = tuple((p, outage) for p in providers for outage in case.provider(p).outages)
    circuits = circuit_spans(case) if closed else ()
    enabled = None if case.state.enabled_at is None else to_ms(case.state.enabled_at)
    left_out = {"warm-up": 0, "provider failing": 0, "circuit not closed": 0}

    def keep(slot: Slot) -> bool:
        reason = None
        if enabled is not None and enabled <= slot.start < enabled + WARM_UP_MS:
            reason = "warm-up"
        elif _touches(slot, outages):
            reason = "provider failing"
        elif _touches(slot, circuits):
            reason = "circuit not closed"
        if reason is not None:
            left_out[reason] += 1
        return reason is None

    before = tuple(slot for slot in everything.before if keep(slot))
    after = tuple(slot for slot in everything.after if keep(slot))
    return Slots(before=before, after=after, left_out=left_out, outages=outages)


def grouped(slots: Iterable[Slot], hours: int) -> dict[str, list[Slot]]:
    """Slots by block, in order of time: `day 3` for day blocks, else the block's start."""
    length = hours * HOUR_MS
    found: dict[int, list[Slot]] = {}
    for slot in slots:
        found.setdefault(slot.day if hours == 24 else slot.start // length, []).append(slot)
    if hours == 24:
        return {f"day {number}": part for number, part in found.items()}
    return {iso(from_ms(number * length)): part for number, part in found.items()}


def block_lengths(*, controlled: bool) -> tuple[int, ...]:
    """Without a control only whole days compare like with like."""
    return BLOCK_HOURS if controlled else (24,)


def mix(slots: Iterable[Slot]) -> dict[str, float]:
    """Each provider's share of the canary's results."""
    counts: dict[str, int] = {}
    for slot in slots:
        for provider, cell in slot.canary.items():
            counts[provider] = counts.get(provider, 0) + cell.results
    total = sum(counts.values())
    return {provider: n / total for provider, n in counts.items() if n} if total else {}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Blocks by their length in hours, and the bounds of the effect; null: too few blocks."""

    slots: Slots
    shares: Mapping[str, float]
    controlled: bool
    before: Mapping[int, list[Block]]
    after: Mapping[int, list[Block]]
    bounds: Bounds | None

    @property
    def method(self) -> str:
        """What was compared with what."""
        if self.controlled and self.slots.before:
            return "difference in differences: canary minus controls, since enabling minus before"
        if self.controlled:
            return "canary minus controls since enabling; there is no baseline"
        if self.slots.before:
            return "since enabling minus before, in full days; there is no control, so this is weaker"
        return "nothing to compare with: neither baseline nor controls"


def comparison_evidence(case: Case, found: Comparison) -> dict[str, Any]:
    """Everything that a comparison rests on, down to its blocks."""
    bounds = found.bounds
    sides = {"before": found.before, "after": found.after}
    return {
        "method": found.method,
        "estimate": None if bounds is None else rounded(bounds.estimate),
        "lower": None if bounds is None else rounded(bounds.lower),
        "upper": None if bounds is None else rounded(bounds.upper),
        "intervals": [] if bounds is None else [effect.as_evidence() for effect in bounds.effects],
        "confidence": {
            "false_met": case.criteria.false_met,
            "false_missed": case.criteria.false_missed,
            "looks": LOOKS,
            "rule": "each look spends an equal part of either, one-sided; the widest interval binds",
        },
        "mix": {provider: rounded(share) for provider, share in found.shares.items()},
        "blocks": {
            f"{hours} h": {
                side: [{"block": b.key, "value": rounded(b.value), **b.figures} for b in blocks[hours]]
                for side, blocks in sides.items()
            }
            for hours in found.after
        },
        "controls": case.controls.as_evidence(),
        "compared": {
            **found.slots.as_evidence(),
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
    if not found.slots.before:
        missing.append("days before enabling to compare with (baseline_days)")
    if not found.slots.before and not found.controlled:
        missing.append("control tenants on the same providers")
    if not case.enough_days:
        missing.append(counted(case.criteria.min_full_days - len(case.full_days), "more full day"))
    if found.bounds is None:
        blocks = {f"{h} h": min(len(found.before[h]), len(found.after[h])) for h in found.after}
        most = ", ".join(f"{n} of {h}" for h, n in blocks.items())
        missing.append(f"at least {MIN_BLOCKS} blocks with results on each side (now {most})")
    elif case.enough_days and found.bounds.upper >= margin:
        missing.append(_more_days(case, found.bounds, margin))
    return tuple(missing)


def _more_days(case: Case, bounds: Bounds, margin: float) -> str:
    """A forecast from today's estimate and noise."""
    full = len(case.full_days)
    needed = days_to_verdict(bounds, margin, full)
    if bounds.estimate >= margin:
        return "the estimate itself is not below the margin: more days will show whether it stays there"
    if needed is None or needed - full > FORECAST_DAYS:
        return "a quieter comparison: at this traffic and this noise more days alone won't be enough"
    return f"about {counted(max(1, needed - full), 'more full day')} at this tenant's traffic"
