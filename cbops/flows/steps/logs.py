"""The router's logs on their way into a rollout's record."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cbops.errors import InputError
from cbops.flows.steps.recording import Record
from cbops.flows.steps.texts import MAX_NAME, clipped
from cbops.model.answers.logs import LogsAnswer
from cbops.model.base import to_ms
from cbops.model.events_replay import LogsRead
from cbops.model.observation import Observation
from cbops.model.spans import outside
from cbops.model.telemetry import LogFacts

# Reads the files that were named, for one tenant.
ReadLogs = Callable[[str], LogFacts]
MAX_FILES = 10  # names in the event; all of them are in the evidence


def keep_logs(record: Record, facts: LogFacts) -> None:
    """What the logs tell as evidence, and the event that names it."""
    sha = record.put_evidence(facts.model_dump_json(by_alias=True) + "\n")
    record.append(
        LogsRead(
            files=tuple(clipped(name, MAX_NAME) for name in facts.files[:MAX_FILES]),
            file_count=len(facts.files),
            lines=facts.lines,
            unread=facts.unread,
            start=facts.start,
            end=facts.end,
            transitions=len(facts.transitions),
            facts=sha,
        )
    )


def require_transitions(facts: LogFacts | None, days: Iterable[Observation]) -> None:
    """InputError where circuits moved in the time of the logs, and no line could be about any tenant's circuit.

    Then these are no logs of the router, or of a kind that isn't known; a week in which nothing moved is sound.
    """
    if facts is None or facts.transitions or facts.others or facts.start is None or facts.end is None:
        return
    moved = sum(one.count for day in days for one in day.transitions if facts.start < one.at <= facts.end)
    if moved:
        raise InputError(
            f"no line of {', '.join(facts.files[:3])} could be a circuit's transition, and {moved} were counted in "
            f"the time of these {facts.lines} lines",
            hint="Expected on a line: tenant_id (tenant), provider_id (provider) and to (to_state, new_state) with "
            "closed, open or half_open.",
        )


def logs_answer(facts: LogFacts | None) -> LogsAnswer | None:
    """For the JSON answer."""
    if facts is None:
        return None
    return LogsAnswer(
        files=len(facts.files),
        lines=facts.lines,
        unread=facts.unread,
        transitions=len(facts.transitions),
        others=facts.others,
        start=facts.start,
        end=facts.end,
    )


def logs_warnings(facts: LogFacts | None, days: Iterable[Observation] = ()) -> tuple[str, ...]:
    """What a person must know of them; `days` are those that were counted."""
    if facts is None:
        return ()
    found = []
    if facts.unread:
        found.append(
            f"{facts.unread:,} of {facts.lines:,} log lines tell nothing: no JSON object, or a transition without a time"
        )
    if not facts.transitions and not facts.others:
        text = "no line of the logs is a circuit's transition"
        found.append(f"{text}; none was counted in their time either" if _cover(days, facts) else text)
    return tuple(found)


def _cover(days: Iterable[Observation], facts: LogFacts) -> bool:
    """Whether the days hold all of the logs' time."""
    if facts.start is None or facts.end is None:
        return False
    time = (to_ms(facts.start), to_ms(facts.end))
    return not outside(time, ((to_ms(day.window.start), to_ms(day.window.end)) for day in days))
