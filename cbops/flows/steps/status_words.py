"""Where a rollout stands, in words: one line that says what to do next, and a screen of 80 columns below it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from cbops.flows.steps.firing import alert_line
from cbops.flows.steps.wording import comparison_line, plural, spans
from cbops.model.answers.status import StatusAnswer
from cbops.model.state import Stage

WIDTH = 79  # a line that fills the last of 80 columns is folded by some terminals
_VALUES = 13  # where the values of the screen begin


def headline(answer: StatusAnswer, *, left: bool) -> str:
    """How it stands and the next command. Too long for a line of 80 columns, it goes without what the screen says
    too: first the remark behind the command, then the rollout's name.

    `left`: it was rolled back by the global switch alone.
    """
    told, command = _standing(answer, left=left), answer.next_command
    short = command.partition(" (")[0].partition(", ")[0]
    named = f"{answer.rollout}: {told}"
    for line in (f"{named}; next: {command}", f"{named}; next: {short}"):
        if len(line) <= WIDTH:
            return line
    return f"{told}; next: {short}"


def _standing(answer: StatusAnswer, *, left: bool) -> str:
    if answer.in_flight is not None:
        return f"{'rollback' if answer.in_flight.change == 'rollback' else 'enabling'} not finished"
    if left:
        return "rolled back by the global switch alone"
    paused = answer.paused_since is not None and answer.disabled_at is None
    return {
        Stage.SELECTED: "selected, not enabled",
        Stage.MONITORING: f"enabled, day {answer.day}{', paused' if paused else ''}",
        Stage.DECIDED: f"decided: proceed{', paused' if paused else ''}",
        Stage.ROLLED_BACK: "rolled back, proven" if answer.rollback_proven else "rolled back, not proven yet",
    }.get(answer.stage, answer.stage.words)


def lines(answer: StatusAnswer, first: str) -> tuple[str, ...]:
    """What stands below the first line; what that had no room for comes first."""
    target = answer.target
    told: list[tuple[str, str]] = []
    if not first.startswith(f"{answer.rollout}: "):
        told.append(("rollout", answer.rollout))
    told.append(("canary", f"{target.policy} of {target.tenant} ({target.provider})"))
    if answer.in_flight is not None:
        told.append(("in flight", answer.in_flight.sentence))
    if answer.paused_since is not None and answer.disabled_at is None:
        told.append(("paused", f"since {answer.paused_since:%Y-%m-%d %H:%M} UTC: {answer.paused_reason}"))
    owner = answer.owner.name if answer.owner else "unknown"
    told.append(("owner", f"{owner}, {'told' if answer.owner_notified else 'not told'}"))
    still = ", ".join(answer.checklist_open)
    told.append(("checklist", f"open: {still}" if still else "complete"))
    return tuple(line for label, text in (*told, *_so_far(answer)) for line in _folded(label, text))


def _so_far(answer: StatusAnswer) -> Iterable[tuple[str, str]]:
    """What was collected, judged and decided, and what fires."""
    if answer.enabled_at:
        days = spans(answer.days_collected) or "none"
        missing = f"; missing: {spans(answer.days_missing)}" if answer.days_missing else ""
        yield "enabled", f"{answer.enabled_at:%Y-%m-%d %H:%M} UTC"
        yield "collected", f"{plural(len(answer.days_collected), 'day')}: {days}{missing}"
    if answer.comparison is not None:
        yield "compared", comparison_line(answer.comparison)
    if answer.disabled_at:
        yield "disabled", f"{answer.disabled_at:%Y-%m-%d %H:%M} UTC"
    if answer.recommendation and answer.evaluated_at:
        yield "evaluated", f"{answer.recommendation.value}, as of {answer.evaluated_at:%Y-%m-%d %H:%M} UTC"
    if answer.decision:
        yield "decided", f"{answer.decision.value} by {answer.decided_by}"
    if answer.alerts_firing is not None:
        fires = [alert_line(alert) for alert in answer.alerts_firing] or ["nothing"]
        for number, line in enumerate(fires):
            yield "" if number else "firing", line


def _folded(label: str, text: str) -> list[str]:
    """A label and what it is about, in lines of 80 columns; a name is never cut."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {label:<{_VALUES - 3}} ",
        subsequent_indent=" " * _VALUES,
        break_long_words=False,
        break_on_hyphens=False,
    )
