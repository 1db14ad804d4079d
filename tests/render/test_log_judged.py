"""The log's numbers are enough to repeat a judgement by hand."""

from __future__ import annotations

import math
import re

import pytest
from judge.build import Burst, Question, World, at, episode

from cbops.judge.numbers import student_quantile
from cbops.render.log_judged import behind

SHA = "ab" * 32
OUTAGE = World(bursts=(Burst(at(3, "14:00"), at(3, "14:40"), success=10, failure=90),))
TOLD = Question(world=OUTAGE, episodes=(episode(at(3, "14:01"), at(3, "14:41")),))


def lines(question=TOLD):
    return [str(line).replace("\\", "") for line in behind(question.ask(), SHA)]


def the(start, found):
    (line,) = [line for line in found if line.startswith(start)]
    return line


def numbers(line):
    return [
        (float(value), float(weight))
        for value, weight in re.findall(r": (-?[\d.]+) \(weight ([\d.]+)\)", line)
    ]


@pytest.mark.parametrize("name", ["Error rate", "Latency"])
def test_the_estimate_and_its_bounds_follow_from_the_lines(name):
    found = lines()
    before, after = (numbers(the(f"{name} {side}", found)) for side in ("before", "since enabling"))
    assert (len(before), len(after)) == (4, 5)
    means = [sum(v * w for v, w in side) / sum(w for _, w in side) for side in (before, after)]
    interval = the(f"{name}, between days", found)
    estimate, error, freedom, below, above, level, _ = map(
        float, re.findall(r"(?<![\w.])-?[\d.]*\d", interval.partition("estimate")[2])
    )
    assert means[1] - means[0] == pytest.approx(estimate, abs=3e-6)
    assert student_quantile(1 - level, freedom) == pytest.approx(below, abs=1e-3)
    low, high = map(float, re.findall(r"-?[\d.]*\d", the(f"{name}, the widest", found)))
    assert low <= estimate - below * error + 1e-6
    assert high >= estimate + above * error - 1e-6
    assert math.isfinite(low)


def test_opens_and_recoveries_have_their_times_and_evidence():
    found = lines()
    assert ": expected, openai was failing for the control tenants" in the("Open ", found)
    assert re.search(
        r"provider well at .*14:40.* closed .*14:41.* 60 s later; allowed", the("Recovery ", found)
    )


def test_days_controls_checks_and_the_evidence_are_named():
    found = lines()
    assert f"evidence/{SHA}" in found[0]
    assert the("Days before enabling", found).count("2025-") == 4
    assert the("Controls", found) == "Controls: tenant_b, tenant_c"
    assert "decisions 5 agree" in the("Checks", found)


def test_nothing_is_told_of_what_could_not_be_compared():
    found = lines(Question(observed=(), baseline=()))
    assert not [line for line in found if line.startswith(("Error rate", "Latency", "Recovery", "Checks"))]
