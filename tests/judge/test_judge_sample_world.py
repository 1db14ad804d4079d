"""The days of the made sample world, as they were measured from a real Prometheus."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import pytest
from judge.build import at, criterion, incident, state, verdicts

from cbops.judge import evaluate
from cbops.measure import merge_episodes
from cbops.model.config import CriteriaConfig
from cbops.model.observation import Observation
from cbops.model.verdict import Recommendation, Verdict

DAYS = Path(__file__).parents[1] / "data" / "judge" / "sample_world_days.jsonl.gz"
OUTAGE, TRIP = "openai-20250129T140100Z", "openai-20250131T030100Z"


@cache
def days() -> tuple[Observation, ...]:
    with gzip.open(DAYS, "rt", encoding="utf-8") as lines:
        return tuple(Observation.model_validate_json(line) for line in lines)


def judged(*, declared, controls=True, last=8):
    def edit(day):
        return day if controls else day.model_copy(update={"controls": ()})

    seen = tuple(edit(day) for day in days() if 1 <= day.window.day <= last)
    incidents = (incident(at(3, "14:00"), at(3, "14:40")),) if declared else ()
    return evaluate(
        state(incidents=incidents, rehearsals=()),
        observations=seen,
        baseline=tuple(edit(day) for day in days() if day.window.day < 1),
        episodes=merge_episodes(seen),
        criteria=CriteriaConfig(),
        as_of=seen[-1].window.end,
    )


@pytest.mark.parametrize("declared", [True, False])
def test_the_outage_is_expected_with_and_without_the_declared_incident(declared):
    found = {episode.id: episode for episode in judged(declared=declared).episodes}
    assert found[OUTAGE].classification == "expected"
    assert found[OUTAGE].evidence["source"] == ("incident" if declared else "controls")
    assert found[TRIP].classification == "unexpected"


@pytest.mark.parametrize("declared", [True, False])
def test_the_sample_world_extends_because_of_the_unexpected_open(declared):
    found = judged(declared=declared)
    assert found.recommendation is Recommendation.EXTEND
    assert verdicts(found) == {
        "unexpected_opens": Verdict.MISSED,
        "recovery": Verdict.MET,
        "error_rate": Verdict.MET,
        "latency": Verdict.MET,
        "observability": Verdict.MET,
    }
    assert any("thresholds" in text for text in found.missing)


def test_both_recoveries_are_dated():
    recovered = criterion(judged(declared=False), "recovery").evidence["episodes"]
    assert [item["outcome"] for item in recovered] == ["met", "met"]
    assert recovered[0]["recovered"] == "2025-01-29T14:40:00.000Z"


def test_without_controls_nothing_is_missed_that_was_sound():
    found = verdicts(judged(declared=True, controls=False))
    assert found["error_rate"] is not Verdict.MISSED
    assert found["latency"] is not Verdict.MISSED


def test_days_that_were_never_scraped_are_left_out_of_the_baseline():
    evidence = criterion(judged(declared=True), "error_rate").evidence
    assert [day["day"] for day in evidence["baseline"]] == [-2, -1, 0]
    assert set(evidence["left_out"]) == {"-6", "-5", "-4", "-3"}
