"""Reading a rollout back from its journal and evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from cbops.errors import RecordError
from cbops.flows.steps.folded import document as document
from cbops.flows.steps.folded import load as load
from cbops.journal.evidence import load_evidence
from cbops.model.base import Frozen, JsonObject
from cbops.model.forecast import Forecast
from cbops.model.observation import Observation
from cbops.model.policy import fallback_targets, provider_weights
from cbops.model.state import CollectedDay, RolloutState
from cbops.model.telemetry import LogFacts
from cbops.model.ticket import Ticket, TicketBody
from cbops.model.tuning import Tuning
from cbops.model.verdict import Evaluation

Kept = TypeVar("Kept", bound=Frozen)


def observation(folder: Path, collected: CollectedDay) -> Observation:
    """The measurement of a day, checked against its hash."""
    return _evidence(
        Observation,
        folder,
        collected.observation,
        f"of day {collected.window.day} is not an observation",
        hint=f"Collect the day again: cbops monitor daily --day {collected.window.day}",
    )


def observations(folder: Path, days: tuple[CollectedDay, ...]) -> tuple[Observation, ...]:
    """The measurements of these days, in their order."""
    return tuple(observation(folder, day) for day in days)


def last_forecast(folder: Path, state: RolloutState) -> Forecast | None:
    """The latest forecast on record, checked against its hash; None when there is none."""
    if not state.forecasts:
        return None
    sha = state.forecasts[-1].forecasted.forecast
    return _evidence(
        Forecast, folder, sha, "is not a forecast", hint="Replay again: cbops replay run --record"
    )


def last_tuning(folder: Path, state: RolloutState) -> Tuning | None:
    """The latest search on record, checked against its hash; None when there is none."""
    if not state.tunings:
        return None
    sha = state.tunings[-1].tuned.tuning
    return _evidence(Tuning, folder, sha, "is not a search", hint="Search again: cbops replay tune --record")


def ticket_body(folder: Path, ticket: Ticket) -> TicketBody:
    """What a ticket says at length, checked against its hash."""
    return _evidence(
        TicketBody, folder, ticket.body, f"is not what {ticket.id} says", hint="Run: cbops journal verify"
    )


def logs_read(folder: Path, state: RolloutState) -> tuple[LogFacts, ...]:
    """What was read of the router's logs, in the order of reading, each checked against its hash."""
    return tuple(
        _evidence(
            LogFacts,
            folder,
            record.read.facts,
            "is not what logs tell",
            hint="Read them again: cbops evaluate --logs FILE",
        )
        for record in state.logs
    )


def evaluation(folder: Path, sha: str) -> Evaluation:
    """A judgement on record, checked against its hash."""
    return _evidence(Evaluation, folder, sha, "is not a judgement", hint="Judge again: cbops evaluate")


def _evidence(model: type[Kept], folder: Path, sha: str, wrong: str, *, hint: str) -> Kept:
    """The evidence as that model; RecordError says what is wrong where it isn't one."""
    text = load_evidence(folder, sha)
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise RecordError(
            f"evidence {sha[:12]}… {wrong}: {error.error_count()} problems", hint=hint
        ) from error


def policy_providers(document: JsonObject) -> tuple[str, ...]:
    """The providers that a policy can send to, its fallbacks included, in its order."""
    return tuple(dict.fromkeys((*provider_weights(document), *fallback_targets(document))))
