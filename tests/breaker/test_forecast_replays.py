"""Many circuits and policies at once do what each does alone."""

from __future__ import annotations

import gc
import gzip
import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from forecasting import CIRCUITS, SUMMARY, alone, chunk_of, fed, interleaved, single, told
from hypothesis import given, settings
from hypothesis import strategies as st
from replaying import ENGINES, POLICIES, needs_compiler

from cbops.breaker import Trace, compiled, kernel, ordering, replay
from cbops.breaker.chunks import ROOM
from cbops.breaker.forecast import fleet, players
from cbops.breaker.forecast.fleet import Fleet
from cbops.breaker.forecast.forecaster import Forecaster
from cbops.breaker.forecast.replays import Singles
from cbops.breaker.settings import resolve
from cbops.errors import InputError, PolicyError
from cbops.model.base import to_ms
from cbops.model.policy import CANARY_BLOCK, BreakerPolicy
from cbops.model.traffic import Circuit

RECORDED = Path(__file__).parents[1] / "data" / "conformance" / "replay.jsonl.gz"
CUTS = st.lists(st.integers(0, 80), max_size=5)


@pytest.fixture(scope="module")
def recorded():
    with gzip.open(RECORDED, "rt") as lines:
        return [json.loads(line) for line in lines]


@ENGINES
@pytest.mark.parametrize("size", [13, 100, 10**6])
def test_the_recorded_traces_give_what_was_recorded_in_chunks_of_every_size(recorded, engine, size):
    # In small chunks the shorter half of them.
    for case in sorted(recorded, key=lambda case: len(case["requests"]))[: 22 if size < 100 else None]:
        rows = sorted((tuple(row) for row in case["requests"]), key=lambda row: row[0])
        found = single(rows, case["policy"], cuts=range(0, len(rows), size), engine=engine)
        assert told(found)["transitions"] == [tuple(move) for move in case["transitions"]]
        assert (found.admitted.total, found.denied.total) == (
            case["counts"]["allowed"],
            case["counts"]["fail_fast"],
        )
        assert found.final_state == case["final_state"]


@ENGINES
@settings(max_examples=100, deadline=None)
@given(first=POLICIES, second=POLICIES, rows=interleaved(), cuts=CUTS, workers=st.integers(1, 3))
def test_interleaved_circuits_do_what_each_does_alone(engine, first, second, rows, cuts, workers):
    policies = {"first": first, "none": None, "second": second}
    forecast = fed(rows, policies, cuts=cuts, engine=engine, workers=workers)
    present = sorted({code for *_, code in rows})
    for policy in forecast.policies:
        assert [each.circuit for each in policy.circuits] == [CIRCUITS[code] for code in present]
        for code, circuit in zip(present, policy.circuits, strict=True):
            mine = [row[:3] for row in rows if row[3] == code]
            if policies[policy.name] is None:
                assert (circuit.denied.total, circuit.transitions) == (0, ())
                assert circuit.admitted.total == len(mine)
            else:
                assert told(circuit) == alone(mine, policies[policy.name])


@ENGINES
@settings(max_examples=100, deadline=None)
@given(policy=POLICIES, rows=interleaved(), cuts=CUTS)
def test_chunks_of_any_size_give_the_same_forecast(engine, policy, rows, cuts):
    policies = {"asked": policy, "none": None}
    assert fed(rows, policies, cuts=cuts, engine=engine) == fed(rows, policies, engine=engine)


@needs_compiler
@settings(max_examples=100, deadline=None)
@given(policy=POLICIES, rows=interleaved(), cuts=CUTS)
def test_compiled_and_interpreted_forecasts_are_the_same(policy, rows, cuts):
    given_in = {"policies": {"asked": policy, "canary": CANARY_BLOCK}, "cuts": cuts}
    assert fed(rows, **given_in, engine="compiled") == fed(rows, **given_in, engine="plain")


