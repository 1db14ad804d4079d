"""Replay and the scalar breaker beside pybreaker, interleaved in one run.

Run: python benchmarks/replay.py [--requests N] [--rounds N]   (needs cbops[fast] and pybreaker)
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pybreaker

from cbops.breaker import Breaker, Trace, compiled, replay

CANARY = {"failure_threshold": 5, "timeout_ms": 30_000}
FURTHER = {"failure_threshold": 10, "error_rate_threshold": 0.6, "error_rate_window_seconds": 120}
CALLS = 100_000  # of pybreaker and of the scalar breaker in each round
BLOCK = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: what was measured, and the bound that it is held to."""

    name: str
    value: float
    bound: float
    unit: str
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound


def columns(requests: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """About 17 requests a second: 2 % fail, in an outage each day for ten minutes 80 %; 5 % are not recorded.

    Made block by block, so that making them takes no more memory than they do.
    """
    arrival, latency = np.empty(requests, np.int64), np.empty(requests, np.int64)
    outcome = np.empty(requests, np.uint8)
    chance = np.random.default_rng(3)
    now = 1_700_000_000_000
    for begin in range(0, requests, BLOCK):
        size = min(BLOCK, requests - begin)
        part = slice(begin, begin + size)
        arrival[part] = now + np.cumsum(chance.integers(0, 121, size))
        now = int(arrival[begin + size - 1])
        latency[part] = np.minimum(chance.lognormal(5.5, 1, size), 60_000)
        failing = np.where(arrival[part] % 86_400_000 < 600_000, 0.8, 0.02)
        draw = chance.random(size)
        outcome[part] = np.where(draw < failing, ord("f"), np.where(draw > 0.95, ord("i"), ord("s")))
    return arrival, latency, outcome


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def good() -> None:
    pass


def bad() -> None:
    raise ValueError


def peer(outcomes: bytes) -> Callable[[], None]:
    """pybreaker's call for each outcome; its fail_max is never reached."""
    breaker = pybreaker.CircuitBreaker(fail_max=10**9)
    work = [bad if outcome == ord("f") else good for outcome in outcomes]

    def run() -> None:
        call = breaker.call
        for each in work:
            try:  # noqa: SIM105 - suppress() would cost as much as the call
                call(each)
            except ValueError:
                pass

    return run


def scalar(outcomes: bytes, population: int) -> Callable[[], None]:
    """allow and record for each outcome, the window holding so many results throughout; it never opens."""
    breaker = Breaker(
        {
            "failure_threshold": 10**9,
            "error_rate_threshold": 2,
            "error_rate_window_seconds": population / 1000,
        }
    )
    for now in range(population):
        breaker.record_success(now)
    clock = iter(range(population, 10**12))
    failed = [outcome == ord("f") for outcome in outcomes]

    def run() -> None:
        for each in failed:
            now = next(clock)
            if breaker.allow(now):
                if each:
                    breaker.record_failure(now)
                else:
                    breaker.record_success(now)

    return run


def measure(requests: int, rounds: int) -> dict[str, list[float]]:
    """Calls per second of each, once a round, so that a noisy moment meets all of them."""
    arrival, latency, outcome = columns(requests)
    outcomes = outcome[:CALLS].tobytes()
    warm = Trace.from_columns(arrival, latency, outcome)
    replay(CANARY, warm, engine="compiled")
    small = Trace.from_columns(arrival[:CALLS], latency[:CALLS], outcome[:CALLS])
    works: dict[str, tuple[int, Callable[[], object]]] = {
        "pybreaker": (CALLS, peer(outcomes)),
        "first": (
            requests,
            lambda: replay(CANARY, Trace.from_columns(arrival, latency, outcome), engine="compiled"),
        ),
        "further": (requests, lambda: replay(FURTHER, warm, engine="compiled")),
        "plain": (CALLS, lambda: replay(CANARY, small, engine="plain")),
        "scalar": (CALLS, scalar(outcomes, 100)),
        "scalar, large": (CALLS, scalar(outcomes, 1_000_000)),
    }
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, (count, work) in works.items():
            found[name].append(count / seconds(work))
    return found


def status_bytes(name: str) -> int:
    """Of this process alone; getrusage would count what it was forked from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) * 1024


def memory(requests: int, order: str) -> None:
    """In a process of its own: bytes a request at the peak above what there is after the imports."""
    compiled.load()
    before = status_bytes("VmRSS")
    arrival, latency, outcome = columns(requests)
    if order == "reversed":  # in place: the input is no larger for it
        arrival[:] = arrival[::-1]
    result = replay(CANARY, Trace.from_columns(arrival, latency, outcome))
    print(json.dumps({"bytes": (status_bytes("VmHWM") - before) / requests, "denied": result.fail_fast}))


def peak_bytes(requests: int, order: str) -> float:
    words = [sys.executable, __file__, "--requests", str(requests), "--memory", order]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)["bytes"])


def starts(rounds: int) -> dict[str, float]:
    """Seconds from nothing to the compiled kernel: from its cache on disk, which an earlier run filled."""
    times = {
        "an empty process": "pass",
        "loading the kernel": "from cbops.breaker import compiled as c; c.load()",
    }
    return {
        name: statistics.median(
            seconds(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True))  # type: ignore[misc]
            for _ in range(rounds)
        )
        for name, code in times.items()
    }


def main() -> int:
    """Print the table; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory", choices=("sorted", "reversed"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory:
        memory(given.requests, given.memory)
        return 0
    rates = {name: statistics.median(each) for name, each in measure(given.requests, given.rounds).items()}
    peer_rate = rates["pybreaker"]
    print(
        f"{given.requests:,} requests, medians of {given.rounds} interleaved rounds, Python "
        f"{sys.version.split()[0]}, NumPy {np.__version__}, {os.cpu_count()} cores"
    )
    for name, rate in rates.items():
        print(f"  {name:<16}{rate:>14,.0f} a second{1e9 / rate:>10.0f} ns each")
    for name, taken in starts(given.rounds).items():
        print(f"  {name:<24}{taken * 1000:>6.0f} ms")
    lines = [
        Line("replay, sort included", rates["first"] / peer_rate, 15, "x pybreaker"),
        Line("a further policy", rates["further"] / peer_rate, 40, "x pybreaker"),
        Line("scalar allow + record", rates["scalar"] / peer_rate, 1, "x pybreaker"),
        Line(
            "scalar, window of 1,000,000",
            rates["scalar"] / rates["scalar, large"],
            1.25,
            "x the time of a window of 100",
            at_most=True,
        ),
        *(
            Line(f"memory, {order}", peak_bytes(given.requests, order), 64, "bytes a request", at_most=True)
            for order in ("sorted", "reversed")
        ),
    ]
    for line in lines:
        bound = f"{'at most' if line.at_most else 'at least'} {line.bound:g}"
        print(f"{line.name:<29}{line.value:8.2f} {line.unit:<31}{bound:<14}{'' if line.met else 'MISSED'}")
    return 0 if all(line.met for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
