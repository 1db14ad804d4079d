"""The kernel compiled: the one place that imports NumPy and Numba, and only when a replay repays that.

Both are the extra `cbops[fast]`. What Numba compiled is kept on disk: beside the package's byte code where
that can be written, else in the user's cache folder, else nowhere (then each process compiles anew, which
takes seconds).
"""

from __future__ import annotations

import importlib
import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from threading import RLock
from typing import Any

from cbops.breaker import kernel, ordering
from cbops.breaker.chunks import ROOM, Carry, Moves, Played
from cbops.breaker.columns import count_outcomes
from cbops.breaker.kernel import HEAD, MOVED, NUMBERS, REQUEST, RESULT
from cbops.breaker.limits import TIME_LIMIT, Limits

# Bits of a radix digit: so many counters still fit the fastest cache.
DIGIT_BITS = 12
# Moves a pair after which an insertion sort costs about a quarter of the radix sort that it then needs.
SORT_MOVES = 5
_MOST = 2**31 - 1

Array = Any  # a NumPy column; neither package is known to those who lack it
Anything = Any  # something of NumPy or Numba

_lock = RLock()


@dataclass(frozen=True, slots=True)
class Machine:
    """NumPy and the compiled functions."""

    numpy: Anything
    advance: Callable[..., None]
    list_results: Callable[..., int]
    insert_pairs: Callable[..., bool]
    sort_pairs: Callable[..., None]
    advance_all: Callable[..., int]
    list_all: Callable[..., None]
    scatter: Callable[..., None]
    find_all: Callable[..., None]


@dataclass(frozen=True, slots=True)
class Merged:
    """A trace in order: requests by arrival, results (admitted or not) by time and then by arrival.

    `order` are the requests' indices as given, None where they are given in order.
    """

    arrival: Array
    outcome: Array
    order: Array
    done_at: Array
    done_of: Array
    failed: Array


def loaded() -> bool:
    """Whether the machine is there already, so that using it costs nothing more."""
    return _machine.cache_info().currsize > 0 and load() is not None


def load() -> Machine | None:
    """The machine, None where NumPy or Numba is missing; the first call takes from half a second upwards."""
    with _lock:
        return _machine()


@cache
def _machine() -> Machine | None:
    try:
        numpy = importlib.import_module("numpy")
        numba = importlib.import_module("numba")
    except ImportError:
        return None

    def column(kind: Anything, *, readonly: bool = False) -> Anything:
        return numba.types.Array(kind, 1, "C", readonly=readonly)

    # One signature each: nothing is inferred from what a caller happens to pass, so no type can be narrower
    # than meant, and nothing is compiled twice.
    long, place, byte = numba.int64, numba.int32, numba.uint8
    longs, places, octets = column(long), column(place), column(byte)
    given, given_places, given_octets = (column(kind, readonly=True) for kind in (long, place, byte))
    numbers = (long, long, long, long, numba.float64, long)
    columns = (given, given, given_places, given_octets, octets, longs, octets, longs, longs, longs)
    many = (
        (given_places, given, given, longs, places, octets, longs, octets),
        (given, given_octets, given, longs, longs, places, octets, longs, octets, longs),
        (places, longs, octets, longs, longs, numba.types.Array(long, 2, "C"), longs, long, long),
    )
    # What a compiled function calls; each stands in its caller's file, which the cache on disk watches.
    for called in (
        kernel.advance,
        ordering.list_results,
        ordering.insert_pairs,
        ordering.sort_pairs,
        ordering.sort_part,
    ):
        numba.extending.register_jitable(error_model="numpy")(called)
    return Machine(
        numpy=numpy,
        advance=_compile(numba, kernel.advance, numba.void(*columns, numba.boolean, *numbers)),
        list_results=_compile(numba, ordering.list_results, long(given, given, given_octets, longs, places)),
        insert_pairs=_compile(numba, ordering.insert_pairs, numba.boolean(longs, places, long)),
        sort_pairs=_compile(
            numba, ordering.sort_pairs, numba.void(longs, places, longs, places, longs, long, long)
        ),
        advance_all=_compile(
            numba, kernel.advance_all, long(*many[0], *many[1], *many[2], numba.boolean, *numbers)
        ),
        list_all=_compile(
            numba,
            ordering.list_all,
            numba.void(
                given,
                given,
                given,
                given_octets,
                longs,
                places,
                octets,
                longs,
                longs,
                places,
                longs,
                long,
                long,
                long,
            ),
        ),
        scatter=_compile(
            numba,
            ordering.scatter,
            numba.void(given_places, longs, given, given, given_octets, longs, longs, octets),
        ),
        find_all=_compile(numba, ordering.find_all, numba.void(given, given, given, given, longs)),
    )


def _compile(numba: Anything, function: Callable[..., Any], signature: Anything) -> Anything:
    # nogil: several replays run at once in threads. error_model: no checks for a division by zero, which
    # the kernel makes itself.
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit([signature], cache=True, **options)(function)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return numba.njit([signature], **options)(function)


def lowest(column: Sequence[int]) -> int:
    """The least of the numbers; by NumPy where it is loaded anyway."""
    numpy = sys.modules.get("numpy")
    return min(column) if numpy is None else int(numpy.asarray(column).min())


