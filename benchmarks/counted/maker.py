"""Puts a rollout together: draws its tenants and its troubles, plays what has to be played, makes its days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from cbops.model.base import to_ms
from cbops.model.events import IncidentAdded
from cbops.model.observation import Episode, Observation
from cbops.model.plan import Rehearsal
from cbops.model.policy import CANARY_BLOCK
from cbops.model.state import IncidentRecord, RehearsalRecord, RolloutState, Stage
from counted.days import Days, window
from counted.played import Player
from counted.rows import Rows, histogram
from counted.scene import DAY_ONE, ENABLED, FINE, HOUR, TARGET, Scene
from counted.traffic import Tenant, drifting
from counted.trouble import troubles


@dataclass
class Rollout:
    """What a judge is given."""

    state: RolloutState
    baseline: list[Observation] = field(default_factory=list)
    observed: list[Observation] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    hours: dict[str, np.ndarray] = field(default_factory=dict)  # the canary's, for the rivals


class Maker:
    """Makes one rollout of a scene."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene, self.rng = scene, np.random.default_rng([seed, int(scene.per_minute * 10)])
        self.apart = np.random.default_rng([seed, 95])  # of histograms, so that all else stays as it was
        size = 24 * (scene.baseline + scene.days)
        noise = scene.noise
        shared = (
            drifting(self.rng, size, noise.shared, 6),
            drifting(self.rng, size, noise.shared, 6),
        )
        factors = {"canary": 1.0, "control_1": 1.3, "control_2": 2.3}
        names = list(factors)[: 1 + noise.controls]
        self.tenants = {
            name: Tenant(scene, self.rng, shared, scene.per_minute * factors[name], canary=name == "canary")
            for name in names
        }
        self.trouble = troubles(scene, self.rng)
        self.fine = self.trouble.days()
        self.zero = to_ms(datetime.combine(DAY_ONE, datetime.min.time(), UTC)) - 86_400_000 * scene.baseline
        self.played = Player(scene, self.tenants["canary"], self.trouble, self.rng, self.zero).play()
        self.rows = Rows(self.zero, self.trouble, self.played)
        self.days = Days(self.zero, self.trouble, self.played)

    def make(self) -> Rollout:
        """All its days."""
        scene = self.scene
        found = Rollout(state=self._state())
        columns: dict[str, list[np.ndarray]] = {"calls": [], "failure": [], "sum": []}
        for number in range(1 - scene.baseline, scene.days + 1):
            day, mine = self._day(number)
            (found.observed if number >= 1 else found.baseline).append(day)
            for name, column in columns.items():
                column.append(mine[name].reshape(-1, len(mine[name]) // 24).sum(1)[-24:])
        found.hours = {name: np.concatenate(column) for name, column in columns.items()}
        found.episodes = [e for day in found.observed for e in day.episodes]
        return found

    def _share(self, starts: np.ndarray, spans: list[tuple[int, int]]) -> np.ndarray:
        """The share of each fine bucket that lies in any of the spans."""
        found = np.zeros(len(starts))
        for start, end in spans:
            found += np.clip(np.minimum(starts + FINE, end) - np.maximum(starts, start), 0, FINE) / FINE
        return np.minimum(found, 1.0)

    def _day(self, number: int) -> tuple[Observation, dict[str, np.ndarray]]:
        index = number + self.scene.baseline - 1
        when, step = window(number), FINE if index in self.fine else HOUR
        starts = index * 86_400 + np.arange(0, 86_400, step)
        if number == 1:
            starts = starts[starts >= index * 86_400 + ENABLED.hour * 3600]
        hours = starts // 3600
        outages = [(start, end) for start, end, _ in self.trouble.outages]
        failing = self._share(starts, outages) if step == FINE else np.zeros(len(starts))
        drawn = {name: t.draw(self.rng, hours, step, failing) for name, t in self.tenants.items()}
        rows = [self.rows.row(name, counts, starts, step) for name, counts in drawn.items()]
        mine, fallback = self.rows.with_breaker(rows[0], starts, step)
        rows[0] = mine
        if step == FINE:
            rows = [self.rows.hidden(row, starts) for row in rows]
            fallback = None if fallback is None else self.rows.hidden(fallback, starts)
        day = self.days.observation(
            when, [rows[0]] + ([] if fallback is None else [fallback]), rows[1:], starts
        )
        if self.scene.bounds:
            drawn_apart = histogram(self.apart, self.tenants["canary"], self.scene.bounds, rows[0], hours)
            day = day.model_copy(update={"latency_histograms": (drawn_apart,)})
        canary = {
            "calls": np.array([(s or 0) + (f or 0) for s, f in zip(mine.success, mine.failure, strict=True)]),
            "failure": np.array([f or 0 for f in mine.failure]),
            "sum": np.array([v or 0.0 for v in mine.latency_sum_ms]),
        }
        if len(starts) * step < 86_400:  # the first day's hours before enabling are nobody's
            pad = (86_400 - len(starts) * step) // step
            canary = {name: np.concatenate([np.zeros(pad), values]) for name, values in canary.items()}
        return day, canary

    def _state(self) -> RolloutState:
        incidents = [
            IncidentRecord(
                at=self.days.at(end),
                actor="ann",
                incident=IncidentAdded.model_validate(
                    {"provider": TARGET.provider, "from": self.days.at(start), "to": self.days.at(end)}
                ),
            )
            for start, end, declared in self.trouble.outages
            if declared
        ]
        rehearsal = Rehearsal(
            block=CANARY_BLOCK,
            passed=True,
            opened_after_failures=5,
            recovered_after_ms=30_000,
            steps=("it closed",),
        )
        return RolloutState(
            id="canary-1",
            phase=1,
            stage=Stage.MONITORING,
            target=TARGET,
            owner=None,
            timezone="UTC",
            baseline_days=self.scene.baseline,
            opened_at=ENABLED,
            opened_by="ann",
            adopted=False,
            enabled_at=ENABLED,
            block=dict(CANARY_BLOCK),
            incidents=tuple(incidents),
            rehearsals=(RehearsalRecord(at=ENABLED, actor="ann", rehearsal=rehearsal),),
            last_seq=1,
            last_at=ENABLED,
        )


def make(scene: Scene, seed: int) -> Rollout:
    """One rollout; the same scene and seed give the same one."""
    return Maker(scene, seed).make()
