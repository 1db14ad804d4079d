"""`checklist verify`: what a machine can find out of each item, on record with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort
from cbops.flows.steps.checklist import standing
from cbops.flows.steps.checklist_words import MARKS, complete, headline, next_step
from cbops.flows.steps.diagnosis.premises import Premises
from cbops.flows.steps.live import live_history
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Record, Who, canonical, recording
from cbops.flows.steps.texts import clipped
from cbops.flows.steps.verifying.defaults import defaults
from cbops.flows.steps.verifying.drill import drill_of, rehearse_rollback
from cbops.flows.steps.verifying.finding import Finding, guarded
from cbops.flows.steps.verifying.load_tests import LoadEvidence, load_tests
from cbops.flows.steps.verifying.reloading import reloading
from cbops.flows.steps.verifying.telemetry import Telemetry
from cbops.flows.steps.verifying.updating import updating
from cbops.model.answers.checklist import ChecklistVerifyAnswer, ItemFound
from cbops.model.checklist import ITEMS, ItemId
from cbops.model.config_checklist import AgesConfig
from cbops.model.events_checklist import ItemVerified
from cbops.model.standing import ATTESTED_ONLY, ItemStanding
from cbops.model.state import RolloutState
from cbops.rollout.planning import live_version

BY_MACHINE: tuple[ItemId, ...] = tuple(item for item in ITEMS if item not in ATTESTED_ONLY)
MAX_SENTENCE = 1000  # bytes; a line of the journal has 4096
MAX_COMMAND = 400
_FAILED = 7


@dataclass(frozen=True, slots=True)
class Looking:
    """What may be looked at. `premises` null: there is no metrics source to ask; `monotonic` null: nothing is timed;
    `load_evidence`: the newest load test (null: nobody keeps any).
    """

    rollouts: Path
    ages: AgesConfig
    admin: Callable[[], AdminPort]
    premises: Callable[[], Premises] | None
    monotonic: Callable[[], float] | None
    load_evidence: Callable[[], LoadEvidence | None] | None = None


def verify(
    folder: Path, who: Who, looking: Looking, items: tuple[ItemId, ...]
) -> Outcome[ChecklistVerifyAnswer]:
    """Look at these items, each for itself, and put what was found on record. Exits 7 unless all are verified.

    Nothing is changed but by `reload_works`, which reloads the unchanged policy: whoever calls has asked.
    """
    found = dict(_findings(folder, who, looking, items))
    with recording(folder, who) as (record, _):
        told = tuple(_recorded(record, item, finding, looking.ages, who) for item, finding in found.items())
        after = standing(record.state, who.clock.now())
        name = record.state.id
    return _outcome(name, told, after)


def _findings(
    folder: Path, who: Who, looking: Looking, items: tuple[ItemId, ...]
) -> Iterator[tuple[ItemId, Finding]]:
    state = load(folder)
    work = _Work(state, folder, who, looking)
    makers: dict[ItemId, Callable[[], Finding]] = {
        "load_tests": work.load_tests,
        "dashboards": work.dashboards,
        "alert_rules": work.alert_rules,
        "rollback_understood": work.rehearsal,
        "disabled_by_default": lambda: defaults(looking.admin(), looking.rollouts, who.clock.now),
        "policies_updatable": lambda: updating(looking.admin(), state.target),
        "reload_works": lambda: reloading(looking.admin(), state, who.clock),
    }
    for item in items:
        yield item, guarded(makers[item])


class _Work:
    """One run: what several items need is made once."""

    def __init__(self, state: RolloutState, folder: Path, who: Who, looking: Looking) -> None:
        self._state = state
        self._folder = folder
        self._who = who
        self._looking = looking
        self._telemetry: Telemetry | None = None

    def load_tests(self) -> Finding:
        newest = self._looking.load_evidence() if self._looking.load_evidence else None
        return load_tests(newest, self._who.clock.now(), self._looking.ages.verified("load_tests"))

    def dashboards(self) -> Finding:
        telemetry = self._surveyed()
        return telemetry.dashboards() if telemetry else _without_metrics("dashboards")

    def alert_rules(self) -> Finding:
        telemetry = self._surveyed()
        return telemetry.alert_rules() if telemetry else _without_metrics("alert_rules")

    def rehearsal(self) -> Finding:
        target = self._state.target
        live = live_version(live_history(self._looking.admin(), target.tenant, target.policy))
        if live is None:
            again = "cbops checklist verify rollback_understood"
            return Finding("unknown", f"no version of {target.policy} of {target.tenant} is live", again)
        return rehearse_rollback(drill_of(target, live), self._looking.monotonic)

    def _surveyed(self) -> Telemetry | None:
        if self._telemetry is None and self._looking.premises is not None:
            self._telemetry = Telemetry(self._looking.premises(), self._state.target)
        return self._telemetry


def _without_metrics(item: ItemId) -> Finding:
    return Finding("unknown", "there is no metrics source to ask", f"cbops checklist mark {item} --note WHAT")


def _recorded(record: Record, item: ItemId, finding: Finding, ages: AgesConfig, who: Who) -> ItemFound:
    """The evidence first, then the event that names it."""
    sentence = clipped(finding.sentence, MAX_SENTENCE)
    command = clipped(finding.command, MAX_COMMAND) if finding.command else None
    kept = {"item": item, "state": finding.state, "sentence": finding.sentence, "figures": finding.figures}
    evidence = record.put_evidence(canonical(kept))
    since = finding.happened_at or who.clock.now()
    record.append(
        ItemVerified(
            item=item,
            state=finding.state,
            sentence=sentence,
            command=command,
            evidence=evidence,
            happened_at=finding.happened_at,
            expires_at=since + ages.verified(item) if finding.state == "verified" else None,
        )
    )
    return ItemFound(item=item, state=finding.state, sentence=sentence, command=command, evidence=evidence)


def _outcome(
    rollout: str, told: tuple[ItemFound, ...], after: tuple[ItemStanding, ...]
) -> Outcome[ChecklistVerifyAnswer]:
    verified = sum(one.state == "verified" for one in told)
    lines: list[str] = []
    for one in told:
        lines += [f"  {MARKS[one.state]} {one.item:<20} {one.state}", f"    {one.sentence}"]
        lines += [f"    do: {one.command}"] if one.command else []
    still = [one for one in after if not one.done]
    return Outcome(
        data=ChecklistVerifyAnswer(rollout=rollout, found=told, items=after, complete=complete(after)),
        headline=f"{verified} of {len(told)} items verified. {headline(after)}",
        body=(*lines, *((f"  open: {', '.join(one.item for one in still)}",) if still else ())),
        next_step=next_step(after),
        exit_status=0 if verified == len(told) else _FAILED,
    )
