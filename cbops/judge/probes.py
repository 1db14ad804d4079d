"""How long a circuit's probes need at a tenant's traffic: a probe is the next request that comes."""

from __future__ import annotations

from cbops.judge.case import Case
from cbops.judge.cells import NO_ROW, Cell
from cbops.judge.numbers import arrivals
from cbops.judge.settings import AROUND_MS, ARRIVALS_ALPHA


def _requests(case: Case, provider: str) -> list[tuple[Cell, float]]:
    """The canary's requests for a provider, bucket by bucket, the denied ones among them.

    Where fail_fast isn't exported, the provider's usual share of all results stands in.
    """
    row = case.observed.canary.get(provider, NO_ROW)
    if any(cell.fail_fast is not None for cell in row):
        return [(cell, cell.results + (cell.fail_fast or 0)) for cell in row]
    everything: dict[int, int] = {}
    for cells in case.observed.canary.values():
        for cell in cells:
            everything[cell.start] = everything.get(cell.start, 0) + cell.results
    total = sum(everything.values())
    share = sum(cell.results for cell in row) / total if total else 0.0
    return [(cell, max(cell.results, share * everything[cell.start])) for cell in row]


def probes_ms(case: Case, provider: str, ready: int, probes: int) -> int | None:
    """Milliseconds from `ready` until `probes` requests had come; null while they haven't.

    A bucket doesn't tell when in it they came. So they are given at least the time in which so many come
    with all but certainty at the traffic of that hour: for a quiet tenant minutes, for a busy one seconds.
    """
    rows = _requests(case, provider)
    came = _came_ms(rows, ready, probes)
    near = [(c, n) for c, n in rows if c.overlaps(ready - AROUND_MS, ready + AROUND_MS)]
    requests = sum(n for _, n in near)
    if came is None or not requests:
        return came
    each = sum(c.end - c.start for c, _ in near) / requests
    return max(came, round(arrivals(probes, ARRIVALS_ALPHA) * each))


def _came_ms(rows: list[tuple[Cell, float]], ready: int, probes: int) -> int | None:
    """As if the requests of a bucket were spread evenly over it."""
    came = 0.0
    for cell, requests in rows:
        if cell.end <= ready or requests <= 0:
            continue
        begin = max(cell.start, ready)
        usable = requests * (cell.end - begin) / (cell.end - cell.start)
        if came + usable >= probes:
            return round(begin + (probes - came) / usable * (cell.end - begin)) - ready
        came += usable
    return None
