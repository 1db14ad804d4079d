"""The answer of `report readiness`."""

from __future__ import annotations

from cbops.model.answers.doctor import DoctorCheck
from cbops.model.base import Frozen
from cbops.model.readiness import Readiness


class ReadinessAnswer(Frozen):
    """The verdict, the checks it rests on, and the page: where it was written (`path`), or itself (`text`)."""

    readiness: Readiness
    checks: tuple[DoctorCheck, ...]
    path: str | None
    bytes: int
    text: str | None = None
