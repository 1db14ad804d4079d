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


def list_all(  # noqa: PLR0917 - by place, as the compiler takes them
    edges: Sequence[int],
    arrival: Sequence[int],
    latency: Sequence[int],
    outcome: Sequence[int],
    done_at: MutableSequence[int],
    done_of: MutableSequence[int],
    failed: MutableSequence[int],
    done: MutableSequence[int],
    spare_at: MutableSequence[int],
    spare_of: MutableSequence[int],
    ends: MutableSequence[int],
    moves: int,
    first_part: int,
    last_part: int,
) -> None:
    """The results of each part `edges[i]` to `edges[i + 1]` of the columns, in order of time and then of arrival.

    They stand from `edges[i]` on, `done[i]` of them; `done_of` counts from the part's begin, `failed` is 1 for a
    failure. An insertion sort may take `moves` a result. The spare columns have room for any one part; `ends` is
    as long as the widest digit has values, a power of two.
    """
    for part in range(first_part, last_part):
        begin = edges[part]
        end = edges[part + 1]
        at = done_at[begin:end]
        of = done_of[begin:end]
        count = list_results(arrival[begin:end], latency[begin:end], outcome[begin:end], at, of)
        done[part] = count
        at = at[:count]
        of = of[:count]
        if not insert_pairs(at, of, moves * count):
            sort_part(at, of, spare_at[:count], spare_of[:count], ends)
        for place in range(count):
            failed[begin + place] = 1 if outcome[begin + of[place]] == FAILURE else 0


def sort_part(
    at: MutableSequence[int],
    of: MutableSequence[int],
    spare_at: MutableSequence[int],
    spare_of: MutableSequence[int],
    ends: MutableSequence[int],
) -> None:
    """Sort the pairs by `sort_pairs`, in place, with a digit that suits their number."""
    earliest = at[0]
    latest = at[0]
    for place in range(len(at)):
        earliest = min(earliest, at[place])
        latest = max(latest, at[place])
    bits = 0
    while (latest - earliest) >> bits:
        bits += 1
    widest = 4
    while (1 << widest) < len(ends) and (1 << widest) < len(at):
        widest += 1
    passes = (bits + widest - 1) // widest
    width = (bits + passes - 1) // passes
    sort_pairs(at, of, spare_at, spare_of, ends[: 1 << width], earliest, bits)
    if (bits + width - 1) // width % 2:
        for place in range(len(at)):
            at[place] = spare_at[place]
            of[place] = spare_of[place]


def scatter(  # noqa: PLR0917 - by place, as the compiler takes them
    owner: Sequence[int],
    places: MutableSequence[int],
    arrival: Sequence[int],
    latency: Sequence[int],
    outcome: Sequence[int],
    own_arrival: MutableSequence[int],
    own_latency: MutableSequence[int],
    own_outcome: MutableSequence[int],
) -> None:
    """Put each request to its owner's, in the order given; `places` are where each owner's next one goes."""
    for number in range(len(owner)):
        place = places[owner[number]]
        own_arrival[place] = arrival[number]
        own_latency[place] = latency[number]
        own_outcome[place] = outcome[number]
        places[owner[number]] = place + 1


def find_all(
    edges: Sequence[int],
    times: Sequence[int],
    part: Sequence[int],
    wanted: Sequence[int],
    found: MutableSequence[int],
) -> None:
    """For each pair, the place of the first of the part's times (ascending) that is not below the wanted one."""
    for number in range(len(wanted)):
        low = edges[part[number]]
        high = edges[part[number] + 1]
        while low < high:
            middle = (low + high) // 2
            if times[middle] < wanted[number]:
                low = middle + 1
            else:
                high = middle
        found[number] = low
