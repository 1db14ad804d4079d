"""A first day that enabling cut short is compared with the same hours of the days before."""

from __future__ import annotations

import pytest
from judge.build import Made, Question, World, criterion

from cbops.model.base import from_ms, to_ms

STILL = Made(wobble=0.0)


def worse_afternoons(day):
    """From noon on the canary alone fails more and takes longer, before and since enabling alike."""

    def edited(buckets):
        begin, step = to_ms(buckets.start), buckets.step_seconds * 1000
        late = [from_ms(begin + i * step).hour >= 12 for i in range(len(buckets.success))]
        return buckets.model_copy(
            update={
                "failure": tuple(n + 4 * is_late for n, is_late in zip(buckets.failure, late, strict=True)),
                "latency_sum_ms": tuple(
                    s * (1.1 if is_late else 1.0)
                    for s, is_late in zip(buckets.latency_sum_ms, late, strict=True)
                ),
            }
        )

    return day.model_copy(update={"buckets": tuple(edited(b) for b in day.buckets)})


@pytest.mark.parametrize("name", ["error_rate", "latency"])
def test_hours_that_are_always_worse_are_no_rise_on_a_day_that_begins_with_them(name):
    world = World(canary=STILL, control=STILL)
    found = criterion(Question(world=world, edit=worse_afternoons).ask(), name)
    first, *others = found.evidence["blocks"]["after"]
    assert first["hours_higher"] > 0.003
    usual = others[0]["value"]
    assert all(block["value"] == pytest.approx(usual, abs=1e-6) for block in others)
    assert first["value"] == pytest.approx(usual, abs=1e-6)
    assert found.evidence["estimate"] == pytest.approx(0, abs=1e-6)
    assert "hours_higher" not in others[0]


@pytest.mark.parametrize("name", ["error_rate", "latency"])
def test_how_much_higher_those_hours_are_can_be_repeated_by_hand(name):
    found = criterion(Question(edit=worse_afternoons).ask(), name)
    blocks = found.evidence["blocks"]
    whole = {block["day"]: block for block in blocks["before"]}
    pairs = [(block, whole[block["day"]]) for block in blocks["before_in_the_hours_of_day"]["1"]]
    assert len(pairs) == len(whole)
    size = "results" if name == "error_rate" else "count"
    weight = sum(full[size] for _, full in pairs)
    higher = sum(full[size] * (hours["value"] - full["value"]) for hours, full in pairs) / weight
    assert blocks["after"][0]["hours_higher"] == pytest.approx(higher, abs=2e-6)


@pytest.mark.parametrize("name", ["error_rate", "latency"])
def test_without_a_cut_short_day_nothing_is_shifted(name):
    found = criterion(Question(observed=(2, 3, 4, 5), edit=worse_afternoons).ask(), name)
    assert found.evidence["blocks"]["before_in_the_hours_of_day"] == {}
    assert all("hours_higher" not in block for block in found.evidence["blocks"]["after"])
