"""The benchmark's count-level rollouts against a generator that plays every request, and against themselves."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from judge.made import counted, requests

from cbops.judge import evaluate
from cbops.model.config import CriteriaConfig
from cbops.model.observation import Buckets, Observation
from cbops.model.verdict import Recommendation

RPM, DAYS, TENANTS = 10, 1, 8
HOURS = np.tile(np.arange(24), DAYS)
SLOWER, MORE = 0.25, 0.02


Figures = dict[str, np.ndarray]


@cache
def played(*, harmed: bool) -> Figures:
    """Hourly counts of tenants whose every request was simulated; a harmed one is the canary alone."""
    names = ["t0"] if harmed else [f"t{n}" for n in range(TENANTS)]
    scenario = {
        "start": "2025-01-20T00:00:00",
        "days": DAYS,
        "enabled_at": "2025-01-20T00:00:00" if harmed else "2026-01-20T00:00:00",
        "scrape_seconds": 3600,
        "canary": {
            "tenant": "t0",
            "circuit_breaker": {"failure_threshold": 10_000, "error_rate_threshold": 2},
        },
        "providers": {"openai": {"failure": counted.FAILURE, "latency_ms": counted.MEDIAN_MS}},
        "regression": {"failure": MORE, "latency": 1 + SLOWER},
        "tenants": [
            {"id": name, "policy": "p", "rpm": RPM, "diurnal": 0.6, "providers": {"openai": 1}, "owner": "a"}
            for name in names
        ],
    }
    world = requests.World(scenario, 7)
    world.run()
    rows = [{"tenant_id": name, "provider_id": "openai"} for name in names]
    return {
        "calls": shown(world, "router_result_latency_ms_count", rows),
        "failure": shown(
            world, "router_circuit_breaker_events_total", [{**row, "event_type": "failure"} for row in rows]
        ),
        "sum": shown(world, "router_result_latency_ms_sum", rows),
    }


def shown(world: object, name: str, rows: list[dict[str, str]]) -> np.ndarray:
    """What each hour's scrapes show, a row a tenant; a counter is born at 0."""
    found = []
    for labels in rows:
        points = dict(world.series[(name, tuple(sorted(labels.items())))])  # type: ignore[attr-defined]
        totals = [0.0]
        for hour in range(1, len(HOURS) + 1):
            totals.append(points.get(hour * 3_600_000, totals[-1]))
        found.append(np.diff(totals))
    return np.array(found)


@cache
def drawn(*, harmed: bool) -> Figures:
    """The same tenants by counts; six times as many, for a sharper comparison."""
    rng = np.random.default_rng(5)
    truth = counted.Truth("made", slower=SLOWER, more_failures=MORE)
    noise = counted.Noise(drift=0, shared=0, tail=0, bursts=0)
    scene = counted.Scene(truth, RPM, noise, baseline=0, days=DAYS + 1)
    still = (np.zeros(24 * (DAYS + 1)), np.zeros(24 * (DAYS + 1)))
    found: dict[str, list[np.ndarray]] = {"calls": [], "failure": [], "sum": []}
    for _ in range(6 * TENANTS):
        tenant = counted.Tenant(scene, rng, still, RPM, canary=harmed)
        hours = np.arange(24, 24 * (DAYS + 1)) if harmed else np.arange(24 * DAYS)
        for name, values in tenant.draw(rng, hours, 3600, np.zeros(len(hours))).items():
            found[name].append(values)
    return {name: np.array(rows) for name, rows in found.items()}


def scores(figures: Figures, *, harmed: bool) -> Figures:
    """How far each hour lies from what theory expects, in its standard deviations."""
    rate = counted.FAILURE + (MORE if harmed else 0)
    mean = counted.MEAN_MS * (1 + (SLOWER if harmed else 0))
    expected = 60 * RPM * (1 + 0.6 * np.sin(2 * np.pi * ((HOURS + 0.5) / 24 - 0.3)))
    calls = figures["calls"]
    return {
        "calls": (calls - expected) / np.sqrt(expected),
        "failure": (figures["failure"] - rate * calls) / np.sqrt(rate * (1 - rate) * calls),
        "sum": (figures["sum"] - mean * calls) / (mean * np.sqrt(counted.VARIATION * calls)),
    }


def distance(one: np.ndarray, two: np.ndarray) -> float:
    """Kolmogorov and Smirnov's, in units of its critical value at one in a thousand."""
    values = np.sort(np.concatenate([one, two]))
    first = np.searchsorted(np.sort(one), values, side="right") / len(one)
    second = np.searchsorted(np.sort(two), values, side="right") / len(two)
    critical = 1.95 * np.sqrt((len(one) + len(two)) / (len(one) * len(two)))
    return float(np.abs(first - second).max() / critical)


@pytest.mark.parametrize("harmed", [False, True])
@pytest.mark.parametrize("what", ["calls", "failure", "sum"])
def test_counts_have_the_distribution_that_single_requests_have(what, harmed):
    by_request = scores(played(harmed=harmed), harmed=harmed)[what].ravel()
    by_count = scores(drawn(harmed=harmed), harmed=harmed)[what].ravel()
    for values in (by_request, by_count):
        assert abs(values.mean()) < 4 / np.sqrt(len(values))
        assert values.var() == pytest.approx(1, abs=5 * np.sqrt(2 / len(values)) + 0.05)
    assert distance(by_request, by_count) < 1


