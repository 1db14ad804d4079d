"""Who hears of what a long run sees."""

from __future__ import annotations

from datetime import datetime


class Teller:
    """Hears what happens, and sees the screen after each reading. This one is silent."""

    def line(self, at: datetime, text: str) -> None:
        """Something happened."""

    def screen(self, lines: tuple[str, ...]) -> None:
        """How it stands."""
