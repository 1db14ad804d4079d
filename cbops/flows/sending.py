"""`ticket send` and `ticket sync`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cbops.clients.tickets.tracker import Letter, Tracker
from cbops.errors import SendingError, SendingLaterError, SendingRefusedError, SendingUnreachableError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.letters import letter_of, only_sender, problem_of, put, record_of, why_of
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Who
from cbops.flows.steps.sending_words import sent_lines, sent_summary, synced_lines
from cbops.flows.steps.syncing import moves_for
from cbops.flows.steps.ticket_files import mend
from cbops.flows.steps.ticket_words import ticket_of
from cbops.flows.steps.wording import plural
from cbops.model.answers.sending import Outcomes, SentAnswer, SyncedAnswer, TicketSendAnswer, TicketSyncAnswer
from cbops.model.events_sending import TicketSeenThere, TicketSendFailed, TicketSendIntended, TicketSent
from cbops.model.sending import PreparedRequest, Remote, RemoteState, SendingRecord
from cbops.model.state import RolloutState
from cbops.model.ticket import Ticket, TicketState

Trackers = Mapping[str, Tracker]
# What the next ticket would meet too.
_FOR_ALL = (SendingRefusedError, SendingLaterError, SendingUnreachableError)
FAILED = 7


@dataclass(frozen=True, slots=True)
class Errand:
    """One ticket for one target."""

    ticket: Ticket
    target: str
    letter: Letter


Todo = tuple[RolloutState, tuple[Errand, ...]]


def errands(folder: Path, who: Who, targets: Iterable[str], wanted: Sequence[str]) -> Todo:
    """What there is to send, and to whom: the tickets named, or (none named, or `all`) every one that is open or was sent
    before. InputError when there is no ticket of that id.
    """
    state = mend(folder, who)
    every = not wanted or "all" in wanted
    named = state.tickets if every else [ticket_of(state, each) for each in wanted]
    tickets = {each.number: each for each in named}.values()
    found = (
        Errand(ticket, target, letter_of(folder, state, ticket, target, who.templates))
        for ticket in tickets
        for target in targets
    )
    return state, tuple(each for each in found if not every or _of_itself(state, each))


def _of_itself(state: RolloutState, errand: Errand) -> bool:
    """Whether it is sent without being named: one that is over and was never sent isn't, nor one that was deleted there."""
    known = record_of(state, errand.ticket, errand.target)
    if known is None or known.id is None:
        return not errand.ticket.state.over
    return known.remote is not RemoteState.GONE


def preview(trackers: Trackers, todo: Todo) -> Outcome[TicketSendAnswer]:
    """The exact requests; nothing is sent."""
    state, each_errand = todo
    results = tuple(
        _answer(
            each,
            "prepared" if each.letter.news else "unchanged",
            requests=trackers[each.target].preview(each.letter) if each.letter.news else (),
        )
        for each in each_errand
    )
    waiting = sum(each.outcome == "prepared" for each in results)
    return Outcome(
        data=TicketSendAnswer(rollout=state.id, dry_run=True, results=results),
        headline=f"Dry run: {plural(waiting, 'sending')} of {state.id} would go out; nothing was sent.",
        body=tuple(line for each in results for line in sent_lines(each)),
        next_step="Send: cbops ticket send" if waiting else "Everything is there already: cbops ticket sync",
    )


def send(folder: Path, who: Who, trackers: Trackers, todo: Todo) -> Outcome[TicketSendAnswer]:
    """Send them, each with its intent on record before and its end after. Exit 7 where one of them failed.

    LockedError when somebody else sends.
    """
    stopped: dict[str, SendingError] = {}
    with only_sender(folder, who):
        results = [_sent(folder, who, trackers[each.target], each, stopped) for each in todo[1]]
    mend(folder, who)
    for tracker in trackers.values():
        who.notes.extend(dict.fromkeys(tracker.notes))
    failed = [each for each in results if each.outcome == "failed"]
    return Outcome(
        data=TicketSendAnswer(rollout=todo[0].id, dry_run=False, results=tuple(results)),
        headline=sent_summary(todo[0].id, results),
        body=tuple(line for each in results for line in sent_lines(each)),
        next_step="When that is mended, send again (nothing is sent twice): cbops ticket send"
        if failed
        else "See later what became of them there: cbops ticket sync",
        exit_status=FAILED if failed else 0,
    )


