"""The kernel interpreted: needs nothing installed, starts at once, takes any number that Python takes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import compress

from cbops.breaker.chunks import ROOM, Carry, Moves, Played
from cbops.breaker.columns import count_outcomes
from cbops.breaker.kernel import HEAD, MOVED, NUMBERS, REQUEST, RESULT, advance
from cbops.breaker.limits import Limits
from cbops.breaker.ordering import FAILURE, SUCCESS

# Lists of Python's numbers take ten times the memory of columns, so few requests are in them at a time.
BLOCK = 65_536


def play(
    limits: Limits,
    carry: Carry,
    columns: tuple[Sequence[int], Sequence[int], Sequence[int]],
    order: Sequence[int],
    moves: Moves,
    *,
    offset: int,
    drain: bool,
) -> Played:
    """Play the requests (arrival, latency, outcome) in this order on from `carry`; see `Replayer.feed`."""
    denied: array[int] = array("q")
    outcomes = bytearray()
    begin = 0
    while begin < len(order) or (drain and begin == 0):
        # Each block takes over the window of the last: a larger window needs larger blocks to repay that.
        end = min(len(order), begin + max(BLOCK, len(carry.at)))
        places = order[begin:end]
        arrival, latency, outcome = ([column[place] for place in places] for column in columns)
        block = _Block(carry, arrival, latency, outcome)
        carry = block.play(limits, moves, drain=drain and end == len(order))
        denied.extend(offset + place for place in compress(places, block.denied))
        outcomes.extend(compress(outcome, block.denied))
        if end == len(order):
            break
        begin = end
    return Played(carry, denied, count_outcomes(bytes(outcomes)))


class _Block:
    """Requests in order of arrival, and all results that are known, in order of time."""

    def __init__(self, carry: Carry, arrival: list[int], latency: list[int], outcome: list[int]) -> None:
        out = len(carry.at) - carry.recorded
        places = [place for place, letter in enumerate(outcome) if letter in (SUCCESS, FAILURE)]
        at = [*carry.at[carry.recorded :], *(arrival[place] + latency[place] for place in places)]
        of = [-1] * out + places
        failed = [*carry.failed[carry.recorded :], *(outcome[place] == FAILURE for place in places)]
        order = sorted(range(len(at)), key=at.__getitem__)
        self.arrival = arrival
        self.done_at = [*carry.at[: carry.recorded], *map(at.__getitem__, order)]
        self.done_of = [-1] * carry.recorded + [of[place] for place in order]
        self.failed = [*carry.failed[: carry.recorded], *map(failed.__getitem__, order)]
        self.denied = bytearray(len(arrival))
        self.numbers = list(carry.numbers)
        self.numbers[REQUEST:NUMBERS] = (0, carry.recorded, 0, 0)

    def play(self, limits: Limits, moves: Moves, *, drain: bool) -> Carry:
        """Run the kernel to the end of the block."""
        moved = ([0] * ROOM, [0] * ROOM, [0] * ROOM, [0] * ROOM)
        numbers = self.numbers
        numbers[MOVED] = ROOM
        while numbers[MOVED] == ROOM:
            advance(
                self.arrival,
                self.done_at,
                self.done_of,
                self.failed,
                self.denied,
                *moved,
                numbers,
                drain,
                *limits,
            )
            moves.add(*(column[: numbers[MOVED]] for column in moved))
        kept = [place < 0 or not self.denied[place] for place in self.done_of[numbers[HEAD] :]]
        played = numbers[RESULT] - numbers[HEAD]
        return Carry(
            numbers=tuple(numbers),
            at=list(compress(self.done_at[numbers[HEAD] :], kept)),
            failed=list(compress(self.failed[numbers[HEAD] :], kept)),
            recorded=sum(kept[:played]),
        )
