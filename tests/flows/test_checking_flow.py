"""`policy check` against a router, its metrics and its neighbours; the live block, a file's, and what nobody knows."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from flow_world import POLICY, PROVIDER, TENANT, Practice, Work

from cbops.clients.scrape import Scraper
from cbops.errors import InputError
from cbops.flows.checking import Asked, Sources, check
from cbops.model.policy import CANARY_BLOCK, with_breaker
from cbops.simulator.router import Router

CHECK = ("policy", "check")
OWN = (*CHECK, TENANT, POLICY)


def facts(work: Work, *more: object, status: int = 0) -> dict[str, dict]:
    result = work(*OWN, *more)
    assert result.status == status, result.answer
    return {each["name"]: each for each in result.data["facts"]}


def codes(data: dict) -> list[tuple[str, str]]:
    return [(each["level"], each["code"]) for each in data["findings"]]


def block(work: Work, **numbers: object) -> str:
    (work.folder / "block.json").write_text(json.dumps({**CANARY_BLOCK, **numbers}))
    return "block.json"


def neighbour(router: Practice, tenant: str, policy: str, **numbers: object) -> None:
    """Another tenant's live policy enables its breaker."""
    live = router.policy(tenant, policy).live.document
    Router.put(router, tenant, policy, with_breaker(live, {**CANARY_BLOCK, **numbers}), check=False)


def others(router: Practice) -> list[tuple[str, str]]:
    """Policies of other tenants whose first provider is the canary's."""
    found = [
        (tenant.tenant.id, policy.id) for tenant in router.scenario.tenants for policy in tenant.policies
    ]
    return [(tenant, policy) for tenant, policy in found if tenant != TENANT]


def test_the_live_block_is_checked_and_its_defaults_are_told(work):
    data = work.ok(*OWN)
    assert (data["tenant"], data["policy"], data["provider"]) == (TENANT, POLICY, PROVIDER)
    assert (data["version"], data["block_from"], data["document_from"]) == ("1.0", "live", "live")
    assert data["effective"]["timeout_ms"] == 60_000
    assert ("warning", "residue_reopens") in codes(data)


def test_a_file_is_checked_as_it_would_stand_in_the_live_policy(work):
    data = work.ok(*OWN, "--policy-file", block(work, timeout_ms=61_000))
    assert (data["block_from"], data["document_from"]) == ("file", "live")
    assert data["effective"]["half_open_max_calls"] == 3
    assert "no_fallback" not in {code for _, code in codes(data)}
    work.router.write({key: value for key, value in work.router.live().items() if key != "fallbacks"})
    data = work.ok(*OWN, "--policy-file", "block.json")
    assert ("warning", "no_fallback") in codes(data)


def test_an_error_exits_7_with_the_answer_and_the_headline_counts(work):
    result = work(*OWN, "--policy-file", block(work, success_threshold=4, sucess_threshold=1))
    assert result.status == 7
    assert [code for level, code in codes(result.data) if level == "error"] == ["unknown_key", "never_closes"]
    assert result.error["code"] == "checks-failed"
    assert result.error["message"].startswith("canary_policy of tenant_canary: 2 errors, ")
    assert result.error["hint"] == "Correct the errors and check again."
    assert work.router.puts == []


@pytest.mark.parametrize("written", ["[5]", '{"circuit_breaker": 5}', "5"])
def test_a_file_without_a_block_is_an_error_too(work, written):
    (work.folder / "odd.json").write_text(written)
    result = work(*OWN, "--policy-file", "odd.json")
    if written.startswith("{"):
        assert result.status == 7
        assert codes(result.data)[0] == ("error", "wrong_type")
        assert result.data["block"] == {}
    else:
        assert (result.status, result.error["code"]) == (3, "policy")


def test_less_than_an_hour_of_results_leaves_the_traffic_unknown_with_the_reason(work):
    work.play(minutes=20)
    found = facts(work)
    assert found["busiest_rpm"]["value"] is None
    assert (
        "no hour of results of tenant_canary with openai in the last 7 days" in found["busiest_rpm"]["told"]
    )
    assert found["lost_share"]["told"] == "counters don't tell: give a trace (--trace)"


