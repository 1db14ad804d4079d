"""A rollout's state and the policies of its record, without the models of what was measured."""

from __future__ import annotations

import json
from pathlib import Path

from cbops.errors import RecordError
from cbops.journal.evidence import load_evidence
from cbops.journal.reader import read
from cbops.model.base import JsonObject
from cbops.model.state import RolloutState
from cbops.rollout.fold import fold


def load(folder: Path) -> RolloutState:
    """The rollout's state, folded from its journal; RecordError when that is damaged."""
    return fold(read(folder).entries)


def document(folder: Path, sha: str) -> JsonObject:
    """A policy document kept as evidence."""
    loaded = json.loads(load_evidence(folder, sha))
    if not isinstance(loaded, dict):
        raise RecordError(f"evidence {sha[:12]}… is not a policy document", hint="Run: cbops journal verify")
    return loaded
