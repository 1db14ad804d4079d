"""The guard's sign of life: a file under the rollout, and one that node_exporter's textfile collector reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cbops.errors import CbopsError
from cbops.journal.files import make_folder, write_atomically
from cbops.journal.locking import hold
from cbops.model.base import iso
from cbops.rollout.guard import GuardState

FOLDER = "guard"
FILE = "heartbeat.json"
LAST = "cbops_guard_last_reading_timestamp_seconds"
_HINT = "One guard is enough: let that one watch, or end it first. Nothing was changed."


@contextmanager
def only_guard(folder: Path, command: str, now: datetime) -> Iterator[None]:
    """Guard the rollout of that folder alone, for the block. LockedError names the guard that is there already.

    The lock is not the rollout's own: other commands go on writing while a guard watches.
    """
    place = folder / FOLDER
    make_folder(place)
    with hold(
        place,
        command=command,
        since=iso(now),
        wait_seconds=0,
        what="The guard of rollout",
        named=folder.name,
        hint=_HINT,
    ):
        yield


@dataclass(frozen=True, slots=True)
class Beat:
    """What is told of one instant; `running` false: the guard ended in order."""

    rollout: str
    tenant: str
    state: GuardState
    blind: str | None
    running: bool


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Where it is written; `textfile` null: not for Prometheus."""

    folder: Path
    textfile: Path | None = None

    def write(self, beat: Beat) -> str | None:
        """Replace both files; returns why that failed. A guard doesn't stop for it: its absence raises the alert."""
        try:
            make_folder(self.folder / FOLDER)
            write_atomically(self.folder / FOLDER / FILE, _document(beat).encode())
            if self.textfile is not None:
                write_atomically(self.textfile, exposition(beat).encode(), shared=True)
        except CbopsError as error:
            return error.message
        except OSError as error:
            return error.strerror or str(error)
        return None


def _document(beat: Beat) -> str:
    state = beat.state
    at = state.last or state.started_at
    document = {
        "rollout": beat.rollout,
        "running": beat.running,
        "at": iso(at),
        "started_at": iso(state.started_at),
        "readings": state.readings,
        "blind": beat.blind,
        "blind_seconds": round(state.blind_seconds),
        "breaches": [each.told for each in state.breaches.values()],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def exposition(beat: Beat) -> str:
    """The same in Prometheus' text format."""
    state = beat.state
    at = state.last or state.started_at
    labels = f'{{rollout="{_escaped(beat.rollout)}",tenant_id="{_escaped(beat.tenant)}"}}'
    figures = (
        (LAST, "gauge", "When the guard last read the canary.", f"{at.timestamp():.3f}"),
        (
            "cbops_guard_running",
            "gauge",
            "1 while the guard runs, 0 once it ended in order.",
            str(int(beat.running)),
        ),
        ("cbops_guard_blind", "gauge", "1 while the guard has no data.", str(int(beat.blind is not None))),
        ("cbops_guard_breaches", "gauge", "Bounds that are broken now.", str(len(state.breaches))),
    )
    return "".join(
        f"# HELP {name} {told}\n# TYPE {name} {kind}\n{name}{labels} {value}\n"
        for name, kind, told, value in figures
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