def _sent(
    folder: Path, who: Who, tracker: Tracker, errand: Errand, stopped: dict[str, SendingError]
) -> SentAnswer:
    # As it is now: another process may have sent it since.
    state = load(folder)
    ticket = state.tickets[errand.ticket.number - 1]
    letter = letter_of(folder, state, ticket, errand.target, who.templates)
    now = Errand(ticket, errand.target, letter)
    if not letter.news:
        return _answer(now, "unchanged")
    before = stopped.get(errand.target)
    if before is not None:
        return _answer(now, "failed", error=type(before)(f"not tried: {before.message}", hint=before.hint))
    number, target = ticket.number, errand.target
    put(folder, who, TicketSendIntended(ticket=number, target=target, steps=len(ticket.steps)))
    try:
        done = tracker.send(letter)
    except SendingError as error:
        put(folder, who, TicketSendFailed(ticket=number, target=target, code=error.code, why=why_of(error)))
        if isinstance(error, _FOR_ALL):
            stopped[errand.target] = error
        return _answer(now, "failed", error=error)
    remote = done.remote
    sent = TicketSent(
        ticket=number,
        target=target,
        how=done.how,
        id=remote.id,
        url=remote.url,
        steps=done.steps,
        remote=remote.state,
    )
    put(folder, who, sent)
    return _answer(now, done.how, remote=remote)


def sync(folder: Path, who: Who, trackers: Trackers) -> Outcome[TicketSyncAnswer]:
    """Look how each ticket stands where it was sent, and take over here what was closed or opened again there.

    Exit 7 where one could not be looked at. LockedError when somebody sends.
    """
    with only_sender(folder, who):
        sent = [each for each in load(folder).sendings if each.id is not None and each.target in trackers]
        stopped: dict[str, SendingError] = {}
        results = [_synced(folder, who, trackers[each.target], each, stopped) for each in sent]
    state = mend(folder, who)
    failed = any(each.problem for each in results)
    moved = sum(bool(each.moved) for each in results)
    return Outcome(
        data=TicketSyncAnswer(rollout=state.id, results=tuple(results)),
        headline=f"{plural(len(results), 'ticket')} of {state.id} looked at there, {moved} moved here."
        if results
        else f"No ticket of {state.id} was sent anywhere yet.",
        body=tuple(line for each in results for line in synced_lines(each)),
        next_step="See where they stand: cbops ticket list" if results else "Send them: cbops ticket send",
        exit_status=FAILED if failed else 0,
    )


def _synced(
    folder: Path, who: Who, tracker: Tracker, known: SendingRecord, stopped: dict[str, SendingError]
) -> SyncedAnswer:
    state = load(folder)
    ticket = state.tickets[known.ticket - 1]
    letter = letter_of(folder, state, ticket, known.target, who.templates)
    error = stopped.get(known.target)
    try:
        if error is not None:
            raise error
        remote = tracker.look(letter)
    except SendingError as fault:
        if isinstance(fault, _FOR_ALL):
            stopped[known.target] = fault
        return _seen(known, None, problem=fault)
    if remote.state is known.remote:
        return _seen(known, remote)
    moves = moves_for(ticket, known, remote)
    # What was sent is there; what follows from it there need not be told there.
    level = known.steps == len(ticket.steps)
    seen = TicketSeenThere(
        ticket=ticket.number,
        target=known.target,
        remote=remote.state,
        steps=len(ticket.steps) + len(moves) if level else known.steps,
        told=remote.told,
    )
    put(folder, who, *moves, seen)
    return _seen(known, remote, moved=tuple(each.to for each in moves))


def _answer(
    errand: Errand,
    outcome: Outcomes,
    *,
    remote: Remote | None = None,
    error: SendingError | None = None,
    requests: tuple[PreparedRequest, ...] = (),
) -> SentAnswer:
    letter = errand.letter
    return SentAnswer(
        ticket=errand.ticket.id,
        target=errand.target,
        outcome=outcome,
        id=remote.id if remote else letter.there,
        url=remote.url if remote else letter.url,
        state=remote.state if remote else letter.known,
        problem=problem_of(error) if error else None,
        requests=requests,
    )


def _seen(
    known: SendingRecord,
    remote: Remote | None,
    *,
    moved: tuple[TicketState, ...] = (),
    problem: SendingError | None = None,
) -> SyncedAnswer:
    return SyncedAnswer(
        ticket=f"CB-OPS-{known.ticket:03d}",
        target=known.target,
        url=(remote.url if remote else None) or known.url,
        state=remote.state if remote else None,
        before=known.remote,
        moved=moved,
        told=remote.told if remote else None,
        problem=problem_of(problem) if problem else None,
    )
