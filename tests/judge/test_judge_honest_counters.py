"""Counters of the real breaker never contradict each other, whatever happens to the routers; planted faults do."""

from __future__ import annotations

import random

import pytest
from judge.build import state
from judge.routers import BEGIN, Fault, Router, Story, days_of, honest

from cbops.judge.case import Case, make_case
from cbops.judge.checks import all_checks
from cbops.measure.episodes import merge_episodes
from cbops.model.base import from_ms
from cbops.model.config import CriteriaConfig

MINUTE = 60_000
HOUR = 60 * MINUTE
CALLS = ("force_recovery", "force_half_open", "reset")


def drawn(rng: random.Random, length: int) -> Story:
    def moments(most: int) -> list[int]:
        return sorted(rng.randrange(length) for _ in range(rng.randrange(most + 1)))

    return Story(
        length=length,
        outages=[(at, at + rng.randrange(1, 30) * MINUTE) for at in moments(4)],
        crashes=moments(3),
        restarts=moments(2),
        calls=[(at, rng.choice(CALLS)) for at in moments(5)],
        gaps=[(at, at + rng.randrange(2, 20) * MINUTE) for at in moments(2)],
        ignored=rng.choice((0.0, 0.02, 0.2)),
        documented=rng.random() < 0.3,
    )


def told(routers: list[Router], edges: list[int], *, documented: bool, without: tuple[int, ...] = ()) -> Case:
    days = days_of(routers, edges, documented=documented)
    kept = [day for day in days if day.window.day not in without]
    return make_case(
        state(enabled_at=from_ms(BEGIN)),
        kept,
        (),
        merge_episodes(kept),
        criteria=CriteriaConfig(),
        as_of=kept[-1].window.end,
        rejected=False,
    )


def honest_case(seed: int) -> tuple[Case, bool]:
    """The case, and whether an operator's call left denials of which no transition ever tells."""
    rng = random.Random(seed)
    edges = [0, HOUR, 2 * HOUR, 3 * HOUR]
    story = drawn(rng, edges[-1])
    routers = [Router("a:9001", 15_000, story, rng), Router("b:9001", 60_000, drawn(rng, edges[-1]), rng)]
    routers[1].story.documented = story.documented
    for router in routers:
        router.run()
    without = rng.choice(((), (), (2,)))
    hidden = any(router.hidden for router in routers)
    return told(routers, edges, documented=story.documented, without=without), hidden


def honestly(seed: int) -> list[str]:
    case, hidden = honest_case(seed)
    return [
        one for one in contradictions(case) if not (hidden and one.startswith(("fail_fast", "fallbacks")))
    ]


def contradictions(case: Case) -> list[str]:
    return [
        f"{one.id}: {one.text} {one.numbers}" for one in all_checks(case) if one.status == "contradiction"
    ]


@pytest.mark.parametrize("seed", range(4))
def test_honest_counters_do_not_contradict(seed):
    assert honestly(seed) == []


@pytest.mark.long
@pytest.mark.parametrize("block", range(10))
def test_many_honest_counters_do_not_contradict(block):
    found = {seed: honestly(seed) for seed in range(1000 + 12 * block, 1012 + 12 * block)}
    assert {seed: told for seed, told in found.items() if told} == {}


def half_lost(source: str, target: str, times: int) -> int:
    return 0 if target == "half_open" and times % 2 else 1


def closes_lost(source: str, target: str, times: int) -> int:
    return 0 if target == "closed" and times % 2 else 1


def opens_doubled(source: str, target: str, times: int) -> int:
    return 2 if (source, target) == ("half_open", "open") else 1


def half_opens_doubled(source: str, target: str, times: int) -> int:
    return 2 if target == "half_open" else 1


def faulty(fault: Fault, outages: list[tuple[int, int]]) -> list[str]:
    story = Story(length=2 * HOUR, outages=outages, ignored=0.0)
    router = Router("a:9001", 15_000, story, random.Random(1), fault)
    router.run()
    return contradictions(told([router], [0, 2 * HOUR], documented=False))


FLAPPING = [(20 * MINUTE, 80 * MINUTE)]
BLINKING = [(at * MINUTE, at * MINUTE + 40_000) for at in range(10, 115, 2)]


@pytest.mark.parametrize(
    ("fault", "outages"),
    [
        (half_lost, FLAPPING),
        (opens_doubled, FLAPPING),
        (half_opens_doubled, FLAPPING),
        (half_lost, BLINKING),
        (closes_lost, BLINKING),
    ],
)
def test_counters_that_lose_or_double_transitions_contradict(fault, outages):
    found = faulty(fault, outages)
    assert {one.partition(":")[0] for one in found} & {"interleaving", "half_open"}


def test_the_same_counters_without_a_fault_agree():
    assert faulty(honest, FLAPPING) == faulty(honest, BLINKING) == []
