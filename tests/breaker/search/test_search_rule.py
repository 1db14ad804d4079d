"""The rule by which a policy is chosen, step by step, and the words for it."""

from __future__ import annotations

import numpy as np
import pytest
from boards import board, candidate, field

from cbops.breaker.forecast.opened import NEVER
from cbops.breaker.search.board import figures, median
from cbops.breaker.search.recommend import recommend
from cbops.breaker.search.rule import choose


def chosen(made, *candidates) -> int:
    known = field(made, *candidates)
    return choose(known.board, figures(known.board), known.order).chosen


LIVE = candidate("live")
OTHER = candidate(failure_threshold=4)
THIRD = candidate(failure_threshold=3)


def test_fewer_opens_that_nothing_explains_win_over_fewer_requests_treated_wrongly() -> None:
    assert chosen(board({"unexpected": 2}, {"unexplained": 1, "through": 999}), LIVE, OTHER) == 1


def test_an_unexplained_open_counts_like_an_unexpected_one() -> None:
    made = board(
        {"unexpected": 1, "through": 90}, {"unexplained": 1, "through": 8}, {"unexpected": 1, "through": 99}
    )
    assert chosen(made, LIVE, OTHER, THIRD) == 1


def test_an_expected_open_costs_nothing() -> None:
    assert chosen(board({"unexpected": 1}, {"expected": 9}), LIVE, OTHER) == 1


def test_up_to_a_tenth_more_opens_count_as_alike() -> None:
    made = board({"unexpected": 20, "through": 100}, {"unexpected": 22, "through": 50}, {"unexpected": 23})
    assert chosen(made, LIVE, OTHER, THIRD) == 1


def test_rejected_and_let_through_count_alike() -> None:
    made = board({"rejected": 500, "through": 0}, {"rejected": 200, "through": 200}, {"through": 450})
    assert chosen(made, LIVE, OTHER, THIRD) == 1


def test_the_live_policy_stays_when_the_best_is_within_five_per_cent_of_many() -> None:
    assert chosen(board({"through": 10_500}, {"through": 10_000}), LIVE, OTHER) == 0
    assert chosen(board({"through": 10_501}, {"through": 10_000}), LIVE, OTHER) == 1


def test_the_live_policy_stays_when_the_best_of_few_may_be_chance() -> None:
    assert chosen(board({"through": 120}, {"through": 100}), LIVE, OTHER) == 0
    assert chosen(board({"through": 121}, {"through": 100}), LIVE, OTHER) == 1


def test_failures_outside_outages_don_t_make_policies_alike() -> None:
    """Of 10,000 calls that fail at any time, no policy is to blame; 100 and 121 are left."""
    assert chosen(board({"through": 10_121}, {"through": 10_100}, stray=10_000), LIVE, OTHER) == 1
    assert chosen(board({"through": 10_120}, {"through": 10_100}, stray=10_000), LIVE, OTHER) == 0
    assert chosen(board({"through": 9_001}, {"through": 9_000}, stray=10_000), LIVE, OTHER) == 1


def test_the_headline_tells_what_decided() -> None:
    assert told(board({"wedged": 1}, {}), LIVE, OTHER).sentence.endswith(
        ": chance of a wedge 1 wedge seen → 0.0 %"
    )
    missing = told(
        board({"missed": 2}, {"unexpected": 4}, {"unexpected": 9}, outages=[3]),
        LIVE,
        OTHER,
        candidate("usual", in_space=False, failure_threshold=9),
    )
    assert missing.sentence.endswith(": 2 → 0 of 3 outages missed")
    wrong = told(board({"through": 2000, "rejected": 9}, {"through": 900}), LIVE, OTHER)
    assert wrong.sentence == "failure_threshold 5 → 4: 2,009 → 900 requests treated wrongly"


def test_among_equals_the_nearest_to_the_band_wins() -> None:
    # The low band's failure_threshold ends at 5: 8 is nearer than 12, and 4 is in it.
    made = board({"through": 900}, {}, {}, {})
    far, near, inside = (candidate(failure_threshold=value) for value in (12, 8, 4))
    assert chosen(made, LIVE, far, near, near) == 2
    assert chosen(made, LIVE, far, near, inside) == 3