def test_the_metrics_tell_how_busy_and_how_quiet_the_circuit_is(work):
    work.play(hours=2)
    found = facts(work)
    assert (
        0
        < found["quietest_rpm"]["value"]
        <= found["mean_rpm"]["value"]
        <= found["busiest_rpm"]["value"]
        < 100
    )
    assert found["busiest_rpm"]["told"].endswith("hours, from the embedded store")
    assert facts(work, "--no-traffic")["busiest_rpm"] == {
        "name": "busiest_rpm",
        "value": None,
        "told": "the metrics were not asked (--no-traffic)",
    }


def test_metrics_that_cannot_be_asked_leave_the_traffic_unknown(work):
    assert facts(work)["mean_rpm"]["told"].startswith(
        "the metrics could not be asked: There is no sample store"
    )


def test_tenants_that_probe_together_are_counted(work):
    tenant, policy = others(work.router)[0]
    assert facts(work)["tenants_on_timeout"]["value"] == 1
    live = work.router.policy(tenant, policy).live.document
    assert PROVIDER in json.dumps(live)
    neighbour(work.router, tenant, policy, timeout_ms=60_000)
    data = work.ok(*OWN)
    assert ("warning", "probes_together") in codes(data)
    assert any(
        "2 tenants of the provider share timeout_ms 60000" in each["sentence"] for each in data["findings"]
    )
    assert facts(work, "--policy-file", block(work, timeout_ms=30_000))["tenants_on_timeout"]["value"] == 1
    assert facts(work, "--provider", "mistral")["tenants_on_timeout"]["value"] == 1


def test_a_neighbour_whose_breaker_is_disabled_does_not_probe(work):
    tenant, policy = others(work.router)[0]
    neighbour(work.router, tenant, policy, timeout_ms=60_000, enabled=False)
    assert facts(work)["tenants_on_timeout"]["value"] == 1


def test_a_neighbour_that_was_deleted_meanwhile_is_passed_over(work):
    tenant, policy = others(work.router)[0]
    neighbour(work.router, tenant, policy, timeout_ms=60_000)
    # After the history of the policy itself come those of the neighbours.
    work.wire.then("GET history", lambda: [work.wire.answer("GET history", 404) for _ in others(work.router)])
    assert facts(work)["tenants_on_timeout"]["value"] == 1
    assert facts(work)["tenants_on_timeout"]["value"] == 2


def test_too_many_neighbours_are_not_asked(work):
    def many(said):
        entry = said["policies"][0]
        more = [{**entry, "tenant_id": f"t{number}"} for number in range(51)]
        return {**said, "policies": more, "total": 51}

    work.wire.change("GET policies", many, always=True)
    found = facts(work)["tenants_on_timeout"]
    assert found["value"] is None
    assert "51 policies, and at most 50 are looked at" in found["told"]


def test_a_list_that_cannot_be_had_leaves_the_neighbours_unknown(work):
    work.wire.answer("GET policies", 500, always=True)
    assert facts(work)["tenants_on_timeout"]["told"].startswith("the admin API could not be asked: ")


def test_a_timeout_that_is_no_number_leaves_the_neighbours_unknown(work):
    found = facts(work, "--policy-file", block(work, timeout_ms="soon"), status=7)
    assert found["tenants_on_timeout"]["told"] == "timeout_ms has no usable value"


def test_the_rollout_says_whose_policy_it_is(work):
    work.refused(6, "wrong-stage", *CHECK)
    work.select()
    data = work.ok(*CHECK)
    assert (data["tenant"], data["policy"], data["provider"]) == (TENANT, POLICY, PROVIDER)
    assert work.ok(*CHECK, "--policy-file", block(work))["document_from"] == "live"


def test_a_policy_that_is_not_there_exits_4(work):
    work.refused(4, "admin-missing", *CHECK, TENANT, "nothing")
    work.refused(2, "usage", *CHECK, TENANT)


def test_a_policy_without_a_live_version_exits_4(work):
    def none_live(said):
        return {**said, "versions": [{**each, "is_active": False} for each in said["versions"]]}

    work.wire.change("GET history", none_live)
    assert "no version of" in work.refused(4, "admin-missing", *OWN)["message"]


