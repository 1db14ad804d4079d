"""A search that is interrupted, as a flow and as the one JSON document."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from tuning_samples import quiet_rows

from cbops.cli.emit import Emitter, Streams
from cbops.cli.settings import Settings
from cbops.errors import InputError
from cbops.flows.tune import INTERRUPTED, Kept, Wanted, tune
from cbops.model.policy import CANARY_BLOCK
from cbops.model.space import SearchSpace
from cbops.model.traffic import Circuit, TrafficChunk, TrafficSummary

SPACE = SearchSpace(failure_threshold=(3, 4, 5, 8), error_rate_window_seconds=(60, 300, 600))


class Recorded:
    """A TrafficPort over rows."""

    def __init__(self, rows, **summary):
        self._rows = rows
        self._more = summary

    def chunks(self):
        at, wait, outcome = zip(*self._rows, strict=True) if self._rows else ((), (), ())
        yield TrafficChunk(
            np.array(at, np.int64),
            np.array(wait, np.int64),
            np.array([ord(each[0]) for each in outcome], np.uint8),
            np.zeros(len(at), np.int32),
            (Circuit(provider="openai"),),
            True,
        )

    @property
    def summary(self):
        return TrafficSummary(origin="files", requests=len(self._rows), **self._more)


def wanted(**more):
    return Wanted(base=CANARY_BLOCK, origin="canary", space=SPACE, resamples=20, **more)


def interrupting(after):
    """A progress that is interrupted after so many policies, as Ctrl-C would."""

    def told(done, total):
        if total and done >= after:
            raise KeyboardInterrupt

    return told


@pytest.fixture(scope="module")
def rows():
    return quiet_rows(days=4)


def test_an_interrupted_search_tells_what_it_found(rows, tmp_path):
    kept = Kept(write=tmp_path / "better.json")
    outcome = tune(Recorded(rows), wanted(workers=1), kept=kept, progress=interrupting(9))
    tuning = outcome.data.tuning
    assert outcome.exit_status == INTERRUPTED
    assert (tuning.scored, tuning.searched.policies, tuning.complete) == (9, 12, False)
    assert len(tuning.candidates) == 9
    assert outcome.headline.startswith("Interrupted: 9 of 12 policies searched: ")
    assert outcome.warnings[0] == "interrupted after 9 of 12 policies: what stands here is about these"
    assert json.loads((tmp_path / "better.json").read_text()) == tuning.recommended.block


def test_an_interrupted_search_is_still_one_document(rows):
    outcome = tune(Recorded(rows), wanted(), progress=interrupting(5))
    out = io.StringIO()
    emitter = Emitter(Settings(format="json"), Streams(out, io.StringIO()), "replay tune")
    assert emitter.answer(outcome) == 130
    answer = json.loads(out.getvalue())
    assert answer["ok"] is False
    assert answer["error"]["code"] == "interrupted"
    assert answer["data"]["tuning"]["complete"] is False


def test_a_search_that_is_interrupted_while_it_reads_has_nothing_to_tell(rows):
    def told(_done, total):
        if not total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(Recorded(rows), wanted(), progress=told)


def test_the_live_policy_is_what_a_recommendation_must_beat(rows):
    live = {**CANARY_BLOCK, "failure_threshold": 6, "error_rate_window_seconds": 120}
    tuning = tune(Recorded(rows), wanted(live=live)).data.tuning
    assert tuning.with_role("live").block == live
    assert tuning.with_role("base").block == CANARY_BLOCK
    assert tuning.recommended.reasons[0].startswith("Against the live policy (failure_threshold 6 → ")


def test_a_base_that_is_the_live_policy_has_one_role(rows):
    tuning = tune(Recorded(rows), Wanted(CANARY_BLOCK, "live", live=CANARY_BLOCK, space=SPACE)).data.tuning
    assert tuning.with_role("base") is None
    assert tuning.with_role("live").block == CANARY_BLOCK


def test_an_approximation_is_marked(rows):
    outcome = tune(Recorded(rows, approximate=True, note="from counters"), wanted())
    assert outcome.headline.startswith("Approximation: ")
    assert "the traffic is an approximation: from counters" in outcome.warnings


def test_rows_that_were_skipped_are_named(rows):
    bad = (
        {"file": "a.csv", "line": 3, "problem": "no time"},
        {"file": "b", "line": None, "problem": "no end"},
    )
    outcome = tune(Recorded(rows, skipped=3, skipped_rows=bad), wanted())
    assert outcome.warnings == ("3 rows skipped: a.csv:3: no time; b: no end and 1 more row",)


def test_without_a_rollout_the_next_step_needs_none(rows, tmp_path):
    outcome = tune(Recorded(rows), wanted(), kept=Kept(write=tmp_path / "better.json"))
    assert outcome.next_step == f"Check it: cbops policy check --policy-file {tmp_path / 'better.json'}"


def test_where_many_results_are_not_recorded_more_probes_are_tried(rows):
    """Four in ten are ignored: of five probes with two needed, 8.7 % of the recoveries would find no end."""
    ignored = [
        (at, wait, "ignored" if place % 5 < 2 else what) for place, (at, wait, what) in enumerate(rows)
    ]
    given = Wanted(base=CANARY_BLOCK, origin="canary", resamples=5)
    tuning = tune(Recorded(ignored), given).data.tuning
    assert tuning.searched.fields.half_open_max_calls == (3, 5, 9)
    assert tuning.with_role("recommended").block["half_open_max_calls"] == 9
    assert tuning.with_role("recommended").wedge_chance <= 0.01
    assert tune(Recorded(rows), given).data.tuning.searched.fields.half_open_max_calls == (3, 5)


def test_no_request_is_no_pass():
    with pytest.raises(InputError, match="holds no request"):
        tune(Recorded([]), wanted())
