"""Shadow criteria: what cbops.yaml asks for beside the five, measured with the day that it is about."""

from __future__ import annotations

from dataclasses import dataclass, field

from cbops.errors import MetricsError, MetricsUnreachableError
from cbops.flows.ports import NumberPort
from cbops.flows.steps.texts import clipped
from cbops.measure import shadow_query
from cbops.model.comparison import ShadowMeasured
from cbops.model.config import ShadowConfig
from cbops.model.observation import Observation

MAX_ERROR = 400
NOT_ASKED = "the embedded store evaluates no PromQL, so a shadow criterion can't be asked there"


@dataclass(slots=True)
class Shadows:
    """Asks for each shadow criterion once a day. `numbers` null: the metrics source evaluates nothing.

    Nothing that fails is an error of the day; a server that is away isn't asked again.
    """

    configured: tuple[ShadowConfig, ...]
    numbers: NumberPort | None
    failed: str | None = field(default=None)

    def of(self, day: Observation) -> Observation:
        """The day with the numbers of the shadow criteria, as of its end."""
        if not self.configured or not day.scrape.seen:
            return day
        return day.model_copy(update={"shadows": tuple(self._one(day, shadow) for shadow in self.configured)})

    def _one(self, day: Observation, shadow: ShadowConfig) -> ShadowMeasured:
        query, at = shadow_query(shadow.query, day.target, day.window), day.window.end
        value, error = self._ask(query, day)
        return ShadowMeasured(
            id=shadow.id, template=shadow.query, query=query, at=at, value=value, error=error
        )

    def _ask(self, query: str, day: Observation) -> tuple[float | None, str | None]:
        if self.numbers is None:
            return None, NOT_ASKED
        if self.failed is not None:
            return None, self.failed
        try:
            number = self.numbers.single(query, day.window.end)
        except MetricsUnreachableError as error:
            self.failed = clipped(error.message, MAX_ERROR)
            return None, self.failed
        except MetricsError as error:
            return None, clipped(error.message, MAX_ERROR)
        return (number if abs(number) < float("inf") else None), None


def remembered(old: Observation, new: Observation) -> Observation:
    """What was found out about a day isn't forgotten because it can't be asked any more."""
    if new.breakers is None and old.breakers is not None:
        new = new.model_copy(update={"breakers": old.breakers})
    known = {(one.id, one.query): one for one in old.shadows if one.error is None}
    shadows = (one if one.error is None else known.get((one.id, one.query), one) for one in new.shadows)
    return new.model_copy(update={"shadows": tuple(shadows)})
