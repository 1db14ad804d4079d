"""How stable a choice is."""

from __future__ import annotations

import numpy as np
from boards import board, candidate, field

from cbops.breaker.forecast.opened import NEVER
from cbops.breaker.search.board import figures
from cbops.breaker.search.rule import choose
from cbops.breaker.search.stability import neighbours, resampled, steps
from cbops.model.space import SearchSpace

SPACE = SearchSpace(failure_threshold=(3, 4, 5))
CANDIDATES = (candidate("live"), candidate(failure_threshold=4), candidate(failure_threshold=3))
# The live policy opens once on the first two days; the second does better then, the third on the last day alone.
MADE = board(
    {"unexpected": [1, 1, 1, 0], "through": [9, 9, 9, 9]},
    {"unexpected": [0, 0, 1, 0], "through": [9, 9, 9, 0]},
    {"unexpected": [1, 1, 0, 0], "through": [9, 9, 9, 9]},
    outages=[1, 0, 1, 0],
)


def told(seed: int, resamples: int = 200, made=MADE):
    known = field(made, *CANDIDATES)
    near = steps(SPACE, CANDIDATES, 1)
    return resampled(
        known.board,
        known.order,
        CANDIDATES,
        chosen=1,
        current=0,
        near=near,
        resamples=resamples,
        generator=np.random.default_rng(seed),
        seed=seed,
    )


def test_one_seed_gives_one_answer() -> None:
    assert told(7) == told(7)


def test_another_seed_draws_other_days() -> None:
    assert told(7) != told(8)


def test_the_shares_are_what_a_slow_judge_counts() -> None:
    """Each draw is judged by a board that holds the drawn days themselves."""
    generator = np.random.default_rng(3)
    counts = {0: 0, 1: 0, 2: 0}
    for _ in range(50):
        days = generator.integers(4, size=4)
        rows = [
            {"unexpected": MADE.unexpected[place][days], "through": MADE.through[place][days]}
            for place in range(3)
        ]
        drawn = board(*rows, outages=MADE.outages[days])
        seen = figures(drawn)
        if seen.outages:
            counts[choose(drawn, seen, field(drawn, *CANDIDATES).order).chosen] += 1
    judged = sum(counts.values())
    found = told(3, 50)
    assert found is not None
    assert (found.days, found.resamples, found.judged) == (4, 50, judged)
    assert found.same == round(counts[1] / judged, 4)
    assert found.live == round(counts[0] / judged, 4)
    assert found.near == 1  # both others are a step away
    assert 0 < found.same < 1
    shares = [winner.share for winner in found.winners]
    assert shares == sorted((round(count / judged, 4) for count in counts.values() if count), reverse=True)


def test_draws_without_an_outage_are_left_out() -> None:
    found = told(1)
    assert found is not None
    # An outage is missed by a draw with the chance (1/2)^4.
    assert 170 <= found.judged < 200


def test_without_a_draw_that_holds_an_outage_the_shares_are_unknown() -> None:
    made = board({}, {}, {}, outages=[0, 0])
    found = told(1, 5, made)
    assert found is not None
    assert (found.judged, found.same, found.near, found.live, found.winners) == (0, None, None, None, ())


def test_a_single_day_can_not_be_drawn_again() -> None:
    assert told(1, 5, board({}, {}, {}, outages=[1])) is None


def test_the_neighbours_are_the_scored_policies_one_step_away() -> None:
    found = [(step.field, step.value, step.place) for step in steps(SPACE, CANDIDATES, 1)]
    assert found == [("failure_threshold", 3, 2), ("failure_threshold", 5, 0)]
    wide = SearchSpace(failure_threshold=(2, 4, 5))
    assert [step.place for step in steps(wide, CANDIDATES, 1)] == [0]  # 2 was not scored


def test_a_neighbour_tells_what_a_step_changes() -> None:
    made = board(
        {
            "unexpected": 3,
            "rejected": 10,
            "through": 5,
            "missed": 1,
            "opened_after": 4000,
            "wedge_chance": 0.25,
        },
        {"unexplained": 1, "rejected": 4, "through": 7, "opened_after": 1000, "wedge_chance": 0.5},
        {},
    )
    to_three, to_five = neighbours(made, 1, steps(SPACE, CANDIDATES, 1))
    assert to_five.model_dump() == {
        "field": "failure_threshold",
        "value": 5,
        "needless_opens": 2,
        "rejected": 6,
        "failed_through": -2,
        "outages_missed": 1,
        "opened_after_ms": 3000,
        "wedge_chance": -0.25,
    }
    assert made.opened_after[2] == NEVER
    assert to_three.opened_after_ms is None
