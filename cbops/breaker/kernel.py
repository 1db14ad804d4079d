"""The breaker over columns: one function, plain Python that a compiler can take as it stands.

It is run either interpreted (on lists, with Python's unbounded numbers) or compiled (on 64-bit columns).
Nothing here may be imported from elsewhere: the compiler's cache watches this file alone.
"""

# Without "from __future__ import annotations": nothing here is annotated with what must not be evaluated.
from collections.abc import MutableSequence, Sequence

CLOSED, OPEN, HALF_OPEN = 0, 1, 2

# What a transition was, in the order of `kernel.advance`'s codes; the words stand in `result.MOVES`.
BY_FAILURES, BY_RATE, BY_PROBE, BY_TIMEOUT, BY_SUCCESSES = 0, 1, 2, 3, 4

# Places in the column of numbers that is carried from call to call. First the circuit …
STATE, CHANGED_AT, FAILURE_COUNT, SUCCESS_COUNT, HALF_OPEN_CALLS = 0, 1, 2, 3, 4
# … then its window as of the last result (events, failures, time of the last result) …
EVENTS, FAILURES, LAST = 5, 6, 7
# … then how far the columns are played: next request, next result, first result in the window, transitions.
REQUEST, RESULT, HEAD, MOVED = 8, 9, 10, 11
NUMBERS = 12


def advance(  # noqa: C901, PLR0912, PLR0915, PLR0917 - one loop for the compiler
    arrival: Sequence[int],
    done_at: Sequence[int],
    done_of: Sequence[int],
    failed: Sequence[int],
    denied: MutableSequence[int],
    moved_at: MutableSequence[int],
    moved_why: MutableSequence[int],
    moved_results: MutableSequence[int],
    moved_failures: MutableSequence[int],
    numbers: MutableSequence[int],
    drain: bool,
    failure_threshold: float,
    success_threshold: float,
    timeout: float,
    probes: float,
    rate: float,
    window: float,
) -> None:
    """Play requests (by arrival) and results (by time, then arrival) on from where `numbers` stands.

    `done_of` is the place of a result's request, -1 where an earlier call admitted it. A result whose
    request was denied is skipped. Without `drain`, results after the last arrival stay unplayed. Stops
    early when the transitions' columns are full: call again. Writes `denied` (1 for each denied request),
    the transitions and `numbers`. `moved_results` and `moved_failures` are what the window held when a
    closed circuit opened, that failure included, else 0. Times and `window` are milliseconds.
    Source: "The breaker, exactly" and "Replay" in the domain description.
    """
    state = numbers[STATE]
    changed_at = numbers[CHANGED_AT]
    failure_count = numbers[FAILURE_COUNT]
    success_count = numbers[SUCCESS_COUNT]
    half_open_calls = numbers[HALF_OPEN_CALLS]
    events = numbers[EVENTS]
    failures = numbers[FAILURES]
    last = numbers[LAST]
    request = numbers[REQUEST]
    result = numbers[RESULT]
    head = numbers[HEAD]
    moved = 0
    requests = len(arrival)
    results = len(done_at)
    room = len(moved_at)
    while moved < room:
        if request < requests:
            now = arrival[request]
            # At one millisecond results come first, but none before its own request.
            completes = result < results and done_at[result] <= now and done_of[result] < request
        else:
            now = 0
            completes = drain and result < results
            if not completes:
                break
        if not completes:
            admitted = True
            if state != CLOSED:
                if state == OPEN and now - changed_at >= timeout:
                    state = HALF_OPEN
                    changed_at = now
                    half_open_calls = 0
                    failure_count = 0
                    moved_at[moved] = now
                    moved_why[moved] = BY_TIMEOUT
                    moved_results[moved] = 0
                    moved_failures[moved] = 0
                    moved += 1
                admitted = state == HALF_OPEN and half_open_calls < probes
                if admitted:
                    half_open_calls += 1
                else:
                    denied[request] = 1
            request += 1
            continue

        place = done_of[result]
        if place >= 0 and denied[place]:
            result += 1
            continue
        last = done_at[result]
        events += 1
        why = -1
        if failed[result]:
            failures += 1
            success_count = 0
            if state == HALF_OPEN:
                failure_count = 1
                why = BY_PROBE
            else:
                failure_count += 1
                if state == CLOSED:
                    # Old results leave the window only where it is looked at: a result is let go at
                    # most once, so this is constant time per result.
                    oldest = last - window
                    while head <= result and done_at[head] < oldest:
                        place = done_of[head]
                        if place < 0 or not denied[place]:
                            events -= 1
                            failures -= failed[head]
                        head += 1
                    if failure_count >= failure_threshold:
                        why = BY_FAILURES
                    elif (failures / events if events else 0.0) >= rate:
                        why = BY_RATE
            if why >= 0:
                state = OPEN
                half_open_calls = 0
        elif state == HALF_OPEN:
            success_count += 1
            if success_count >= success_threshold:
                success_count = 0
                failure_count = 0
                half_open_calls = 0
                state = CLOSED
                why = BY_SUCCESSES
        else:
            failure_count = 0
        result += 1
        if why >= 0:
            changed_at = last
            moved_at[moved] = last
            moved_why[moved] = why
            opened = why <= BY_RATE
            moved_results[moved] = events if opened else 0
            moved_failures[moved] = failures if opened else 0
            moved += 1

    oldest = last - window
    while head < result and done_at[head] < oldest:
        place = done_of[head]
        if place < 0 or not denied[place]:
            events -= 1
            failures -= failed[head]
        head += 1
    numbers[STATE] = state
    numbers[CHANGED_AT] = changed_at
    numbers[FAILURE_COUNT] = failure_count
    numbers[SUCCESS_COUNT] = success_count
    numbers[HALF_OPEN_CALLS] = half_open_calls
    numbers[EVENTS] = events
    numbers[FAILURES] = failures
    numbers[LAST] = last
    numbers[REQUEST] = request
    numbers[RESULT] = result
    numbers[HEAD] = head
    numbers[MOVED] = moved


