"""What the execution log says, ready to be put into its template.

Headings, labels and checkbox texts are the template's; each field here is the text that follows one.
A plain `str` would be escaped by the template, `Markdown` is put in as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cbops.model.checklist import ItemId
from cbops.model.verdict import CriterionId, Recommendation
from cbops.render.markdown import EMPTY, Markdown

PLACEHOLDER = Markdown("`[TO BE FILLED]`")


@dataclass(frozen=True, slots=True)
class Field:
    """What follows a label, and the list under it."""

    value: Markdown
    details: tuple[Markdown, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """A checkbox, and what is said after its text."""

    ticked: bool = False
    remark: Markdown = EMPTY

    @property
    def box(self) -> Markdown:
        return Markdown("[x]" if self.ticked else "[ ]")


@dataclass(frozen=True, slots=True)
class LoadTestView:
    """The pre-rollout load tests; `done` follows the action to run them."""

    status: Markdown
    note: Markdown
    first_action: Markdown
    done: Markdown
    fixed: Markdown


@dataclass(frozen=True, slots=True)
class SelectionView:
    """Step 1. `weighed` follows the seed's three criteria: traffic, criticality, owner."""

    tenant: Markdown
    weighed: Mapping[str, Markdown]
    further: tuple[Markdown, ...]
    date: Markdown
    notified: Markdown
    overrides: tuple[Markdown, ...]


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """A figure of each policy."""

    label: Markdown
    values: tuple[Markdown, ...]


@dataclass(frozen=True, slots=True)
class ForecastView:
    """What recorded traffic would have met with; `caption` stands over the labels of the rows."""

    headline: Markdown
    recorded: Markdown
    traffic: Markdown
    remarks: tuple[Markdown, ...]
    caption: Markdown
    policies: tuple[Markdown, ...]
    rows: tuple[ForecastRow, ...]
    limit: Markdown


@dataclass(frozen=True, slots=True)
class EnableView:
    """Step 2."""

    policy_json: Markdown
    date: Markdown
    updated: Markdown
    reloaded: Markdown
    verification: Markdown
    rehearsal: Field | None
    forecast: ForecastView | None
    overrides: tuple[Markdown, ...]
    approvals: tuple[Markdown, ...] = ()  # by others than the one who enabled


@dataclass(frozen=True, slots=True)
class DayView:
    """One day's section; `title` without the word Day: `1 (2025-01-27)`."""

    title: Markdown
    transitions: Field
    events: Field
    error_rates: Field
    alerts: Field
    issues: Field
    actions: Field


@dataclass(frozen=True, slots=True)
class EvaluationView:
    """Step 4."""

    date: Markdown
    criteria: Mapping[CriterionId, Tick]
    recommendation: Field | None
    decision: Field
    boxes: Mapping[Recommendation, Tick]
    behind: tuple[Markdown, ...] = ()  # the numbers that the judgement rests on
    approvals: tuple[Markdown, ...] = ()  # of proceeding


@dataclass(frozen=True, slots=True)
class TicketView:
    """A production ticket."""

    title: Markdown
    date: Markdown
    signal: Markdown
    priority: Markdown
    status: Markdown
    resolution: Markdown


@dataclass(frozen=True, slots=True)
class RollbackView:
    """One rollback."""

    title: Markdown
    date: Markdown
    reason: Markdown
    action: Markdown
    result: Field


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture beside the document; `alt` says what it shows."""

    alt: Markdown
    path: Markdown


@dataclass(frozen=True, slots=True)
class ExecutionLogView:
    """The whole log, in the order of the seed document."""

    date_started: Markdown
    status: Markdown
    load_test: LoadTestView
    checklist: Mapping[ItemId, Tick]
    selection: SelectionView
    enable: EnableView
    remarks: tuple[Markdown, ...]  # notes on the rollout as a whole, and its pauses
    days: tuple[DayView, ...]
    evaluation: EvaluationView
    tickets: tuple[TicketView, ...]
    rollbacks: tuple[RollbackView, ...]
    went_well: tuple[Markdown, ...]
    could_improve: tuple[Markdown, ...]
    tuning: tuple[Markdown, ...]
    search: Field | None  # for better thresholds; stands below what people say of them
    pictures: tuple[PictureView, ...] = ()  # of what was measured
    judged_pictures: tuple[PictureView, ...] = ()
    seals: tuple[Markdown, ...] = ()
