"""Series that come twice: the same counters of the same router, told apart by a label of whoever scraped them.

A pair of scraping servers behind one query layer answers with every series twice unless the layer removes the
copies (`replica`, `prometheus_replica`). That would double every count and can't be undone safely here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from cbops.measure.names import DECISIONS, EVENTS, KNOWN_LABELS, LATENCY_COUNT
from cbops.model.observation import Finding
from cbops.model.series import Series

MANY = 10  # rises that agree: chance makes few do so
FEW = 3  # rises that must not disagree
AGREEING = 0.95
NEAR_MS = 600_000  # samples farther apart say nothing of what lies between
LOOKED_AT = 200  # rises of one counter, spread over the day
MAX_MOVING = (
    40  # counters that differ in nothing but other labels: more are no copies, but a label that splits
)
_COUNTERS = (EVENTS, DECISIONS, LATENCY_COUNT)
_IDENTITY = KNOWN_LABELS - {"job"}  # one instance under two jobs is scraped twice as well


Pair = frozenset[tuple[str, str, str]]  # the labels that differ, with both values


def copies_finding(series: Iterable[Series], start: int, end: int) -> list[Finding]:
    """At most one finding: which labels tell the copies apart, and how many counters have any.

    Its code begins with the word that criterion 5 looks for: what is counted twice can't be right.
    """
    groups: dict[tuple[str, frozenset[tuple[str, str]]], list[Series]] = {}
    for one in series:
        if one.name in _COUNTERS:
            known = frozenset((key, value) for key, value in one.labels.items() if key in _IDENTITY)
            groups.setdefault((one.name, known), []).append(one)
    alike, unlike = Counter[Pair](), set[Pair]()
    shown: dict[Pair, tuple[float, float]] = {}
    for group in groups.values():
        for pair, same, risen in _compared(group, start, end):
            if same:
                alike[pair] += 1
                shown[pair] = max(shown.get(pair, risen), risen)
            else:
                unlike.add(pair)
    copies = {pair: number for pair, number in alike.items() if pair not in unlike}
    if not copies:
        return []
    rise, again = max(shown[pair] for pair in copies)
    labels = " and ".join(sorted({f"'{label}'" for pair in copies for label, _, _ in pair}))
    return [
        Finding(
            code="contradiction_duplicate_series",
            message=f"Counters of the tenant come more than once ({max(copies.values())} of them), with the same "
            f"samples and another value of the label {labels}: every count is a multiple of the true one. "
            "Remove the copies at the metrics server (deduplication by that label), or ask one of the "
            "scraping servers alone (metrics.url), and collect the day again.",
            numbers={"counters": max(copies.values()), "rise_of_one": rise, "rise_of_the_other": again},
        )
    ]


def _compared(
    group: Sequence[Series], start: int, end: int
) -> Iterator[tuple[Pair, bool, tuple[float, float]]]:
    """Each two counters that differ in other labels alone and that move: whether they are one and the same, and by
    how much each of them rose.
    """
    if len(group) < 2:
        return
    moving = [(one, moves) for one in group if len(moves := _rises(one, start, end)) >= FEW]
    if len(moving) > MAX_MOVING:
        return
    for (one, its), (other, others) in combinations(moving, 2):
        first, second = _agreement(one, its, other), _agreement(other, others, one)
        if min(first[1], second[1]) < FEW:
            continue
        same = all(agreeing >= AGREEING * seen for agreeing, seen in (first, second))
        if not same or min(first[1], second[1]) >= MANY:
            yield _difference(one, other), same, (_risen(one, its), _risen(other, others))


def _difference(one: Series, other: Series) -> Pair:
    keys = one.labels.keys() | other.labels.keys()
    both = ((key, *sorted((one.labels.get(key, ""), other.labels.get(key, "")))) for key in keys)
    return frozenset((key, a, b) for key, a, b in both if a != b)


def _rises(series: Series, start: int, end: int) -> list[int]:
    """Indices of samples that are higher than the one before."""
    first, last = max(bisect_right(series.times, start), 1), bisect_right(series.times, end)
    values = series.values
    return [index for index in range(first, last) if values[index] > values[index - 1]]


def _risen(series: Series, rises: Sequence[int]) -> float:
    return sum(series.values[index] - series.values[index - 1] for index in rises)


def _agreement(one: Series, rises: Sequence[int], other: Series) -> tuple[int, int]:
    """At how many rises of `one` the other went from at most its value to at least that, and of how many.

    Two servers scrape at different moments, so copies of a busy counter needn't be equal at any.
    """
    agreeing = seen = 0
    for index in rises[:: max(1, len(rises) // LOOKED_AT)]:
        at, value = one.times[index], one.values[index]
        before, after = bisect_right(other.times, at) - 1, bisect_left(other.times, at)
        if before < 0 or after >= len(other.times) or other.times[after] - other.times[before] > NEAR_MS:
            continue
        seen += 1
        agreeing += other.values[before] <= value <= other.values[after]
    return agreeing, seen
