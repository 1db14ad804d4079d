"""The whole of phase 1, played through on the practice router in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cbops.cli.demo_ending import Act, open_tickets, told, write_documents
from cbops.cli.demo_files import STATE, STORE, demo_config, prepare
from cbops.clients.admin import AdminClient
from cbops.clients.scrape import Scraper
from cbops.clients.store import SampleStore
from cbops.flows import checklist, enable, judgement, monitor, notes, rollback, select, verification
from cbops.flows.outcome import Outcome
from cbops.flows.steps.checks import Metrics
from cbops.flows.steps.recording import Who
from cbops.model.answers.judgement import EvaluateAnswer
from cbops.model.answers.record import DemoAnswer, DemoStep
from cbops.model.base import to_ms
from cbops.model.checklist import ITEMS, ItemId
from cbops.model.config import Config
from cbops.model.events import IncidentAdded
from cbops.model.policy import CANARY_BLOCK
from cbops.model.system import SystemUser
from cbops.model.verdict import Recommendation
from cbops.simulator.router import Router
from cbops.simulator.scenarios import Scenario
from cbops.simulator.server import RunningServer

TOKEN = "practice"  # noqa: S105 - the practice router's, reachable from this machine alone
ACTOR = "demo"
SYSTEM = SystemUser(user="demo", host="practice")  # whoever plays it, so that the same is played
PERSON = "Ada Example"  # of the practice tenants' team
VERIFIED: tuple[ItemId, ...] = (
    "rollback_understood",
    "disabled_by_default",
    "policies_updatable",
    "reload_works",
)
DAYS = 7
LOOKS = (3, 5)  # days after which is judged too, before the last one decides
HOUR = timedelta(hours=1)

# A line for the person who watches, and the share of the demo that is done (0 to 1).
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """The practice router, its scraper, and the clock that both live by."""

    router: Router
    scraper: Scraper
    store: SampleStore
    step: timedelta
    progress: Progress

    def now(self) -> datetime:
        """The router's time."""
        return self.router.now

    def wait(self, seconds: float) -> None:
        """Let the router play on, scraped all the while."""
        self.play(self.now() + timedelta(seconds=seconds))

    def play(self, until: datetime, what: str = "") -> None:
        """Let time pass up to that instant, with a scrape at each multiple of the interval."""
        step = int(self.step.total_seconds() * 1000)
        end = to_ms(until)
        due = (self.router.now_ms // step + 1) * step
        while due <= end:
            self.router.advance_to(due)
            self.scraper.scrape(due)
            if what and due % int(HOUR.total_seconds() * 1000) == 0:
                self.progress(what, self.done())
            due += step
        self.router.advance_to(end)
        self.store.flush()

    def done(self) -> float:
        """The share of the scenario that is over."""
        scenario = self.router.scenario
        return min(1.0, (self.now() - scenario.start) / (scenario.end - scenario.start))


@dataclass(frozen=True, slots=True)
class Cast:
    """Everything that the acts share."""

    stage: Stage
    scenario: Scenario
    config: Config
    admin: AdminClient
    samples: SampleStore
    folder: Path

    def who(self, command: str) -> Who:
        """The demo, doing that."""
        return Who(actor=ACTOR, command=command, clock=self.stage, system=SYSTEM)

    def rollout(self, name: str) -> Path:
        """The folder of a rollout."""
        return self.folder / "rollouts" / name


def play(scenario: Scenario, seed: int, folder: Path, progress: Progress) -> Outcome[DemoAnswer]:
    """Play the scenario and leave a complete work folder; exits like `evaluate`."""
    prepare(folder, scenario.tenants_file())
    with _cast(scenario, seed, folder, progress) as cast:
        steps: list[DemoStep] = []

        def act(name: str, outcome: Outcome[Any]) -> Outcome[Any]:
            steps.append(DemoStep(name=name, result=outcome.headline))
            progress(f"{name}: {outcome.headline}", cast.stage.done())
            return outcome

        rollout = _select(cast, act)
        _enable(cast, rollout, act)
        _monitor(cast, rollout, act)
        judged = _judge(cast, rollout, act)
        log = write_documents(rollout, cast.config.criteria, act)
    return told(
        scenario,
        seed=seed,
        folder=folder,
        rollout=rollout,
        steps=tuple(steps),
        judged=judged,
        log=log,
    )


@contextmanager
def _cast(scenario: Scenario, seed: int, folder: Path, progress: Progress) -> Iterator[Cast]:
    with ExitStack() as stack:
        router = Router(scenario, seed=seed, state_file=folder / STATE)
        server = stack.enter_context(RunningServer(router, token=TOKEN))
        config = demo_config(server.url)
        samples = stack.enter_context(SampleStore(folder / STORE))
        scraper = stack.enter_context(
            Scraper(f"{server.url}/metrics", samples, instance="practice-router", job="router")
        )
        admin = stack.enter_context(AdminClient(config.router, TOKEN))
        stage = Stage(router, scraper, samples, timedelta(seconds=scenario.scrape_seconds), progress)
        yield Cast(stage, scenario, config, admin, samples, folder)
        router.save()


def _select(cast: Cast, act: Act) -> Path:
    cast.stage.play(cast.scenario.enabled_at - HOUR, "three days before the canary")
    field = select.Field(
        admin=cast.admin,
        samples=lambda: cast.samples,
        tenants=cast.scenario.tenants_file(),
        config=cast.config,
        now=cast.stage.now(),
    )
    ranked = act("canary candidates", select.candidates(field, limit=20)).data.candidates
    choice = select.Choice(target=ranked[0].target, override=None)
    opened = act(
        "canary select", select.select(cast.folder / "rollouts", field, cast.who("canary select"), choice)
    )
    return cast.rollout(opened.data.rollout)


def _enable(cast: Cast, rollout: Path, act: Act) -> None:
    told = cast.who("canary notify")
    act("canary notify", notes.notify(rollout, told, how="mail", answer="go ahead", at=None))
    _check(cast, rollout, act)
    cast.stage.play(cast.scenario.enabled_at, "the hour before enabling")
    circuits = enable.circuits_now(rollout, lambda: cast.samples, cast.config.metrics, cast.stage.now())
    traffic = enable.traffic_now(rollout, Metrics(lambda: cast.samples, cast.config, cast.stage.now()))
    now = cast.stage.now()
    seen = enable.preview(rollout, cast.admin, CANARY_BLOCK, (), circuits, traffic=traffic, now=now)
    act("canary enable --dry-run", enable.dry_run(seen))
    act("canary enable", enable.apply(rollout, cast.admin, cast.who("canary enable"), seen))


def _check(cast: Cast, rollout: Path, act: Act) -> None:
    """What the practice router can show is verified; the rest rests on the word of a person who is made up."""
    # Not timed, and without a Prometheus that could be asked for rules, so that the same is played each time.
    looking = verification.Looking(
        rollouts=cast.folder / "rollouts",
        ages=cast.config.checklist.max_age_days,
        admin=lambda: cast.admin,
        premises=None,
        monotonic=None,
    )
    who = cast.who("checklist verify")
    act("checklist verify", verification.verify(rollout, who, looking, VERIFIED))
    mark = checklist.Mark(
        items=tuple(item for item in ITEMS if item not in VERIFIED[1:]),
        state="attested",
        note="attested for the demo",
        people=(PERSON,),
        read=("docs/checklist.md",),
    )
    word = replace(cast.who("checklist mark"), actor=PERSON)
    act("checklist mark", checklist.mark(rollout, word, mark))


def _monitor(cast: Cast, rollout: Path, act: Act) -> None:
    sources = monitor.Sources(
        samples=cast.samples, admin=cast.admin, metrics=cast.config.metrics, criteria=cast.config.criteria
    )
    midnight = cast.scenario.enabled_at.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(1, DAYS + 1):
        cast.stage.play(midnight + timedelta(days=day), f"day {day}")
        wanted = monitor.Wanted(as_of=cast.stage.now())
        act(
            f"monitor daily (day {day})", monitor.collect(rollout, sources, cast.who("monitor daily"), wanted)
        )
        _declare(cast, rollout, act)
        if day in LOOKS:
            looked = act(f"evaluate (day {day})", _evaluated(cast, rollout))
            if looked.data.recommendation is Recommendation.ROLLBACK:
                return  # nobody waits for the week to end


def _declare(cast: Cast, rollout: Path, act: Act) -> None:
    """What the provider said of the day before, in the morning after."""
    now, start = cast.stage.now(), cast.scenario.start
    for outage in cast.scenario.outages:
        if outage.declared and now - timedelta(days=1) < start + outage.end <= now:
            incident = IncidentAdded.model_validate(
                {
                    "provider": outage.provider,
                    "from": start + outage.start,
                    "to": start + outage.end,
                    "note": "declared by the provider",
                }
            )
            act("incident add", notes.add_incidents(rollout, cast.who("incident add"), (incident,)))


def _judge(cast: Cast, rollout: Path, act: Act) -> EvaluateAnswer:
    judged: EvaluateAnswer = act("evaluate", _evaluated(cast, rollout)).data
    open_tickets(rollout, cast.who("ticket create"), cast.config.criteria, act)
    word = judged.recommendation
    reason = f"as recommended: {judged.reasons[0]}"
    act(f"decide {word.value}", judgement.decide(rollout, cast.who("decide"), word, "Demo Operator", reason))
    if word is Recommendation.ROLLBACK:
        _roll_back(cast, rollout, act, judged)
    lesson = f"everything that the decision ({word.value}) rests on was on record when it was taken"
    act("lesson add", notes.add_lesson(rollout, cast.who("lesson add"), kind="well", text=lesson))
    return judged


def _evaluated(cast: Cast, rollout: Path) -> Outcome[EvaluateAnswer]:
    now = cast.stage.now()
    return judgement.evaluate(rollout, cast.who("evaluate"), cast.config, now, cast.admin)


def _roll_back(cast: Cast, rollout: Path, act: Act, judged: EvaluateAnswer) -> None:
    target = cast.scenario.canary
    request = rollback.RollbackRequest(
        folder=rollout,
        rollout=rollout.name,
        tenant=target.tenant,
        policy=target.policy,
        scope="policy",
        reason=judged.reasons[0],
        wait_seconds=HOUR.total_seconds(),
    )
    who = cast.who("rollback")
    act("rollback", rollback.rollback(cast.admin, cast.samples, cast.config.metrics, who, request))
