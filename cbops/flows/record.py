"""`journal show` and `journal verify`."""

from __future__ import annotations

from pathlib import Path

from cbops.flows.outcome import Outcome
from cbops.flows.steps.wording import plural
from cbops.journal.reader import read
from cbops.journal.verification import verify as verify_journal
from cbops.model.answers.record import JournalLine, JournalProblem, JournalShowAnswer, JournalVerifyAnswer
from cbops.model.base import JsonObject
from cbops.model.events import Entry

WORDY = 100  # characters of a summary


def show(folder: Path) -> Outcome[JournalShowAnswer]:
    """The journal, one line an event; RecordError when it is damaged."""
    reading = read(folder)
    lines = tuple(_line(entry) for entry in reading.entries)
    return Outcome(
        data=JournalShowAnswer(rollout=folder.name, entries=lines, torn=reading.torn is not None),
        headline=f"{plural(len(lines), 'event')} in the journal of {folder.name}.",
        body=tuple(
            f"  {x.seq:>4}  {x.at:%Y-%m-%d %H:%M:%S}  {x.actor:<14} {x.type:<20} {x.summary}" for x in lines
        ),
        warnings=reading.notes,
        next_step="Prove that nobody changed it: cbops journal verify",
    )


def _line(entry: Entry) -> JournalLine:
    data = entry.event.model_dump(mode="json", by_alias=True, exclude={"type"})
    return JournalLine(
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor,
        type=entry.event.type,
        summary=_summary(data),
        data=data,
    )


def _summary(data: JsonObject) -> str:
    """The plain values of an event in a line: `how=mail answer=ok`; hashes are cut short."""
    told = []
    for key, value in data.items():
        if (
            value is None
            or isinstance(value, list)
            or (isinstance(value, dict) and key not in ("target", "window"))
        ):
            continue
        if isinstance(value, dict):
            told.append(
                "/".join(str(value[k]) for k in ("tenant", "policy", "provider", "day", "date") if k in value)
            )
            continue
        text = str(value)
        told.append(f"{key}={text[:10]}…" if len(text) == 64 and text.isalnum() else f"{key}={text}")
    line = " ".join(told)
    return line if len(line) <= WORDY else line[: WORDY - 1] + "…"


def verify(folder: Path) -> Outcome[JournalVerifyAnswer]:
    """Prove the chain, the head and the evidence; exit status 7 when anything is wrong."""
    found = verify_journal(folder)
    problems = tuple(JournalProblem(file=p.file, line=p.line, message=p.message) for p in found.problems)
    return Outcome(
        data=JournalVerifyAnswer(
            rollout=folder.name,
            ok=found.ok,
            entries=found.entries,
            head=found.head_status,
            evidence_files=found.evidence,
            problems=problems,
        ),
        headline=f"The journal of {folder.name} is whole: {plural(found.entries, 'event')}, "
        f"{plural(found.evidence, 'evidence file')}, each as its hash says."
        if found.ok
        else f"The journal of {folder.name} is damaged: {plural(len(problems), 'problem')}.",
        body=tuple(f"  {p.file}{f', line {p.line}' if p.line else ''}: {p.message}" for p in problems),
        next_step="See it: cbops journal show"
        if found.ok
        else "Restore the folder from version control or a backup.",
        exit_status=0 if found.ok else 7,
    )
