"""Results in order of time, for a compiler: by insertion while that is little work, else by radix.

Results come nearly in order of arrival where traffic is thin, and are put right by a few moves each. In
dense traffic the times span few bits (a week of milliseconds has 30), so three passes do what a sort by
comparison needs twenty for. Interpreted, `sorted` is faster; the tests hold all to the same order.
"""

# Without "from __future__ import annotations", and without imports of its own, like kernel.py.
from collections.abc import MutableSequence, Sequence

SUCCESS, FAILURE = 115, 102  # the letters s and f


def list_results(
    arrival: Sequence[int],
    latency: Sequence[int],
    outcome: Sequence[int],
    done_at: MutableSequence[int],
    done_of: MutableSequence[int],
) -> int:
    """Write each recorded result's time and its request's place, in order of arrival; how many there are."""
    count = 0
    for place in range(len(arrival)):
        if outcome[place] == SUCCESS or outcome[place] == FAILURE:
            done_at[count] = arrival[place] + latency[place]
            done_of[count] = place
            count += 1
    return count


def insert_pairs(at: MutableSequence[int], of: MutableSequence[int], moves: int) -> bool:
    """Sort the pairs (at, of) by `at`, equal ones staying as they are; False when it gave up.

    It gives up after so many moves (and those of one pair). The pairs then are partly sorted, equal ones
    still in their order.
    """
    for place in range(1, len(at)):
        time = at[place]
        if at[place - 1] <= time:
            continue
        owner = of[place]
        free = place
        while free > 0 and at[free - 1] > time:
            at[free] = at[free - 1]
            of[free] = of[free - 1]
            free -= 1
        at[free] = time
        of[free] = owner
        moves -= place - free
        if moves < 0:
            return False
    return True


def sort_pairs(  # noqa: PLR0917 - by place, as the compiler takes them
    at: MutableSequence[int],
    of: MutableSequence[int],
    spare_at: MutableSequence[int],
    spare_of: MutableSequence[int],
    ends: MutableSequence[int],
    earliest: int,
    bits: int,
) -> None:
    """Sort the pairs (at, of) by `at`, equal ones staying as they are; one of the passes of a radix sort each.

    `at` lies in [earliest, earliest + 2**bits). The sorted pairs stand in the spare columns when the number
    of passes is odd. `ends` has room for one number for each value of a pass's digit, and gives its width.
    """
    size = len(ends)
    width = 0
    while (1 << width) < size:
        width += 1
    shift = 0
    while shift < bits:
        for digit in range(size):
            ends[digit] = 0
        for place in range(len(at)):
            ends[((at[place] - earliest) >> shift) & (size - 1)] += 1
        begin = 0
        for digit in range(size):
            begin, ends[digit] = begin + ends[digit], begin
        for place in range(len(at)):
            time = at[place]
            digit = ((time - earliest) >> shift) & (size - 1)
            spare_at[ends[digit]] = time
            spare_of[ends[digit]] = of[place]
            ends[digit] += 1
        at, spare_at = spare_at, at
        of, spare_of = spare_of, of
        shift += width
