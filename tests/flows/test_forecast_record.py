"""What of a forecast is kept in a rollout's record."""

from __future__ import annotations

from forecast_samples import START, circuit, episode, forecast

from cbops.flows.steps.forecast_record import MOST_CIRCUITS, MOST_EPISODES, MOST_TRANSITIONS, brief
from cbops.model.forecast import ForecastTransition


def with_circuits(*circuits):
    found = forecast()
    first, *others = found.policies
    return found.model_copy(update={"policies": (first.model_copy(update={"circuits": circuits}), *others)})


def test_a_forecast_of_the_usual_size_is_kept_whole():
    assert brief(forecast()) == forecast()


def test_of_many_episodes_and_transitions_the_first_are_kept_and_the_counts_stay():
    moved = ForecastTransition(at=START, source="closed", target="open", reason="half_open_failure")
    many = circuit(
        episodes=tuple(episode(hour, 0.5) for hour in range(MOST_EPISODES + 5)), transitions=(moved,) * 1000
    )
    kept = brief(with_circuits(many)).policies[0].circuits[0]
    assert kept.episodes == many.episodes[:MOST_EPISODES]
    assert len(kept.transitions) == MOST_TRANSITIONS
    assert (kept.counts, kept.denied, kept.outages) == (many.counts, many.denied, many.outages)


def test_of_many_circuits_those_that_opened_most_are_kept_in_their_order():
    quiet = [circuit(number=number, episodes=()) for number in range(MOST_CIRCUITS)]
    busy = circuit(number=MOST_CIRCUITS)
    found = with_circuits(*quiet, busy)
    kept = brief(found).policies[0]
    assert kept.circuits == (*quiet[: MOST_CIRCUITS - 1], busy)
    assert kept.totals == found.policies[0].totals
