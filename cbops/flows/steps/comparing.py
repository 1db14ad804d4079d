"""What a canary is compared with: what a person wishes on record, and what there is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cbops.errors import InputError, UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.baseline import baseline_numbers
from cbops.flows.steps.days import Collected
from cbops.flows.steps.loading import load
from cbops.flows.steps.texts import MAX_NAME, said
from cbops.flows.steps.wording import comparison_line, plural
from cbops.judge import compared_with
from cbops.model.answers.canary import CompareAnswer, ControlAnswer
from cbops.model.calendar import day_date, zone
from cbops.model.config import CriteriaConfig
from cbops.model.events import ComparisonSet
from cbops.model.state import RolloutState

MAX_CONTROLS = 20
MAX_DAYS = 60  # of a baseline


@dataclass(frozen=True, slots=True)
class Wished:
    """What the person asked for; nothing at all: only to be shown what there is."""

    controls: tuple[str, ...] | None = None
    no_controls: bool = False
    baseline_from: date | None = None
    baseline_to: date | None = None
    by_rule: bool = False
    reason: str | None = None

    @property
    def sets(self) -> bool:
        """Whether anything is to be written."""
        return self.by_rule or self.no_controls or self.controls is not None or self._baseline

    @property
    def _baseline(self) -> bool:
        return self.baseline_from is not None or self.baseline_to is not None

    def check(self) -> None:
        """UsageError when the options don't go together."""
        if sum((self.controls is not None, self.no_controls, self.by_rule)) > 1 or (
            self.by_rule and self._baseline
        ):
            raise UsageError(
                "--controls, --no-controls and --by-rule exclude each other, and --by-rule sets the baseline too",
                hint="Give one of them.",
            )
        if (self.baseline_from is None) != (self.baseline_to is None):
            raise UsageError("a baseline has two ends", hint="Give --baseline-from and --baseline-to.")
        if self.sets and self.reason is None:
            raise UsageError("what is set by hand needs a reason", hint="Give --reason REASON.")
        if self.reason is not None and not self.sets:
            raise UsageError(
                "--reason goes with something to set",
                hint="Give --controls, --no-controls, --by-rule or a baseline.",
            )


def comparison_set(state: RolloutState, wished: Wished, reason: str) -> ComparisonSet:
    """The event; what isn't wished for stays as it was. InputError for what can't be."""
    before = state.comparison
    if wished.by_rule:
        return ComparisonSet(reason=reason)
    controls = before.controls if before is not None else None
    if wished.no_controls:
        controls = ()
    if wished.controls is not None:
        controls = _named(state, wished.controls)
    first, last = (before.baseline_from, before.baseline_to) if before is not None else (None, None)
    if wished.baseline_from is not None and wished.baseline_to is not None:
        first, last = wished.baseline_from, wished.baseline_to
        _require_before(state, first, last)
    return ComparisonSet(controls=controls, baseline_from=first, baseline_to=last, reason=reason)


def _named(state: RolloutState, names: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(said(name, "a tenant in --controls", MAX_NAME) for name in names))
    if state.target.tenant in found:
        raise InputError(
            f"{state.target.tenant} is the canary, and can't be compared with itself",
            hint="Name other tenants.",
        )
    if len(found) > MAX_CONTROLS:
        raise InputError(
            f"{len(found)} controls are named, and there is room for {MAX_CONTROLS}", hint="Name fewer."
        )
    return found


def _require_before(state: RolloutState, first: date, last: date) -> None:
    assert state.enabled_at is not None
    enabled = day_date(1, state.enabled_at, zone(state.timezone))
    if not first <= last < enabled:
        raise InputError(
            f"a baseline from {first} to {last} doesn't lie before {enabled}, the day of enabling",
            hint="Give dates before it, the earlier one first.",
        )
    if (last - first).days >= MAX_DAYS:
        raise InputError(
            f"a baseline from {first} to {last} has more than {MAX_DAYS} days", hint="Give fewer days."
        )


def comparison_shown(folder: Path, criteria: CriteriaConfig, *, written: bool) -> Outcome[CompareAnswer]:
    """The controls and the baseline as the record has them now."""
    state = load(folder)
    collected = Collected.of(folder, state, criteria)
    found = compared_with(state, collected.days, collected.baseline, criteria)
    numbers = baseline_numbers(state)
    answer = CompareAnswer(
        rollout=state.id,
        set_by_hand=state.comparison,
        controls=tuple(
            ControlAnswer(
                tenant=tenant, used=tenant in found.controls.used, told_by=by, text=found.controls.why(tenant)
            )
            for tenant, by in found.controls.told_by.items()
        ),
        baseline_wanted=len(numbers),
        baseline=tuple(day.window.date for day in found.baseline),
    )
    used = found.controls.used
    with_whom = f"{plural(len(used), 'control')} ({', '.join(used)})" if used else "no control"
    verb = "Set" if written else "Compared"
    return Outcome(
        data=answer,
        headline=f"{verb} for {state.id}: {with_whom} and {len(answer.baseline)} of "
        f"{plural(len(numbers), 'day')} of baseline.",
        body=_lines(answer),
        warnings=found.notes,
        next_step="Judge with it: cbops evaluate" if not found.notes else "cbops monitor daily --all",
    )


def _lines(answer: CompareAnswer) -> tuple[str, ...]:
    word = answer.set_by_hand
    lines = [f"  {comparison_line(word)}" if word is not None else "  by rule"]
    lines += [
        f"  {'control' if control.used else 'left out':<10} {control.tenant:<20} {control.text}"
        for control in answer.controls
    ]
    days = ", ".join(day.isoformat() for day in answer.baseline) or "none"
    return (*lines, f"  baseline   {days}")
