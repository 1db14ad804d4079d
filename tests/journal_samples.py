"""Events of every type, journals made of them, and the ground that the tests stand on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cbops.journal.codec import GENESIS, decode, encode
from cbops.journal.head import Head
from cbops.model.config_notifications import NotificationKind
from cbops.model.events import (
    ComparisonSet,
    CriterionVerdict,
    DayCollected,
    Decided,
    Entry,
    EpisodeClassified,
    Evaluated,
    Event,
    IncidentAdded,
    LessonAdded,
    NoteAdded,
    OwnerNotified,
    Rehearsed,
    RolloutOpened,
    TornLineSetAside,
)
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
from cbops.model.events_guard import GuardBreached, GuardEnded, GuardStarted, RolloutPaused, RolloutUnpaused
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
from cbops.model.observation import DayWindow
from cbops.model.plan import OverrideNote, Rehearsal, Weighed
from cbops.model.sending import RemoteState
from cbops.model.tenant import Owner, Target
from cbops.model.ticket import TicketKind, TicketPriority, TicketState
from cbops.model.verdict import Recommendation, Verdict

START = datetime(2025, 1, 27, 9, 0, tzinfo=UTC)
BEFORE = '{"circuit_breaker":{"enabled":false}}'
AFTER = '{"circuit_breaker":{"enabled":true}}'
OBSERVED = '{"day":1}'
JUDGED = '{"recommendation":"proceed"}'
EVIDENCE_TEXTS = (BEFORE, AFTER, OBSERVED, JUDGED)
TORN_BYTES = b'{"actor":"maya","at":"2025-01-2'
BLOCK = {"enabled": True, "failure_threshold": 5, "error_rate_threshold": 0.5}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class TickingClock:
    """Each look at it is a second later."""

    time: datetime = START
    step: timedelta = field(default=timedelta(seconds=1))

    def now(self) -> datetime:
        self.time += self.step
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def opened(*, adopted: bool = False) -> RolloutOpened:
    return RolloutOpened(
        rollout="tenant-a",
        target=Target(tenant="tenant-a", policy="canary_policy", provider="openai"),
        owner=Owner(name="Maya Ö. 🦊", contact="maya@example.org", responsive=True),
        timezone="Europe/Berlin",
        baseline_days=7,
        reasons=(Weighed(criterion="traffic", verdict="for", required=True, reason="41 requests/min"),),
        overrides=(OverrideNote(requirement="criticality", reason="nobody knows"),),
        adopted=adopted,
    )


def window(day: int) -> DayWindow:
    start = datetime(2025, 1, 26, 23, tzinfo=UTC) + timedelta(days=day - 1)
    return DayWindow(
        day=day, date=start.date(), start=start, end=start + timedelta(days=1), partial=False, full=day != 1
    )


def collected(day: int, text: str = OBSERVED) -> DayCollected:
    return DayCollected(window=window(day), as_of=START + timedelta(days=day), observation=sha(text))


def intended() -> EnableIntended:
    return EnableIntended(
        read_version="1.4",
        new_version="1.5",
        before=sha(BEFORE),
        after=sha(AFTER),
        block=BLOCK,
        overrides=(OverrideNote(requirement="dashboards", reason="next week"),),
    )


def written(change: str = "enable", policy: str = "canary_policy") -> PolicyWritten:
    return PolicyWritten.model_validate(
        {
            "change": change,
            "tenant": "tenant-a",
            "policy": policy,
            "new_version": "1.5",
            "previous_version": "1.4",
        }
    )


def reloaded(change: str = "enable", policy: str = "canary_policy") -> PolicyReloaded:
    return PolicyReloaded.model_validate({"change": change, "tenant": "tenant-a", "policy": policy})


def enable_done() -> EnableDone:
    return EnableDone(version="1.5", enabled_at=START, verification="read back, equal")


def adopted() -> BreakerAdopted:
    return BreakerAdopted(enabled_at=START, version="1.5", block=BLOCK)


def evaluated() -> Evaluated:
    verdict = CriterionVerdict(id="recovery", verdict=Verdict.MET, summary="closed after 31 s")
    return Evaluated(
        as_of=START + timedelta(days=7),
        criteria=(verdict,),
        recommendation=Recommendation.PROCEED,
        evaluation=sha(JUDGED),
    )


def decided(decision: Recommendation = Recommendation.PROCEED) -> Decided:
    return Decided(
        decision=decision,
        by="Maya",
        reason="all met",
        recommended=Recommendation.PROCEED,
        evaluation=sha(JUDGED),
    )


def rollback_intended(policy: str = "canary_policy") -> RollbackIntended:
    return RollbackIntended(reason="latency", tenant="tenant-a", policy=policy)


def rollback_done(*, written: bool = True, hours: int = 0) -> RollbackDone:
    return RollbackDone(
        version="1.6",
        disabled_at=START + timedelta(days=8, hours=hours),
        written=written,
        verification="read back, disabled",
    )


def rollback_proof(*, proven: bool = True) -> RollbackProof:
    return RollbackProof(
        proven=proven,
        since=START + timedelta(days=8),
        until=START + timedelta(days=8, hours=1),
        decisions=120 if proven else None,
        fail_fast=0,
        half_open=0,
        fallback_decisions=0,
        summary="decisions go on, the breaker doesn't",
    )


def people() -> list[Event]:
    """Events that make sense at any stage after opening."""
    return [
        OwnerNotified(how="e-mail", answer="go ahead", notified_at=START),
        ChecklistMarked(item="load_tests", state="verified", note="report 7"),
        Rehearsed(
            rehearsal=Rehearsal(
                block=BLOCK,
                passed=True,
                opened_after_failures=5,
                recovered_after_ms=30000,
                steps=("opened", "closed"),
            )
        ),
        NoteAdded(day=1, kind="issue", text="an odd \u2028 note"),
        IncidentAdded(provider="openai", start=START, end=START + timedelta(hours=1), note=None),
        EpisodeClassified(episode="e1", classification="expected", reason="status page"),
        LessonAdded(kind="well", text="quick rollback"),
        Forecasted(
            policy="canary", requests=12, approximate=False, forecast=sha(JUDGED), summary="no open in 7 days"
        ),
        Tuned(recommended=BLOCK, tuning=sha(JUDGED), summary="3 opens fewer"),
        LogsRead(
            files=("router.log",),
            file_count=1,
            lines=9,
            unread=1,
            start=START,
            end=START + timedelta(days=1),
            transitions=3,
            facts=sha(JUDGED),
        ),
        ComparisonSet(
            controls=("tenant_b",),
            baseline_from=START.date() - timedelta(days=9),
            baseline_to=START.date() - timedelta(days=3),
            reason="the last days had an outage",
        ),
        *ticket_events(),
        *sending_events(),
        *checklist_events(),
        TornLineSetAside(file="torn-2-1.txt", length=len(TORN_BYTES)),
    ]


def checklist_events() -> list[Event]:
    """A person who was trained, and an item that was verified."""
    return [
        ChecklistMarked(
            item="team_trained",
            state="attested",
            person="Ada Example",
            read=("rollout plan",),
            on=START.date(),
            expires_at=START + timedelta(days=180),
        ),
        ItemVerified(
            item="load_tests",
            state="verified",
            sentence="four scenarios passed",
            evidence=sha(JUDGED),
            happened_at=START,
            expires_at=START + timedelta(days=30),
        ),
    ]


def ticket_opened(number: int = 1, fingerprint: str = "opens-1") -> TicketOpened:
    return TicketOpened(
        ticket=number,
        fingerprint=fingerprint,
        kind=TicketKind.THRESHOLD_INACCURACY,
        title="openai opens too often",
        priority=TicketPriority.MEDIUM,
        signal="3 unexpected opens",
        body=sha(JUDGED),
        last_seen=START,
    )


def ticket_updated(number: int = 1) -> TicketUpdated:
    return TicketUpdated(
        ticket=number,
        title="openai opens far too often",
        priority=TicketPriority.HIGH,
        signal="9 unexpected opens",
        body=sha(OBSERVED),
        last_seen=START + timedelta(days=1),
    )


def ticket_moved(to: TicketState, *, number: int = 1, **words: str) -> TicketMoved:
    return TicketMoved(ticket=number, to=to, **words)


def ticket_events() -> list[Event]:
    return [
        ticket_opened(),
        ticket_updated(),
        TicketNoted(ticket=1, note="looked", priority=TicketPriority.LOW, done="read the logs"),
        ticket_moved(TicketState.TRIAGED),
    ]


def sending_events() -> list[Event]:
    """A ticket whose first sending failed, which was sent, and closed there; and a channel that was told."""
    intent = TicketSendIntended(ticket=1, target="ops", steps=1)
    return [
        intent,
        TicketSendFailed(ticket=1, target="ops", code="sending-unreachable", why="nothing listens there"),
        intent,
        TicketSent(
            ticket=1,
            target="ops",
            how="created",
            id="12",
            url="https://github.example.com/acme/ops/issues/12",
            steps=1,
            remote=RemoteState.OPEN,
        ),
        TicketSeenThere(ticket=1, target="ops", remote=RemoteState.CLOSED, steps=1, told="completed by ada"),
        ChannelTold(kind=NotificationKind.ENABLED, channel="owner", about=START, why="HTTP 500"),
    ]


def enabled_events() -> list[Event]:
    """A whole rollout: abandoned once, enabled, seven days, decided, rolled back after all."""
    return [
        opened(),
        *people(),
        intended(),
        EnableSetAside(overrides=(OverrideNote(requirement="freeze", reason="asked for"),)),
        EnableAbandoned(reason="the live policy is as it was"),
        intended(),
        written(),
        reloaded(),
        enable_done(),
        *(collected(day) for day in (0, -1, 1, 2, 3, 4, 5, 6, 7)),
        evaluated(),
        decided(),
        rollback_intended(),
        written("rollback"),
        RollbackFailed(step="reload", error="no answer"),
        rollback_intended(),
        reloaded("rollback"),
        rollback_done(),
        rollback_proof(),
    ]


def safeguards() -> list[Event]:
    """An approval and a seal; neither signature is a real one."""
    return [
        ApprovalGiven(step="proceed", what=sha(JUDGED), note="seen", key="ab" * 32, signature="cd" * 64),
        JournalSealed(covers=6, hash=sha(JUDGED), sealed_at=START, key="ab" * 32, signature="cd" * 64),
    ]


def guarded() -> list[Event]:
    """A guard that paused the rollout, which went on afterwards."""
    return [
        GuardStarted(action="pause", interval_seconds=30, until=START + timedelta(days=1)),
        GuardBreached(kind="stuck", subject="openai r1", action="pause", readings=3, told="wedged"),
        RolloutPaused(since=START, reason="wedged"),
        GuardEnded(why="time", readings=9, watched_seconds=270, blind_seconds=30, breaches=1),
        RolloutUnpaused(until=START + timedelta(hours=1), reason="looked at"),
    ]


def adopted_events() -> list[Event]:
    return [
        opened(adopted=True),
        adopted(),
        collected(1),
        evaluated(),
        decided(Recommendation.EXTEND),
        *safeguards(),
        *guarded(),
    ]


def lines_of(events: Sequence[Event], actor: str = "maya") -> list[bytes]:
    clock, prev, lines = TickingClock(), GENESIS, []
    for seq, event in enumerate(events, start=1):
        line = encode(seq=seq, at=clock.now(), actor=actor, event=event, prev=prev)
        prev = hashlib.sha256(line).hexdigest()
        lines.append(line)
    return lines


def entries_of(events: Sequence[Event]) -> tuple[Entry, ...]:
    return tuple(decode(line) for line in lines_of(events))


def head_bytes(lines: Sequence[bytes]) -> bytes:
    head = Head(len(lines), hashlib.sha256(lines[-1]).hexdigest())
    return f'{{"hash": "{head.hash}", "seq": {head.seq}, "v": 1}}\n'.encode()


def write_rollout(folder: Path, events: Sequence[Event]) -> list[bytes]:
    """A finished journal with its head and evidence, without the cost of fsync; answers its lines."""
    lines = lines_of(events)
    (folder / "evidence").mkdir(parents=True, exist_ok=True)
    (folder / "journal.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (folder / "head.json").write_bytes(head_bytes(lines))
    for text in EVIDENCE_TEXTS:
        (folder / "evidence" / sha(text)).write_text(text, encoding="utf-8")
    if any(event.type == "torn_line_set_aside" for event in events):
        (folder / "torn-2-1.txt").write_bytes(TORN_BYTES)
    return lines
