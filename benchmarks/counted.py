"""Made rollouts by the counts that a router's scrapes would show, bucket by bucket, without single requests.

Counts are drawn from their distributions: Poisson for requests, binomial for failures, a gamma distribution with
the moments of a sum of log-normals for latencies. Single requests are played through the real breaker only around
outages and openings; days with any trouble have buckets of five minutes, the others of an hour.
`tests/judge/test_judge_counted.py` holds these distributions against a request-level generator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np

from cbops.breaker import Breaker
from cbops.model.base import from_ms, to_ms
from cbops.model.events import IncidentAdded
from cbops.model.observation import (
    Buckets,
    DayWindow,
    Episode,
    EventCounts,
    Gap,
    LatencyFigures,
    LatencyHistogram,
    Observation,
    ProviderDay,
    Restart,
    ScrapeHealth,
    Transition,
    TransitionCounts,
)
from cbops.model.plan import Rehearsal
from cbops.model.policy import CANARY_BLOCK
from cbops.model.state import IncidentRecord, RehearsalRecord, RolloutState, Stage
from cbops.model.tenant import Target

DAY_ONE = date(2025, 1, 27)
ENABLED = datetime(2025, 1, 27, 9, tzinfo=UTC)
TARGET = Target(tenant="canary", policy="p", provider="openai")
FALLBACK = "anthropic"
HOUR, FINE = 3_600, 300
MEDIAN_MS, SIGMA = 220.0, 0.45
MEAN_MS = MEDIAN_MS * math.exp(SIGMA**2 / 2)
VARIATION = math.exp(SIGMA**2) - 1  # variance over squared mean of one result
FAILURE = 0.002
OUTAGE_FAILURE, OUTAGE_LATENCY = 0.9, 3.0


@dataclass(frozen=True)
class Truth:
    """What is so in a made rollout; effects begin with enabling.

    `trouble`: "none"; "sound" (outages, a restart and a gap); "trip" (an open by one lone failure); "burst" (an
    open by a burst of failures that only this tenant sees); "stuck" (a circuit that stays open after an outage).
    """

    name: str
    slower: float = 0.0
    more_failures: float = 0.0
    trouble: str = "none"


@dataclass(frozen=True)
class Noise:
    """How tenants and their provider drift; `tail`: share of results that take 10 to 30 s."""

    drift: float = 0.05  # of each tenant's latency and error rate, on its own
    hours: float = 6.0  # its correlation time
    shared: float = 0.05  # of the provider, for all tenants alike, over six hours
    tail: float = 0.003
    controls: int = 2
    bursts: float = 0.04  # share of hours with two to four times the traffic
    swing: float = 0.6  # of the day's curve


@dataclass(frozen=True)
class Scene:
    """One row's worth: the truth, the canary's traffic, and the noise."""

    truth: Truth
    per_minute: float
    noise: Noise = Noise()
    baseline: int = 7
    days: int = 7
    bounds: tuple[float, ...] = ()  # of the canary's latency histogram, ms; none: there is no histogram


@dataclass
class Rollout:
    """What a judge is given."""

    state: RolloutState
    baseline: list[Observation] = field(default_factory=list)
    observed: list[Observation] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    hours: dict[str, np.ndarray] = field(default_factory=dict)  # the canary's, for the rivals


def drifting(rng: np.random.Generator, size: int, sd: float, hours: float) -> np.ndarray:
    """A stationary drift, hour by hour, whose correlation falls to 1/e in `hours`."""
    if sd == 0:
        return np.zeros(size)
    keep = math.exp(-1 / hours)
    steps = rng.normal(0, sd * math.sqrt(1 - keep * keep), size).tolist()
    value, found = rng.normal(0, sd), []
    for step in steps:
        value = keep * value + step
        found.append(value)
    return np.array(found)


def latency_sums(rng: np.random.Generator, counts: np.ndarray, means: np.ndarray, tail: float) -> np.ndarray:
    """The sum of so many log-normal latencies of these means, some of them slow ones instead."""
    slow = rng.binomial(counts, tail) if tail else np.zeros_like(counts)
    usual = counts - slow
    shape = np.maximum(usual, 1e-9) / VARIATION
    sums = np.where(usual > 0, rng.gamma(shape, means * VARIATION), 0.0)
    if tail:
        tails = 20_000.0 * slow + rng.normal(0, 1, len(counts)) * (20_000 / math.sqrt(12)) * np.sqrt(slow)
        sums += np.clip(tails, 10_000 * slow, 30_000 * slow) * means / MEAN_MS
    return sums


def bucket_shares(bounds: Sequence[float], mean: float, tail: float) -> np.ndarray:
    """The share of each bucket, the last above all bounds: log-normal, some of them 10 to 30 s instead."""
    median = mean * MEDIAN_MS / MEAN_MS
    usual = [0.5 * (1 + math.erf(math.log(b / median) / (SIGMA * math.sqrt(2)))) for b in bounds]
    slow = [min(1.0, max(0.0, (b * MEAN_MS / mean - 10_000) / 20_000)) for b in bounds]
    below = (1 - tail) * np.array(usual) + tail * np.array(slow)
    return np.diff(below, prepend=0.0, append=1.0)


class Tenant:
    """One tenant's hours: what its requests meet."""

    def __init__(
        self, scene: Scene, rng: np.random.Generator, shared: tuple, per_minute: float, *, canary: bool
    ):
        noise, size = scene.noise, 24 * (scene.baseline + scene.days)
        at = np.arange(size)
        hits = rng.random(size) < noise.bursts
        curve = 1 + noise.swing * np.sin(2 * np.pi * ((at % 24 + 0.5) / 24 - 0.3))
        self.rate = per_minute * curve * np.where(hits, rng.uniform(2, 4, size), 1.0)
        self.latency = MEAN_MS * np.exp(drifting(rng, size, noise.drift, noise.hours) + shared[0])
        self.failure = FAILURE * np.exp(drifting(rng, size, noise.drift, noise.hours) + shared[1])
        self.tail = noise.tail
        if canary:
            enabled = at >= 24 * scene.baseline + ENABLED.hour
            self.latency = self.latency * np.where(enabled, 1 + scene.truth.slower, 1.0)
            self.failure = self.failure + np.where(enabled, scene.truth.more_failures, 0.0)

    def draw(
        self, rng: np.random.Generator, hours: np.ndarray, step: int, failing: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Counts of buckets that lie in these hours; `failing`: the share of a bucket that was an outage."""
        calls = rng.poisson(self.rate[hours] * step / 60)
        rate = self.failure[hours] * (1 - failing) + OUTAGE_FAILURE * failing
        mean = self.latency[hours] * (1 + (OUTAGE_LATENCY - 1) * failing)
        failures = rng.binomial(calls, np.minimum(rate, 1.0))
        return {"calls": calls, "failure": failures, "sum": latency_sums(rng, calls, mean, self.tail)}


@dataclass
class Trouble:
    """What happens in a rollout besides noise; times are seconds since the first day's midnight."""

    outages: list[tuple[int, int, bool]] = field(default_factory=list)  # from, to, declared
    restarts: list[int] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    trips: list[int] = field(default_factory=list)
    bursts: list[tuple[int, int]] = field(default_factory=list)  # of the canary's own failures
    stuck: bool = False

    def days(self) -> set[int]:
        """The days that need fine buckets, counted from the first."""
        times = [*self.restarts, *self.trips]
        for start, end, *_ in (*self.outages, *self.gaps, *self.bursts):
            times += [start, end + 900]
        return {at // 86_400 for at in times}


def troubles(scene: Scene, rng: np.random.Generator) -> Trouble:
    """Drawn once a rollout; everything lies on whole minutes."""

    def moment(first: int, last: int, hours: tuple[int, int] = (1, 22)) -> int:
        day = scene.baseline + int(rng.integers(first, last + 1)) - 1
        low = max(hours[0], 11 if day == scene.baseline else 0)
        return day * 86_400 + 60 * int(rng.integers(low * 60, hours[1] * 60))

    found, kind = Trouble(), scene.truth.trouble
    if kind == "sound":
        for first, last in ((-5, 0), (1, 3), (4, scene.days)):
            start = moment(first, last, (1, 20))
            found.outages.append((start, start + 60 * int(rng.integers(15, 60)), bool(rng.random() < 0.5)))
        found.restarts.append(moment(1, scene.days) + 20)
        start = moment(1, scene.days)
        found.gaps.append((start, start + 60 * int(rng.integers(10, 40))))
    elif kind == "trip":
        found.trips.append(moment(1, 4))
    elif kind == "burst":
        start = moment(1, 4)
        found.bursts.append((start, start + 240))
    elif kind == "stuck":
        start = moment(1, 3, (1, 20))
        found.outages.append((start, start + 60 * int(rng.integers(10, 40)), False))
        found.stuck = True
    return found


def window(number: int) -> DayWindow:
    """Day 1 begins with enabling."""
    start = datetime.combine(DAY_ONE, datetime.min.time(), UTC) + timedelta(days=number - 1)
    end = start + timedelta(days=1)
    begins = ENABLED if number == 1 else start
    return DayWindow(day=number, date=start.date(), start=begins, end=end, partial=False, full=number != 1)


class Played:
    """Single requests through the real breaker, over a stretch around an opening."""

    def __init__(self, origin_ms: int, *, stuck: bool) -> None:
        self.moves: list[tuple[int, str, str]] = []
        self.origin, self.stuck = origin_ms, stuck
        self.breaker = Breaker(CANARY_BLOCK, origin_ms, on_transition=self._moved)
        self.counts: dict[int, list[float]] = {}  # by bucket: success, failure, denied, half-opens, sum

    @property
    def wedged(self) -> bool:
        """Whether it denies for ever: all of its probes are used up and none came back."""
        used = self.breaker.half_open_calls >= self.breaker.policy.half_open_max_calls
        return self.stuck and self.breaker.state == "half_open" and used

    def _moved(self, now: int, source: str, target: str, _reason: str) -> None:
        self.moves.append((now, source, target))
        if target == "half_open":
            self._bucket(now)[3] += 1

    def _bucket(self, now: int) -> list[float]:
        return self.counts.setdefault((now - 1) // (FINE * 1000), [0, 0, 0, 0, 0.0])

    def request(self, now: int, *, failed: bool, latency: float) -> None:
        """One arrival; its result is recorded at once. A stuck circuit's probes never come back."""
        if not self.breaker.allow(now):
            self._bucket(now)[2] += 1
            return
        if self.stuck and self.breaker.state == "half_open":
            return
        counts = self._bucket(now)
        counts[1 if failed else 0] += 1
        counts[4] += latency
        if failed:
            self.breaker.record_failure(now)
        else:
            self.breaker.record_success(now)


class Maker:
    """Makes one rollout of a scene."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene, self.rng = scene, np.random.default_rng([seed, int(scene.per_minute * 10)])
        self.apart = np.random.default_rng([seed, 95])  # of histograms, so that all else stays as it was
        size = 24 * (scene.baseline + scene.days)
        noise = scene.noise
        shared = (
            drifting(self.rng, size, noise.shared, 6),
            drifting(self.rng, size, noise.shared, 6),
        )
        factors = {"canary": 1.0, "control_1": 1.3, "control_2": 2.3}
        names = list(factors)[: 1 + noise.controls]
        self.tenants = {
            name: Tenant(scene, self.rng, shared, scene.per_minute * factors[name], canary=name == "canary")
            for name in names
        }
        self.trouble = troubles(scene, self.rng)
        self.fine = self.trouble.days()
        self.zero = to_ms(datetime.combine(DAY_ONE, datetime.min.time(), UTC)) - 86_400_000 * scene.baseline
        self.played = self._play()

    def make(self) -> Rollout:
        """All its days."""
        scene = self.scene
        found = Rollout(state=self._state())
        columns: dict[str, list[np.ndarray]] = {"calls": [], "failure": [], "sum": []}
        for number in range(1 - scene.baseline, scene.days + 1):
            day, mine = self._day(number)
            (found.observed if number >= 1 else found.baseline).append(day)
            for name, column in columns.items():
                column.append(mine[name].reshape(-1, len(mine[name]) // 24).sum(1)[-24:])
        found.hours = {name: np.concatenate(column) for name, column in columns.items()}
        found.episodes = [e for day in found.observed for e in day.episodes]
        return found

    # -- single requests ----------------------------------------------------------------------------------

    def _play(self) -> Played | None:
        """Around outages, bursts and lone failures since enabling, in order of time."""
        since = self.scene.baseline * 86_400 + ENABLED.hour * 3600
        spans = [(start, end, OUTAGE_FAILURE) for start, end, _ in self.trouble.outages]
        spans += [(start, end, 0.7) for start, end in self.trouble.bursts]
        spans += [(at, at, 0.0) for at in self.trouble.trips]
        spans = sorted(span for span in spans if span[0] >= since)
        if not spans:
            return None
        for _ in range(100):
            played = Played(self.zero, stuck=self.trouble.stuck)
            for start, end, rate in spans:
                self._stretch(played, start, end, rate)
            if played.moves or not (self.trouble.bursts or self.trouble.stuck):
                break  # where the truth is an opening, there has to be one
        return played

    def _stretch(self, played: Played, start: int, end: int, rate: float) -> None:
        """From a bucket's start before it until the circuit is closed again, or for the rest when stuck."""
        tenant, rng = self.tenants["canary"], self.rng
        now = (start // FINE) * FINE * 1000.0
        last = len(tenant.rate) * 3_600_000
        tripped = start != end
        while now < last:
            hour = min(int(now // 3_600_000), len(tenant.rate) - 1)
            now += rng.exponential() * 60_000 / tenant.rate[hour]
            ended = now > 1000 * end and tripped and played.breaker.state == "closed"
            if ended and now > (math.ceil(end / FINE) * FINE + FINE) * 1000:
                break
            bad = start * 1000 <= now < end * 1000
            failed = bad and rng.random() < rate
            if not tripped and now >= start * 1000:
                # one failure in a window that holds nothing else opens the circuit
                failed = tripped = True
                played.breaker.reset(self.zero + int(now))
            if self.trouble.stuck and played.wedged:
                self._denied(played, now)
                break
            latency = tenant.latency[hour] * (OUTAGE_LATENCY if bad and rate == OUTAGE_FAILURE else 1.0)
            played.request(
                self.zero + int(now),
                failed=failed,
                latency=latency * float(rng.gamma(1 / VARIATION, VARIATION)),
            )

    def _denied(self, played: Played, now: float) -> None:
        """A wedged circuit denies everything: from the next bucket on by counts alone."""
        rate = self.tenants["canary"].rate
        for bucket in range(int(now) // (FINE * 1000) + 1, len(rate) * 3600 // FINE):
            calls = self.rng.poisson(rate[bucket * FINE // 3600] * FINE / 60)
            played.counts[self.zero // (FINE * 1000) + bucket] = [0, 0, int(calls), 0, 0.0]

    # -- days -----------------------------------------------------------------------------------------------

    def _share(self, starts: np.ndarray, spans: list[tuple[int, int]]) -> np.ndarray:
        """The share of each fine bucket that lies in any of the spans."""
        found = np.zeros(len(starts))
        for start, end in spans:
            found += np.clip(np.minimum(starts + FINE, end) - np.maximum(starts, start), 0, FINE) / FINE
        return np.minimum(found, 1.0)

    def _day(self, number: int) -> tuple[Observation, dict[str, np.ndarray]]:
        index = number + self.scene.baseline - 1
        when, step = window(number), FINE if index in self.fine else HOUR
        starts = index * 86_400 + np.arange(0, 86_400, step)
        if number == 1:
            starts = starts[starts >= index * 86_400 + ENABLED.hour * 3600]
        hours = starts // 3600
        outages = [(start, end) for start, end, _ in self.trouble.outages]
        failing = self._share(starts, outages) if step == FINE else np.zeros(len(starts))
        drawn = {name: t.draw(self.rng, hours, step, failing) for name, t in self.tenants.items()}
        rows = [self._row(name, counts, starts, step) for name, counts in drawn.items()]
        mine, fallback = self._with_breaker(rows[0], starts, step)
        rows[0] = mine
        if step == FINE:
            rows = [self._hidden(row, starts) for row in rows]
            fallback = None if fallback is None else self._hidden(fallback, starts)
        day = self._observation(when, [rows[0]] + ([] if fallback is None else [fallback]), rows[1:], starts)
        if self.scene.bounds:
            day = day.model_copy(update={"latency_histograms": (self._histogram(rows[0], hours),)})
        canary = {
            "calls": np.array([(s or 0) + (f or 0) for s, f in zip(mine.success, mine.failure, strict=True)]),
            "failure": np.array([f or 0 for f in mine.failure]),
            "sum": np.array([v or 0.0 for v in mine.latency_sum_ms]),
        }
        if len(starts) * step < 86_400:  # the first day's hours before enabling are nobody's
            pad = (86_400 - len(starts) * step) // step
            canary = {name: np.concatenate([np.zeros(pad), values]) for name, values in canary.items()}
        return day, canary

    def _row(self, name: str, counts: dict[str, np.ndarray], starts: np.ndarray, step: int) -> Buckets:
        zeros = (0,) * len(starts)
        return Buckets.model_construct(
            tenant=name,
            provider=TARGET.provider,
            start=from_ms(self.zero + int(starts[0]) * 1000),
            step_seconds=step,
            success=tuple((counts["calls"] - counts["failure"]).tolist()),
            failure=tuple(counts["failure"].tolist()),
            fail_fast=zeros,
            half_open=zeros,
            latency_count=tuple(counts["calls"].tolist()),
            latency_sum_ms=tuple(counts["sum"].tolist()),
        )

    def _histogram(self, row: Buckets, hours: np.ndarray) -> LatencyHistogram:
        """The latencies of each hour, drawn apart from their sums, with a generator of their own."""
        tenant, bounds = self.tenants["canary"], self.scene.bounds
        counts: dict[int, int | None] = {}
        for hour, count in zip(hours.tolist(), row.latency_count, strict=True):
            before = counts.get(hour, 0)
            counts[hour] = None if before is None or count is None else before + count
        drawn = []
        for hour, total in counts.items():
            shares = bucket_shares(bounds, float(tenant.latency[hour]), tenant.tail)
            drawn.append(None if total is None else tuple(self.apart.multinomial(total, shares).tolist()))
        return LatencyHistogram.model_construct(
            provider=TARGET.provider,
            start=from_ms(self.zero + int(hours[0]) * 3_600_000),
            step_seconds=HOUR,
            bounds_ms=bounds,
            counts=tuple(drawn),
        )

    def _with_breaker(self, row: Buckets, starts: np.ndarray, step: int) -> tuple[Buckets, Buckets | None]:
        """Where single requests were played, they stand instead; denied ones went to the fallback."""
        if self.played is None:
            return row, None
        counts = self._buckets_of(starts, step)
        if not counts:
            return row, None
        columns = {
            name: list(getattr(row, name))
            for name in ("success", "failure", "fail_fast", "half_open", "latency_count", "latency_sum_ms")
        }
        denied = [0] * len(starts)
        for place, (success, failure, fast, half, total) in counts.items():
            columns["success"][place], columns["failure"][place] = int(success), int(failure)
            columns["fail_fast"][place], columns["half_open"][place] = int(fast), int(half)
            columns["latency_count"][place] = int(success + failure)
            columns["latency_sum_ms"][place] = total
            denied[place] = int(fast)
        mine = row.model_copy(update={name: tuple(column) for name, column in columns.items()})
        zeros = (0,) * len(starts)
        fallback = row.model_copy(
            update={
                "provider": FALLBACK,
                "success": tuple(denied),
                "failure": zeros,
                "fail_fast": zeros,
                "half_open": zeros,
                "latency_count": tuple(denied),
                "latency_sum_ms": tuple(MEAN_MS * n for n in denied),
            }
        )
        return mine, fallback

    def _buckets_of(self, starts: np.ndarray, step: int) -> dict[int, list[float]]:
        """The played counts by place in the day; a coarse bucket's are added up (a stuck circuit's)."""
        found: dict[int, list[float]] = {}
        first, size = self.zero // (FINE * 1000) + int(starts[0]) // FINE, len(starts) * step // FINE
        for bucket, counts in self.played.counts.items() if self.played else ():
            if first <= bucket < first + size:
                place = (bucket - first) * FINE // step
                old = found.get(place, [0, 0, 0, 0, 0.0])
                found[place] = [a + b for a, b in zip(old, counts, strict=True)]
        return found

    def _hidden(self, row: Buckets, starts: np.ndarray) -> Buckets:
        """Nothing is known of a gap, and a restart loses what its bucket held."""
        gone = {
            int(i) for a, b in self.trouble.gaps for i in np.nonzero((starts < b) & (starts + FINE > a))[0]
        }
        if not gone:
            return row
        names = ("success", "failure", "fail_fast", "half_open", "latency_count", "latency_sum_ms")
        return row.model_copy(
            update={
                name: tuple(None if i in gone else v for i, v in enumerate(getattr(row, name)))
                for name in names
            }
        )

    def _observation(
        self, when: DayWindow, mine: list[Buckets], controls: list[Buckets], starts: np.ndarray
    ) -> Observation:
        low, high = int(starts[0]), int(starts[-1]) + mine[0].step_seconds
        moves = self._moves(when)
        providers = {
            row.provider: _figures(row, moves if row.provider == TARGET.provider else []) for row in mine
        }
        results = sum((p.events.success or 0) + (p.events.failure or 0) for p in providers.values())
        denied = sum(p.events.fail_fast or 0 for p in providers.values())
        seconds = (when.end - when.start).total_seconds()
        gaps = [(a, b) for a, b in self.trouble.gaps if low <= a < high]
        expected = int(seconds // 60)
        seen = expected - sum((b - a) // 60 for a, b in gaps)
        return Observation.model_construct(
            target=TARGET,
            window=when,
            as_of=when.end,
            source="embedded",
            dialect="router",
            scrape=ScrapeHealth(
                interval_seconds=60,
                expected=expected,
                seen=seen,
                coverage=seen / expected,
                gaps=tuple(Gap.model_validate({"from": self._at(a), "to": self._at(b)}) for a, b in gaps),
            ),
            restarts=tuple(
                Restart(instance="a", after=self._at(at - 60), at=self._at(at))
                for at in self.trouble.restarts
                if low <= at < high
            ),
            decisions=results,
            fallback_decisions=denied,
            providers=providers,
            state_at_start=dict.fromkeys(providers, "closed"),
            transitions=moves,
            episodes=self._episodes(when),
            buckets=tuple(mine),
            controls=tuple(controls),
        )

    def _at(self, seconds: int) -> datetime:
        return from_ms(self.zero + seconds * 1000)

    def _moves(self, when: DayWindow) -> tuple[Transition, ...]:
        moves = [] if self.played is None else self.played.moves
        start, end = to_ms(when.start), to_ms(when.end)
        return tuple(
            Transition(
                provider=TARGET.provider,
                instance="a",
                source=source,
                target=target,
                count=1,
                after=from_ms(_scrape(now) - 60_000),
                at=from_ms(_scrape(now)),
            )
            for now, source, target in moves
            if start < _scrape(now) <= end
        )

    def _episodes(self, when: DayWindow) -> tuple[Episode, ...]:
        return tuple(e for e in self._all_episodes() if when.start < e.opened <= when.end)

    def _all_episodes(self) -> list[Episode]:
        found: list[dict] = []
        for now, source, target in [] if self.played is None else self.played.moves:
            if (source, target) == ("closed", "open"):
                at = _scrape(now)
                found.append(
                    {
                        "id": f"{TARGET.provider}-{at}",
                        "provider": TARGET.provider,
                        "opened": from_ms(at),
                        "opened_after": from_ms(at - 60_000),
                        "reopened": 0,
                    }
                )
            elif target == "open":
                found[-1]["reopened"] += 1
            elif target == "closed":
                found[-1] |= {"closed": from_ms(_scrape(now)), "closed_by": "results"}
        return [Episode.model_validate(each) for each in found]

    def _state(self) -> RolloutState:
        incidents = [
            IncidentRecord(
                at=self._at(end),
                actor="ann",
                incident=IncidentAdded.model_validate(
                    {"provider": TARGET.provider, "from": self._at(start), "to": self._at(end)}
                ),
            )
            for start, end, declared in self.trouble.outages
            if declared
        ]
        rehearsal = Rehearsal(
            block=CANARY_BLOCK,
            passed=True,
            opened_after_failures=5,
            recovered_after_ms=30_000,
            steps=("it closed",),
        )
        return RolloutState(
            id="canary-1",
            phase=1,
            stage=Stage.MONITORING,
            target=TARGET,
            owner=None,
            timezone="UTC",
            baseline_days=self.scene.baseline,
            opened_at=ENABLED,
            opened_by="ann",
            adopted=False,
            enabled_at=ENABLED,
            block=dict(CANARY_BLOCK),
            incidents=tuple(incidents),
            rehearsals=(RehearsalRecord(at=ENABLED, actor="ann", rehearsal=rehearsal),),
            last_seq=1,
            last_at=ENABLED,
        )


def _scrape(now: int) -> int:
    """The scrape that first shows what happened then."""
    return -(-now // 60_000) * 60_000


def _figures(row: Buckets, moves: tuple[Transition, ...] | list[Transition]) -> ProviderDay:
    success, failure = sum(n or 0 for n in row.success), sum(n or 0 for n in row.failure)
    count, total = sum(n or 0 for n in row.latency_count), sum(v or 0.0 for v in row.latency_sum_ms)
    targets = [move.target for move in moves]
    return ProviderDay(
        events=EventCounts(success=success, failure=failure, fail_fast=sum(n or 0 for n in row.fail_fast)),
        transitions=TransitionCounts(
            open=targets.count("open"), half_open=targets.count("half_open"), closed=targets.count("closed")
        ),
        error_rate=failure / (success + failure) if success + failure else None,
        latency=LatencyFigures(count=count, mean_ms=total / count if count else None),
    )


def make(scene: Scene, seed: int) -> Rollout:
    """One rollout; the same scene and seed give the same one."""
    return Maker(scene, seed).make()