@ENGINES
@settings(max_examples=100, deadline=None)
@given(policy=POLICIES, rows=interleaved(), cuts=CUTS)
def test_every_denied_request_is_that_of_one_episode(engine, policy, rows, cuts):
    forecast = fed(rows, {"asked": policy}, cuts=cuts, engine=engine)
    totals = forecast.policies[0].totals
    assert totals.requests == len(rows)
    for code, circuit in zip(sorted({row[3] for row in rows}), forecast.policies[0].circuits, strict=True):
        assert circuit.admitted.total + circuit.denied.total == sum(row[3] == code for row in rows)
        mine = [row[:3] for row in rows if row[3] == code]
        result = replay(policy, Trace.from_rows(mine), engine="plain")
        gone = [mine[index] for index in result.denied]
        for episode in circuit.episodes:
            until = float("inf") if episode.closed is None else to_ms(episode.closed)
            during = [row for row in gone if to_ms(episode.opened) <= row[0] and row[0] < until]
            # Episodes that begin and end in one millisecond deny nothing.
            assert tuple(episode.denied.model_dump().values()) == tuple(
                sum(row[2] == letter for row in during) for letter in "sfil"
            )
        assert sum(episode.denied.total for episode in circuit.episodes) == circuit.denied.total
        if circuit.wedge is not None:
            since = [row for row in gone if row[0] >= to_ms(circuit.wedge.since)]
            assert circuit.wedge.denied.total == len(since)
    timeline = forecast.timeline
    assert (timeline is None) == (not rows)
    if timeline is not None:
        assert sum(timeline.denied["asked"]) == totals.fail_fast
        assert sum(timeline.results) == sum(row[2] in "sf" for row in rows)
        assert sum(timeline.failures) == totals.saved + totals.failed_through
        assert len(timeline.results) == len(timeline.open["asked"]) <= 240


