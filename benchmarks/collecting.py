"""Collecting days from a real Prometheus, a scrape every 15 seconds: python benchmarks/collecting.py [--world DIR] [--rounds N].

Makes a world of two weeks with tests/data/worlds/make_world.py (once, in a temporary folder or in DIR), loads it with
promtool, starts a Prometheus on it, and runs `cbops monitor daily` in processes of its own: for the seventh day of
a canary alone, for its first 7 and its first 14 days. Time and memory (the peak of the process) are taken from the
kernel. 1 is the exit status when a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from prometheus_server import blocks_from, prometheus  # noqa: E402 - the tests' own way to start one

CBOPS = Path(sys.executable).with_name("cbops")
MAKER = ROOT / "tests" / "data" / "worlds" / "make_world.py"
START = datetime(2025, 1, 12, 6, tzinfo=UTC)
ENABLED = datetime(2025, 1, 14, tzinfo=UTC)
RUNS = {"day 7 alone": (7, "--day", "7"), "7 days": (7, "--all"), "14 days": (14, "--all")}
SECONDS = 10.0  # that 7 days may take
FLAT = 1.1  # times the peak of 7 days that 14 may need

TENANTS = """\
tenants:
  - {id: canary, critical: false, owner: {name: a, contact: a@b.example, responsive: true}, policies: [p]}
"""


def scenario() -> dict[str, object]:
    """A canary on one provider with a fallback, two other tenants, and an outage every third day."""
    outages = [
        {"provider": "openai", "failure": 0.95, "declared": True}
        | {
            edge: (START + timedelta(days=day, hours=8, minutes=minute)).replace(tzinfo=None).isoformat()
            for edge, minute in (("from", 0), ("to", 20))
        }
        for day in range(3, 17, 3)
    ]
    block = {"enabled": True, "failure_threshold": 5, "error_rate_threshold": 0.5, "timeout_ms": 30_000}
    return {
        "start": START.replace(tzinfo=None).isoformat(),
        "days": 16.75,
        "enabled_at": ENABLED.replace(tzinfo=None).isoformat(),
        "scrape_seconds": 15,
        "canary": {"tenant": "canary", "circuit_breaker": block},
        "providers": {
            "openai": {"failure": 0.002, "latency_ms": 220},
            "anthropic": {"failure": 0.001, "latency_ms": 260},
        },
        "tenants": [
            {"id": "canary", "policy": "p", "rpm": 12, "providers": {"openai": 100}, "fallback": "anthropic", "owner": "a"},
            {"id": "other", "policy": "q", "rpm": 8, "providers": {"openai": 100}, "owner": "b"},
            {"id": "third", "policy": "q", "rpm": 5, "providers": {"anthropic": 100}, "owner": "b"},
        ],
        "outages": outages,
    }  # fmt: skip


def make(folder: Path) -> None:
    """The world's blocks in `tsdb`, unless they are there."""
    if (folder / "tsdb").is_dir():
        return
    (folder / "scenario.json").write_text(json.dumps(scenario()), encoding="utf-8")
    subprocess.run([sys.executable, str(MAKER), "scenario.json", "out"], cwd=folder, check=True)
    for day in _days_of(folder / "out" / "metrics.om"):
        blocks_from(day, folder / "unfinished")
    (folder / "unfinished").rename(folder / "tsdb")


def _days_of(whole: Path) -> list[Path]:
    """The samples of each day in a file of its own: promtool reads all of a file again for every two hours in it."""
    with ExitStack() as stack:
        files: dict[int, BinaryIO] = {}
        for line in stack.enter_context(whole.open("rb")):
            if not line.startswith(b"#"):
                day = int(float(line.rpartition(b" ")[2])) // 86_400
                if day not in files:
                    files[day] = stack.enter_context(whole.with_name(f"{day}.om").open("wb"))
                files[day].write(line)
        for file in files.values():
            file.write(b"# EOF\n")
    return [Path(file.name) for file in files.values()]


def collected(url: str, days: int, *which: str) -> tuple[float, float, float]:
    """Seconds, seconds of a processor, and the peak in MB of one `monitor daily` after so many days, in a fresh folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cbops.yaml").write_text(f"version: 1\nmetrics: {{url: '{url}'}}\nbaseline_days: 0\n")
        (folder / "tenants.yaml").write_text(TENANTS)
        adopt = ("canary", "adopt", "canary", "--policy", "p", "--provider", "openai")
        subprocess.run(
            [CBOPS, *adopt, "--enabled-at", ENABLED.isoformat(), "--quiet"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        end = ENABLED + timedelta(days=days)
        words = ("monitor", "daily", *which, "--as-of", end.isoformat(), "--format", "json")
        begin = time.perf_counter()
        with (
            (folder / "out.json").open("wb") as out,
            subprocess.Popen([CBOPS, *words], cwd=folder, stdout=out, stderr=subprocess.PIPE) as process,
        ):
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        taken = time.perf_counter() - begin
        answer = json.loads((folder / "out.json").read_text(encoding="utf-8"))
        if process.returncode:
            raise SystemExit(f"cbops failed: {answer['error']}")
    return taken, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> int:
    """Print the table; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=Path, help="keep the world in this folder, or use the one there")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = chosen.world or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        make(folder)
        url = stack.enter_context(prometheus(folder / "tsdb"))
        collected(url, 1, "--all")  # warms up the server and the byte code
        rounds = [{name: collected(url, *run) for name, run in RUNS.items()} for _ in range(chosen.rounds)]
    found = {name: [statistics.median(each[name][k] for each in rounds) for k in range(3)] for name in RUNS}
    for name, (taken, busy, peak) in found.items():
        print(f"{name:12} {taken:6.2f} s ({busy:.2f} s of a processor), {peak:.0f} MB at the peak")
    one, seven, fourteen = found.values()
    print(
        f"a further day: {(fourteen[0] - seven[0]) / 7:.2f} s ({(fourteen[1] - seven[1]) / 7:.2f} s of a processor); "
        f"peak of 7 days {seven[2] / one[2]:.3f} x that of one, of 14 {fourteen[2] / one[2]:.3f} x"
    )
    missed = seven[0] > SECONDS or fourteen[2] > FLAT * seven[2]
    print("a bound is missed" if missed else "within the bounds")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
