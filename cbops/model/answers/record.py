"""Answers of `journal …`, `report …`, `init`, `demo` and `sim serve`."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant, JsonObject
from cbops.model.verdict import Recommendation


class JournalLine(Frozen):
    """`system`: the account that it was written under, as user@host; null where that wasn't recorded."""

    seq: int
    at: Instant
    actor: str
    system: str | None
    type: str
    summary: str
    data: JsonObject


class JournalShowAnswer(Frozen):
    rollout: str
    entries: tuple[JournalLine, ...]
    torn: bool


class JournalProblem(Frozen):
    """`file`: of the rollout's folder; `line` null: not about one line."""

    file: str
    line: int | None
    message: str


class SealFound(Frozen):
    """A seal in the journal: event `event` seals events 1 to `covers`. `known`: its key is trusted here, as `name`.

    `ok`: the signature is the key's, and the journal is as it was sealed.
    """

    event: int
    covers: int
    key: str
    name: str | None
    known: bool
    sealed_at: Instant
    by: str
    ok: bool


class ForkSide(Frozen):
    """The first event that only one of two copies has."""

    seq: int
    at: Instant
    actor: str
    system: str | None
    type: str


class ForkFound(Frozen):
    """Another copy. `common`: events that both have; `ahead`: this one goes on where the other ends."""

    folder: str
    relation: Literal["same", "ahead", "behind", "forked", "unrelated"]
    common: int
    here: ForkSide | None
    there: ForkSide | None


class AnchorsFound(Frozen):
    """Head hashes in the router's history; `through`: the last event that one of the fitting names."""

    found: int
    fitting: int
    through: int | None


class JournalVerifyAnswer(Frozen):
    """`fork` and `anchors` null: not asked for."""

    rollout: str
    ok: bool
    entries: int
    head: str
    evidence_files: int
    problems: tuple[JournalProblem, ...]
    last_hash: str | None
    seals: tuple[SealFound, ...]
    fork: ForkFound | None
    anchors: AnchorsFound | None


class ReportAnswer(Frozen):
    """`path` null: the document went to stdout (with JSON, into `text`). `pictures`: written beside it."""

    rollout: str | None
    document: str
    path: str | None
    bytes: int
    text: str | None = None
    pictures: tuple[str, ...] = ()


class InitAnswer(Frozen):
    folder: str
    written: tuple[str, ...]
    kept: tuple[str, ...]


class DemoStep(Frozen):
    name: str
    result: str


class DemoAnswer(Frozen):
    scenario: str
    seed: int
    folder: str
    rollout: str
    steps: tuple[DemoStep, ...]
    recommendation: Recommendation
    log: str


class SimAnswer(Frozen):
    """What the practice router served until it was stopped."""

    url: str
    scenario: str
    requests: int
    now: Instant