@ENGINES
def test_more_transitions_than_one_call_has_room_for_are_all_told(engine):
    rows = [(now, 0, "f", now % 3) for now in range(3 * ROOM)]
    policy = {"failure_threshold": 1, "timeout_ms": 0}
    forecast = fed(rows, {"asked": policy}, cuts=[5 * ROOM // 2], engine=engine)
    for code, circuit in enumerate(forecast.policies[0].circuits):
        assert told(circuit) == alone([row[:3] for row in rows if row[3] == code], policy)
        assert len(circuit.transitions) == 2 * ROOM - 1


@ENGINES
def test_a_chunk_that_begins_makes_everything_before_it_forgotten(engine):
    rows = [(now * 1000, 20, "sf"[now % 2], now % 2) for now in range(50)]
    forecaster = Forecaster({"asked": CANARY_BLOCK}, engine=engine)
    forecaster.feed(chunk_of([(5, 0, "f", 3)] * 9, begins=True))
    forecaster.feed(chunk_of(rows, begins=True))
    assert forecaster.finish(SUMMARY) == fed(rows, {"asked": CANARY_BLOCK}, engine=engine)


@ENGINES
def test_a_circuit_that_pauses_for_some_chunks_goes_on_where_it_stood(engine):
    rows = [
        (0, 10, "f", 0),
        *((now, 5, "s", 1) for now in range(100, 200)),
        (30_011, 10, "s", 0),
        (30_500, 1, "s", 0),
    ]
    forecast = fed(rows, {"asked": CANARY_BLOCK}, cuts=[1, 30, 60, 101], engine=engine)
    assert told(forecast.policies[0].circuits[0]) == alone(
        [row[:3] for row in rows if row[3] == 0], CANARY_BLOCK
    )
    assert forecast.policies[0].circuits[0].final_state == "closed"


@needs_compiler
def test_auto_changes_to_the_compiled_kernel_between_chunks_and_goes_on(monkeypatch):
    monkeypatch.setattr(players, "REPAYS_LOADING", 60)
    monkeypatch.setattr(compiled, "loaded", lambda: False)
    rows = [(now * 700, 900, "ssfsil"[now * now % 6], now % 3) for now in range(90)]
    forecaster = Forecaster({"asked": CANARY_BLOCK, "odd": {"error_rate_window_seconds": 0.0335}})
    kinds = []
    for begin in range(0, 90, 25):
        forecaster.feed(chunk_of(rows[begin : begin + 25]))
        kinds.append([type(player) for player in forecaster._players._players.values()])
    # A policy that 64 bits can't hold stays interpreted.
    assert kinds == [[Singles, Singles], [Singles, Singles], [Fleet, Singles], [Fleet, Singles]]
    forecast = forecaster.finish(SUMMARY)
    policies = {"asked": CANARY_BLOCK, "odd": {"error_rate_window_seconds": 0.0335}}
    assert forecast == fed(rows, policies, engine="plain")


@needs_compiler
def test_a_long_trace_that_is_expected_is_compiled_from_its_first_chunk_on():
    forecaster = Forecaster({"asked": CANARY_BLOCK}, expected=10**6)
    forecaster.feed(chunk_of([(0, 0, "s", 0)], begins=True))
    assert isinstance(forecaster._players._players["asked"], Fleet)


def test_without_the_extra_auto_interprets_and_compiled_is_refused(monkeypatch):
    monkeypatch.setattr(players, "REPAYS_LOADING", 1)
    monkeypatch.setattr(compiled, "load", lambda: None)
    monkeypatch.setattr(compiled, "loaded", lambda: False)
    rows = [(now * 700, 900, "sf"[now % 2], now % 3) for now in range(30)]
    policies = {"asked": CANARY_BLOCK}
    assert fed(rows, policies, cuts=[9]) == fed(rows, policies, engine="plain")
    with pytest.raises(InputError, match="needs Numba"):
        Forecaster(policies, engine="compiled")


@pytest.mark.parametrize(
    ("first", "second"),
    [([], [(5, 0, "s", 0), (4, 0, "s", 0)]), ([(5, 0, "s", 0)], [(4, 0, "s", 1)])],
    ids=["within a chunk", "between chunks"],
)
def test_requests_out_of_order_are_refused(first, second):
    forecaster = Forecaster({"asked": {}})
    forecaster.feed(chunk_of(first))
    with pytest.raises(InputError, match="not in order of arrival"):
        forecaster.feed(chunk_of(second))


@ENGINES
def test_columns_that_are_read_only_or_not_aligned_are_taken(engine):
    rows = [(now * 700, 900, "ssfsil"[now * now % 6], now % 3) for now in range(90)]
    chunk = chunk_of(rows, begins=True)
    odd = {}
    for name in ("arrival", "latency", "circuit"):
        column = getattr(chunk, name)
        odd[name] = np.frombuffer(b"." + column.tobytes(), column.dtype, offset=1)
        assert not odd[name].flags.aligned
    odd |= {"outcome": memoryview(bytes(chunk.outcome))}
    forecaster = Forecaster({"asked": CANARY_BLOCK}, engine=engine)
    forecaster.feed(replace(chunk, **odd))
    assert forecaster.finish(SUMMARY) == fed(rows, {"asked": CANARY_BLOCK}, engine=engine)


def test_times_that_no_date_holds_are_refused():
    with pytest.raises(InputError, match="beyond the years 1 to 9999"):
        Forecaster({"asked": {}}).feed(chunk_of([(0, 10**15, "s", 0)]))


def test_a_wrong_block_is_refused_at_once():
    with pytest.raises(PolicyError, match="failure_treshold"):
        Forecaster({"asked": {"failure_treshold": 3}})


def test_policies_may_be_blocks_models_or_numbers_and_are_told_as_blocks():
    model = BreakerPolicy(timeout_ms=5)
    policies = {"block": {"timeout_ms": 5}, "model": model, "numbers": resolve(model), "none": None}
    forecast = fed([(0, 0, "s", 0)], policies)
    whole = model.model_dump()
    assert [each.block for each in forecast.policies] == [{"timeout_ms": 5}, whole, whole, None]


def test_finishing_leaves_the_collection_of_garbage_as_it_was():
    for turn in (gc.disable, gc.enable):
        turn()
        fed([(0, 0, "s", 0)], {"asked": {}})
        assert gc.isenabled() == (turn is gc.enable)


def test_no_request_at_all_is_no_timeline_and_nothing_known():
    forecast = Forecaster({"asked": CANARY_BLOCK}).finish(SUMMARY)
    assert (forecast.timeline, forecast.policies[0].circuits) == (None, ())
    assert forecast.policies[0].totals.opened_after_ms is None
    assert forecast.summary == ("The trace holds no request, so it tells nothing about the policy.",)


def test_circuits_that_had_no_request_are_left_out():
    forecast = fed([(0, 0, "s", 2)], {"asked": {}}, circuits=(*CIRCUITS, Circuit(tenant="late")))
    assert [each.circuit for each in forecast.policies[0].circuits] == [CIRCUITS[2]]


def interpreted_machine():
    """The functions that are otherwise compiled, as they stand."""
    functions = {each.name: getattr(ordering, each.name, None) for each in fields(compiled.Machine)}
    own = {"numpy": np, "advance": kernel.advance, "advance_all": kernel.advance_all}
    return compiled.Machine(**{**functions, **own})


@pytest.mark.parametrize("moves", [5, 0])
@settings(max_examples=60, deadline=None)
@given(policy=POLICIES, rows=interleaved(), cuts=CUTS, workers=st.integers(1, 3))
def test_what_is_compiled_does_the_same_interpreted(moves, policy, rows, cuts, workers):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "load", interpreted_machine)
        patch.setattr(fleet, "SORT_MOVES", moves)  # 0: a sort by radix where one is needed
        found = fed(rows, {"asked": policy}, cuts=cuts, workers=workers, engine="compiled")
    assert found == fed(rows, {"asked": policy}, engine="plain")
