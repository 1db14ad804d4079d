"""The end of the demo: tickets for what was seen, and every document of the rollout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cbops.cli.demo_files import STORE
from cbops.flows import judgement, report, tickets
from cbops.flows.outcome import Outcome
from cbops.flows.steps.documents import Place
from cbops.flows.steps.recording import Who
from cbops.model.answers.judgement import EvaluateAnswer
from cbops.model.answers.record import DemoAnswer, DemoStep
from cbops.model.config import CriteriaConfig
from cbops.simulator.scenarios import Scenario

Act = Callable[[str, Outcome[Any]], Outcome[Any]]


def open_tickets(rollout: Path, who: Who, criteria: CriteriaConfig, act: Act) -> None:
    """For every signal; before the decision, which rests on them too."""
    act("ticket create", tickets.create_from_signals(rollout, who, criteria, "all"))


def write_documents(rollout: Path, criteria: CriteriaConfig, act: Act) -> str:
    """All of them; the place of the log."""
    place = Place()
    log = act("report log", report.log(rollout, criteria, place))
    act("report weekly", report.weekly(rollout, criteria, place, None))
    act("report final", report.final(rollout, criteria, place))
    path: str = log.data.path
    return path


def told(
    scenario: Scenario,
    *,
    seed: int,
    folder: Path,
    rollout: Path,
    steps: tuple[DemoStep, ...],
    judged: EvaluateAnswer,
    log: str,
) -> Outcome[DemoAnswer]:
    """What was played, and where everything is."""
    marks = [f"  {judgement.MARKS[c.verdict.value]} {c.id}: {c.summary}" for c in judged.criteria]
    files = [
        f"  the log        {log}",
        f"  the record     {rollout / 'journal.jsonl'}",
        f"  the samples    {folder / STORE}",
        f"  configuration  {folder / 'cbops.yaml'}",
    ]
    return Outcome(
        data=DemoAnswer(
            scenario=scenario.name,
            seed=seed,
            folder=str(folder),
            rollout=rollout.name,
            steps=steps,
            recommendation=judged.recommendation,
            log=log,
        ),
        headline=f"Phase 1 played through ({scenario.title}): {judged.recommendation.value}.",
        body=(*(f"  {step.name}: {step.result}" for step in steps), "", *marks, "", *files),
        next_step=f"Look around: cd {folder} && cbops canary status && cbops journal verify",
        exit_status=judged.recommendation.exit_status,
    )
