"""`canary enable --dry-run` says what the planned block would have done with recent traffic."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from flow_world import PROVIDER, TENANT

from cbops.model.base import to_ms
from cbops.simulator.scenarios import SINGLE_FAILURE, DayCurve, Fault, HourRate, PolicySpec, ProviderSpec

HOURS = 26
NIGHT = DayCurve(rpm=4, swing=0, hours=tuple(HourRate(hour, 0.3) for hour in range(5)))
QUIET_NIGHT = replace(
    SINGLE_FAILURE,
    tenants=(
        replace(
            SINGLE_FAILURE.tenants[0],
            policies=(PolicySpec("canary_policy", NIGHT, ((PROVIDER, 100),), "anthropic"),),
        ),
    ),
    providers=(ProviderSpec(PROVIDER, 0, 220), ProviderSpec("anthropic", 0, 260)),
    faults=tuple(Fault(TENANT, PROVIDER, timedelta(hours=hour)) for hour in (3, 4, 12)),
    start=SINGLE_FAILURE.start,
)


@pytest.fixture
def scenario():
    return QUIET_NIGHT


@pytest.fixture
def played(work):
    """A rollout that lacks nothing, after a day and two hours scraped every five minutes."""
    work.configure(baseline_days=1)
    scraper = work.clock.scraper
    for at in range(work.router.now_ms, work.router.now_ms + HOURS * 3_600_000 + 1, 300_000):
        work.router.advance_to(at)
        scraper.scrape(at)
    work.store.flush()
    work.ready()
    return work


def plan(work, *more):
    return work.ok("canary", "enable", "--dry-run", *more)


def test_single_failures_at_night_are_foreseen(played):
    data = plan(played)
    (policy,) = data["forecast"]["policies"]

    assert policy["name"] == "planned"
    assert policy["totals"]["opens"] == policy["totals"]["single_failure"] == 2
    assert data["forecast_unavailable"] is None


def test_the_forecast_is_short_and_marked_as_an_approximation(played):
    forecast = plan(played)["forecast"]

    assert forecast["traffic"]["approximate"]
    assert forecast["traffic"]["origin"] == "embedded"
    assert forecast["traffic"]["note"].startswith("synthesised from counters")
    assert forecast["policies"][0]["circuits"] == []
    assert forecast["timeline"] is None
    assert "counterfactual" in forecast["limit"]


def test_in_words_the_forecast_comes_after_the_plan(played):
    shown = played.text("canary", "enable", "--dry-run").stdout

    assert "Forecast, an approximation, from the last day:" in shown
    assert (
        "In the last day (2025-01-24 to 2025-01-25): 2 opens, both of them from a single failure at night"
        in shown
    )
    assert "synthesised from counters" in shown
    assert "counterfactual" in shown
    assert shown.index("Requirements:") < shown.index("Forecast") < shown.index("next:")


def test_the_planned_block_is_the_one_that_is_played(played):
    patient = {"enabled": True, "failure_threshold": 50, "error_rate_threshold": 1.1}
    (played.folder / "patient.json").write_text(json.dumps(patient))
    forecast = plan(played, "--policy-file", "patient.json")["forecast"]

    assert forecast["policies"][0]["totals"]["opens"] == 0
    assert forecast["policies"][0]["block"]["failure_threshold"] == 50


def test_a_declared_incident_makes_an_open_expected(played):
    at = QUIET_NIGHT.start + timedelta(hours=2, minutes=55)
    played.ok(
        "incident",
        "add",
        "--provider",
        PROVIDER,
        "--from",
        at.isoformat(),
        "--to",
        (at + timedelta(minutes=20)).isoformat(),
    )
    totals = plan(played)["forecast"]["policies"][0]["totals"]

    assert (totals["expected"], totals["opens"]) == (1, 2)


def test_nothing_is_changed_and_nothing_is_on_record(played):
    (folder,) = (played.folder / "rollouts").iterdir()
    before = (folder / "journal.jsonl").read_bytes()
    plan(played)

    assert (folder / "journal.jsonl").read_bytes() == before
    assert not played.router.enabled()


def test_without_a_metrics_source_the_dry_run_goes_on_and_says_so(work):
    work.ready()
    work.configure(metrics={"source": "embedded", "path": "elsewhere.db"})
    result = work("canary", "enable", "--dry-run")

    assert result.status == 0
    assert result.data["forecast"] is None
    assert "There is no sample store" in result.data["forecast_unavailable"]
    shown = work.text("canary", "enable", "--dry-run").stdout
    assert "nothing can be foreseen from the last 7 days: There is no sample store" in shown


def test_without_samples_the_dry_run_says_so(work):
    work.play(minutes=30)
    work.ready()
    work.router.advance_to(work.router.now_ms + 20 * 86_400_000)

    assert "no results of any tenant" in plan(work)["forecast_unavailable"]


def test_a_header_that_is_not_set_stands_in_no_ones_way(work):
    work.ready()
    work.configure(
        metrics={"source": "prometheus", "headers": {"Authorization": {"env": "NOT_SET_ANYWHERE"}}}
    )

    assert "NOT_SET_ANYWHERE" in plan(work)["forecast_unavailable"]


def lines(work, **changed):
    """A trace: a success a minute, and a failure after an hour; the tenant's and another one's."""
    start = to_ms(QUIET_NIGHT.start)
    rows = [
        {
            "ts": start + minute * 60_000,
            "latency_ms": 20,
            "outcome": "failure" if minute == 60 else "success",
            "tenant_id": tenant,
            "provider_id": PROVIDER,
        }
        for minute in range(120)
        for tenant in (TENANT, "another")
    ]
    (work.folder / "requests.jsonl").write_text("".join(json.dumps(row | changed) + "\n" for row in rows))


def test_a_trace_takes_the_place_of_the_counters_and_is_exact(work):
    lines(work)
    work.ready()
    forecast = plan(work, "--trace", "requests.jsonl")["forecast"]

    assert (forecast["traffic"]["origin"], forecast["traffic"]["approximate"]) == ("files", False)
    assert forecast["traffic"]["requests"] == 120
    assert forecast["policies"][0]["totals"]["opens"] == 1
    shown = work.text("canary", "enable", "--dry-run", "--trace", "requests.jsonl").stdout
    assert "Forecast, from the trace:" in shown
    assert "approximat" not in shown


def test_a_trace_may_name_its_columns_otherwise(work):
    lines(work)
    trace = work.folder / "requests.jsonl"
    trace.write_text(trace.read_text().replace('"outcome"', '"ended"'))
    work.ready()
    data = plan(work, "--trace", "requests.jsonl", "--map", "outcome=ended")

    assert data["forecast"]["policies"][0]["totals"]["opens"] == 1


def test_a_trace_that_cannot_be_read_is_an_error_of_its_own(work):
    work.ready()
    (work.folder / "requests.jsonl").write_text("half a li")

    work.refused(3, "input", "canary", "enable", "--dry-run", "--trace", "requests.jsonl")


def test_a_trace_without_a_request_says_so(work):
    lines(work, admitted=False)
    work.ready()

    assert (
        "no request that could be replayed"
        in (plan(work, "--trace", "requests.jsonl")["forecast_unavailable"])
    )


def test_enabling_itself_makes_no_forecast(played):
    data = played.ok("canary", "enable", "--yes")

    assert (data["applied"], data["forecast"], data["forecast_unavailable"]) == (True, None, None)


def test_a_trace_belongs_to_a_dry_run(work):
    work.refused(2, "usage", "canary", "enable", "--yes", "--trace", "requests.jsonl")


def test_the_enabling_flow_and_its_command_load_no_numpy():
    code = (
        "import sys, cbops.flows.enable, cbops.cli.commands.canary_enable; "
        "print(sorted({'numpy', 'duckdb', 'nanoarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
