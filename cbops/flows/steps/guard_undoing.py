"""The rollback of a run of the guard: ordered, tried until it gets through, proven."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cbops.errors import AdminError, AdminUnreachableError, CbopsError
from cbops.flows.steps.guard_terms import Outside, Say
from cbops.flows.steps.guarding import prove_it, roll_back
from cbops.flows.steps.live import live_history
from cbops.flows.steps.orders import Order
from cbops.flows.steps.proving import Proving, to_check
from cbops.model.config import MetricsConfig
from cbops.model.events_change import RollbackProof
from cbops.model.guard import Breach
from cbops.model.state import RolloutState

FIRST_PAUSE = timedelta(seconds=15)  # after a try that failed as a whole; then twice as long each time
LONGEST_PAUSE = timedelta(minutes=5)


class Undoing:
    """At most one rollback a run. One that was ordered before is finished as it was ordered, by whoever guards.

    `done` null: none is due; false: it is pending. `by_hand`: what a person can do while it doesn't get through.
    """

    def __init__(self, folder: Path, metrics: MetricsConfig, outside: Outside, rollout: RolloutState) -> None:
        self.folder, self.metrics, self.outside = folder, metrics, outside
        self._target = rollout.target
        self.order = _pending(rollout)
        self.done: bool | None = None if self.order is None else False
        self.proof: RollbackProof | None = None
        self.by_hand: str | None = None
        self.unproven: tuple[str, ...] = ()  # how to check it
        self._tried_at: datetime | None = None  # the last whole try: each is on record
        self._pause = FIRST_PAUSE

    @property
    def finishing(self) -> str:
        """The command that finishes it; one that restores a version is finished as it was ordered by resume only."""
        return "cbops rollback" if self.order is None or self.order.restore is None else "cbops resume"

    def demand(self, breach: Breach) -> None:
        """A breach asks for it; one that is ordered already covers it."""
        if self.order is None:
            target = self._target
            self.order = Order(target.tenant, target.policy, "policy", f"guard: {breach.told}")
            self.done = False

    def go_on(self, seconds: float, say: Say, alive: Callable[[], None]) -> None:
        """At a reading until it got through; then wait so long for the proof, and say so: `alive` is called then."""
        order = self.order
        if order is None or self.done or not self._got_through(order, say):
            return
        self.done = True
        began = self.outside.who.clock.now()

        def waiting(told: str) -> None:
            say(told)
            alive()

        alive()
        wanted = Proving(order.tenant, order.policy, began, seconds)
        self.proof = prove_it(
            self.outside.samples, self.metrics, self.folder, self.outside.who, wanted, waiting
        )
        say(self.proof.summary)
        if not self.proof.proven:
            self.unproven = to_check(order.tenant, order.policy, self.proof.since or began)

    def _got_through(self, order: Order, say: Say) -> bool:
        now = self.outside.who.clock.now()
        if not self._due(now):
            return False
        try:
            if self._tried_at is not None:
                self._ask_first(order)
                self._pause = min(LONGEST_PAUSE, 2 * self._pause)
            self._tried_at = now
            told = roll_back(self.outside.admin, self.folder, self.outside.who, order)
        except CbopsError as error:
            say(f"rollback pending: {error.message}")
            self.by_hand = error.hint or self.by_hand
            return False
        say(f"rolled back: the breaker of {order.what} is disabled and read back")
        for line in told:
            say(line)
        return True

    def _due(self, now: datetime) -> bool:
        """A router that refuses is asked less and less often, so that its refusals don't fill the record."""
        return self._tried_at is None or abs(now - self._tried_at) >= self._pause

    def _ask_first(self, order: Order) -> None:
        """Before a repetition, so that the failures of a router that is down don't fill the record."""
        admin = self.outside.admin
        if order.scope == "policy":
            live_history(admin, order.tenant, order.policy)
        elif order.scope == "tenant":
            try:
                admin.policies(order.tenant)
            except AdminUnreachableError:
                raise
            except AdminError:
                return  # each policy is tried, whatever becomes of the list


def _pending(rollout: RolloutState) -> Order | None:
    pending = rollout.pending_rollback
    if pending is None:
        return None
    return Order(pending.tenant, pending.policy, pending.scope, pending.reason, pending.restore)
