"""`--from-prometheus`: which traffic is meant, and that it stands beside no trace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flow_world import PROVIDER, TENANT

from cbops.model.base import iso

RUN = ("replay", "run", "--from-prometheus")
EVENTS = "router_circuit_breaker_events_total"


@pytest.fixture
def scraped(work):
    """Half an hour, scraped every ten seconds."""
    work.play(minutes=30)
    return work


def traffic(work, *more):
    data = work.ok(*RUN, "--no-live", *more)
    return data["forecast"]["traffic"], data["notes"]


def circuits(work, *more):
    data = work.ok(*RUN, "--no-live", *more)
    return {
        (each["circuit"]["instance"], each["circuit"]["tenant"], each["circuit"]["provider"])
        for each in data["forecast"]["policies"][0]["circuits"]
    }


def test_the_rollouts_tenant_and_provider_over_the_last_seven_days(scraped):
    scraped.ready()
    found, notes = traffic(scraped)

    assert (found["origin"], found["approximate"]) == ("embedded", True)
    assert found["requests"] > 100
    assert circuits(scraped) == {("router:9001", TENANT, PROVIDER)}
    now = scraped.router.now
    assert any(
        f"counters of {TENANT} on {PROVIDER}, from {now - timedelta(days=7):%Y-%m-%d %H:%M} to {now:%Y-%m-%d %H:%M}"
        in note
        for note in notes
    )


def test_without_a_rollout_a_tenant_is_named_and_all_its_providers_are_taken(scraped):
    assert circuits(scraped, "--tenant", "tenant_search") == {
        ("router:9001", "tenant_search", "anthropic"),
        ("router:9001", "tenant_search", "openai"),
    }
    assert circuits(scraped, "--tenant", "tenant_search", "--provider", "openai") == {
        ("router:9001", "tenant_search", "openai")
    }


def test_another_tenant_than_the_rollouts_brings_all_its_providers(scraped):
    scraped.ready()

    assert {provider for _, _, provider in circuits(scraped, "--tenant", "tenant_search")} == {
        "anthropic",
        "openai",
    }


def test_a_time_can_be_given(scraped):
    begin = scraped.router.now - timedelta(minutes=20)
    whole, _ = traffic(scraped, "--tenant", TENANT)
    some, _ = traffic(
        scraped, "--tenant", TENANT, "--from", iso(begin), "--to", iso(begin + timedelta(minutes=10))
    )

    assert 0 < some["requests"] < whole["requests"] / 2
    assert iso(begin) < some["begins"] < some["ends"] <= iso(begin + timedelta(minutes=10))


def test_the_time_can_end_when_the_breaker_was_enabled(work):
    work.play(minutes=10)
    folder = work.enabled()
    enabled = work.state(folder).enabled_at
    work.play(minutes=10)
    before, notes = traffic(work, "--to", "enabling")
    now, _ = traffic(work)

    assert before["requests"] < now["requests"]
    assert (before["past"], now["past"]) == (True, False)
    assert before["ends"] <= iso(enabled)
    assert any(f"to {enabled:%Y-%m-%d %H:%M} UTC" in note for note in notes)


def test_only_what_reaches_up_to_now_is_called_the_last_time(scraped):
    end = iso(scraped.router.now - timedelta(minutes=5))
    recent = scraped.ok(*RUN, "--no-live", "--tenant", TENANT)["forecast"]["summary"][0]
    past = scraped.ok(*RUN, "--no-live", "--tenant", TENANT, "--to", end)["forecast"]["summary"][0]

    assert recent.startswith("In the last 29 min")
    assert past.startswith("In 24 min")


def test_it_can_be_put_on_record(scraped):
    folder = scraped.ready()
    scraped.ok(*RUN, "--no-live", "--record")

    (kept,) = scraped.state(folder).forecasts
    assert kept.forecasted.approximate
    scraped.verified()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--from-prometheus", "--trace", "x.csv"), "--trace belongs to a trace"),
        (("--from-prometheus", "x.csv"), "--trace belongs to a trace"),
        (("--from-prometheus", "--map", "outcome=result"), "--map belongs to a trace"),
        (("--from-prometheus", "--skip-bad", "3"), "--skip-bad belongs to a trace"),
        (("--from-prometheus", "--all-tenants"), "--all-tenants belongs to a trace"),
        (("--from-prometheus",), "needs a tenant"),
        (("--from-prometheus", "--tenant", "t", "--to", "enabling"), "no rollout whose breaker was enabled"),
        (("--from-prometheus", "--days", "2", "--from", "2025-01-01"), "say two things"),
        (("--from-prometheus", "--tenant", "t", "--from", "2031-01-01"), "is no time that is over"),
        (("--from-prometheus", "--tenant", "t", "--to", "2031-01-01"), "is no time that is over"),
        (("--trace", "x.csv", "--days", "2"), "belong to --from-prometheus"),
        (("--trace", "x.csv", "--to", "enabling"), "belong to --from-prometheus"),
        ((), "needs a trace"),
    ],
)
@pytest.mark.parametrize("verb", ["run", "tune"])
def test_options_that_make_no_sense_together_are_refused(work, verb, words, problem):
    assert problem in work.refused(2, "usage", "replay", verb, *words)["message"]


def test_what_the_source_says_is_the_commands_error(work):
    work.configure(metrics={"source": "embedded", "path": "elsewhere.db"})

    work.refused(5, "metrics-unreachable", *RUN, "--tenant", "t")


def test_thresholds_can_be_searched_over_counters(scraped):
    (scraped.folder / "space.yaml").write_text("failure_threshold: [3, 5]\n")
    data = scraped.ok(
        "replay",
        "tune",
        "--from-prometheus",
        "--tenant",
        TENANT,
        "--space",
        "space.yaml",
        "--no-live",
        "--resamples",
        "2",
    )

    assert data["tuning"]["traffic"]["approximate"]
