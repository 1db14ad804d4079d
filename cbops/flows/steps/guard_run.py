"""One run of the guard: a reading, what is made of it, what follows; again and again."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from cbops.errors import CbopsError
from cbops.flows.steps.guard_looking import Looking
from cbops.flows.steps.guard_terms import Orders, Outside
from cbops.flows.steps.guard_undoing import Undoing
from cbops.flows.steps.guarding import Doing, put, record_breach
from cbops.flows.steps.heartbeat import Beat
from cbops.flows.steps.watch_words import screen
from cbops.model.config import Config
from cbops.model.config_guard import GuardAction
from cbops.model.events_guard import GuardEnd, GuardEnded
from cbops.model.guard import Breach, Reading
from cbops.model.policy import BreakerPolicy, parse_block
from cbops.model.state import RolloutState
from cbops.rollout.guard import Bounds, GuardState, advance, milder

KEPT = 50  # breaches in the answer
LINES = 6  # of the last that happened, on the screen
SHORTEST = 0.01  # a pause that no clock rounds to nothing


class Run:
    """What it keeps doesn't grow with time."""

    def __init__(
        self, folder: Path, config: Config, orders: Orders, outside: Outside, state: RolloutState
    ) -> None:
        self.folder, self.config, self.orders, self.outside = folder, config, orders, outside
        self.rollout = state
        policy = BreakerPolicy() if state.block is None else parse_block(state.block)
        self.bounds = Bounds(config.guard, policy, config.criteria.recovery_margin_seconds)
        self.state = GuardState(started_at=outside.who.clock.now())
        self.looking = Looking(folder, config, outside, state, say=self.say)
        self.undoing = Undoing(folder, config.metrics, outside, state)
        self.reading: Reading | None = None
        self.breaches: deque[Breach] = deque(maxlen=KEPT)
        self.count = 0
        self.worst: GuardAction | None = None  # of what was done, blindness apart
        self.was_blind = False  # beyond its bound
        self._todo: list[Doing] = []  # breaches that are not on record yet
        self._last: deque[str] = deque(maxlen=LINES)
        self._heartbeat_fault: str | None = None

    @property
    def blind(self) -> str | None:
        """No data is no health: a run that ends without sight must not end like a sound one."""
        return "nothing was read" if self.reading is None else self.reading.blind

    def watch(self) -> GuardEnd:
        """Until the time comes or nothing is left to guard."""
        clock, guard, until = self.outside.who.clock, self.config.guard, self.orders.until
        while True:
            self.tick()
            if self.undoing.done:
                return "rolled_back"
            now = clock.now()
            if until is not None and now >= until:
                return self.orders.why
            pause = guard.interval_seconds * (1 + guard.jitter * self.outside.chance())
            if until is not None:
                pause = min(pause, (until - now).total_seconds())
            clock.wait(max(SHORTEST, round(pause, 2)))

    def tick(self) -> None:
        """One reading, and what follows from it."""
        self.reading = self.looking.read()
        steady = self.outside.steady() if self.outside.steady is not None else None
        judged = advance(self.state, self.reading, steady, self.bounds)
        self.state = judged.state
        for note in judged.notes:
            self.say(note)
        for breach in judged.begun:
            self._begun(breach)
        for breach in judged.ended:
            self.say(f"over: {breach.told}")
        self._record()
        self.undoing.go_on(self.orders.proof_seconds, self.say, self._beat)
        if self.undoing.done:
            self.worst = "rollback"
        self._beat()
        self.outside.teller.screen(
            screen(self.rollout, self.state, self.reading, self.orders.action, self._last)
        )

    def say(self, text: str) -> None:
        """Tell it, and keep it for the screen."""
        at = self.outside.who.clock.now()
        self._last.append(f"{at:%H:%M:%S} {text}")
        self.outside.teller.line(at, text)

    def end(self, why: GuardEnd) -> None:
        """A clean end of the record; what can't be written is told."""
        self._record()
        ended = GuardEnded(
            why=why,
            readings=self.state.readings,
            watched_seconds=round(self.state.watched_seconds),
            blind_seconds=round(self.state.blind_seconds),
            breaches=self.count,
        )
        try:
            put(self.folder, self.outside.who, ended)
        except CbopsError as error:
            self.say(f"the end could not be put on record: {error.message}")
        self._beat(running=False)

    def _begun(self, breach: Breach) -> None:
        action = milder(breach.action, self.orders.action)
        self.breaches.append(breach)
        self.count += 1
        self.say(f"BREACH ({action}): {breach.told}")
        if breach.kind == "blind" and action == "warn":
            self.was_blind = True
        else:
            self.worst = (
                action if self.worst is None or milder(self.worst, action) == self.worst else self.worst
            )
        self._todo.append(Doing(breach, action, self.config.guard.readings))
        if action == "rollback":
            self.undoing.demand(breach)

    def _record(self) -> None:
        """What happened goes on record; what can't be written now is tried again with the next reading."""
        while self._todo and self._recorded(self._todo[0]):
            del self._todo[0]
        del self._todo[:-KEPT]

    def _recorded(self, doing: Doing) -> bool:
        try:
            ticket = record_breach(self.folder, self.outside.who, doing)
        except CbopsError as error:
            self.say(f"not on record yet: {error.message}")
            return False
        self.say(f"on record, ticket {ticket}")
        if doing.action == "pause":
            self.say("paused: the rollout's clock stands; go on with: cbops monitor watch --unpause REASON")
        return True

    def _beat(self, *, running: bool = True) -> None:
        """A sign of life, also while a proof is waited for."""
        beat = Beat(
            rollout=self.rollout.id,
            tenant=self.rollout.target.tenant,
            state=self.state,
            at=self.outside.who.clock.now() if running else self.state.last or self.state.started_at,
            interval=self.config.guard.interval_seconds,
            blind=None if self.reading is None else self.reading.blind,
            running=running,
        )
        fault = self.outside.heartbeat.write(beat)
        if fault is not None and fault != self._heartbeat_fault:
            self.say(f"the heartbeat could not be written: {fault}")
        self._heartbeat_fault = fault
