"""The p95 beside the mean: what its buckets leave open, when it binds, and what that changes."""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from dataclasses import dataclass

import pytest
from judge.build import Burst, Made, Question, World, at, criterion, episode

from cbops.judge.settings import P95_MISSED_SHARE
from cbops.model.base import from_ms, to_ms
from cbops.model.config import CriteriaConfig
from cbops.model.histogram import place_of
from cbops.model.observation import LatencyHistogram
from cbops.model.verdict import Verdict

FINE = tuple(round(100 * 1.01**i, 3) for i in range(250))  # one per cent each
COARSE = (50.0, 100.0, 250.0, 500.0, 1000.0)
AUTO = CriteriaConfig()
NEVER = CriteriaConfig(p95_binding="never")


@dataclass(frozen=True)
class Tails:
    """Each day's histograms: a p95 in ms, before and since enabling, that varies a little by the hour."""

    bounds: tuple[float, ...] = FINE
    before: float = 400.0
    after: float = 400.0
    wobble: float = 0.005
    first: int = -99  # no histogram before this day

    def __call__(self, day):
        number = day.window.day
        if number < self.first:
            return day
        rng = random.Random(f"tails/{number}")
        hour = 3_600_000
        start = -(-to_ms(day.window.start) // hour) * hour
        p95 = self.after if number >= 1 else self.before
        rows = tuple(
            self.hour(p95 * rng.gauss(1, self.wobble)) for _ in range(start, to_ms(day.window.end), hour)
        )
        histogram = LatencyHistogram(
            provider="openai", start=from_ms(start), step_seconds=3600, bounds_ms=self.bounds, counts=rows
        )
        return day.model_copy(update={"latency_histograms": (histogram,)})

    def hour(self, p95: float, size: int = 200) -> tuple[int, ...]:
        """As many latencies as `size`, spread so that their 95th percentile is the given one."""
        counts = [0] * (len(self.bounds) + 1)
        for index in range(size):
            counts[bisect_left(self.bounds, p95 * math.exp(2 * ((index + 0.5) / size - 0.95)))] += 1
        return tuple(counts)


def latency(tails: Tails, criteria: CriteriaConfig = AUTO, **changes):
    question = Question(edit=tails, criteria=criteria, observed=(1, 2, 3, 4, 5, 6))
    return criterion(question.but(**changes).ask(), "latency")


# The cells of the truth table: mean × (evidence for, against, none, too little, conflicting) of the p95.


@pytest.mark.parametrize(
    ("tails", "verdict", "said"),
    [
        pytest.param(Tails(), Verdict.MET, "it binds too", id="for"),
        pytest.param(Tails(after=460), Verdict.MISSED, "p95 changed by +1", id="against"),
        pytest.param(Tails(first=99), Verdict.MET, "the mean is judged alone", id="none"),
        pytest.param(Tails(first=0), Verdict.INCONCLUSIVE, "can't be compared yet", id="too little"),
        pytest.param(Tails(wobble=0.3), Verdict.INCONCLUSIVE, "it binds too", id="conflicting"),
        pytest.param(Tails(bounds=COARSE), Verdict.MET, "too coarse to tell 5 %", id="too coarse"),
        pytest.param(
            Tails(bounds=COARSE, after=900), Verdict.MET, "too coarse to tell 5 %", id="coarse against"
        ),
    ],
)
def test_a_sound_mean_with_each_kind_of_evidence_of_the_p95(tails, verdict, said):
    found = latency(tails)
    assert found.verdict is verdict
    assert said in found.summary


@pytest.mark.parametrize("tails", [Tails(), Tails(after=460), Tails(first=99), Tails(bounds=COARSE)])
def test_a_mean_that_is_missed_stays_missed_whatever_the_p95_says(tails):
    slow = World(since=Made(latency_ms=240))
    assert latency(tails, world=slow).verdict is Verdict.MISSED


@pytest.mark.parametrize("tails", [Tails(), Tails(after=460), Tails(first=0), Tails(bounds=COARSE)])
def test_where_it_is_never_to_bind_it_is_only_shown(tails):
    found, alone = latency(tails, NEVER), latency(Tails(first=99), NEVER)
    assert found.verdict is alone.verdict is Verdict.MET
    assert found.evidence["percentiles"]["binds"] is False
    assert found.evidence["change_upper"] == alone.evidence["change_upper"]


def test_it_is_said_that_a_shown_p95_does_not_bind():
    assert "it is shown and doesn't bind" in latency(Tails(after=460), NEVER).summary


def test_without_histograms_nothing_is_said_where_it_is_never_to_bind():
    assert "p95" not in latency(Tails(first=99), NEVER).summary


def test_it_binds_by_default_where_the_buckets_allow():
    assert CriteriaConfig().p95_binding == "auto"
    assert latency(Tails(after=460), CriteriaConfig()).evidence["percentiles"]["binds"] is True


def test_the_interval_holds_the_truth_and_is_wider_than_without_buckets():
    shown = latency(Tails(after=420)).evidence["percentiles"]["p95"]
    inner = shown["without_buckets"]
    assert (
        shown["change_lower"] < inner["change_lower"] < 0.05 < inner["change_upper"] < shown["change_upper"]
    )
    assert shown["change"] == pytest.approx(0.05, abs=0.01)


def test_a_coarse_bucket_leaves_open_as_much_as_its_edges_are_apart():
    shown = latency(Tails(bounds=COARSE)).evidence["percentiles"]["p95"]
    assert shown["providers"]["openai"]["before"]["from_ms"] == 250
    assert shown["providers"]["openai"]["before"]["to_ms"] == 500
    width = math.log1p(shown["change_upper"]) - math.log1p(shown["change_lower"])
    assert width > 2 * math.log(2)


def test_beyond_the_highest_bound_only_the_lower_limit_is_known():
    found = latency(Tails(bounds=tuple(b for b in FINE if b < 420), after=600))
    shown = found.evidence["percentiles"]["p95"]
    assert shown["change_upper"] is None
    assert shown["change_lower"] > 0
    assert "by at least +" in found.summary
    assert found.verdict is Verdict.INCONCLUSIVE  # the highest bound itself is less than 5 % more


def test_p50_and_p99_are_shown_and_never_bind():
    shown = latency(Tails(after=460)).evidence["percentiles"]
    assert {"change", "change_lower", "change_upper", "providers", "blocks"} <= set(shown["p50"])
    assert (
        shown["p99"]["providers"]["openai"]["after"]["ms"]
        > shown["p50"]["providers"]["openai"]["after"]["ms"]
    )


def test_a_binding_p95_takes_its_part_of_the_budget_of_a_false_missed_and_none_of_met():
    binding, alone = latency(Tails()).evidence, latency(Tails(first=99)).evidence
    spent = [binding["confidence"]["false_missed"], CriteriaConfig().false_missed * P95_MISSED_SHARE]
    assert sum(spent) == pytest.approx(alone["confidence"]["false_missed"])
    assert binding["confidence"]["false_met"] == alone["confidence"]["false_met"]
    assert (
        binding["percentiles"]["p95"]["intervals"][0]["level_missed"]
        < binding["intervals"][0]["level_missed"]
    )


def test_hours_in_which_a_bucket_is_left_out_do_not_count():
    opened = episode(at(3, "12:10"), at(3, "12:20"))
    declared = latency(Tails(), episodes=(opened,))
    blocks = {b["day"]: b["count"] for b in declared.evidence["percentiles"]["p95"]["blocks"]["after"]}
    assert blocks == {2: 4800, 3: 4600, 4: 4800, 5: 4800, 6: 4800}


def test_only_full_days_are_compared():
    shown = latency(Tails()).evidence["percentiles"]["p95"]
    assert [b["day"] for b in shown["blocks"]["before"]] == [-3, -2, -1, 0]
    assert [b["day"] for b in shown["blocks"]["after"]] == [2, 3, 4, 5, 6]


def test_days_without_results_in_the_histogram_are_no_blocks():
    def silent(day):
        made = Tails()(day)
        if day.window.day != 4:
            return made
        (histogram,) = made.latency_histograms
        rows = tuple(None for _ in histogram.counts)
        return made.model_copy(
            update={"latency_histograms": (histogram.model_copy(update={"counts": rows}),)}
        )

    shown = latency(silent).evidence["percentiles"]["p95"]
    assert [b["day"] for b in shown["blocks"]["after"]] == [2, 3, 5, 6]


def test_the_verdict_can_be_repeated_from_the_blocks():
    shown = latency(Tails(after=410)).evidence["percentiles"]["p95"]
    sides = []
    for side in ("before", "after"):
        blocks = shown["blocks"][side]
        total = sum(b["weight"] for b in blocks)
        sides.append(
            {
                key: sum(b["weight"] * math.log(b[f"openai_{key}"]) for b in blocks) / total
                for key in ("ms", "from_ms", "to_ms")
            }
        )
    before, after = sides
    (interval,) = shown["intervals"]
    estimate = after["ms"] - before["ms"]
    upper = (after["to_ms"] - before["from_ms"]) + interval["quantile_met"] * interval["standard_error"]
    lower = (after["from_ms"] - before["to_ms"]) - interval["quantile_missed"] * interval["standard_error"]
    assert math.expm1(estimate) == pytest.approx(shown["change"], abs=1e-5)
    assert math.expm1(upper) == pytest.approx(shown["change_upper"], abs=1e-5)
    assert math.expm1(lower) == pytest.approx(shown["change_lower"], abs=1e-5)


def test_what_is_missing_names_the_p95():
    found = Question(edit=Tails(after=460), criteria=AUTO).ask()
    assert any("p95" in text for text in found.missing)


def test_the_place_of_a_percentile():
    assert place_of({100.0: 50, 200.0: 90, math.inf: 100}, 0.7) == (100, 200, 150)
    assert place_of({100.0: 50, math.inf: 100}, 0.95) == (100, None, 100)
    assert place_of({math.inf: 100}, 0.5) is None
    assert place_of({100.0: 0, math.inf: 0}, 0.5) is None


def test_an_outage_of_the_provider_is_left_out_of_the_percentiles_too():
    failing = (Burst(at(3, "10:00"), at(3, "11:00"), success=10, failure=90),)
    found = latency(Tails(), world=World(bursts=failing))
    blocks = {b["day"]: b["count"] for b in found.evidence["percentiles"]["p95"]["blocks"]["after"]}
    assert blocks[3] < blocks[2]
