"""How well the expected days of `canary candidates` agree with what the judge then needs, on made rollouts:
python benchmarks/expecting.py [--rollouts N]

Sound rollouts, every combination of drift, correlation time and number of controls in turn. What is expected comes
from the seven days before enabling alone; then the rollout is judged at the end of each of 14 days. Error rate and
latency need not be met on the same day: what counts is the first look at which both are.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass

from counted import Scene, make
from judgement import CRITERIA, FIRST_SEED, noises
from judgement_rows import SOUND, TRAFFIC

from cbops.judge import evaluate, expected_verdict
from cbops.model.expected import RecentDay

DAYS = 14
GROUPS = (
    "3 to 4 days",
    "5 to 7 days",
    "8 to 14 days",
    "15 to 28 days",
    "more than 28 days",
    "more than 28 days, if ever",
    "unknown",
)


@dataclass(frozen=True)
class Compared:
    """What was expected, and the day of the first look with both met; null: none of them."""

    per_minute: float
    outlook: str
    days: int | None
    met: int | None

    @property
    def group(self) -> str:
        """Into which row it falls."""
        if self.days is None:
            return {"beyond": GROUPS[4], "unlikely": GROUPS[5]}.get(self.outlook, GROUPS[6])
        return next(group for most, group in zip((4, 7, 14, 28), GROUPS, strict=False) if self.days <= most)


def one(job: tuple[Scene, int]) -> Compared:
    """Expect, then judge until both are met."""
    scene, seed = job
    rollout = make(scene, seed)
    before = [
        RecentDay.model_construct(window=day.window, scrape=day.scrape, buckets=(*day.buckets, *day.controls))
        for day in rollout.baseline
    ]
    expected = expected_verdict(rollout.state.target, before, {}, CRITERIA)
    for day in range(1, scene.days + 1):
        seen = rollout.observed[:day]
        found = evaluate(
            rollout.state,
            observations=seen,
            baseline=rollout.baseline,
            episodes=(),
            criteria=CRITERIA,
            as_of=seen[-1].window.end,
        )
        verdicts = {c.id: c.verdict.value for c in found.criteria}
        if verdicts["error_rate"] == verdicts["latency"] == "met":
            return Compared(scene.per_minute, expected.outlook, expected.days, day - 1)
    return Compared(scene.per_minute, expected.outlook, expected.days, None)


def table(found: Sequence[Compared]) -> str:
    """A row for each expectation: how many were cleared within so many full days."""
    lines = [
        "| expected | rollouts | met within 7 full days | within 13 | by the day expected |",
        "|---|---|---|---|---|",
    ]
    for group in GROUPS:
        some = [each for each in found if each.group == group]
        if not some:
            continue
        cells = [sum(each.met is not None and each.met <= most for each in some) for most in (7, DAYS - 1)]
        told = [each for each in some if each.days is not None and each.days <= DAYS - 1]
        by = sum(each.met is not None and each.days is not None and each.met <= each.days for each in told)
        shares = [f"{100 * n / len(some):.0f} %" for n in cells]
        line = [group, str(len(some)), *shares, f"{100 * by / len(told):.0f} %" if told else "–"]
        lines.append("| " + " | ".join(line) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the table over all traffics, and one for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=150, help="for each traffic")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    kinds = noises((1.0, 6.0))
    jobs = [
        (Scene(SOUND, per_minute, kinds[number % len(kinds)], days=DAYS), FIRST_SEED + number)
        for per_minute in TRAFFIC
        for number in range(options.rollouts)
    ]
    with multiprocessing.Pool(options.workers) as pool:
        found = pool.map(one, jobs, chunksize=5)
    print(table(found))
    for per_minute in TRAFFIC:
        print(f"\n{per_minute:g} req/min\n")
        print(table([each for each in found if each.per_minute == per_minute]))


if __name__ == "__main__":
    main()
