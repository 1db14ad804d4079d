"""The events of a rollout's journal; each is at most 4 KiB as a line.

Whatever is larger (documents, measurements) lies in `evidence/<sha256>`, and the event names the hash.
Written events never change: a field that is added later has a default.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from cbops.model.base import Frozen, Instant, JsonObject
from cbops.model.base import Sha as Sha
from cbops.model.checklist import ItemId, ItemState
from cbops.model.events_guard import (
    GuardBreached,
    GuardEnded,
    GuardStarted,
    RolloutPaused,
    RolloutUnpaused,
)
from cbops.model.events_safeguards import ApprovalGiven, JournalSealed
from cbops.model.events_tickets import TicketMoved, TicketNoted, TicketOpened, TicketUpdated
from cbops.model.observation import DayWindow, Drift
from cbops.model.plan import OverrideNote, Rehearsal, Weighed
from cbops.model.system import SystemUser
from cbops.model.tenant import Owner, Target
from cbops.model.verdict import Classification, CriterionId, Recommendation, Verdict

RollbackScope = Literal["policy", "tenant", "global"]


class RolloutOpened(Frozen):
    """The first event: selected from the candidates, or adopted after someone enabled the breaker."""

    type: Literal["rollout_opened"] = "rollout_opened"
    rollout: str
    phase: int = 1
    target: Target
    owner: Owner | None
    timezone: str
    baseline_days: int
    reasons: tuple[Weighed, ...] = ()
    overrides: tuple[OverrideNote, ...] = ()
    adopted: bool = False


class OwnerNotified(Frozen):
    """The owner was told; `answer` null: none yet."""

    type: Literal["owner_notified"] = "owner_notified"
    how: str
    answer: str | None = None
    notified_at: Instant


class ChecklistMarked(Frozen):
    """A person's or a machine's word on one item."""

    type: Literal["checklist_marked"] = "checklist_marked"
    item: ItemId
    state: ItemState
    note: str | None = None


class Rehearsed(Frozen):
    """The policy opened and recovered in the real engine."""

    type: Literal["rehearsed"] = "rehearsed"
    rehearsal: Rehearsal


class EnableIntended(Frozen):
    """About to write the policy; from here to EnableDone the change is in flight."""

    type: Literal["enable_intended"] = "enable_intended"
    read_version: str
    new_version: str
    before: Sha  # the live document, as evidence
    after: Sha
    block: JsonObject
    overrides: tuple[OverrideNote, ...] = ()


class PolicyWritten(Frozen):
    """The admin API took the PUT."""

    type: Literal["policy_written"] = "policy_written"
    change: Literal["enable", "rollback"]
    tenant: str
    policy: str
    new_version: str
    previous_version: str | None


class PolicyReloaded(Frozen):
    """The router took the stored policy up again."""

    type: Literal["policy_reloaded"] = "policy_reloaded"
    change: Literal["enable", "rollback"]
    tenant: str
    policy: str


class EnableDone(Frozen):
    """Read back and equal to what was written; the rollout counts from `enabled_at`."""

    type: Literal["enable_done"] = "enable_done"
    version: str
    enabled_at: Instant
    verification: str


class EnableAbandoned(Frozen):
    """The enabling in flight was given up; the live policy is as it was."""

    type: Literal["enable_abandoned"] = "enable_abandoned"
    reason: str


class BreakerAdopted(Frozen):
    """The breaker was enabled outside cbops; `block` null: its policy could not be read."""

    type: Literal["breaker_adopted"] = "breaker_adopted"
    enabled_at: Instant
    version: str | None = None
    block: JsonObject | None = None
    document: Sha | None = None  # the live policy as it was found, as evidence


class DayCollected(Frozen):
    """A day (or a baseline day, numbered 0, -1, …) was measured; the Observation is evidence."""

    type: Literal["day_collected"] = "day_collected"
    window: DayWindow
    as_of: Instant
    observation: Sha
    drift: Drift | None = None  # as seen when the day was collected


class NoteAdded(Frozen):
    """What a person adds to a day; day null is the rollout as a whole."""

    type: Literal["note_added"] = "note_added"
    day: int | None
    kind: Literal["issue", "action", "note"]
    text: str


class IncidentAdded(Frozen):
    """A declared provider incident."""

    type: Literal["incident_added"] = "incident_added"
    provider: str
    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")
    note: str | None = None


class EpisodeClassified(Frozen):
    """A person's word on an unexplained open."""

    type: Literal["episode_classified"] = "episode_classified"
    episode: str
    classification: Classification
    reason: str


class CriterionVerdict(Frozen):
    """A verdict without its evidence, which lies in the evaluation's file."""

    id: CriterionId
    verdict: Verdict
    summary: str


