"""`journal show`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cbops.flows.outcome import Outcome
from cbops.flows.steps.wording import plural, spans
from cbops.journal.reader import read
from cbops.model.answers.record import JournalLine, JournalShowAnswer
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
        body=(
            *(
                f"  {x.seq:>4}  {x.at:%Y-%m-%d %H:%M:%S}  {x.actor:<14} {x.type:<20} {x.summary}"
                for x in lines
            ),
            *_accounts(lines),
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
        system=entry.system.words if entry.system else None,
        type=entry.event.type,
        summary=_summary(data),
        data=data,
    )


def _accounts(lines: Sequence[JournalLine]) -> tuple[str, ...]:
    """Under which accounts the events were written, by their numbers."""
    numbers: dict[str, list[int]] = {}
    for line in lines:
        numbers.setdefault(line.system or "not recorded (an earlier release)", []).append(line.seq)
    return tuple(f"  account {account}: events {spans(seqs)}" for account, seqs in numbers.items())


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
