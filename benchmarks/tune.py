"""A search: 500 policies on 1 million requests, from memory, with two threads.

The requests are made (about 100 a minute over a week, 2 % failures, a daily outage of ten minutes, 5 % not
recorded). Timed are gathering them, scoring every policy and telling the outcome with 200 draws of the days; the compiled
kernel is loaded before. Memory is the peak of this process above what it held after its imports, input included.
The exit status is 1 when the bound is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np

from cbops.breaker import compiled
from cbops.flows.tune import Wanted, tune
from cbops.model.policy import CANARY_BLOCK
from cbops.model.space import SearchSpace
from cbops.model.traffic import Circuit, TrafficChunk, TrafficSummary

BOUND_SECONDS = 30
INPUT_BYTES = 8 + 8 + 1 + 4
START = 1_737_936_000_000
WEEK, DAY, TEN_HOURS, TEN_MINUTES = 7 * 86_400_000, 86_400_000, 36_000_000, 600_000
SPACE = SearchSpace(
    failure_threshold=(3, 5, 8, 12, 20),
    error_rate_threshold=(0.4, 0.5, 0.6, 0.7, 0.8),
    error_rate_window_seconds=(60, 120, 180, 300, 600),
    timeout_ms=(15_000, 30_000, 45_000, 60_000),
)


class Made:
    """A TrafficPort of made requests."""

    def __init__(self, requests: int, circuits: int) -> None:
        generator = np.random.default_rng(1)
        arrival = np.sort(generator.integers(START, START + WEEK, requests))
        failing = (arrival % DAY > TEN_HOURS) & (arrival % DAY < TEN_HOURS + TEN_MINUTES)
        failed = generator.random(requests) < np.where(failing, 0.9, 0.02)
        outcome = np.where(failed, ord("f"), ord("s")).astype(np.uint8)
        outcome[generator.random(requests) < 0.05] = ord("i")
        latency = generator.gamma(2, 200, requests).astype(np.int64)
        circuit = generator.integers(0, circuits, requests).astype(np.int32)
        names = tuple(Circuit(tenant=f"tenant-{place}", provider="openai") for place in range(circuits))
        self._chunk = TrafficChunk(arrival, latency, outcome, circuit, names, begins=True)

    def chunks(self):
        yield self._chunk

    @property
    def summary(self):
        return TrafficSummary(origin="files", requests=len(self._chunk))


def memory(field: str) -> int:
    """What the process holds now (VmRSS), or held at most since `forget_peak` (VmHWM), in bytes."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))


def forget_peak() -> None:
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("5")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--circuits", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    compiled.load()
    tune(Made(2000, 1), Wanted(base=CANARY_BLOCK, origin="canary", space=SPACE, engine="compiled"))
    traffic = Made(given.requests, given.circuits)
    forget_peak()
    before = memory("VmRSS") - INPUT_BYTES * given.requests
    wanted = Wanted(base=CANARY_BLOCK, origin="canary", space=SPACE, memory_bytes=2**40)
    seconds, policies, used = [], 0, time.process_time()
    for number in range(given.rounds):
        begin = time.perf_counter()
        tuning = tune(traffic, wanted).data.tuning
        seconds.append(time.perf_counter() - begin)
        policies = tuning.scored
        print(f"round {number + 1}: {seconds[-1]:.2f} s", file=sys.stderr)
    took = statistics.median(seconds)
    print(f"{policies} policies on {given.requests:,} requests of {given.circuits:,} circuits, two threads")
    print(f"  seconds (median of {given.rounds})    {took:8.2f}   at most {BOUND_SECONDS}")
    busy = (time.process_time() - used) / given.rounds
    print(f"  CPU seconds a round      {busy:8.2f}   (where others use the machine too, the time says less)")
    print(f"  policies a second        {policies / took:8.1f}")
    print(f"  requests a second        {policies * given.requests / took / 1e6:8.1f} million")
    print(f"  memory at the peak       {(memory('VmHWM') - before) / given.requests:8.1f} bytes a request")
    return 0 if took <= BOUND_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
