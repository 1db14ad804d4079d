"""A forecast on its way into a rollout's record."""

from __future__ import annotations

from pathlib import Path

from cbops.errors import InputError
from cbops.flows.steps.recording import Who, canonical, recording
from cbops.flows.steps.texts import MAX_NAME, clipped
from cbops.model.events import Forecasted
from cbops.model.forecast import Forecast

MAX_SUMMARY = 1000  # bytes of the sentence in the journal; the whole of it is evidence


def keep_forecast(folder: Path, who: Who, forecast: Forecast) -> None:
    """The forecast as evidence, and the event that names it. LockedError, StorageError; InputError without a policy."""
    if not forecast.policies:
        raise InputError("a forecast of no policy can't be recorded", hint="Replay with a policy.")
    text = canonical(forecast.model_dump(mode="json"))
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
