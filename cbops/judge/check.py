"""One comparison of two numbers, as a criterion keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["agree", "explained", "contradiction", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison of two numbers; `days` are those it concerns."""

    id: str
    status: Status
    text: str
    numbers: dict[str, Any]
    days: tuple[int, ...] = ()

    def as_evidence(self) -> dict[str, Any]:
        """For the record."""
        return {
            "check": self.id,
            "status": self.status,
            "text": self.text,
            "numbers": self.numbers,
            "days": list(self.days),
        }
