"""`monitor watch`: read the canary at an interval, judge each reading, and act on what is a hard breach."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cbops.errors import AdminError, CbopsError, MetricsError, WrongStageError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort, SamplePort
from cbops.flows.steps.drift import check_drift
from cbops.flows.steps.guarding import Doing, prove_it, put, record_breach, roll_back
from cbops.flows.steps.heartbeat import Beat, Heartbeat, only_guard
from cbops.flows.steps.live import live_history
from cbops.flows.steps.loading import load
from cbops.flows.steps.orders import Order
from cbops.flows.steps.proving import Proving
from cbops.flows.steps.recording import Who, require_enabled
from cbops.flows.steps.watch_words import closing, screen
from cbops.measure.guarding import HISTORY, guard_query, guard_reading
from cbops.model.answers.watch import WatchAnswer
from cbops.model.calendar import midnight, zone
from cbops.model.config import Config
from cbops.model.config_guard import GuardAction
from cbops.model.events import RollbackProof
from cbops.model.events_guard import GuardEnd, GuardEnded, GuardStarted, RolloutUnpaused
from cbops.model.guard import Breach, Reading
from cbops.model.policy import BreakerPolicy, parse_block
from cbops.model.state import RolloutState, Stage
from cbops.rollout.guard import Bounds, GuardState, advance, milder

KEPT = 50  # breaches in the answer
LINES = 6  # of the last that happened, on the screen
PROOF_SECONDS = 600.0
SHORTEST = 0.01  # a pause that no clock rounds to nothing


class Teller:
    """Hears what happens, and sees the screen after each reading. This one is silent."""

    def line(self, at: datetime, text: str) -> None:
        """Something happened."""

    def screen(self, lines: tuple[str, ...]) -> None:
        """How it stands."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a run may do and until when. `why`: what it means that `until` has come; `proof_seconds`: to wait for it."""

    action: GuardAction
    until: datetime | None
    why: GuardEnd = "time"
    proof_seconds: float = PROOF_SECONDS


@dataclass(frozen=True, slots=True)
class Outside:
    """`steady`: seconds of a clock that nobody sets (null: there is none); `chance`: a number from -1 to 1."""

    samples: SamplePort
    admin: AdminPort
    who: Who
    heartbeat: Heartbeat
    chance: Callable[[], float]
    steady: Callable[[], float] | None = None
    teller: Teller = field(default_factory=Teller)


def day_end(state: RolloutState, now: datetime) -> datetime:
    """The next midnight of the rollout's time zone."""
    tz = zone(state.timezone)
    return midnight(now.astimezone(tz).date() + timedelta(days=1), tz)


def watch(folder: Path, config: Config, orders: Orders, outside: Outside) -> Outcome[WatchAnswer]:
    """Guard the canary until the time comes, it is rolled back, or somebody ends it (exit 130, with the answer).

    Exit 0: no breach; 10: warned or paused; 20: rolled back, or that is pending; 7: nothing worse than that it was
    blind for too long, or at its end. WrongStageError when there is nothing to guard, LockedError when somebody
    guards it already.
    """
    state = load(folder)
    require_enabled(state, "monitor watch")
    if state.stage not in (Stage.MONITORING, Stage.DECIDED, Stage.ROLLING_BACK):
        raise WrongStageError(
            f"monitor watch guards an enabled breaker; rollout {state.id} is {state.stage.words}",
            hint="See where it stands: cbops canary status",
        )
    who = outside.who
    with only_guard(folder, who.command, who.clock.now()):
        return _guarded(_Run(folder, config, orders, outside, state))


def _guarded(run: _Run) -> Outcome[WatchAnswer]:
    """The run from its beginning on record to its end."""
    put(
        run.folder,
        run.outside.who,
        GuardStarted(
            action=run.orders.action,
            interval_seconds=run.config.guard.interval_seconds,
            until=run.orders.until,
        ),
    )
    why: GuardEnd = "failed"
    try:
        why = run.watch()
    except KeyboardInterrupt:
        why = "interrupted"
    finally:
        run.end(why)
    return _outcome(run, why)


def unpause(folder: Path, who: Who, reason: str) -> RolloutState:
    """Let the rollout's clock go on. WrongStageError when it isn't paused."""
    state = load(folder)
    if state.paused_since is None:
        raise WrongStageError(
            f"rollout {state.id} is not paused", hint="See where it stands: cbops canary status"
        )
    put(folder, who, RolloutUnpaused(until=who.clock.now(), reason=reason))
    return load(folder)


