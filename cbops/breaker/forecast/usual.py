"""How often a circuit's provider usually fails."""

from __future__ import annotations

import numpy as np

from cbops.breaker.forecast.arrays import Floats, Longs
from cbops.breaker.forecast.rows import Rows
from cbops.breaker.forecast.settings import FAILING_RATE, LEAST_USUAL, PARTS

_BLOCK = 1024  # circuits at a time: each takes a few hundred numbers


def usual_rates(rows: Rows, begins: Longs, ends: Longs, results: Longs) -> Floats:
    """Of each circuit, with these of the rows and so many results, the median rate over parts of equally many
    results in which the provider didn't plainly fail.

    Like the judge's it doesn't exceed `FAILING_RATE`; at least `LEAST_USUAL`.
    """
    behind = np.concatenate((np.zeros(1, np.int64), np.cumsum(rows.before + rows.inside)))
    failures = np.concatenate((np.zeros(1, np.int64), np.cumsum(rows.failures)))
    found = np.full(len(results), LEAST_USUAL)
    some = np.flatnonzero(ends > begins)
    for places in np.array_split(some, len(some) // _BLOCK + 1):
        rates = _rates(behind, failures, begins[places], ends[places], results[places])
        found[places] = np.maximum(LEAST_USUAL, _median(rates))
    return found


def _rates(behind: Longs, failures: Longs, begins: Longs, ends: Longs, results: Longs) -> Floats:
    """The rate in each of the parts of each circuit: its failures lie evenly among the results of their row."""
    share = results / PARTS
    cuts = np.arange(PARTS + 1) * share[:, None]
    cuts[:, -1] = results
    begins, ends = begins[:, None], ends[:, None]
    # The last row that begins before the cut; behind the last of all there are only successes.
    row = np.searchsorted(behind, np.floor(cuts).astype(np.int64) + behind[begins], side="right") - 1
    row = np.minimum(row, ends)
    after = np.minimum(row + 1, ends)
    wide = np.maximum(behind[after] - behind[row], 1)
    within = (failures[after] - failures[row]) / wide * (cuts - (behind[row] - behind[begins]))
    upto = within + (failures[row] - failures[begins])
    found: Floats = np.diff(upto, axis=1) / share[:, None]
    return found


def _median(rates: Floats) -> Floats:
    """Of those that don't exceed `FAILING_RATE`, in each row; 0 where all do."""
    chosen = rates <= FAILING_RATE
    count = chosen.sum(axis=1)
    ordered = np.sort(np.where(chosen, rates, np.inf), axis=1)
    row = np.arange(len(rates))
    middle = (ordered[row, np.maximum(count - 1, 0) // 2] + ordered[row, count // 2 * (count > 0)]) / 2
    return np.where(count > 0, middle, 0.0)
