"""The guard's memory over hours of readings, in accelerated time.

    python benchmarks/guarding.py [--hours N]

A rollout that is being watched, a sample store that gets a scrape every ten seconds of the guard's own time, and the guard
with its default settings, in one process. Prints what the process holds after ten minutes, an hour and at the end; exit
status 1 where the end holds more than a tenth above the first hour.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from cbops.clients.store import SampleStore
from cbops.flows.ports import AdminPort
from cbops.flows.steps.guard_terms import Orders, Outside
from cbops.flows.steps.heartbeat import Heartbeat
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Who
from cbops.flows.steps.telling import Teller
from cbops.flows.watch import watch
from cbops.model.base import to_ms
from cbops.model.config import Config

JOURNAL = Path(__file__).parents[1] / "tests" / "data" / "journals" / "v1" / "adopted"
BOUND = 1.1
SCRAPE_MS = 10_000


class Quiet:
    """An admin API that answers and says nothing."""

    def history(self, _tenant: str, _policy: str) -> tuple[Any, ...]:
        """No versions."""
        return ()


class Scraped:
    """A clock whose waiting fills the store: three results and three decisions a scrape, every fiftieth a failure."""

    def __init__(self, store: SampleStore, tenant: str, start: datetime) -> None:
        self.at, self.store, self.scrapes = start, store, 0
        own = {"tenant_id": tenant, "job": "router", "instance": "r1"}
        results = {"provider_id": "openai", **own}
        self.up = store.series_id("up", {"job": "router", "instance": "r1"})
        self.success, self.failure = (
            store.series_id("router_circuit_breaker_events_total", {**results, "event_type": kind})
            for kind in ("success", "failure")
        )
        self.decisions = store.series_id("router_policy_decisions_total", {**own, "reason": "weighted"})
        self.wait(3900)

    def now(self) -> datetime:
        """The guard's time."""
        return self.at

    def wait(self, seconds: float) -> None:
        """Every scrape until then."""
        end = self.at + timedelta(seconds=seconds)
        due = (to_ms(self.at) // SCRAPE_MS + 1) * SCRAPE_MS
        while due <= to_ms(end):
            self.scrapes += 1
            failed = self.scrapes // 50
            counts = [(self.success, 3 * self.scrapes - failed), (self.failure, failed)]
            self.store.append(due, [(self.up, 1), *counts, (self.decisions, 3 * self.scrapes)])
            due += SCRAPE_MS
        self.store.flush()
        self.at = end


class Weighing(Teller):
    """What the process holds after so many readings, in KiB."""

    def __init__(self, wanted: tuple[int, ...]) -> None:
        self.seen, self.wanted = 0, wanted
        self.held: dict[int, int] = {}

    def screen(self, lines: tuple[str, ...]) -> None:
        """After each reading."""
        del lines
        self.seen += 1
        if self.seen in self.wanted:
            self.held[self.seen] = resident()


def resident() -> int:
    """KiB of this process in memory."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def main() -> int:
    """Guard, weigh, tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=int, default=24)
    hours = parser.parse_args().hours
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "rollout"
        shutil.copytree(JOURNAL, folder)
        state = load(folder)
        last = 120 * hours + 1
        teller = Weighing((20, 121, last))
        with SampleStore(Path(made) / "samples.db") as store:
            clock = Scraped(store, state.target.tenant, datetime(2025, 6, 1, tzinfo=UTC))
            outside = Outside(
                store, cast("AdminPort", Quiet()), Who("benchmark", "monitor watch", clock), Heartbeat(folder),
                lambda: 0.0, teller=teller,
            )  # fmt: skip
            began = time.perf_counter()
            orders = Orders("warn", clock.now() + timedelta(hours=hours))
            answer = watch(folder, Config(), orders, outside).data
            took = time.perf_counter() - began
    print(f"{answer.readings} readings of {hours} h in {took:.1f} s; blind for {answer.blind_seconds} s")
    for reading, held in teller.held.items():
        print(f"  after {reading:>5} readings: {held / 1024:.1f} MiB")
    return int(teller.held[last] > BOUND * teller.held[121])


if __name__ == "__main__":
    sys.exit(main())