class _Run:
    """One run of the guard. What it keeps doesn't grow with time."""

    def __init__(
        self, folder: Path, config: Config, orders: Orders, outside: Outside, state: RolloutState
    ) -> None:
        self.folder, self.config, self.orders, self.outside = folder, config, orders, outside
        self.rollout = state
        policy = BreakerPolicy() if state.block is None else parse_block(state.block)
        self.bounds = Bounds(config.guard, policy, config.criteria.recovery_margin_seconds)
        self.state = GuardState(started_at=outside.who.clock.now())
        self.reading: Reading | None = None
        self.looked: datetime | None = None
        self.drift: str | None = None
        self.todo: list[Doing] = []  # breaches that are not on record yet
        self.order = self._pending(state)
        self.tried = False
        self.breaches: deque[Breach] = deque(maxlen=KEPT)
        self.count = 0
        self.worst: GuardAction | None = None  # of what was done, blindness apart
        self.was_blind = False  # beyond its bound
        self.proof: RollbackProof | None = None
        self.rolled_back: bool | None = None if self.order is None else False
        self.last: deque[str] = deque(maxlen=LINES)
        self.heartbeat_fault: str | None = None

    @staticmethod
    def _pending(state: RolloutState) -> Order | None:
        """A rollback that was ordered before: whoever guards finishes it."""
        pending = state.pending_rollback
        if pending is None:
            return None
        return Order(pending.tenant, pending.policy, pending.scope, pending.reason)

    def watch(self) -> GuardEnd:
        """Until the time comes or nothing is left to guard."""
        clock, guard = self.outside.who.clock, self.config.guard
        while True:
            self.tick()
            if self.rolled_back:
                return "rolled_back"
            now = clock.now()
            if self.orders.until is not None and now >= self.orders.until:
                return self.orders.why
            pause = guard.interval_seconds * (1 + guard.jitter * self.outside.chance())
            if self.orders.until is not None:
                pause = min(pause, (self.orders.until - now).total_seconds())
            clock.wait(max(SHORTEST, round(pause, 2)))

    def tick(self) -> None:
        """One reading: one request to the metrics source, now and then one to the admin API."""
        self.reading = self._read()
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
        if self.order is not None and not self.rolled_back:
            self._roll_back(self.order)
        self._beat(running=True)
        self.outside.teller.screen(
            screen(self.rollout, self.state, self.reading, self.orders.action, self.last)
        )

    def say(self, text: str) -> None:
        """Tell it, and keep it for the screen."""
        at = self.outside.who.clock.now()
        self.last.append(f"{at:%H:%M:%S} {text}")
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

    def _read(self) -> Reading:
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
        """Whether the admin API answers, when it is time to ask; someone's change of the policy is said once."""
        due = (
            self.looked is None
            or abs((now - self.looked).total_seconds()) >= self.config.guard.policy_seconds
        )
        if not due:
            return None
        self.looked = now
        drift = check_drift(self.folder, self.rollout, self.outside.admin, now)
        if self.rollout.document is None or self.rollout.disabled_at is not None:
            return self._answers()
        told = drift.message if drift.drifted or not drift.checked else None
        if told is not None and told != self.drift:
            self.say(f"policy: {told}")
        self.drift = told
        return drift.checked

    def _answers(self) -> bool:
        try:
            self.outside.admin.history(self.rollout.target.tenant, self.rollout.target.policy)
        except AdminError:
            return False
        return True

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
        self.todo.append(Doing(breach, action, self.config.guard.readings))
        if action == "rollback" and self.order is None:
            target = self.rollout.target
            self.order = Order(target.tenant, target.policy, "policy", f"guard: {breach.told}")
            self.rolled_back = False

    def _record(self) -> None:
        """What happened goes on record; what can't be written now is tried again with the next reading."""
        while self.todo and self._recorded(self.todo[0]):
            del self.todo[0]
        del self.todo[:-KEPT]

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

    def _roll_back(self, order: Order) -> None:
        """Once a reading until it got through. A repetition asks first, so that failures don't fill the record."""
        try:
            if self.tried and order.scope != "global":
                live_history(self.outside.admin, order.tenant, self.rollout.target.policy)
            self.tried = True
            told = roll_back(self.outside.admin, self.folder, self.outside.who, order)
        except CbopsError as error:
            self.say(f"rollback pending: {error.message}")
            return
        self.rolled_back, self.worst = True, "rollback"
        self.say(f"rolled back: the breaker of {order.what} is disabled and read back")
        for line in told:
            self.say(line)
        wanted = Proving(order.tenant, order.policy, self.outside.who.clock.now(), self.orders.proof_seconds)
        self.proof = prove_it(
            self.outside.samples, self.config.metrics, self.folder, self.outside.who, wanted, self.say
        )
        self.say(self.proof.summary)

    def _beat(self, *, running: bool) -> None:
        blind = None if self.reading is None else self.reading.blind
        beat = Beat(self.rollout.id, self.rollout.target.tenant, self.state, blind, running)
        fault = self.outside.heartbeat.write(beat)
        if fault is not None and fault != self.heartbeat_fault:
            self.say(f"the heartbeat could not be written: {fault}")
        self.heartbeat_fault = fault


def _status(run: _Run, why: GuardEnd) -> int:
    if why == "interrupted":
        return 130
    if run.rolled_back is not None:
        return 20
    if run.worst is not None:
        return 10
    return 7 if run.was_blind or _blind(run) is not None else 0


def _blind(run: _Run) -> str | None:
    """No data is no health: a run that ends without sight must not end like a sound one."""
    return "nothing was read" if run.reading is None else run.reading.blind


def _outcome(run: _Run, why: GuardEnd) -> Outcome[WatchAnswer]:
    state = run.state
    rollout = _after(run)
    answer = WatchAnswer(
        rollout=rollout.id,
        action=run.orders.action,
        started_at=state.started_at,
        ended_at=run.outside.who.clock.now(),
        why=why,
        readings=state.readings,
        watched_seconds=round(state.watched_seconds),
        blind_seconds=round(state.blind_seconds),
        blind=_blind(run),
        breach_count=run.count,
        breaches=tuple(run.breaches),
        lasting=tuple(state.breaches.values()),
        paused=rollout.paused_since is not None,
        rolled_back=run.rolled_back,
        proof=run.proof,
    )
    words = closing(answer)
    return Outcome(
        data=answer,
        headline=words.headline,
        body=words.body,
        warnings=words.warnings,
        next_step=words.next_step,
        exit_status=_status(run, why),
    )


def _after(run: _Run) -> RolloutState:
    """As the record has it now; as it was at the beginning where that can't be read."""
    try:
        return load(run.folder)
    except CbopsError:
        return run.rollout