def test_a_router_that_is_down_leaves_the_file_to_be_checked_where_nobody_named_the_policy(work):
    work.select()
    name = block(work)
    work.wire.down()
    result = work(*CHECK, "--policy-file", name)
    assert result.status == 0
    assert result.data["document_from"] == "unknown"
    assert any("the live policy could not be asked" in each for each in result.answer["warnings"])
    work.refused(4, "admin-unreachable", *OWN, "--policy-file", name)
    work.refused(4, "admin-unreachable", *CHECK)


def test_the_text_names_what_was_checked_and_groups_by_level(work):
    work.play(hours=2)
    shown = work.text(*OWN, "--policy-file", block(work, failure_threshold=1, half_open_max_calls=2)).stdout
    lines = shown.splitlines()
    assert lines[0].startswith("canary_policy of tenant_canary: ")
    assert lines[1] == (
        "  checked: the file's block in the live 1.0, whose breaker is disabled, for the circuit to openai"
    )
    levels = [line.split()[0] for line in lines if line.startswith(("  error", "  warning", "  note"))]
    assert levels == sorted(levels, key=["error", "warning", "note"].index)
    assert levels.count("warning") > 2
    assert shown.count("    fix: ") == len(levels)
    assert (
        lines[-1]
        == "next: See what enabling would change: cbops canary enable --dry-run --policy-file block.json"
    )
    work.router.enable()
    assert "whose breaker is enabled" in work.text(*OWN).stdout


def test_checking_writes_nothing(work):
    before = sorted(work.folder.rglob("*"))
    work.ok(*OWN)
    assert sorted(work.folder.rglob("*")) == before
    assert {call.split()[0] for call in work.wire.calls} == {"GET"}


def test_a_trace_comes_before_the_metrics_and_only_the_circuit_s_requests_count(work):
    work.play(hours=2)
    rows = [
        {
            "ts": at * 60,
            "latency_ms": 70_000,
            "outcome": "success",
            "tenant_id": tenant,
            "provider_id": PROVIDER,
        }
        for at in range(200)
        for tenant in (TENANT, "somebody")
    ]
    (work.folder / "trace.jsonl").write_text("\n".join([*map(json.dumps, rows), "half a row"]))
    found = facts(work, "--trace", "trace.jsonl", "--skip-bad", 1)
    assert found["busiest_rpm"] == {
        "name": "busiest_rpm",
        "value": 1,
        "told": "200 requests of the trace, trace.jsonl",
    }
    assert found["longest_latency_ms"]["value"] == 70_000
    result = work(*OWN, "--trace", "trace.jsonl", "--skip-bad", 1)
    assert ("warning", "timeout_below_latency") in codes(result.data)
    assert any("1 row skipped: trace.jsonl:401: " in each for each in result.answer["warnings"])
    assert (
        "no request of tenant_canary to mistral"
        in work.refused(3, "input", *OWN, "--trace", "trace.jsonl", "--skip-bad", 1, "--provider", "mistral")[
            "message"
        ]
    )


@dataclass(frozen=True)
class Several:
    """Scrapers of several routers behind one store."""

    scrapers: tuple[Scraper, ...]

    def scrape(self, due: int) -> None:
        for each in self.scrapers:
            each.scrape(due)


def test_router_instances_have_circuits_of_their_own(work):
    assert work.clock.scraper is not None
    with Scraper(f"{work.url}/metrics", work.store, instance="other:9001", job="router") as other:
        work.clock.scraper = Several((work.clock.scraper, other))
        work.play(hours=2)
    told = facts(work)["mean_rpm"]["told"]
    assert told.endswith("from the embedded store, of each of 2 router instances")


def test_an_hour_that_was_hardly_scraped_leaves_the_quietest_unknown(work):
    for _ in range(8):
        work.play(minutes=10)
        work.clock.scraper, kept = None, work.clock.scraper
        work.play(minutes=50)
        work.clock.scraper = kept
    found = facts(work)
    assert found["busiest_rpm"]["value"] > 0
    assert found["quietest_rpm"] == {
        "name": "quietest_rpm",
        "value": None,
        "told": "no hour was scraped well enough",
    }


def test_a_check_of_nothing_is_refused():
    with pytest.raises(InputError, match="no policy to check"):
        check(Asked(None, None, None, None), Sources(None, None, "not asked"))