def merge(arrival: Sequence[int], latency: Sequence[int], outcome: Sequence[int]) -> Merged | None:
    """The trace in order; None where its times or their number go beyond what 64-bit sums allow for."""
    machine = load()
    if machine is None or len(arrival) > _MOST:
        return None
    numpy = machine.numpy
    at, wait = (numpy.asarray(column).view(numpy.int64) for column in (arrival, latency))
    letter = numpy.frombuffer(outcome, numpy.uint8) if len(outcome) else numpy.empty(0, numpy.uint8)
    if len(at) and not -TIME_LIMIT <= int(at.min()) <= int(at.max()) + int(wait.max()) <= TIME_LIMIT:
        return None
    order = None
    if not (at[1:] >= at[:-1]).all():
        at, order = _sorted(machine, at.copy(), numpy.arange(len(at), dtype=numpy.int32))
        wait, letter = wait[order], letter[order]
    done_at, done_of = numpy.empty(len(at), numpy.int64), numpy.empty(len(at), numpy.int32)
    count = machine.list_results(at, wait, letter, done_at, done_of)
    del wait  # it may be a copy
    done_at, done_of = _sorted(machine, done_at[:count], done_of[:count])
    failed = letter[done_of]
    failed = numpy.equal(failed, ordering.FAILURE, out=failed.view(numpy.bool_)).view(numpy.uint8)
    return Merged(at, letter, order, done_at, done_of, failed)


def _sorted(machine: Machine, at: Array, of: Array) -> tuple[Array, Array]:
    """The pairs by `at`, in the columns given or in new ones."""
    numpy = machine.numpy
    if machine.insert_pairs(at, of, SORT_MOVES * len(at)):
        return at, of
    earliest = int(at.min())
    bits = (int(at.max()) - earliest).bit_length()
    passes = -(-bits // DIGIT_BITS)
    width = -(-bits // passes)
    spare_at, spare_of = numpy.empty_like(at), numpy.empty_like(of)
    machine.sort_pairs(at, of, spare_at, spare_of, numpy.empty(1 << width, numpy.int64), earliest, bits)
    return (spare_at, spare_of) if -(-bits // width) % 2 else (at, of)


def play(
    machine: Machine, limits: Limits, carry: Carry, merged: Merged, moves: Moves, *, offset: int, drain: bool
) -> Played:
    """Play the merged requests on from `carry`; the same as `plain.play`."""
    numpy = machine.numpy
    done_at, done_of, failed = _results(machine, carry, merged)
    denied = numpy.zeros(len(merged.arrival), numpy.uint8)
    moved_at, moved_why = numpy.empty(ROOM, numpy.int64), numpy.empty(ROOM, numpy.uint8)
    held = (numpy.empty(ROOM, numpy.int64), numpy.empty(ROOM, numpy.int64))
    numbers = numpy.array(carry.numbers, numpy.int64)
    numbers[REQUEST:NUMBERS] = (0, carry.recorded, 0, ROOM)
    while numbers[MOVED] == ROOM:
        machine.advance(
            merged.arrival,
            done_at,
            done_of,
            failed,
            denied,
            moved_at,
            moved_why,
            *held,
            numbers,
            drain,
            *limits,
        )
        count = int(numbers[MOVED])
        moves.add(
            array("q", moved_at[:count].tobytes()),
            moved_why[:count].tobytes(),
            *(array("q", column[:count].tobytes()) for column in held),
        )
    places = numpy.flatnonzero(denied)
    found = array("q", (0,)) * len(places)
    if len(places):
        numpy.frombuffer(found, numpy.int64)[:] = places if merged.order is None else merged.order[places]
        numpy.frombuffer(found, numpy.int64)[:] += offset
    return Played(
        carry=_carry(machine, numbers, (done_at, done_of, failed), denied, drain=drain),
        denied=found,
        denied_outcomes=count_outcomes(merged.outcome[places].tobytes()),
    )


def _results(machine: Machine, carry: Carry, merged: Merged) -> tuple[Array, Array, Array]:
    """The results of the carry and of the trace, as the kernel takes them."""
    if not len(carry.at):
        return merged.done_at, merged.done_of, merged.failed
    numpy, recorded = machine.numpy, carry.recorded
    at = numpy.concatenate((numpy.asarray(carry.at, numpy.int64), merged.done_at))
    of = numpy.concatenate((numpy.full(len(carry.at), -1, numpy.int32), merged.done_of))
    failed = numpy.concatenate((numpy.asarray(carry.failed, numpy.uint8), merged.failed))
    # Two runs that are in order each: little work for a stable sort. What is recorded stays in front.
    order = numpy.argsort(at[recorded:], kind="stable")
    for column in (at, of, failed):
        column[recorded:] = column[recorded:][order]
    return at, of, failed


def _carry(
    machine: Machine, numbers: Array, results: tuple[Array, Array, Array], denied: Array, *, drain: bool
) -> Carry:
    state = tuple(int(number) for number in numbers)
    if drain:
        return Carry(numbers=state)
    numpy = machine.numpy
    at, of, failed = (column[state[HEAD] :] for column in results)
    kept = of < 0
    kept[~kept] = denied[of[~kept]] == 0
    return Carry(
        numbers=state,
        at=array("q", at[kept].tobytes()),
        failed=array("B", failed[kept].tobytes()),
        recorded=int(numpy.count_nonzero(kept[: state[RESULT] - state[HEAD]])),
    )
