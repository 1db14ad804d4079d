"""Shadow criteria: measured and shown beside the five; only a binding one can hold a rollout up.

One number a day is little to go by, so they are judged simply: the median of the full days since enabling against the
median of the days before. That isn't a statistical test, and each sentence says what it rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from cbops.judge.case import Case, counted
from cbops.judge.settings import MIN_BLOCKS_BEFORE
from cbops.model.comparison import ShadowMeasured
from cbops.model.config import ShadowConfig
from cbops.model.observation import Observation
from cbops.model.verdict import ShadowResult, Verdict, worst


@dataclass(frozen=True, slots=True)
class _Side:
    """The days of one side that count, each with what was measured (null: it never was, with this query)."""

    days: tuple[tuple[Observation, ShadowMeasured | None], ...]

    @staticmethod
    def of(days: Iterable[Observation], shadow: ShadowConfig) -> _Side:
        """A number that another query gave is none of this criterion."""
        wanted = (shadow.id, shadow.query)
        return _Side(
            tuple(
                (day, next((one for one in day.shadows if (one.id, one.template) == wanted), None))
                for day in days
            )
        )

    @property
    def values(self) -> list[float]:
        return [one.value for _, one in self.days if one is not None and one.value is not None]

    @property
    def errors(self) -> list[tuple[int, str]]:
        return [
            (day.window.day, one.error) for day, one in self.days if one is not None and one.error is not None
        ]

    def as_evidence(self) -> list[dict[str, Any]]:
        return [
            {
                "day": day.window.day,
                "date": day.window.date.isoformat(),
                "measured": one is not None,
                **({} if one is None else one.model_dump(mode="json", include={"query", "at"})),
                "value": None if one is None else one.value,
                "error": None if one is None else one.error,
            }
            for day, one in self.days
        ]


def judge_shadows(case: Case) -> tuple[ShadowResult, ...]:
    """Each shadow criterion of the configuration, in its order."""
    return tuple(_judge(case, shadow) for shadow in case.criteria.shadow)


def binding_reasons(shadows: Sequence[ShadowResult]) -> tuple[str, ...]:
    """Why a binding shadow criterion keeps the recommendation from proceed."""
    return tuple(
        f"{one.id}, a binding shadow criterion, is {one.verdict.value}"
        for one in shadows
        if one.binding and one.verdict is not Verdict.MET
    )


def _judge(case: Case, shadow: ShadowConfig) -> ShadowResult:
    after = _Side.of((day for day in case.after.days if day.window.full), shadow)
    before = _Side.of((day for day in case.before.days if day.window.full), shadow)
    verdict, text = _compared(case, shadow, before, after)
    if after.errors:
        # What couldn't be measured is never good news, and hides no bad news either.
        verdict = worst((verdict, Verdict.ERROR))
        day, error = after.errors[0]
        told = f"It could not be measured on {counted(len(after.errors), 'full day')}, first on day {day}: {error}"
        text = f"{text} {told}"
    return ShadowResult(
        id=shadow.id,
        verdict=verdict,
        binding=shadow.binding,
        summary=text,
        evidence={
            "query": shadow.query,
            "direction": shadow.direction,
            "margin": shadow.margin,
            "rule": "median of the full days since enabling against the median of the full days before",
            "median_before": _median(before.values),
            "median_after": _median(after.values),
            "least_days": {"before": MIN_BLOCKS_BEFORE, "after": case.criteria.min_full_days},
            "before": before.as_evidence(),
            "after": after.as_evidence(),
        },
    )


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _compared(case: Case, shadow: ShadowConfig, before: _Side, after: _Side) -> tuple[Verdict, str]:
    least = case.criteria.min_full_days
    if len(after.values) < least or len(before.values) < MIN_BLOCKS_BEFORE:
        return Verdict.INCONCLUSIVE, (
            f"It has a number for {counted(len(after.values), 'full day')} since enabling and "
            f"{len(before.values)} before; {least} and {MIN_BLOCKS_BEFORE} are needed."
        )
    was, now = median(before.values), median(after.values)
    worse = now - was if shadow.direction == "lower_is_better" else was - now
    share = shadow.share
    allowed = float(shadow.margin) if share is None else share * abs(was)
    verdict = Verdict.MISSED if worse > allowed else Verdict.MET
    return verdict, (
        f"The median of {len(after.values)} full days is {now:.6g}, of {len(before.values)} days before "
        f"{was:.6g} ({_span(before)}): {_change(worse)}, and {allowed:.6g} worse is allowed. Medians of few days, "
        "no statistical test."
    )


def _change(worse: float) -> str:
    if worse == 0:
        return "unchanged"
    return f"{abs(worse):.6g} {'worse' if worse > 0 else 'better'}"


def _span(side: _Side) -> str:
    return f"{min(side.values):.6g} to {max(side.values):.6g}"
