"""A forecast on its way into a rollout's record."""

from __future__ import annotations

from pathlib import Path

from cbops.errors import InputError
from cbops.flows.steps.recording import Who, canonical, recording
from cbops.flows.steps.texts import MAX_NAME, clipped
from cbops.model.events_replay import Forecasted
from cbops.model.forecast import CircuitForecast, Forecast, PolicyForecast

MAX_SUMMARY = 1000  # bytes of the sentence in the journal; the whole of it is evidence
MOST_CIRCUITS = 100  # of a policy, and of each of them so many episodes and transitions
MOST_EPISODES = 100
MOST_TRANSITIONS = 300


def keep_forecast(folder: Path, who: Who, forecast: Forecast) -> None:
    """The forecast as evidence, and the event that names it. LockedError, StorageError; InputError without a policy."""
    if not forecast.policies:
        raise InputError("a forecast of no policy can't be recorded", hint="Replay with a policy.")
    text = canonical(brief(forecast).model_dump(mode="json"))
    with recording(folder, who) as (record, _):
        record.append(
            Forecasted(
                policy=clipped(forecast.policies[0].name, MAX_NAME),
                requests=forecast.traffic.requests,
                approximate=forecast.traffic.approximate,
                forecast=record.put_evidence(text),
                summary=clipped(forecast.summary[0] if forecast.summary else "", MAX_SUMMARY),
            )
        )


def brief(forecast: Forecast) -> Forecast:
    """The forecast with the circuits that opened most, and the first episodes of each; totals and counts stay whole.

    A policy that opens all the time would else leave megabytes of evidence for each replay.
    """
    return forecast.model_copy(update={"policies": tuple(_brief(policy) for policy in forecast.policies)})


def _brief(policy: PolicyForecast) -> PolicyForecast:
    circuits = policy.circuits
    most = sorted(range(len(circuits)), key=lambda place: -len(circuits[place].episodes))[:MOST_CIRCUITS]
    return policy.model_copy(update={"circuits": tuple(_first(circuits[place]) for place in sorted(most))})


def _first(circuit: CircuitForecast) -> CircuitForecast:
    return circuit.model_copy(
        update={
            "episodes": circuit.episodes[:MOST_EPISODES],
            "transitions": circuit.transitions[:MOST_TRANSITIONS],
        }
    )
