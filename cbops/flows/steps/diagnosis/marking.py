"""How a check is written down, and what becomes of one that could not be made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from cbops.errors import CbopsError, ConfigError
from cbops.model.answers.doctor import CheckGroup, CheckLevel, DoctorCheck


@dataclass(frozen=True, slots=True)
class Mark:
    """A check before its finding; `what` it looks at, in words that 'was not looked at' can follow."""

    group: CheckGroup
    id: str
    what: str
    subject: str | None = None

    def about(self, subject: str | None) -> Mark:
        """The same check of something else."""
        return replace(self, subject=subject)

    def ok(self, text: str, /, **evidence: Any) -> DoctorCheck:  # noqa: ANN401 - any JSON
        """Right."""
        return self._found("ok", text, None, evidence)

    def unknown(self, text: str, remedy: str | None = None, /, **evidence: Any) -> DoctorCheck:  # noqa: ANN401
        """It could not be found out, for the reason in the text."""
        return self._found("unknown", text, remedy, evidence)

    def not_asked(self, why: str, remedy: str | None = None) -> DoctorCheck:
        """Nobody looked, because something else stood in the way."""
        return self.unknown(f"{self.what}: not looked at, {why}", remedy)

    def warning(self, text: str, remedy: str, /, **evidence: Any) -> DoctorCheck:  # noqa: ANN401
        """A risk."""
        return self._found("warning", text, remedy, evidence)

    def problem(self, text: str, remedy: str, /, **evidence: Any) -> DoctorCheck:  # noqa: ANN401
        """Wrong."""
        return self._found("problem", text, remedy, evidence)

    def failed(self, error: CbopsError, level: CheckLevel = "problem", /, **evidence: Any) -> DoctorCheck:  # noqa: ANN401
        """What the error says, with its hint as the remedy."""
        return self._found(level, error.message, error.hint, {"error": error.code, **evidence})

    def _found(
        self, level: CheckLevel, text: str, remedy: str | None, evidence: dict[str, Any]
    ) -> DoctorCheck:
        return DoctorCheck(
            group=self.group,
            id=self.id,
            subject=self.subject,
            level=level,
            text=sentence(text),
            remedy=remedy,
            evidence=evidence,
        )


def sentence(text: str) -> str:
    """The words as a sentence: a capital at the beginning, where that is a plain word, and a full stop."""
    first = text.split(" ", 1)[0].rstrip(":,")
    begun = text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."


def guarded(mark: Mark, make: Callable[[], Iterable[DoctorCheck]]) -> tuple[DoctorCheck, ...]:
    """The checks; an error on the way is a finding of its own, and the other checks go on.

    A wrong setting is a problem. Anything else leaves open what the check would have found.
    """
    try:
        return tuple(make())
    except ConfigError as error:
        return (mark.failed(error),)
    except CbopsError as error:
        return (mark.failed(error, "unknown"),)
