"""Answers of `journal …`, `report …`, `init`, `demo` and `sim serve`."""

from __future__ import annotations

from cbops.model.base import Frozen, Instant, JsonObject
from cbops.model.verdict import Recommendation


class JournalLine(Frozen):
    seq: int
    at: Instant
    actor: str
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


class JournalVerifyAnswer(Frozen):
    rollout: str
    ok: bool
    entries: int
    head: str
    evidence_files: int
    problems: tuple[JournalProblem, ...]


class ReportAnswer(Frozen):
    """`path` null: the document went to stdout (with JSON, into `text`)."""

    rollout: str | None
    document: str
    path: str | None
    bytes: int
    text: str | None = None


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
