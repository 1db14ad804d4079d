"""Evidence: what is too large for an event, in `evidence/<sha256>`, written before the event that names it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cbops.errors import InputError, RecordError
from cbops.journal.codec import is_hash
from cbops.journal.files import EVIDENCE, make_folder, mapped, read_bytes, sync_folder, write_atomically
from cbops.model.events import DayCollected, Decided, Evaluated, Event, Sha
from cbops.model.events_change import BreakerAdopted, EnableIntended
from cbops.model.events_checklist import ItemVerified
from cbops.model.events_replay import Forecasted, LogsRead, Tuned
from cbops.model.events_tickets import TicketOpened, TicketUpdated

# Which fields of which event name evidence.
EVIDENCE_FIELDS: dict[type[Event], tuple[str, ...]] = {
    EnableIntended: ("before", "after"),
    BreakerAdopted: ("document",),
    DayCollected: ("observation",),
    Evaluated: ("evaluation",),
    Decided: ("evaluation",),
    Forecasted: ("forecast",),
    Tuned: ("tuning",),
    LogsRead: ("facts",),
    TicketOpened: ("body",),
    TicketUpdated: ("body",),
    ItemVerified: ("evidence",),
}


def named_by(event: Event) -> tuple[Sha, ...]:
    """The hashes of the evidence that this event names."""
    named = (getattr(event, field) for field in EVIDENCE_FIELDS.get(type(event), ()))
    return tuple(sha for sha in named if sha is not None)


def put_evidence(folder: Path, text: str) -> Sha:
    """Keep the text (as UTF-8), durably; harmless when it is there. The caller holds the lock."""
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"The evidence cannot be written as UTF-8: {error.reason}", hint="Use plain text."
        ) from error
    sha = hashlib.sha256(data).hexdigest()
    path = folder / EVIDENCE / sha
    if read_bytes(path) == data:
        # A process that was killed may have renamed it without making the name durable.
        with mapped(path.parent, "write"):
            sync_folder(path.parent)
        return sha
    make_folder(path.parent)
    write_atomically(path, data)
    return sha


def load_evidence(folder: Path, sha: Sha) -> str:
    """The text that was kept under this hash. RecordError when it is missing or damaged."""
    damage = evidence_damage(folder, sha)
    if isinstance(damage, bytes):
        return damage.decode()
    raise RecordError(
        f"The evidence {folder / EVIDENCE / sha[:64]} is {damage}",
        hint="Restore it from version control or a backup, or measure again.",
    )


def evidence_damage(folder: Path, sha: Sha) -> bytes | str:
    """The bytes when they are intact; otherwise the word for what is wrong: missing or damaged."""
    if not is_hash(sha):
        return "missing: its name is not a SHA-256"
    data = read_bytes(folder / EVIDENCE / sha)
    if data is None:
        return "missing"
    return data if hashlib.sha256(data).hexdigest() == sha else "damaged: its bytes have another hash"
