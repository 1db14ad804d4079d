"""A day as measuring would have stored it, put together from its counts."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from cbops.model.base import from_ms, to_ms
from cbops.model.observation import (
    Buckets,
    DayWindow,
    Episode,
    EventCounts,
    Gap,
    LatencyFigures,
    Observation,
    ProviderDay,
    Restart,
    ScrapeHealth,
    Transition,
    TransitionCounts,
)
from counted.played import Played
from counted.scene import DAY_ONE, ENABLED, TARGET
from counted.trouble import Trouble


def window(number: int) -> DayWindow:
    """Day 1 begins with enabling."""
    start = datetime.combine(DAY_ONE, datetime.min.time(), ENABLED.tzinfo) + timedelta(days=number - 1)
    end = start + timedelta(days=1)
    begins = ENABLED if number == 1 else start
    return DayWindow(day=number, date=start.date(), start=begins, end=end, partial=False, full=number != 1)


class Days:
    """The days of one rollout: its clock, what troubled it, and the circuit's moves."""

    def __init__(self, zero: int, trouble: Trouble, played: Played | None) -> None:
        self.zero, self.trouble, self.played = zero, trouble, played

    def observation(
        self, when: DayWindow, mine: list[Buckets], controls: list[Buckets], starts: np.ndarray
    ) -> Observation:
        low, high = int(starts[0]), int(starts[-1]) + mine[0].step_seconds
        moves = self._moves(when)
        providers = {
            row.provider: _figures(row, moves if row.provider == TARGET.provider else []) for row in mine
        }
        results = sum((p.events.success or 0) + (p.events.failure or 0) for p in providers.values())
        denied = sum(p.events.fail_fast or 0 for p in providers.values())
        seconds = (when.end - when.start).total_seconds()
        gaps = [(a, b) for a, b in self.trouble.gaps if low <= a < high]
        expected = int(seconds // 60)
        seen = expected - sum((b - a) // 60 for a, b in gaps)
        return Observation.model_construct(
            target=TARGET,
            window=when,
            as_of=when.end,
            source="embedded",
            dialect="router",
            scrape=ScrapeHealth(
                interval_seconds=60,
                expected=expected,
                seen=seen,
                coverage=seen / expected,
                gaps=tuple(Gap.model_validate({"from": self.at(a), "to": self.at(b)}) for a, b in gaps),
            ),
            restarts=tuple(
                Restart(instance="a", after=self.at(at - 60), at=self.at(at))
                for at in self.trouble.restarts
                if low <= at < high
            ),
            decisions=results,
            fallback_decisions=denied,
            providers=providers,
            state_at_start=dict.fromkeys(providers, "closed"),
            transitions=moves,
            episodes=self._episodes(when),
            buckets=tuple(mine),
            controls=tuple(controls),
        )

    def at(self, seconds: int) -> datetime:
        return from_ms(self.zero + seconds * 1000)

    def _moves(self, when: DayWindow) -> tuple[Transition, ...]:
        moves = [] if self.played is None else self.played.moves
        start, end = to_ms(when.start), to_ms(when.end)
        return tuple(
            Transition(
                provider=TARGET.provider,
                instance="a",
                source=source,
                target=target,
                count=1,
                after=from_ms(_scrape(now) - 60_000),
                at=from_ms(_scrape(now)),
            )
            for now, source, target in moves
            if start < _scrape(now) <= end
        )

    def _episodes(self, when: DayWindow) -> tuple[Episode, ...]:
        return tuple(e for e in self._all_episodes() if when.start < e.opened <= when.end)

    def _all_episodes(self) -> list[Episode]:
        found: list[dict] = []
        for now, source, target in [] if self.played is None else self.played.moves:
            if (source, target) == ("closed", "open"):
                at = _scrape(now)
                found.append(
                    {
                        "id": f"{TARGET.provider}-{at}",
                        "provider": TARGET.provider,
                        "opened": from_ms(at),
                        "opened_after": from_ms(at - 60_000),
                        "reopened": 0,
                    }
                )
            elif target == "open":
                found[-1]["reopened"] += 1
            elif target == "closed":
                found[-1] |= {"closed": from_ms(_scrape(now)), "closed_by": "results"}
        return [Episode.model_validate(each) for each in found]


def _scrape(now: int) -> int:
    """The scrape that first shows what happened then."""
    return -(-now // 60_000) * 60_000


def _figures(row: Buckets, moves: tuple[Transition, ...] | list[Transition]) -> ProviderDay:
    success, failure = sum(n or 0 for n in row.success), sum(n or 0 for n in row.failure)
    count, total = sum(n or 0 for n in row.latency_count), sum(v or 0.0 for v in row.latency_sum_ms)
    targets = [move.target for move in moves]
    return ProviderDay(
        events=EventCounts(success=success, failure=failure, fail_fast=sum(n or 0 for n in row.fail_fast)),
        transitions=TransitionCounts(
            open=targets.count("open"), half_open=targets.count("half_open"), closed=targets.count("closed")
        ),
        error_rate=failure / (success + failure) if success + failure else None,
        latency=LatencyFigures(count=count, mean_ms=total / count if count else None),
    )
