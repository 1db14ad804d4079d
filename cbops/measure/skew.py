"""How far two clocks are apart, from one answer of a server.

The server stamps its answer, cut to the second, somewhere between the sending of the question and the arrival of
the answer; so the distance lies between two bounds, and nothing tells where.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

RESOLUTION = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Skew:
    """This machine's clock less the server's lies between `low` and `high`, in seconds."""

    low: float
    high: float

    @property
    def certain(self) -> float:
        """By how much they differ at least; 0 where they may agree."""
        return max(0.0, self.low, -self.high)


def skew_of(sent: datetime, received: datetime, date: datetime) -> Skew:
    """`sent` and `received` by this machine's clock, `date` by the server's, cut to the second."""
    return Skew((sent - date).total_seconds() - RESOLUTION, (received - date).total_seconds())