def test_among_equals_at_one_distance_the_smaller_numbers_win() -> None:
    made = board({"through": 900}, {}, {})
    assert chosen(made, LIVE, candidate(failure_threshold=4), candidate(failure_threshold=3)) == 2


def test_among_equals_at_one_distance_the_fewest_fields_change() -> None:
    made = board({"through": 900}, {}, {})
    both = candidate(failure_threshold=3, timeout_ms=60_000)
    assert chosen(made, LIVE, both, candidate(timeout_ms=60_000)) == 2


def test_of_those_left_one_that_another_beats_in_everything_falls_away() -> None:
    # 4 lies in the band and 8 does not, but 8 does at least as well in everything and rejects one call fewer.
    made = board(
        {"through": 900}, {"rejected": 1, "through": 200}, {"through": 200}, {"rejected": 2, "through": 199}
    )
    inside, beyond, trade = (candidate(failure_threshold=value) for value in (4, 8, 12))
    assert chosen(made, LIVE, inside, beyond, trade) == 2


def test_the_live_policy_stays_also_where_another_one_beats_it_by_a_little() -> None:
    assert chosen(board({"through": 220}, {"through": 200}), LIVE, OTHER) == 0


def test_a_wedge_seen_rules_a_policy_out() -> None:
    assert chosen(board({"unexpected": 5}, {"wedged": 1}), LIVE, OTHER) == 0


def test_a_chance_of_a_wedge_above_one_per_cent_rules_a_policy_out() -> None:
    assert chosen(board({"unexpected": 5}, {"wedge_chance": 0.0101}), LIVE, OTHER) == 0
    assert chosen(board({"unexpected": 5}, {"wedge_chance": 0.01}), LIVE, OTHER) == 1


def test_where_every_policy_risks_a_wedge_the_smallest_chance_decides() -> None:
    made = board(
        {"wedge_chance": 0.3}, {"wedge_chance": 0.2, "unexpected": 9}, {"wedge_chance": 0.3, "wedged": 1}
    )
    assert chosen(made, LIVE, OTHER, THIRD) == 1


def test_a_policy_that_misses_more_outages_than_the_live_one_is_ruled_out() -> None:
    made = board({"unexpected": 5, "missed": 1}, {"missed": 2}, {"unexpected": 4, "missed": 1}, outages=[3])
    assert chosen(made, LIVE, OTHER, THIRD) == 2


def test_the_middle_of_the_band_sets_the_standard_where_it_misses_less_than_the_live_policy() -> None:
    usual = candidate("usual", in_space=False, failure_threshold=9)
    made = board(
        {"missed": 2},
        {"unexpected": 9, "missed": 1},
        {"unexpected": 1, "missed": 1},
        {"missed": 2},
        outages=[3],
    )
    assert chosen(made, LIVE, usual, OTHER, THIRD) == 2


def test_where_every_policy_misses_more_the_fewest_missed_count() -> None:
    usual = candidate("usual", in_space=False, failure_threshold=9)
    made = board({"missed": 3}, {}, {"missed": 2, "unexpected": 5}, {"missed": 3}, outages=[3])
    assert chosen(made, LIVE, usual, OTHER, THIRD) == 2


def test_what_is_not_in_the_space_is_a_measure_but_never_chosen() -> None:
    usual = candidate("usual", in_space=False, failure_threshold=9)
    assert chosen(board({"unexpected": 3}, {}, {"unexpected": 1}), LIVE, usual, OTHER) == 2


def test_the_order_of_the_candidates_plays_no_part() -> None:
    rows = [{"through": 900}, {"through": 5}, {"through": 5}, {"unexpected": 1}]
    candidates = [candidate("live"), *(candidate(timeout_ms=value) for value in (15000, 60000, 30001))]
    first = candidates[chosen(board(*rows), *candidates)]
    turned = [0, 3, 2, 1]
    again = [candidates[place] for place in turned]
    assert again[chosen(board(*(rows[place] for place in turned)), *again)] == first


