"""The calendar days of a trace, for counts by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cbops.model.base import from_ms, to_ms
from cbops.model.calendar import midnight, zone

Times = NDArray[np.int64]

# In every time zone of today, days begin at a quarter of an hour.
_QUARTER_MS = 900_000


@dataclass(frozen=True, slots=True)
class Days:
    """Days in which a request arrived: `begins` are their first milliseconds, ascending."""

    begins: Times

    def __len__(self) -> int:
        return len(self.begins)

    @classmethod
    def of(cls, arrivals: Sequence[Times], timezone: str) -> Days:
        """The days of the zone; ConfigError when there is no such zone."""
        tz = zone(timezone)
        quarters = {int(each) for column in arrivals for each in np.unique(column // _QUARTER_MS)}
        dates = {from_ms(each * _QUARTER_MS).astimezone(tz).date() for each in quarters}
        return cls(np.array([to_ms(midnight(day, tz)) for day in sorted(dates)], np.int64))

    def places(self, times: Times) -> Times:
        """The day of each time; one in a day without a request counts to the last day before with one."""
        return np.maximum(np.searchsorted(self.begins, times, side="right") - 1, 0)

    def count(self, times: Times) -> Times:
        """How many of the times lie in each day."""
        return np.bincount(self.places(times), minlength=len(self)).astype(np.int64)
