"""What was said of made rollouts, counted by row: the benchmark's tables and its bounds."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from counted import Truth

from cbops.breaker.statistics import wilson

TRAFFIC = (1, 10, 30, 100)
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
# Only with a histogram fine enough for its p95 to bind.
TAILS = {
    "p95-5": Truth("the slowest tenth +5 %", slower_tenth=0.05),
    "p95-10": Truth("the slowest tenth +10 %", slower_tenth=0.10),
}
EVERY = {**TRUTHS, **TAILS}
HARMFUL = ("latency-5", "latency-10", "errors-margin", "errors-2", "trip", "burst", "stuck", *TAILS)
A_DAY_LONG = ("sound", "latency-5", "latency-10", "errors-margin")

HEAD = (
    "| truth | req/min | rollouts | error rate met | missed | latency met | missed | proceed | rollback"
    " | days to proceed | days to rollback |\n|---|---|---|---|---|---|---|---|---|---|---|"
)
BESIDE = (
    "| truth | req/min | cbops: proceed | rollback | thresholds: proceed | rollback | Mann-Whitney: proceed"
    " | rollback |\n|---|---|---|---|---|---|---|---|"
)


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

    drift: float
    hours: float
    controls: int
    looks: tuple[Look, ...]
    seconds: float  # of processor time, a look

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

    @property
    def name(self) -> str:
        """Its truth, as the tables have it."""
        return EVERY[self.key].name + (" (24 h)" if self.day_long else "")

    def count(self, recommendation: str, judge: str = "cbops") -> int:
        """In how many rollouts it was recommended at any look."""
        return sum(r.ever(recommendation, judge) for r in self.rollouts)

    def printed(self) -> str:
        """A line of the table."""
        every, n = self.rollouts, len(self.rollouts)
        cells = [self.name, f"{self.per_minute:g}", str(n)]
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
        cells = [self.name, f"{self.per_minute:g}"]
        for judge in ("cbops", "thresholds", "mann-whitney"):
            cells += [share(self.count("proceed", judge), n), share(self.count("rollback", judge), n)]
        return "| " + " | ".join(cells) + " |"


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
                told = f"false {recommendation}, {EVERY[key].name}: {share(wrong, total)}"
                print(f"- {told} of {total} rollouts")
                found += [told] if wrong > BOUND * total else []
            for row in mine:
                low, _ = wilson(row.count(recommendation), len(row.rollouts), 0.025)
                if low > BOUND:
                    found.append(
                        f"false {recommendation}, {EVERY[key].name} at {row.per_minute:g} a minute: lower limit {low:.1%}"
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
            counts = tally.setdefault((row.key, rollout.drift, rollout.hours, rollout.controls), [0, 0])
            counts[0] += rollout.ever(wrong)
            counts[1] += 1
    (key, drift, hours, controls), (count, total) = max(
        tally.items(), key=lambda item: wilson(item[1][0], item[1][1], 0.025)[0]
    )
    return (
        f"Worst combination: {EVERY[key].name}, drift {drift:.0%} over {hours:g} h, {controls} controls:"
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
                lasting = r.hours if r.drift else 0
                by = tally.setdefault((r.drift, lasting, r.controls), {})
                by.setdefault(row.per_minute, []).append(r)
    for (drift, hours, controls), by in sorted(tally.items()):
        cells = []
        for mine in (by.get(t, ()) for t in TRAFFIC):
            share_cleared = 100 * sum(r.ever("proceed") for r in mine) / max(1, len(mine))
            cells.append(f"{share_cleared:.0f} % of {len(mine)}" if mine else "–")
        lasting = f"{hours:g} h" if drift else "–"
        print(f"| {drift:.0%} | {lasting} | {controls} | " + " | ".join(cells) + " |")
