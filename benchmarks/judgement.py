"""How often the judge errs, on made rollouts: python benchmarks/judgement.py [--rollouts N] [--only TRUTH …].

Every rollout is judged at the end of each of its first seven days (the breaker is enabled at 09:00 of the first), by
cbops and, on the same counts, by two rivals (rival_judges.py). A row is a truth at a traffic; within it the rollouts
take every combination of drift, correlation time and number of controls in turn, so a row is their average. Rows
of a correlation time of a day stand apart. The exit status is 1 when a bound of the table is not met.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from counted import ENABLED, Noise, Rollout, Scene, Truth, make
from rival_judges import fixed_thresholds, mann_whitney

from cbops.breaker.statistics import wilson
from cbops.judge import evaluate
from cbops.model.config import CriteriaConfig
from cbops.model.observation import Episode, Observation

TRAFFIC = (1, 10, 30, 100)
DAYS = 7
FIRST_SEED = 20_250_127
BOUND = 0.05

SOUND = Truth("sound")
TROUBLED = Truth("sound, with outages, a restart and a gap", trouble="sound")
TRUTHS = {
    "sound": SOUND,
    "troubled": TROUBLED,
    "latency-5": Truth("latency +5 %", slower=0.05),
    "latency-10": Truth("latency +10 %", slower=0.10),
    "errors-margin": Truth("error rate +0.5 points", more_failures=0.005),
    "errors-2": Truth("error rate +2 points", more_failures=0.02),
    "trip": Truth("an open by one lone failure", trouble="trip"),
    "burst": Truth("an open by the tenant's own failures", trouble="burst"),
    "stuck": Truth("a circuit that doesn't close", trouble="stuck"),
}
HARMFUL = ("latency-5", "latency-10", "errors-margin", "errors-2", "trip", "burst", "stuck")
A_DAY_LONG = ("sound", "latency-5", "latency-10", "errors-margin")
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


@dataclass(frozen=True)
class Look:
    """What a judge said at the end of a day."""

    day: int
    verdicts: dict[str, str]
    recommendation: str
    rivals: dict[str, str]


@dataclass(frozen=True)
class Judged:
    """One rollout's looks."""

    noise: Noise
    looks: tuple[Look, ...]
    seconds: float

    def ever(self, recommendation: str, judge: str = "cbops") -> bool:
        """Whether it was recommended before anything that ends the rollout."""
        return self.first(recommendation, judge) is not None

    def first(self, recommendation: str, judge: str = "cbops") -> int | None:
        """The day on which it was first recommended."""
        for look in self.looks:
            said = look.recommendation if judge == "cbops" else look.rivals[judge]
            if said == recommendation:
                return look.day
        return None

    def ended(self, criterion: str, verdict: str) -> bool:
        """Whether the criterion had that verdict at any look."""
        return any(look.verdicts[criterion] == verdict for look in self.looks)


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
    return Judged(scene.noise, looks, taken / len(looks))


def share(count: int, total: int) -> str:
    """'3.2 % (1.9–5.4)'."""
    if not total:
        return "–"
    low, high = wilson(count, total, 0.025)
    return f"{100 * count / total:.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def days(found: Iterable[int | None], total: int) -> str:
    """'day 5 (84 %)': the median day among those that got there, and how many did."""
    some = [day for day in found if day is not None]
    return f"day {statistics.median_low(some)} ({100 * len(some) / total:.0f} %)" if some else "– (0 %)"


@dataclass(frozen=True)
class Row:
    """A truth at a traffic, with all its rollouts."""

    key: str
    per_minute: float
    day_long: bool
    rollouts: tuple[Judged, ...]

    def count(self, recommendation: str, judge: str = "cbops") -> int:
        """In how many rollouts it was recommended at any look."""
        return sum(r.ever(recommendation, judge) for r in self.rollouts)

    def printed(self) -> str:
        """A line of the table."""
        every, n = self.rollouts, len(self.rollouts)
        cells = [TRUTHS[self.key].name + (" (24 h)" if self.day_long else ""), f"{self.per_minute:g}"]
        for criterion in ("error_rate", "latency"):
            met = sum(r.ended(criterion, "met") for r in every)
            missed = sum(r.ended(criterion, "missed") for r in every)
            cells += [share(met, n), share(missed, n)]
        cells += [share(self.count("proceed"), n), share(self.count("rollback"), n)]
        cells += [days((r.first("proceed") for r in every), n), days((r.first("rollback") for r in every), n)]
        return "| " + " | ".join(cells) + " |"

    def beside(self) -> str:
        """The rivals on the same rollouts."""
        n = len(self.rollouts)
        cells = [TRUTHS[self.key].name + (" (24 h)" if self.day_long else ""), f"{self.per_minute:g}"]
        for judge in ("cbops", "thresholds", "mann-whitney"):
            cells += [share(self.count("proceed", judge), n), share(self.count("rollback", judge), n)]
        return "| " + " | ".join(cells) + " |"


def plan(
    rollouts: int, only: Sequence[str], traffic: Sequence[float] = TRAFFIC, bounds: tuple[float, ...] = ()
) -> list[tuple[str, float, bool, list[tuple[Scene, int]]]]:
    """Every row with its rollouts; seeds run on, so that no two rollouts share one."""
    rows = []
    seeds = itertools.count(FIRST_SEED)
    kinds = [(key, False) for key in TRUTHS] + [(key, True) for key in A_DAY_LONG]
    for (key, day_long), per_minute in itertools.product(kinds, TRAFFIC):
        choices = noises((24,) if day_long else (1, 6), (1, 2) if key == "burst" else (0, 1, 2))
        scenes = itertools.cycle(
            [Scene(TRUTHS[key], per_minute, noise, days=DAYS, bounds=bounds) for noise in choices]
        )
        jobs = [(scene, next(seeds)) for scene, _ in zip(scenes, range(rollouts), strict=False)]
        if (not only or key in only) and per_minute in traffic:
            rows.append((key, per_minute, day_long, jobs))
    return rows


