"""The files of tickets, `tickets/CB-OPS-001.md` under the rollout: they follow the journal and never lead it."""

from __future__ import annotations

from pathlib import Path

from cbops.errors import ConflictError, InputError
from cbops.flows.steps.loading import load, ticket_body
from cbops.flows.steps.recording import Record, Who, recording
from cbops.journal.files import make_folder, read_bytes, write_atomically
from cbops.model.state import RolloutState
from cbops.model.ticket import Ticket
from cbops.render.ticket import ticket_text

FOLDER = "tickets"


def ticket_path(folder: Path, ticket: Ticket) -> Path:
    """Where the ticket's file is."""
    return folder / FOLDER / f"{ticket.id}.md"


def write_behind(record: Record, who: Who) -> None:
    """Every file that is missing or not as the record has it; one that can't be written becomes a note."""
    try:
        _write(record.folder, _stale(record.folder, record.state, who.templates))
    except (InputError, ConflictError) as error:
        who.notes.append(f"the tickets are on record, their files are not up to date: {error.message}")


def mend(folder: Path, who: Who) -> RolloutState:
    """The rollout's state, with the files of its tickets as the record has them.

    The rollout is locked only where a file has to be written; that it can't be written is a note.
    """
    state = load(folder)
    if _stale(folder, state, who.templates):
        try:
            with recording(folder, who) as (record, _):
                _write(folder, _stale(folder, record.state, who.templates))
        except (InputError, ConflictError) as error:
            who.notes.append(f"the files of the tickets are not up to date: {error.message}")
    return state


def _stale(folder: Path, state: RolloutState, own: Path | None) -> dict[Path, bytes]:
    """What has to be written, by its place."""
    wanted = {
        ticket_path(folder, ticket): ticket_text(
            state.id, state.timezone, ticket, ticket_body(folder, ticket), own, sendings=state.sendings
        ).encode()
        for ticket in state.tickets
    }
    return {path: data for path, data in wanted.items() if read_bytes(path) != data}


def _write(folder: Path, files: dict[Path, bytes]) -> None:
    if files:
        make_folder(folder / FOLDER)
    for path, data in files.items():
        write_atomically(path, data)
