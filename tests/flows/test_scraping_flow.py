"""`monitor scrape`: a fixed grid of instants, failures kept, and no sample that bears a time at which none was taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from cbops.flows.scraping import scrape
from cbops.model.base import to_ms

START = datetime(2025, 1, 27, 9, tzinfo=UTC)


@dataclass
class Got:
    lines: int = 3
    error: str | None = None


@dataclass
class Slow:
    """A scraper whose scrapes take `takes` seconds, by number; it is its own clock and store."""

    takes: dict[int, float] = field(default_factory=dict)
    errors: frozenset[int] = frozenset()
    stop_after: int | None = None
    time: datetime = START
    at: list[float] = field(default_factory=list)
    flushed: int = 0

    def scrape(self, at_ms: int) -> Got:
        number = len(self.at)
        if number == self.stop_after:
            raise KeyboardInterrupt
        self.at.append((at_ms - to_ms(START)) / 1000)
        self.time += timedelta(seconds=self.takes.get(number, 0.1))
        return Got(error="refused") if number in self.errors else Got()

    def flush(self) -> None:
        self.flushed += 1

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def run(slow: Slow, *, seconds: float | None, every: float = 10):
    until = None if seconds is None else START + timedelta(seconds=seconds)
    return scrape(slow, slow, slow, url="http://r/metrics", path="s.db", every=every, until=until)


def test_without_a_duration_it_scrapes_once():
    slow = Slow()
    assert run(slow, seconds=None).data.scrapes == 1
    assert slow.flushed == 1


def test_scrapes_stand_on_a_grid_up_to_the_end():
    slow = Slow()
    answer = run(slow, seconds=40).data
    assert slow.at == [0, 10, 20, 30, 40]
    assert (answer.scrapes, answer.samples, answer.failed) == (5, 15, 0)
    assert (answer.first, answer.last) == (START, START + timedelta(seconds=40))


@pytest.mark.parametrize(
    ("took", "then"), [(9.9, 20), (10, 20), (10.5, 30), (20, 30), (3600, 3610), (3601, 3620), (3609.9, 3620)]
)
def test_what_was_missed_stays_a_gap(took, then):
    """A machine that slept for an hour must not write the present values into the past."""
    slow = Slow(takes={1: took})
    run(slow, seconds=4000)
    assert slow.at[:3] == [0, 10, then]


def test_a_failed_scrape_does_not_end_it_and_is_said():
    slow = Slow(errors=frozenset({1}))
    outcome = run(slow, seconds=20)
    assert outcome.data.failed == 1
    assert outcome.warnings == ("the last failure: refused",)


def test_ctrl_c_ends_it_with_what_it_has_got():
    slow = Slow(stop_after=2)
    answer = run(slow, seconds=1000).data
    assert answer.scrapes == 2
    assert slow.flushed == 3
