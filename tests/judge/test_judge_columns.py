"""Columns give what looking at every single bucket gives: a slow judge beside the fast one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge.build import at
from judge.made import counted

from cbops.judge.case import make_case
from cbops.judge.cells import Row, cells_of
from cbops.judge.compared import circuit_spans, compared
from cbops.judge.kept import Sums
from cbops.judge.outages import Outage, Tallies, joined
from cbops.judge.settings import FAILING_RATE, OUTAGE_PAUSE_MS, WARM_UP_MS
from cbops.model.base import to_ms
from cbops.model.config import CriteriaConfig
from cbops.model.observation import Buckets

NAMES = ("success", "failure", "fail_fast", "half_open", "latency_count", "latency_sum_ms")


def holed(buckets, rng):
    """Some figures unknown, each on its own."""
    columns = {}
    for name in NAMES:
        hidden = rng.sample(range(len(buckets.success)), rng.choice((0, 1, 3)))
        columns[name] = tuple(None if i in hidden else v for i, v in enumerate(getattr(buckets, name)))
    return buckets.model_copy(update=columns)


def case_of(seed, trouble, holes):
    """A rollout of fine and coarse days, with gaps, a restart, outages, openings and figures that are unknown."""
    rng = random.Random(seed)
    noise = counted.Noise(controls=seed % 3)
    made = counted.make(counted.Scene(counted.Truth("made", trouble=trouble), 10, noise), seed)

    def day(one):
        rows = {name: tuple(holed(b, rng) for b in getattr(one, name)) for name in ("buckets", "controls")}
        return one.model_copy(update=rows) if holes else one

    observed, baseline = [day(d) for d in made.observed], [day(d) for d in made.baseline]
    end = observed[-1].window.end
    return make_case(
        made.state, observed, baseline, made.episodes, criteria=CriteriaConfig(), as_of=end, rejected=False
    )


def slow_sums(cells):
    """As an operator would add them up."""
    known = [c for c in cells if c.latency_count and c.latency_sum is not None]
    return Sums(
        sum(c.success for c in cells),
        sum(c.failure for c in cells),
        sum(c.fail_fast or 0 for c in cells),
        sum(c.latency_count for c in known),
        sum(c.latency_sum for c in known),
    )


def slow_days(case, period, spans):
    """Day by day, provider by provider, cell by cell."""
    enabled = to_ms(case.state.enabled_at)
    found = []
    for day in period.days:
        first, last = to_ms(day.window.start), to_ms(day.window.end)
        mine = {c.start for row in period.canary.values() for c in row if first <= c.start < last}
        kept = {
            c.start
            for row in period.canary.values()
            for c in row
            if c.start in mine
            and not enabled <= c.start < enabled + WARM_UP_MS
            and not any(c.start < span.end and span.start < c.end for span in spans)
        }
        rows = {None: period.canary, **period.controls}
        summed = {
            tenant: {
                p: slow_sums([c for c in row if c.start in kept])
                for p, row in of.items()
                if any(c.start in kept for c in row)
            }
            for tenant, of in rows.items()
        }
        if kept:
            canary = summed.pop(None)
            found.append((day.window.day, len(kept), canary, {t: s for t, s in summed.items() if s}))
    return found


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("trouble", ["none", "sound", "stuck"])
@pytest.mark.parametrize("closed", [False, True])
def test_what_is_compared_is_what_every_single_bucket_gives(trouble, holes, closed):
    for seed in range(2, 4):
        case = case_of(seed, trouble, holes)
        found = compared(case, closed=closed)
        spans = [o for name in case.providers for o in case.provider(name).outages]
        spans += [span for _, span in circuit_spans(case)] if closed else []
        for period, days in ((case.before, found.before), (case.after, found.after)):
            fast = [(d.day, d.buckets, dict(d.canary), dict(d.controls)) for d in days]
            assert fast == slow_days(case, period, spans)
            for day in days:
                assert sum(end - start for start, end in day.kept) >= day.buckets * 300_000


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_providers_tallies_are_those_of_every_single_bucket(seed):
    rng = random.Random(seed)
    rows = []
    for _ in range(rng.randint(1, 3)):
        starts = sorted(rng.sample(range(0, 300_000 * 40, 300_000), rng.choice((5, 40))))
        failure = tuple(rng.choice((0, 0, 1, 9)) for _ in starts)
        success = tuple(rng.choice((0, 3, 20)) for _ in starts)
        none = (None,) * len(starts)
        rows.append(
            Row(tuple(starts), tuple(s + 300_000 for s in starts), success, failure, none, none, none, none)
        )
    by = {}
    for row in rows:
        for cell in row:
            failed, all_of = by.get(cell.start, (0, 0))
            by[cell.start] = failed + cell.failure, all_of + cell.results
    found = Tallies.of(rows)
    assert list(zip(found.start, zip(found.failures, found.results, strict=True), strict=True)) == sorted(
        by.items()
    )
    plain = [pair for pair in by.values() if pair[0] <= FAILING_RATE * pair[1]]
    total = sum(made for _, made in plain)
    assert found.usual_rate == (sum(failed for failed, _ in plain) / total if total else 0.0)
    failing = [b.start for b in found.failing(0.1)]
    assert failing == [s for s, (f, n) in sorted(by.items()) if f >= 3 and n and b_lower(found, s) > 0.1]
    outages = joined(tuple(Outage(b.start, b.end, "x") for b in found.failing(0.1)), OUTAGE_PAUSE_MS)
    assert all(any(o.start <= s < o.end for o in outages) for s in failing)


def b_lower(found, start):
    """The lower bound of that bucket's rate, by its own tally."""
    return next(b for b in found.failing(-1.0) if b.start == start).bounds[0]


@given(st.lists(st.sampled_from([0, 1, 7, None]), min_size=1, max_size=30), st.integers(0, 40))
def test_rows_leave_out_unknown_results_and_the_buckets_of_a_restart(values, minute):
    day = at(2, "00:00")
    buckets = Buckets(
        tenant="t",
        provider="p",
        start=day,
        step_seconds=300,
        success=tuple(values),
        failure=tuple(reversed(values)),
        latency_count=tuple(values[:3]),
    )
    begin = to_ms(day)
    restart = (begin + 60_000 * minute, begin + 60_000 * (minute + 1))
    row = cells_of(buckets, (restart,))
    expected = [
        i
        for i, (s, f) in enumerate(zip(values, reversed(values), strict=True))
        if s is not None
        and f is not None
        and not (begin + i * 300_000 < restart[1] and restart[0] < begin + (i + 1) * 300_000)
    ]
    assert [(c.start - begin) // 300_000 for c in row] == expected
    assert [c.success for c in row] == [values[i] for i in expected]
    assert [c.latency_count for c in row] == [values[i] if i < 3 else None for i in expected]
    assert row.until(begin + 600_000).end == tuple(e for e in row.end if e <= begin + 600_000)
    assert row.within(begin + 300_000, begin + 900_000).start == tuple(
        c.start for c in row if c.overlaps(begin + 300_000, begin + 900_000)
    )
