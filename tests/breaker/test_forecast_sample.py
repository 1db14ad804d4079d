"""The canary's recorded requests of the made world, replayed, against the truth about it."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from forecasting import fed

from cbops.model.base import as_utc, to_ms
from cbops.model.events import IncidentAdded
from cbops.model.policy import CANARY_BLOCK
from cbops.model.traffic import Circuit, TrafficSummary

WORLD = Path(__file__).parents[1] / "data" / "worlds" / "sample"
CANARY = Circuit(tenant="tenant_canary", provider="openai")


@pytest.fixture(scope="module")
def truth():
    return json.loads((WORLD / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def forecast(truth):
    enabled = datetime.fromisoformat(truth["enabled_at"]).timestamp()
    rows, denied = [], 0
    with gzip.open(WORLD / "requests.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            # Five days hold both episodes; reading all lines would take most of the time.
            at = float(line[len('{"ts": ') : line.index(",")])
            if not enabled <= at < enabled + 5 * 86_400:
                continue
            row = json.loads(line)
            assert (row["tenant_id"], row["provider_id"]) == (CANARY.tenant, CANARY.provider)
            if row["admitted"]:
                rows.append((round(row["ts"] * 1000), row["latency_ms"], row["outcome"][0], 0))
            else:
                denied += 1
    rows.sort(key=lambda row: row[0])
    declared = json.loads((WORLD / "incidents.json").read_text(encoding="utf-8"))
    summary = TrafficSummary(
        origin="files",
        requests=len(rows),
        denied_in_production=denied,
        begins=datetime.fromtimestamp(rows[0][0] / 1000).astimezone(),
        ends=datetime.fromtimestamp(rows[-1][0] / 1000).astimezone(),
    )
    policies = {"live": CANARY_BLOCK, "no breaker": None}
    incidents = [IncidentAdded.model_validate(each) for each in declared]
    cuts = range(0, len(rows), 50_000)
    return fed(rows, policies, cuts=cuts, circuits=(CANARY,), incidents=incidents, summary=summary)


def test_the_replay_of_the_live_policy_opens_and_closes_when_production_did(forecast, truth):
    (circuit,) = forecast.policies[0].circuits
    near = timedelta(milliseconds=1)  # recorded times are rounded
    assert len(circuit.episodes) == len(truth["episodes"]) == 2
    for episode, true in zip(circuit.episodes, truth["episodes"], strict=True):
        assert abs(episode.opened - datetime.fromisoformat(true["opened"])) <= near
        assert abs(episode.closed - datetime.fromisoformat(true["closed"])) <= near
        assert (episode.reopened, episode.reason) == (true["reopened"], true["reason"])


def test_what_production_admitted_is_admitted_again(forecast):
    # Requests that production denied are left out, so the same policy denies nothing of the rest.
    totals = forecast.policies[0].totals
    assert (totals.fail_fast, totals.saved, totals.rejected, totals.wedged) == (0, 0, 0, 0)
    assert totals.failed_through == forecast.policies[1].totals.failed_through
    assert forecast.traffic.denied_in_production == 1973


def test_the_declared_outage_and_the_tenants_own_are_found_to_the_second(forecast, truth):
    (circuit,) = forecast.policies[0].circuits
    declared, own = circuit.outages
    assert [declared.source, own.source] == ["incident", "trace"]
    assert declared.begins == as_utc(datetime.fromisoformat(truth["outages"][0]["from"]))
    true = as_utc(datetime.fromisoformat(truth["outages"][1]["from"]))
    # Three calls a minute on average come at that hour.
    assert timedelta(0) <= own.begins - true <= timedelta(seconds=30)
    assert own.failures / own.results > 0.7
    assert declared.opened_after_ms == to_ms(circuit.episodes[0].opened) - to_ms(declared.begins)
    assert declared.closed_after_ms == to_ms(circuit.episodes[0].closed) - to_ms(declared.ends)
    assert own.opened_after_ms < 60_000
    assert [episode.classification for episode in circuit.episodes] == ["expected", "expected"]


def test_the_summary_says_it_in_sentences(forecast):
    first, *others = forecast.summary
    assert first == "In 5 days (2025-01-27 to 2025-02-01): 2 opens; 2 expected."
    assert any(sentence.startswith("It opened in both outages, ") for sentence in others)
    assert others[-1] == (
        "1,973 recorded requests had been denied by production itself: left out, because nobody knows how the "
        "provider would have answered them."
    )