def broken(rows: Sequence[Row]) -> list[str]:
    """The bounds that are not met; those of day-long drifts don't bind."""
    found = []
    binding = [row for row in rows if not row.day_long]
    for recommendation, keys in (("rollback", ("sound", "troubled")), ("proceed", HARMFUL)):
        for key in keys:
            mine = [row for row in binding if row.key == key]
            total = sum(len(row.rollouts) for row in mine)
            wrong = sum(row.count(recommendation) for row in mine)
            if total:
                told = f"false {recommendation}, {TRUTHS[key].name}: {share(wrong, total)}"
                print(f"- {told} of {total} rollouts")
                found += [told] if wrong > BOUND * total else []
            for row in mine:
                low, _ = wilson(row.count(recommendation), len(row.rollouts), 0.025)
                if low > BOUND:
                    found.append(
                        f"false {recommendation}, {TRUTHS[key].name} at {row.per_minute:g} a minute: lower limit {low:.1%}"
                    )
    return found


def worst(rows: Sequence[Row]) -> str:
    """The combination of noise with the most false answers, over all traffics of a truth."""
    tally: dict[tuple[str, float, float, int], list[int]] = {}
    for row in rows:
        if row.day_long:
            continue
        wrong = "proceed" if row.key in HARMFUL else "rollback"
        for rollout in row.rollouts:
            noise = rollout.noise
            counts = tally.setdefault((row.key, noise.drift, noise.hours, noise.controls), [0, 0])
            counts[0] += rollout.ever(wrong)
            counts[1] += 1
    (key, drift, hours, controls), (count, total) = max(
        tally.items(), key=lambda item: wilson(item[1][0], item[1][1], 0.025)[0]
    )
    return (
        f"Worst combination: {TRUTHS[key].name}, drift {drift:.0%} over {hours:g} h, {controls} controls:"
        f" {share(count, total)} of {total} false."
    )


def cleared(rows: Sequence[Row]) -> None:
    """How many sound rollouts are cleared within a week, by drift and controls."""
    print("\n| drift | correlation | controls | " + " | ".join(f"{t} req/min" for t in TRAFFIC) + " |")
    print("|---|---|---|" + "---|" * len(TRAFFIC))
    tally: dict[tuple[float, float, int], dict[float, list[Judged]]] = {}
    for row in rows:
        if row.key == "sound":
            for r in row.rollouts:
                lasting = r.noise.hours if r.noise.drift else 0
                by = tally.setdefault((r.noise.drift, lasting, r.noise.controls), {})
                by.setdefault(row.per_minute, []).append(r)
    for (drift, hours, controls), by in sorted(tally.items()):
        cells = [
            f"{100 * sum(r.ever('proceed') for r in by.get(t, ())) / max(1, len(by.get(t, ()))):.0f} %"
            for t in TRAFFIC
        ]
        lasting = f"{hours:g} h" if drift else "–"
        print(f"| {drift:.0%} | {lasting} | {controls} | " + " | ".join(cells) + " |")


HEAD = (
    "| truth | req/min | error rate met | missed | latency met | missed | proceed | rollback | days to proceed"
    " | days to rollback |\n|---|---|---|---|---|---|---|---|---|---|"
)
BESIDE = (
    "| truth | req/min | cbops: proceed | rollback | thresholds: proceed | rollback | Mann-Whitney: proceed"
    " | rollback |\n|---|---|---|---|---|---|---|---|"
)


def main() -> int:
    """Play, print, and say which bounds are not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rollouts", type=int, default=400)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[], choices=list(TRUTHS))
    parser.add_argument("--traffic", nargs="*", type=float, default=list(TRAFFIC), choices=list(TRAFFIC))
    parser.add_argument("--p95", action="store_true", help="a fine histogram, and a p95 that binds")
    asked = parser.parse_args()
    started = time.perf_counter()
    planned = plan(asked.rollouts, asked.only, asked.traffic, FINE_BOUNDS if asked.p95 else ())
    first, last = planned[0][3][0][1], planned[-1][3][-1][1]
    print(
        f"{asked.rollouts} rollouts a row, seeds {first} to {last}, enabled {ENABLED:%H:%M}, {DAYS} looks\n\n{HEAD}"
    )
    rows = []
    with multiprocessing.Pool(asked.processes) as pool:
        for key, per_minute, day_long, jobs in planned:
            rows.append(Row(key, per_minute, day_long, tuple(pool.map(one, jobs, chunksize=5))))
            print(rows[-1].printed(), flush=True)
    print(f"\n{BESIDE}")
    for row in rows:
        print(row.beside())
    cleared(rows)
    print()
    found = broken(rows)
    print(worst(rows))
    looks = [r.seconds for row in rows for r in row.rollouts]
    print(
        f"{1000 * statistics.mean(looks):.1f} ms of processor time a look, its share of making the rollout included;",
        end=" ",
    )
    print(f"{time.perf_counter() - started:.0f} s in all")
    for text in found:
        print(f"MISSED {text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
