"""Reading a rollout back from its journal and evidence."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from cbops.errors import RecordError
from cbops.journal.evidence import load_evidence
from cbops.journal.reader import read
from cbops.model.base import JsonObject
from cbops.model.forecast import Forecast
from cbops.model.observation import Observation
from cbops.model.policy import fallback_targets, provider_weights
from cbops.model.state import CollectedDay, RolloutState
from cbops.model.tuning import Tuning
from cbops.rollout.fold import fold


def load(folder: Path) -> RolloutState:
    """The rollout's state, folded from its journal; RecordError when that is damaged."""
    return fold(read(folder).entries)


def observation(folder: Path, collected: CollectedDay) -> Observation:
    """The measurement of a day, checked against its hash."""
    text = load_evidence(folder, collected.observation)
    try:
        return Observation.model_validate_json(text)
    except ValidationError as error:
        raise RecordError(
            f"evidence {collected.observation[:12]}… of day {collected.window.day} is not an observation: "
            f"{error.error_count()} problems",
            hint="Collect the day again: cbops monitor daily --day " + str(collected.window.day),
        ) from error


def observations(folder: Path, days: tuple[CollectedDay, ...]) -> tuple[Observation, ...]:
    """The measurements of these days, in their order."""
    return tuple(observation(folder, day) for day in days)


def last_forecast(folder: Path, state: RolloutState) -> Forecast | None:
    """The latest forecast on record, checked against its hash; None when there is none."""
    if not state.forecasts:
        return None
    sha = state.forecasts[-1].forecasted.forecast
    try:
        return Forecast.model_validate_json(load_evidence(folder, sha))
    except ValidationError as error:
        raise RecordError(
            f"evidence {sha[:12]}… is not a forecast: {error.error_count()} problems",
            hint="Replay again: cbops replay run --record",
        ) from error


def last_tuning(folder: Path, state: RolloutState) -> Tuning | None:
    """The latest search on record, checked against its hash; None when there is none."""
    if not state.tunings:
        return None
    sha = state.tunings[-1].tuned.tuning
    try:
        return Tuning.model_validate_json(load_evidence(folder, sha))
    except ValidationError as error:
        raise RecordError(
            f"evidence {sha[:12]}… is not a search: {error.error_count()} problems",
            hint="Search again: cbops replay tune --record",
        ) from error


def document(folder: Path, sha: str) -> JsonObject:
    """A policy document kept as evidence."""
    loaded = json.loads(load_evidence(folder, sha))
    if not isinstance(loaded, dict):
        raise RecordError(f"evidence {sha[:12]}… is not a policy document", hint="Run: cbops journal verify")
    return loaded


def policy_providers(document: JsonObject) -> tuple[str, ...]:
    """The providers that a policy can send to, its fallbacks included, in its order."""
    return tuple(dict.fromkeys((*provider_weights(document), *fallback_targets(document))))
