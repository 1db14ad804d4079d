"""How often the judge errs, on made rollouts: python benchmarks/judgement.py [--rollouts N] [--only TRUTH …] [--keep DIR].

Every rollout is judged at the end of each of its first seven days (the breaker is enabled at 09:00 of the first), by
cbops and, on the same counts, by two rivals (rival_judges.py). A row is a truth at a traffic; within it the rollouts
take every combination of drift, correlation time and number of controls in turn, so a row is their average. Rows
of a correlation time of a day stand apart. With --keep what was said of each rollout is kept, and not played again by
the next run: a long run may be ended, resumed, and done row by row (--only, --traffic). The exit status is 1 when a bound
of the table is not met.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing.pool import Pool
from pathlib import Path

from counted import ENABLED, Noise, Rollout, Scene, make
from judgement_kept import keep, kept
from judgement_rows import (
    A_DAY_LONG,
    BESIDE,
    EVERY,
    HEAD,
    TAILS,
    TRAFFIC,
    TRUTHS,
    Judged,
    Look,
    Row,
    broken,
    cleared,
    worst,
)
from rival_judges import fixed_thresholds, mann_whitney

from cbops.judge import evaluate
from cbops.model.config import CriteriaConfig
from cbops.model.observation import Episode, Observation

DAYS = 7
FIRST_SEED = 20_250_127
MOST_ROLLOUTS = 1000  # a row; the next row's seeds begin so much later
CRITERIA = CriteriaConfig()
# Buckets of one per cent around the p95, as only a fine histogram has them (--p95).
FINE_BOUNDS = tuple(round(150 * 1.01**i, 2) for i in range(220))


def noises(hours: Sequence[float], controls: Sequence[int] = (0, 1, 2)) -> list[Noise]:
    """Every combination; without drift its correlation time says nothing, and stands once."""
    kinds = [(0.0, hours[0]), *itertools.product((0.05, 0.10), hours)]
    tails = itertools.cycle((0.001, 0.003, 0.005))
    return [
        Noise(drift=drift, hours=length, controls=number, tail=next(tails))
        for number in controls
        for drift, length in kinds
    ]


def known(episodes: Iterable[Episode], last: Observation) -> list[Episode]:
    """The episodes as they were at the end of a day."""
    end = last.window.end
    found = []
    for episode in episodes:
        if episode.opened <= end:
            running = episode.closed is None or episode.closed > end
            found.append(replace_open(episode) if running else episode)
    return found


def replace_open(episode: Episode) -> Episode:
    """Not closed so far."""
    return episode.model_copy(update={"closed": None, "closed_by": None})


def judged(rollout: Rollout, scene: Scene) -> tuple[tuple[Look, ...], float]:
    """All looks of one rollout, and the processor time that the rivals took of it."""
    looks = []
    beside = 0.0
    for day in range(1, scene.days + 1):
        seen = rollout.observed[:day]
        found = evaluate(
            rollout.state,
            observations=seen,
            baseline=rollout.baseline,
            episodes=known(rollout.episodes, seen[-1]),
            criteria=CRITERIA.model_copy(update={"p95_binding": "auto"}) if scene.bounds else CRITERIA,
            as_of=seen[-1].window.end,
        )
        started = time.process_time()
        promote = day - 1 >= CRITERIA.min_full_days
        rivals = {
            "thresholds": fixed_thresholds(rollout.hours, scene.baseline, day, promote=promote),
            "mann-whitney": mann_whitney(rollout.hours, scene.baseline, day, promote=promote),
        }
        beside += time.process_time() - started
        verdicts = {c.id: c.verdict.value for c in found.criteria}
        looks.append(Look(day, verdicts, found.recommendation.value, rivals))
    return tuple(looks), beside


def one(job: tuple[Scene, int]) -> Judged:
    """Make and judge one rollout; the garbage collector would only walk through live days."""
    gc.disable()
    scene, seed = job
    started = time.process_time()
    looks, beside = judged(make(scene, seed), scene)
    taken = time.process_time() - started - beside
    if seed % 50 == 0:
        gc.collect()
    noise = scene.noise
    return Judged(noise.drift, noise.hours, noise.controls, looks, taken / len(looks))


@dataclass(frozen=True)
class Planned:
    """A row, and every rollout that it may have."""

    key: str
    per_minute: float
    day_long: bool
    first_seed: int
    bounds: tuple[float, ...]

    @property
    def file(self) -> str:
        """Where its rollouts are kept."""
        kind = ("-24h" if self.day_long else "") + ("-p95" if self.bounds else "")
        return f"{self.key}{kind}-{self.per_minute:g}.jsonl"

    def jobs(self, rollouts: int) -> list[tuple[Scene, int]]:
        """The first so many; every combination of noise in turn."""
        hours, controls = (24,) if self.day_long else (1, 6), (1, 2) if self.key == "burst" else (0, 1, 2)
        choices = itertools.cycle(noises(hours, controls))
        return [
            (
                Scene(EVERY[self.key], self.per_minute, noise, days=DAYS, bounds=self.bounds),
                self.first_seed + n,
            )
            for n, noise in zip(range(rollouts), choices, strict=False)
        ]


def plan(
    only: Sequence[str], traffic: Sequence[float] = TRAFFIC, bounds: tuple[float, ...] = ()
) -> list[Planned]:
    """The rows; a row has the same seeds whatever else is played, and no two share one."""
    kinds = [(key, False) for key in TRUTHS] + [(key, True) for key in A_DAY_LONG]
    kinds += [(key, False) for key in TAILS]
    rows = [
        Planned(key, per_minute, day_long, FIRST_SEED + number * MOST_ROLLOUTS, bounds)
        for number, ((key, day_long), per_minute) in enumerate(itertools.product(kinds, TRAFFIC))
    ]
    return [
        row
        for row in rows
        if (not only or row.key in only) and row.per_minute in traffic and (bounds or row.key not in TAILS)
    ]


def played(row: Planned, rollouts: int, folder: Path | None, pool: Pool | None) -> tuple[Row, set[str]]:
    """The row, with what is kept of it and what was lacking (without a pool: what is kept), and by which sources."""
    path = None if folder is None else folder / row.file
    have = {} if path is None else kept(path)
    jobs = row.jobs(rollouts)
    known = {seed: have[seed][0] for _, seed in jobs if seed in have}
    by = {have[seed][1] for seed in known}
    lacking = [] if pool is None else [job for job in jobs if job[1] not in known]
    answers: Iterator[Judged] = iter(()) if pool is None else pool.imap(one, lacking, chunksize=5)
    for (_, seed), answer in zip(lacking, answers, strict=True):
        known[seed] = answer
        if path is not None:
            keep(path, seed, answer)
    return Row(
        row.key, row.per_minute, row.day_long, tuple(known[seed] for _, seed in jobs if seed in known)
    ), by


def asked_for() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rollouts", type=int, default=400, choices=range(1, MOST_ROLLOUTS + 1), metavar="N")
    parser.add_argument("--processes", type=int, default=2, choices=(1, 2))
    parser.add_argument("--only", nargs="*", default=[], choices=list(EVERY))
    parser.add_argument("--traffic", nargs="*", type=float, default=list(TRAFFIC), choices=list(TRAFFIC))
    parser.add_argument("--p95", action="store_true", help="a fine histogram, and a p95 that binds")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep what was said, and go on from what is kept"
    )
    parser.add_argument(
        "--table", action="store_true", help="play nothing; the tables of what is kept in --keep"
    )
    asked = parser.parse_args()
    if asked.table and asked.keep is None:
        parser.error("--table needs --keep DIR")
    return asked


def tables(rows: Sequence[Row]) -> list[str]:
    """Print what follows the first table; gives the bounds that are not met."""
    print(f"\n{BESIDE}")
    for row in rows:
        print(row.beside())
    cleared(rows)
    print()
    found = broken(rows)
    print(worst(rows))
    looks = [r.seconds for row in rows for r in row.rollouts]
    print(
        f"{1000 * statistics.mean(looks):.1f} ms of processor time a look, its share of making the rollout included"
    )
    return found


def main() -> int:
    """Play, print, and say which bounds are not met."""
    asked = asked_for()
    started = time.perf_counter()
    planned = plan(asked.only, asked.traffic, FINE_BOUNDS if asked.p95 else ())
    if asked.keep is not None:
        asked.keep.mkdir(parents=True, exist_ok=True)
    print(
        f"Up to {asked.rollouts} rollouts a row; a row's seeds run on from {planned[0].first_seed}, the next row's from"
        f" {MOST_ROLLOUTS} later. Enabled {ENABLED:%H:%M}, {DAYS} looks.\n\n{HEAD}"
    )
    rows, sources = [], set[str]()
    with nullcontext() if asked.table else multiprocessing.Pool(asked.processes) as workers:
        for each in planned:
            row, by = played(each, asked.rollouts, asked.keep, workers)
            sources |= by
            if row.rollouts:
                rows.append(row)
                print(row.printed(), flush=True)
    if not rows:
        print("nothing is kept there")
        return 1
    found = tables(rows)
    if len(sources) > 1:
        print(f"What was kept was made by {len(sources)} versions of the judge or the generator.")
    print(f"{time.perf_counter() - started:.0f} s in all")
    for text in found:
        print(f"MISSED {text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
