"""One reading of the guard: a request to the metrics source, and now and then one to the admin API."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from cbops.errors import AdminError, CbopsError, MetricsError
from cbops.flows.steps.drift import check_drift
from cbops.flows.steps.guard_terms import Outside, Say
from cbops.measure.guarding import HISTORY, guard_query, guard_reading
from cbops.model.config import Config
from cbops.model.guard import Reading
from cbops.model.state import RolloutState


class Looking:
    """Reads the canary. `say` hears of someone's change of its policy, once."""

    def __init__(
        self, folder: Path, config: Config, outside: Outside, rollout: RolloutState, *, say: Say
    ) -> None:
        self.folder, self.config, self.outside, self.rollout = folder, config, outside, rollout
        self._say = say
        self._looked: datetime | None = None
        self._drift: str | None = None

    def read(self) -> Reading:
        """What it shows now. What can't be read is no data, and never raised."""
        guard, metrics = self.config.guard, self.config.metrics
        now = self.outside.who.clock.now()
        reachable = self._look(now)
        query = guard_query(metrics, self.rollout.target.tenant)
        start = now - max(HISTORY, timedelta(seconds=guard.window_seconds))
        try:
            fetched = self.outside.samples.fetch(query, start, now)
        except MetricsError as error:
            return Reading(at=now, problem=error.message, reachable=reachable)
        found = guard_reading(fetched, metrics, now, guard.window_seconds, guard.stale_seconds)
        return found.with_reachable(reachable=reachable)

    def _look(self, now: datetime) -> bool | None:
        """Whether the admin API answers, when it is time to ask."""
        due = (
            self._looked is None
            or abs((now - self._looked).total_seconds()) >= self.config.guard.policy_seconds
        )
        if not due:
            return None
        self._looked = now
        try:
            drift = check_drift(self.folder, self.rollout, self.outside.admin, now)
        except CbopsError as error:  # a record that is damaged must not end the guard
            self._tell(f"it could not be compared with what was applied: {error.message}")
            return self._answers()
        if self.rollout.document is None or self.rollout.disabled_at is not None:
            return self._answers()
        self._tell(drift.message if drift.drifted or not drift.checked else None)
        return drift.checked

    def _tell(self, told: str | None) -> None:
        """Once, until it changes."""
        if told is not None and told != self._drift:
            self._say(f"policy: {told}")
        self._drift = told

    def _answers(self) -> bool:
        try:
            self.outside.admin.history(self.rollout.target.tenant, self.rollout.target.policy)
        except AdminError:
            return False
        return True
