"""What happens in a rollout besides noise."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from counted.scene import Scene


@dataclass
class Trouble:
    """What happens in a rollout besides noise; times are seconds since the first day's midnight."""

    outages: list[tuple[int, int, bool]] = field(default_factory=list)  # from, to, declared
    restarts: list[int] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    trips: list[int] = field(default_factory=list)
    bursts: list[tuple[int, int]] = field(default_factory=list)  # of the canary's own failures
    stuck: bool = False

    def days(self) -> set[int]:
        """The days that need fine buckets, counted from the first."""
        times = [*self.restarts, *self.trips]
        for start, end, *_ in (*self.outages, *self.gaps, *self.bursts):
            times += [start, end + 900]
        return {at // 86_400 for at in times}


def troubles(scene: Scene, rng: np.random.Generator) -> Trouble:
    """Drawn once a rollout; everything lies on whole minutes."""

    def moment(first: int, last: int, hours: tuple[int, int] = (1, 22)) -> int:
        day = scene.baseline + int(rng.integers(first, last + 1)) - 1
        low = max(hours[0], 11 if day == scene.baseline else 0)
        return day * 86_400 + 60 * int(rng.integers(low * 60, hours[1] * 60))

    found, kind = Trouble(), scene.truth.trouble
    if kind == "sound":
        for first, last in ((-5, 0), (1, 3), (4, scene.days)):
            start = moment(first, last, (1, 20))
            found.outages.append((start, start + 60 * int(rng.integers(15, 60)), bool(rng.random() < 0.5)))
        found.restarts.append(moment(1, scene.days) + 20)
        start = moment(1, scene.days)
        found.gaps.append((start, start + 60 * int(rng.integers(10, 40))))
    elif kind == "trip":
        found.trips.append(moment(1, 4))
    elif kind == "burst":
        start = moment(1, 4)
        found.bursts.append((start, start + 240))
    elif kind == "stuck":
        start = moment(1, 3, (1, 20))
        found.outages.append((start, start + 60 * int(rng.integers(10, 40)), False))
        found.stuck = True
    return found