# Where `advance_all` stands: next part, its results in the work columns (-1: not begun), next circuit, results kept.
PART, SIZE, CODE, KEPT, PROGRESS = 0, 1, 2, 3, 4


def advance_all(  # noqa: C901, PLR0915, PLR0917 - by place, as the compiler takes them
    codes: Sequence[int],
    edges: Sequence[int],
    arrival: Sequence[int],
    done_at: Sequence[int],
    done_of: Sequence[int],
    failed: Sequence[int],
    done: Sequence[int],
    denied: MutableSequence[int],
    carry_at: Sequence[int],
    carry_failed: Sequence[int],
    carry_edges: Sequence[int],
    recorded: MutableSequence[int],
    work_at: MutableSequence[int],
    work_of: MutableSequence[int],
    work_failed: MutableSequence[int],
    kept_at: MutableSequence[int],
    kept_failed: MutableSequence[int],
    kept: MutableSequence[int],
    moved_code: MutableSequence[int],
    moved_at: MutableSequence[int],
    moved_why: MutableSequence[int],
    moved_results: MutableSequence[int],
    moved_failures: MutableSequence[int],
    numbers: Sequence[MutableSequence[int]],
    progress: MutableSequence[int],
    last_part: int,
    last_code: int,
    drain: bool,
    failure_threshold: float,
    success_threshold: float,
    timeout: float,
    probes: float,
    rate: float,
    window: float,
) -> int:
    """Play many circuits on, each by `advance`; how many transitions were written.

    The requests of the circuit `codes[i]` are `edges[i]` to `edges[i + 1]` of `arrival`; its results are the
    first `done[i]` from `edges[i]` on of the done columns, and those of the carry (see `chunks.Carry`) from
    `carry_edges[codes[i]]` on, of which `recorded` are in the window. `numbers` has a row for each circuit. What
    each circuit of the range carries on goes into the kept columns, one behind the other, `kept` how many it is.
    The work columns have room for the results of any one circuit. Stops early when the transitions' columns
    are full: call again.
    """
    room = len(moved_at)
    moved = 0
    part, size = progress[PART], progress[SIZE]
    code, place = progress[CODE], progress[KEPT]
    while code < last_code:
        begin = carry_edges[code]
        end = carry_edges[code + 1]
        if part == last_part or codes[part] != code:
            for carried in range(begin, end):
                kept_at[place] = carry_at[carried]
                kept_failed[place] = carry_failed[carried]
                place += 1
            kept[code] = end - begin
            code += 1
            continue
        first = edges[part]
        own = numbers[code]
        if size < 0:
            # What is recorded stays in front; then two runs that are in order each, the carried ones first.
            size = 0
            fresh = first
            fresh_end = first + done[part]
            carried = begin
            while carried < end or fresh < fresh_end:
                first_carried = carried < begin + recorded[code] or fresh == fresh_end
                if carried < end and (first_carried or carry_at[carried] <= done_at[fresh]):
                    work_at[size] = carry_at[carried]
                    work_of[size] = -1
                    work_failed[size] = carry_failed[carried]
                    carried += 1
                else:
                    work_at[size] = done_at[fresh]
                    work_of[size] = done_of[fresh]
                    work_failed[size] = failed[fresh]
                    fresh += 1
                size += 1
            own[REQUEST] = 0
            own[RESULT] = recorded[code]
            own[HEAD] = 0
        advance(
            arrival[first : edges[part + 1]],
            work_at[:size],
            work_of[:size],
            work_failed[:size],
            denied[first : edges[part + 1]],
            moved_at[moved:],
            moved_why[moved:],
            moved_results[moved:],
            moved_failures[moved:],
            own,
            drain,
            failure_threshold,
            success_threshold,
            timeout,
            probes,
            rate,
            window,
        )
        for each in range(moved, moved + own[MOVED]):
            moved_code[each] = code
        moved += own[MOVED]
        if moved == room:
            break
        before = place
        recorded[code] = 0
        for each in range(own[HEAD], size):
            if work_of[each] < 0 or not denied[first + work_of[each]]:
                kept_at[place] = work_at[each]
                kept_failed[place] = work_failed[each]
                place += 1
                if each < own[RESULT]:
                    recorded[code] += 1
        kept[code] = place - before
        size = -1
        part += 1
        code += 1
    progress[PART], progress[SIZE] = part, size
    progress[CODE], progress[KEPT] = code, place
    return moved
