"""`canary candidates`, `select` and `adopt` against the practice router and its metrics."""

from __future__ import annotations

from pathlib import Path

import pytest
from flow_world import POLICY, PROVIDER, TENANT

from cbops.journal.folders import find_rollouts
from cbops.model.policy import CANARY_BLOCK
from cbops.model.state import Stage

SELECT = ("canary", "select", TENANT, "--policy", POLICY, "--provider", PROVIDER)
ADOPT = ("canary", "adopt", TENANT, "--policy", POLICY, "--provider", PROVIDER)
SINCE = ("--enabled-at", "2025-01-20T09:00:00Z")


def scraped(work, hours=26):
    """Metrics of more than a day, so that the rush hour of 22:00 is in them."""
    step = 300_000
    for _ in range(hours * 12):
        work.router.advance_to(work.router.now_ms + step)
        work.clock.scraper.scrape(work.router.now_ms)
    work.store.flush()


def rollouts(work) -> list[str]:
    return [folder.name for folder in find_rollouts(work.folder / "rollouts")]


def test_candidates_are_ranked_with_every_reason_and_the_busiest_hour_counts(work):
    scraped(work)
    data = work.ok("canary", "candidates")
    found = {
        (c["target"]["tenant"], c["target"]["policy"], c["target"]["provider"]): c for c in data["candidates"]
    }
    canary = found[TENANT, POLICY, PROVIDER]
    assert canary["eligible"]
    assert data["candidates"][0]["eligible"]
    search = found["tenant_search", "default", "openai"]
    assert search["mean_rpm"] < 100 < search["busiest_rpm"]
    verdicts = {
        key[0]: {reason["criterion"]: reason["verdict"] for reason in candidate["reasons"]}
        for key, candidate in found.items()
        if key[1] == "default"
    }
    assert verdicts["tenant_search"]["traffic"] == "against"
    assert verdicts["tenant_billing"]["criticality"] == "against"
    assert verdicts["tenant_archive"]["owner"] == "against"
    # Never a decision: its counter was never born, and nobody calls that low traffic.
    assert verdicts["tenant_pilot"]["traffic"] == "unknown"
    assert found["tenant_pilot", "default", "openai"]["busiest_rpm"] is None
    scores = [candidate["score"] for candidate in data["candidates"]]
    assert scores == sorted(scores, reverse=True)
    assert work.ok(*SELECT)["overrides"] == []


def test_without_metrics_all_traffic_is_unknown_and_that_is_said(work):
    result = work("canary", "candidates")
    assert result.status == 0
    assert {c["busiest_rpm"] for c in result.data["candidates"]} == {None}
    assert not any(c["eligible"] for c in result.data["candidates"])
    (warning,) = result.answer["warnings"]
    assert "all traffic is unknown" in warning


def test_a_prometheus_that_is_down_leaves_traffic_unknown(work):
    work.configure(metrics={"source": "prometheus", "url": "http://127.0.0.1:9"})
    result = work("canary", "candidates")
    assert result.status == 0
    assert "all traffic is unknown" in result.answer["warnings"][0]


def test_a_policy_that_is_deleted_while_candidates_are_read_is_left_out(work):
    work.wire.answer("GET history", 404)
    assert work("canary", "candidates").status == 0


def test_with_the_api_down_there_are_no_candidates(work):
    work.wire.down()
    work.refused(4, "admin-unreachable", "canary", "candidates")
    work.refused(4, "admin-unreachable", *SELECT)
    assert rollouts(work) == []


def test_what_is_unknown_blocks_and_is_set_aside_on_record_alone(work):
    error = work.refused(6, "blocked", *SELECT)
    assert "no traffic was measured" in error["message"]
    assert rollouts(work) == []
    data = work.ok(*SELECT, "--override", "we know them well")
    assert [note["requirement"] for note in data["overrides"]] == ["traffic"]
    state = work.state(Path(data["folder"]))
    assert state.overrides[0].reason == "we know them well"
    assert state.stage is Stage.SELECTED
    assert state.owner.name == "platform"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nobody", "--policy", POLICY, "--provider", PROVIDER), "cbops canary candidates"),
        ((TENANT, "--policy", "nope", "--provider", PROVIDER), f"{POLICY}/{PROVIDER}"),
        ((TENANT, "--policy", POLICY, "--provider", "nope"), f"{POLICY}/{PROVIDER}"),
    ],
)
def test_what_the_router_does_not_have_cannot_be_selected(work, words, says):
    error = work.refused(3, "input", "canary", "select", *words, "--override", "x")
    assert says in error["hint"]
    assert rollouts(work) == []


def test_an_override_too_long_for_the_record_is_refused_and_the_longest_fits(work):
    work.refused(3, "input", *SELECT, "--override", "x" * 251)
    assert rollouts(work) == []
    work.ok(*SELECT, "--override", "x" * 250)


def test_a_second_rollout_of_a_policy_is_refused_while_one_is_not_over(work):
    work.select()
    error = work.refused(6, "blocked", *SELECT, "--override", "x")
    assert "phase1-tenant_canary-20250124 (selected)" in error["message"]
    assert "--beside REASON" in error["hint"]
    work.refused(6, "blocked", *ADOPT, *SINCE)
    assert len(rollouts(work)) == 1


def test_a_second_rollout_beside_the_first_is_on_record(work):
    work.select()
    data = work.ok(*SELECT, "--override", "x", "--beside", "the first was a mistake")
    assert {note["requirement"]: note["reason"] for note in data["overrides"]} == {
        "no_active_rollout": "the first was a mistake",
        "traffic": "x",
    }
    assert data["rollout"] == "phase1-tenant_canary-20250124-2"
    third = work.ok(*ADOPT, *SINCE, "--beside", "taken over")
    assert third["rollout"] == "phase1-tenant_canary-20250124-3"
    assert third["overrides"][0]["reason"] == "taken over"