def rollout(trouble="none", seed=1, per_minute=30.0, **noise):
    truth = counted.Truth("made", trouble=trouble)
    return counted.make(counted.Scene(truth, per_minute, counted.Noise(**noise)), seed)


def answer(made, observed=None, baseline=None):
    seen = made.observed if observed is None else observed
    return evaluate(
        made.state,
        observations=seen,
        baseline=made.baseline if baseline is None else baseline,
        episodes=made.episodes,
        criteria=CriteriaConfig(),
        as_of=seen[-1].window.end,
    )


def test_drifts_have_the_size_and_the_memory_that_they_are_said_to_have():
    rng = np.random.default_rng(3)
    paths = np.array([counted.drifting(rng, 200, 0.1, 6) for _ in range(400)])
    assert paths.std() == pytest.approx(0.1, rel=0.03)
    alike = (paths[:, :-6] * paths[:, 6:]).mean() / paths.var()
    assert alike == pytest.approx(np.exp(-1), abs=0.04)


def test_slow_results_have_their_share_of_the_sum():
    rng = np.random.default_rng(4)
    counts, means = np.full(4000, 1000), np.full(4000, counted.MEAN_MS)
    sums = counted.latency_sums(rng, counts, means, 0.003)
    expected = 1000 * (0.997 * counted.MEAN_MS + 0.003 * 20_000)
    assert sums.mean() == pytest.approx(expected, rel=0.01)
    variance = 1000 * 0.003 * (20_000**2 + 20_000**2 / 12)
    assert sums.var() == pytest.approx(variance, rel=0.1)


def test_the_same_seed_gives_the_same_rollout():
    assert rollout("sound", 8).observed == rollout("sound", 8).observed
    assert rollout("sound", 8).observed != rollout("sound", 9).observed


@pytest.mark.parametrize("per_minute", [1, 30])
@pytest.mark.parametrize("trouble", ["trip", "burst", "stuck"])
def test_where_the_truth_is_an_opening_there_is_one(trouble, per_minute):
    for seed in range(4):
        made = rollout(trouble, seed, per_minute)
        assert made.episodes
        closed = [episode.closed is not None for episode in made.episodes]
        assert not closed[-1] if trouble == "stuck" else all(closed)
        opens = sum(day.providers["openai"].transitions.open for day in made.observed)
        assert opens >= len(made.episodes)


@pytest.mark.parametrize("trouble", ["none", "sound", "trip", "burst", "stuck"])
def test_made_counters_never_contradict_each_other(trouble):
    for seed in range(3):
        found = answer(rollout(trouble, seed, per_minute=10))
        observability = next(c for c in found.criteria if c.id == "observability")
        # a circuit that stays open from the first day on leaves no result to judge by
        assert observability.verdict in (("met", "inconclusive") if trouble == "stuck" else ("met",))
        assert all(c["status"] != "contradiction" for c in observability.evidence["checks"])


def hourly(buckets: Buckets) -> Buckets:
    """Five-minute buckets added up to hours."""
    size = 3600 // buckets.step_seconds
    names = ("success", "failure", "fail_fast", "half_open", "latency_count", "latency_sum_ms")

    def added(values):
        return tuple(sum(values[i : i + size]) for i in range(0, len(values), size))

    return buckets.model_copy(
        update={"step_seconds": 3600, **{name: added(getattr(buckets, name)) for name in names}}
    )


def coarse(day: Observation) -> Observation:
    return day.model_copy(
        update={
            "buckets": tuple(hourly(b) for b in day.buckets),
            "controls": tuple(hourly(b) for b in day.controls),
        }
    )


def test_hours_are_judged_as_their_five_minutes_are():
    maker = counted.Maker(counted.Scene(counted.Truth("made"), 30), 2)
    maker.fine = set(range(14))
    made = maker.make()
    assert made.observed[3].buckets[0].step_seconds == 300
    fine = answer(made)
    rough = answer(made, [coarse(d) for d in made.observed], [coarse(d) for d in made.baseline])
    for one, two in zip(fine.criteria, rough.criteria, strict=True):
        assert one.verdict is two.verdict
        if one.id in ("error_rate", "latency"):
            blocks = [c.evidence["blocks"]["after"][1:] for c in (one, two)]
            assert [b["value"] for b in blocks[0]] == [b["value"] for b in blocks[1]]


def test_an_outage_alone_never_leads_to_a_rollback():
    for seed in range(4):
        assert answer(rollout("sound", seed)).recommendation is not Recommendation.ROLLBACK


def test_a_slower_tenth_moves_the_p95_and_the_mean_by_what_that_tenth_is_of_it():
    bounds = tuple(float(b) for b in range(1, 3000))
    middle = np.array([0.5, *(b + 0.5 for b in bounds)])

    def of(slower_tenth: float) -> tuple[float, float, float]:
        shares = counted.bucket_shares(bounds, counted.MEAN_MS, 0.0, slower_tenth)
        below = np.cumsum(shares)
        return float((shares * middle).sum()), *(
            float(np.interp(q, below[:-1], np.array(bounds))) for q in (0.5, 0.95)
        )

    (mean, median, p95), (slower_mean, same_median, slower_p95) = of(0.0), of(0.1)

    assert same_median == median
    assert slower_p95 / p95 == pytest.approx(1.1, abs=0.001)
    assert slower_mean / mean == pytest.approx(1 + 0.1 * counted.SLOWEST_OF_MEAN, abs=0.001)
    assert mean == pytest.approx(counted.MEAN_MS, rel=0.001)
