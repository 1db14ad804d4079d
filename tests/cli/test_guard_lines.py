"""The guard's lines in a log: one that is full or was taken away ends nothing, and goes on when there is room again."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from cbops.cli.watching import Lines

NOW = datetime(2025, 1, 27, 12, tzinfo=UTC)


class Full(io.StringIO):
    """A log on a disk that is full for a while."""

    full = False

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_log_that_is_full_for_a_while_gets_the_lines_that_come_after():
    log = Full()
    teller = Lines(log)
    for full, text in ((False, "one"), (True, "two"), (False, "three")):
        log.full = full
        teller.line(NOW, text)
    assert log.getvalue() == "2025-01-27T12:00:00Z one\n2025-01-27T12:00:00Z three\n"


def test_a_log_that_was_closed_ends_nothing():
    log = io.StringIO()
    log.close()
    teller = Lines(log)
    teller.line(NOW, "one")
    teller.screen(("how it stands",))