def test_a_rollout_that_is_over_stands_in_no_way(work):
    work.enabled()
    work.rollback()
    assert work.select() == "phase1-tenant_canary-20250124-2"


def test_another_policy_of_the_tenant_may_be_selected_beside(work):
    work.select()
    work.router.write(work.router.live(), "second")
    work.ok("canary", "select", TENANT, "--policy", "second", "--provider", PROVIDER, "--override", "x")


def test_a_damaged_record_counts_as_a_rollout_that_is_not_over(work):
    folder = work.folder / "rollouts" / work.select()
    work.ok("canary", "notify", "--how", "mail")
    path = folder / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b"mail", b"fax!"))
    error = work.refused(6, "blocked", *SELECT, "--override", "x")
    assert "(damaged)" in error["message"]


def test_a_tenant_s_odd_name_makes_a_safe_folder(work):
    work.router.put("../../etc", POLICY, work.router.live(), check=False)
    data = work.ok("canary", "adopt", "../../etc", "--policy", POLICY, "--provider", PROVIDER, *SINCE)
    assert Path(data["folder"]).parent == work.folder / "rollouts"


# -- adopt ------------------------------------------------------------------------------------------


def test_adopting_puts_the_live_policy_and_its_rehearsal_on_record(work):
    work.router.enable()
    data = work.ok(*ADOPT, *SINCE)
    assert data["block"] == CANARY_BLOCK
    folder = Path(data["folder"])
    assert work.types(folder) == ["rollout_opened", "breaker_adopted", "rehearsed"]
    state = work.state(folder)
    assert state.stage is Stage.MONITORING
    assert state.rehearsals[0].rehearsal.passed


def test_adopting_works_without_the_admin_api_and_says_what_is_unknown(work):
    work.wire.down()
    result = work(*ADOPT, *SINCE)
    assert result.status == 0
    assert result.data["block"] is None
    assert "the enabled policy is unknown" in result.answer["warnings"][0]


def test_adopting_what_does_not_enable_the_breaker_is_said(work):
    result = work(*ADOPT, *SINCE)
    assert result.status == 0
    assert "does not enable the breaker" in result.answer["warnings"][0]


def test_an_adopted_block_with_a_key_that_the_router_ignores_is_said_and_on_record(work):
    work.router.enable(failure_treshold=3)
    result = work(*ADOPT, *SINCE)
    assert result.status == 0
    assert "failure_treshold" in result.answer["warnings"][0]
    folder = Path(result.data["folder"])
    assert work.types(folder) == ["rollout_opened", "breaker_adopted"]
    assert work.state(folder).block["failure_treshold"] == 3


def test_an_adopted_block_too_large_for_a_line_is_kept_as_evidence(work):
    work.router.enable(note="x" * 5000)
    data = work.ok(*ADOPT, *SINCE)
    state = work.state(Path(data["folder"]))
    assert state.stage is Stage.MONITORING
    assert state.document is not None
    work.verified()


def test_an_adoption_in_the_future_is_refused(work):
    error = work.refused(2, "usage", *ADOPT, "--enabled-at", "2031-01-01")
    assert "lies in the future" in error["message"]
    assert rollouts(work) == []


def test_an_adoption_that_was_interrupted_is_finished_in_its_own_rollout(work):
    work.router.enable()
    data = work.ok(*ADOPT, *SINCE)
    journal = Path(data["folder"]) / "journal.jsonl"
    (journal.parent / "head.json").unlink()
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    again = work.ok(*ADOPT, *SINCE)
    assert again["rollout"] == data["rollout"]
    assert work.types(journal.parent) == ["rollout_opened", "breaker_adopted", "rehearsed"]
    work.verified()


# -- policy show and diff ---------------------------------------------------------------------------


def test_policy_show_fills_the_defaults_in_and_names_unknown_keys(work):
    work.router.enable(failure_treshold=3)
    work.router.write(work.router.live(), version="4.0")
    work.router.roll_back(TENANT, POLICY, "1.1")
    result = work("policy", "show", TENANT, POLICY)
    assert result.status == 0
    assert result.data["effective"]["half_open_max_calls"] == 3
    assert (result.data["version"], result.data["latest_version"], result.data["versions"]) == (
        "1.1",
        "4.0",
        3,
    )
    told = " ".join(result.answer["warnings"])
    assert "Did you mean 'failure_threshold'?" in told
    assert "the latest version is 4.0, but 1.1 is live" in told


def test_policy_diff_shows_what_enabling_would_change_and_changes_nothing(work):
    data = work.ok("policy", "diff", TENANT, POLICY)
    assert {change["path"] for change in data["changes"]} == {
        f"circuit_breaker.{key}" for key in CANARY_BLOCK
    }
    assert (data["version"], data["new_version"]) == ("1.0", "1.1")
    assert work.router.puts == []


def test_policy_diff_compares_an_enabled_breaker_too(work):
    work.router.enable(timeout_ms=1)
    result = work("policy", "diff", TENANT, POLICY)
    assert result.status == 0
    assert [change["path"] for change in result.data["changes"]] == ["circuit_breaker.timeout_ms"]
    assert "enables the breaker already" in result.answer["warnings"][0]


@pytest.mark.parametrize("command", ["show", "diff"])
def test_a_policy_that_does_not_exist_exits_4(work, command):
    work.refused(4, "admin-missing", "policy", command, TENANT, "nope")


def test_a_tenant_without_a_policy_is_a_usage_error(work):
    work.refused(2, "usage", "policy", "show", TENANT)