class Evaluated(Frozen):
    """A judgement; the whole Evaluation is evidence."""

    type: Literal["evaluated"] = "evaluated"
    as_of: Instant
    criteria: tuple[CriterionVerdict, ...]
    recommendation: Recommendation
    evaluation: Sha
    drift: Drift | None = None  # as seen when it was judged


class Decided(Frozen):
    """A named person's decision; `recommended` null: nothing was evaluated before."""

    type: Literal["decided"] = "decided"
    decision: Recommendation
    by: str
    reason: str
    recommended: Recommendation | None
    evaluation: Sha | None = None


class RollbackIntended(Frozen):
    """About to disable; from here to RollbackDone the rollback is pending."""

    type: Literal["rollback_intended"] = "rollback_intended"
    reason: str
    tenant: str
    policy: str
    scope: RollbackScope = "policy"
    restore: str | None = None  # the version that is restored as a whole; null: only disabled


class RollbackDone(Frozen):
    """Read back: the live policy no longer enables the breaker."""

    type: Literal["rollback_done"] = "rollback_done"
    version: str
    disabled_at: Instant
    written: bool  # false: it was disabled already
    verification: str


class RollbackFailed(Frozen):
    """A step failed; the rollback stays pending."""

    type: Literal["rollback_failed"] = "rollback_failed"
    step: str
    error: str


class RollbackProof(Frozen):
    """Whether metrics show that the breaker no longer acts; null figures are unknown."""

    type: Literal["rollback_proof"] = "rollback_proof"
    proven: bool
    since: Instant | None  # the first scrape after the reload
    until: Instant | None
    decisions: int | None
    fail_fast: int | None
    half_open: int | None
    fallback_decisions: int | None
    summary: str


class LessonAdded(Frozen):
    """For the log's last part."""

    type: Literal["lesson_added"] = "lesson_added"
    kind: Literal["well", "improve", "tuning"]
    text: str


class Forecasted(Frozen):
    """Recorded traffic was played through a policy; the whole Forecast is evidence, `summary` its first sentence."""

    type: Literal["forecasted"] = "forecasted"
    policy: str  # the name of the policy that it is about
    requests: int
    approximate: bool
    forecast: Sha
    summary: str


class Tuned(Frozen):
    """Thresholds were searched over recorded traffic; the whole Tuning is evidence."""

    type: Literal["tuned"] = "tuned"
    recommended: JsonObject | None  # the circuit_breaker block; null: none is better than the live one
    tuning: Sha
    summary: str


class LogsRead(Frozen):
    """The router's logs were read; the LogFacts are evidence. `files`: the first few names of `file_count`."""

    type: Literal["logs_read"] = "logs_read"
    files: tuple[str, ...]
    file_count: int
    lines: int
    unread: int
    start: Instant | None = Field(default=None, alias="from")  # null: no line had a time
    end: Instant | None = Field(default=None, alias="to")
    transitions: int  # of the rollout's tenant
    facts: Sha


class ComparisonSet(Frozen):
    """What the canary is compared with from here on, as a person set it; all null: by rule again.

    `controls` empty: no tenant. Of the baseline either both dates (both included) or none.
    """

    type: Literal["comparison_set"] = "comparison_set"
    controls: tuple[str, ...] | None = None
    baseline_from: date | None = None
    baseline_to: date | None = None
    reason: str


class TornLineSetAside(Frozen):
    """Half a line stood at the end; it was moved to `file` and the journal goes on.

    `confirmed` false: a crash in mid-write. True: the line was whole once, and was cut off later.
    """

    type: Literal["torn_line_set_aside"] = "torn_line_set_aside"
    file: str
    length: int
    confirmed: bool = False
    digest: str | None = None  # SHA-256 of the bytes in hex; null in journals before that was recorded


Event = (
    RolloutOpened
    | OwnerNotified
    | ChecklistMarked
    | Rehearsed
    | EnableIntended
    | PolicyWritten
    | PolicyReloaded
    | EnableDone
    | EnableAbandoned
    | BreakerAdopted
    | DayCollected
    | NoteAdded
    | IncidentAdded
    | EpisodeClassified
    | Evaluated
    | Decided
    | RollbackIntended
    | RollbackDone
    | RollbackFailed
    | RollbackProof
    | LessonAdded
    | Forecasted
    | Tuned
    | LogsRead
    | ComparisonSet
    | TicketOpened
    | TicketUpdated
    | TicketMoved
    | TicketNoted
    | JournalSealed
    | ApprovalGiven
    | GuardStarted
    | GuardBreached
    | GuardEnded
    | RolloutPaused
    | RolloutUnpaused
    | TornLineSetAside
)


class Entry(Frozen):
    """One line of the journal: an event, and who wrote it when; `hash` is that of the line itself.

    `actor` is the name that was given; `system` the account that it was given under (null: journals before that
    was recorded).
    """

    seq: int
    at: Instant
    actor: str
    system: SystemUser | None = None
    event: Event = Field(discriminator="type")
    prev: str
    hash: str