def told(made, *candidates):
    return recommend(field(made, *candidates))


def test_without_an_outage_nothing_is_recommended() -> None:
    verdict = told(board({"unexpected": 9}, {}, outages=[0]), LIVE, OTHER)
    assert verdict.recommended.block is None
    assert verdict.choice is None
    assert (
        "whether a policy opens when it must, and how soon, can't be judged" in verdict.recommended.reasons[0]
    )


def test_the_live_policy_that_does_best_stays_and_nothing_is_recommended() -> None:
    verdict = told(board({}, {"unexpected": 1}), LIVE, OTHER)
    assert verdict.recommended.block is None
    assert verdict.choice is not None
    assert verdict.recommended.reasons[0].startswith("The live policy stays")
    assert verdict.sentence == "no policy does better than the live one"


def test_without_a_policy_of_the_space_nothing_is_recommended() -> None:
    verdict = told(board({}), candidate("live", in_space=False))
    assert verdict.recommended.block is None
    assert verdict.choice is None


def test_what_is_recommended_enables_the_breaker() -> None:
    off = candidate(enabled=False, failure_threshold=4)
    verdict = told(board({"unexpected": 1}, {}), LIVE, off)
    assert verdict.recommended.block is not None
    assert verdict.recommended.block["enabled"] is True
    assert verdict.recommended.block["failure_threshold"] == 4


def test_the_reasons_compare_with_the_live_policy_and_with_the_band() -> None:
    usual = candidate("usual", in_space=False, failure_threshold=9)
    made = board(
        {"unexpected": 9, "rejected": 1200, "through": 30, "opened_after": 1500, "wedge_chance": 0.005},
        {"unexpected": 3, "missed": 1},
        {"unexpected": 1, "rejected": 100, "through": 31, "opened_after": 2500, "wedge_chance": 0.0005},
        outages=[4],
        stray=7,
    )
    verdict = told(made, LIVE, usual, OTHER)
    against, middle, way = verdict.recommended.reasons
    assert against == (
        "Against the live policy (failure_threshold 5 → 4): opens that no outage explains 9 → 1, outages missed 0 → 0 of "
        "4, good calls rejected 1,200 → 100, failing calls let through 30 → 31, time to open 1.5 s → 2.5 s, chance of a "
        "wedge 0.5 % → under 0.1 %."
    )
    assert middle.startswith(
        "Against the middle of the band (failure_threshold 9 → 4): opens that no outage explains 3 → 1"
    )
    assert "time to open never in half the outages → 2.5 s" in middle
    assert way == (
        "Of 2 policies, 2 are left by the wedge rule (chance of a wedge at most 1 %), 2 of these by the outages missed (at "
        "most 0 of 4), 1 by the fewest opens that no outage explains (1), 1 by the fewest requests treated wrongly (131; 7 fail "
        "outside any outage); of these, without those that another of them beats in everything, it is the nearest to what is "
        "usual for the traffic."
    )
    assert verdict.sentence == "failure_threshold 5 → 4: 9 → 1 open that no outage explains"


def test_few_outages_are_said() -> None:
    verdict = told(board({"unexpected": 1}, {}, outages=[2]), LIVE, OTHER)
    assert verdict.recommended.reasons[-1].startswith("The traffic holds only 2 outages")


def test_wedges_seen_and_the_smallest_chance_are_said() -> None:
    made = board({"wedged": 2, "wedge_chance": 0.5}, {"wedge_chance": 0.4})
    against, way, _ = told(made, LIVE, OTHER).recommended.reasons
    assert "chance of a wedge 2 wedges seen → 40.0 %" in against
    assert "the smallest chance there is; none keeps to 1 %" in way


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], NEVER),
        ([7], 7),
        ([3, 1], 3),
        ([NEVER, 1, 2], 2),
        ([NEVER, 1], NEVER),
        ([5, 1, NEVER, NEVER, 2], 5),
    ],
)
def test_the_median_counts_what_never_came_as_the_worst(times, expected) -> None:
    assert median(np.array(times, np.int64)) == expected
