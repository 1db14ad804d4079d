"""The events of a rollout's journal; each is at most 4 KiB as a line.

Whatever is larger (documents, measurements) lies in `evidence/<sha256>`, and the event names the hash.
Written events never change: a field that is added later has a default.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from cbops.model.base import Frozen, Instant
from cbops.model.base import Sha as Sha
from cbops.model.day_window import DayWindow, Drift
from cbops.model.events_change import (
    BreakerAdopted,
    EnableAbandoned,
    EnableDone,
    EnableIntended,
    EnableSetAside,
    PolicyReloaded,
    PolicyWritten,
    RollbackDone,
    RollbackFailed,
    RollbackIntended,
    RollbackProof,
)
from cbops.model.events_checklist import ChecklistMarked, ItemVerified
from cbops.model.events_guard import (
    GuardBreached,
    GuardEnded,
    GuardStarted,
    RolloutPaused,
    RolloutUnpaused,
)
from cbops.model.events_replay import Forecasted, LogsRead, Tuned
from cbops.model.events_safeguards import ApprovalGiven, JournalSealed
from cbops.model.events_sending import (
    ChannelTold,
    TicketSeenThere,
    TicketSendFailed,
    TicketSendIntended,
    TicketSent,
)
from cbops.model.events_tickets import TicketMoved, TicketNoted, TicketOpened, TicketUpdated
from cbops.model.plan import OverrideNote, Rehearsal, Weighed
from cbops.model.system import SystemUser
from cbops.model.tenant import Owner, Target
from cbops.model.verdict_words import Classification, CriterionId, Recommendation, Verdict


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


class Rehearsed(Frozen):
    """The policy opened and recovered in the real engine."""

    type: Literal["rehearsed"] = "rehearsed"
    rehearsal: Rehearsal


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


class LessonAdded(Frozen):
    """For the log's last part."""

    type: Literal["lesson_added"] = "lesson_added"
    kind: Literal["well", "improve", "tuning"]
    text: str


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
    | ItemVerified
    | Rehearsed
    | EnableIntended
    | EnableSetAside
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
    | TicketSendIntended
    | TicketSent
    | TicketSendFailed
    | TicketSeenThere
    | ChannelTold
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
