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
from cbops.model.guard_series import BLIND, BREACHES, INTERVAL, LAST, RUNNING
from cbops.rollout.guard import GuardState

FOLDER = "guard"
FILE = "heartbeat.json"
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
    """What is told of one instant; `running` false: the guard ended in order. `interval`: seconds between readings."""

    rollout: str
    tenant: str
    state: GuardState
    at: datetime
    interval: float
    blind: str | None
    running: bool


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Where it is written; `textfile` null: not for Prometheus. A folder holds a file for each rollout."""

    folder: Path
    textfile: Path | None = None

    def write(self, beat: Beat) -> str | None:
        """Replace both files; returns why that failed. A guard doesn't stop for it: its absence raises the alert."""
        try:
            make_folder(self.folder / FOLDER)
            write_atomically(self.folder / FOLDER / FILE, _document(beat).encode())
            if self.textfile is not None:
                write_atomically(self._place(beat, self.textfile), exposition(beat).encode(), shared=True)
        except CbopsError as error:
            return error.message
        except OSError as error:
            return error.strerror or str(error)
        return None

    @staticmethod
    def _place(beat: Beat, named: Path) -> Path:
        return named / f"cbops_guard_{beat.rollout}.prom" if named.is_dir() else named


def _document(beat: Beat) -> str:
    state = beat.state
    document = {
        "rollout": beat.rollout,
        "running": beat.running,
        "at": iso(beat.at),
        "interval_seconds": beat.interval,
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
    labels = f'{{rollout="{_escaped(beat.rollout)}",tenant_id="{_escaped(beat.tenant)}"}}'
    figures = (
        (
            LAST,
            "gauge",
            "When the guard last read the canary, or its metrics for a proof.",
            _seconds(beat.at),
        ),
        (INTERVAL, "gauge", "How often the guard reads the canary.", f"{beat.interval:g}"),
        (
            RUNNING,
            "gauge",
            "1 while the guard runs, 0 once it ended in order.",
            str(int(beat.running)),
        ),
        (BLIND, "gauge", "1 while the guard has no data.", str(int(beat.blind is not None))),
        (BREACHES, "gauge", "Bounds that are broken now.", str(len(state.breaches))),
    )
    return "".join(
        f"# HELP {name} {told}\n# TYPE {name} {kind}\n{name}{labels} {value}\n"
        for name, kind, told, value in figures
    )


def _seconds(at: datetime) -> str:
    return f"{at.timestamp():.3f}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
