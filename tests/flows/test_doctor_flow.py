"""`doctor` on the practice router and the embedded store; against a Prometheus: tests/integration."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml
from doctor_world import Found
from flow_world import POLICY, TENANT, Work

from cbops.clients.rule_series import MAX_SERIES


@pytest.fixture
def ready(work: Work) -> Work:
    """Scraped for twenty minutes, a rollout opened that may begin."""
    work.play(minutes=20)
    work.ready()
    return work


def doctor(work: Work, *words: object) -> Found:
    return Found(work("doctor", *words))


def problems(found: Found) -> set[str]:
    return found.of("problem")


def test_a_sound_place_has_no_problem(ready: Work) -> None:
    found = doctor(ready)
    assert (found.status, problems(found)) == (0, set()), [
        one for one in found.checks if one["level"] == "problem"
    ]
    assert found.result.data["tenants"] == [TENANT]
    assert found.one("live_policy")["subject"] == f"{TENANT}/{POLICY}"
    assert found.one("live_policy")["evidence"]["breaker_enabled"] is False
    assert found.one("scraping")["evidence"]["interval_seconds"] == 10
    counts = found.result.data["counts"]
    assert sum(counts.values()) == len(found.checks)


def test_the_embedded_store_says_what_it_can_not_do(ready: Work) -> None:
    found = doctor(ready)
    unknown = {one["id"]: one["text"] for one in found.checks if one["level"] == "unknown"}
    assert {"rules_loaded", "rules_right", "alerts_sent_to", "queries", "alertmanager"} <= set(unknown)
    assert "the embedded store evaluates no rules" in unknown["rules_loaded"]
    assert found.result.data["requests"]["metrics"] == 0
    assert not any(one["id"] == "clock_metrics" for one in found.checks)


def test_strict_minds_what_is_unknown(ready: Work) -> None:
    assert doctor(ready, "--strict").status == 7
    assert doctor(ready, "--strict").result.data["ok"] is False


def test_nothing_is_written_and_nothing_reloaded(ready: Work) -> None:
    before = {
        path: path.read_bytes()
        for path in ready.folder.rglob("*")
        if path.is_file() and "samples" not in path.name
    }
    ready.router.puts.clear()
    ready.wire.calls.clear()
    doctor(ready)
    after = {
        path: path.read_bytes()
        for path in ready.folder.rglob("*")
        if path.is_file() and "samples" not in path.name
    }
    assert before == after
    assert ready.router.puts == []
    assert ready.wire.calls == ["GET policies", "GET policies", "GET history", "POST validate"]


def test_a_router_that_is_down_leaves_the_rest_to_be_looked_at(ready: Work) -> None:
    ready.wire.down()
    found = doctor(ready)
    assert problems(found) == {"admin_reachable"}
    assert {"admin_key", "policies", "live_policy", "policy_valid", "clock_router"} <= found.of("unknown")
    assert found.one("scraping")["level"] == "ok"


def test_a_router_that_fails_on_the_way_leaves_open_what_it_was_asked(ready: Work) -> None:
    ready.wire.answer("GET history", 500)
    found = doctor(ready)
    assert problems(found) == set()
    assert found.one("live_policy")["level"] == "unknown"
    assert found.one("live_policy")["remedy"]


def test_a_key_that_can_not_be_sent(ready: Work) -> None:
    found = Found(ready("doctor", env={"CBOPS_ADMIN_TOKEN": "kéy"}))
    assert problems(found) == {"admin_key"}
    assert found.one("admin_reachable")["level"] == "unknown"


def test_a_wrong_key_is_told_from_a_router_that_is_down(ready: Work) -> None:
    found = Found(ready("doctor", env={"CBOPS_ADMIN_TOKEN": "another"}))
    assert problems(found) == {"admin_key"}
    assert found.one("admin_reachable")["level"] == "ok"


def test_an_admin_api_that_asks_for_no_key_is_told(ready: Work) -> None:
    ready.cli.environ.pop("CBOPS_ADMIN_TOKEN")
    listed = {"tenant_id": TENANT, "policy_id": POLICY, "version": "1.0", "status": "active"}
    page = {"policies": [listed], "total": 1, "limit": 100, "offset": 0}
    version = {"version": "1.0", "policy_json": {}, "is_active": True}
    ready.wire.answer("GET policies", 200, page, always=True)
    ready.wire.answer("GET history", 200, {"versions": [version]})
    ready.wire.answer("POST validate", 200, {"valid": True})
    found = doctor(ready)
    assert problems(found) == set()
    assert found.one("admin_key")["level"] == "warning"
    assert found.one("policy_valid")["level"] == "ok"


def test_very_many_series_are_counted_as_far_as_they_were_read(ready: Work) -> None:
    at = ready.router.now_ms
    labels = {
        "tenant_id": TENANT,
        "provider_id": "openai",
        "event_type": "success",
        "instance": "router:9001",
    }
    rows = [
        (
            ready.store.series_id("router_circuit_breaker_events_total", {**labels, "trace_id": f"{number}"}),
            1.0,
        )
        for number in range(MAX_SERIES + 1)
    ]
    ready.store.append(at, rows)
    ready.store.flush()
    found = doctor(ready)
    crowded = found.one("cardinality")
    assert (crowded["level"], crowded["evidence"]["series"], crowded["evidence"]["exact"]) == (
        "warning",
        MAX_SERIES,
        False,
    )
    assert f"at least {MAX_SERIES} series, because the label trace_id" in crowded["text"]
    assert problems(found) == set()


def test_a_policy_that_the_router_itself_refuses(ready: Work) -> None:
    ready.wire.answer("POST validate", 200, {"valid": False, "errors": [{"field": "x", "message": "wrong"}]})
    found = doctor(ready)
    assert problems(found) == {"policy_valid"}
    assert "x: wrong" in found.one("policy_valid")["text"]


def test_a_policy_without_a_live_version(ready: Work) -> None:
    def inactive(said: dict) -> dict:
        return {"versions": [{**one, "is_active": False} for one in said["versions"]]}

    ready.wire.change("GET history", inactive)
    found = doctor(ready)
    assert problems(found) == {"live_policy"}
    assert found.one("policy_valid")["level"] == "unknown"


def test_a_policy_that_is_not_there(ready: Work) -> None:
    ready.wire.change("GET policies", lambda said: {**said, "policies": [], "total": 0}, always=True)
    found = doctor(ready)
    assert problems(found) == {"policies"}


def test_an_odd_policy_name_in_tenants_yaml_is_a_problem_only_of_a_tenant_that_is_meant(work: Work) -> None:
    work.play(minutes=20)
    path = work.folder / "tenants.yaml"
    path.write_text(yaml.safe_dump({"tenants": [{"id": TENANT, "policies": ["gone"]}]}), encoding="utf-8")
    assert doctor(work).of("warning") >= {"policies"}
    assert problems(doctor(work)) == set()
    assert problems(doctor(work, "--tenant", TENANT)) == {"policies"}


@pytest.mark.parametrize("text", ["tenants: [{id: a, ownr: x}]", "tenants: [", None])
def test_a_wrong_tenants_yaml_stops_nothing_else(ready: Work, text: str | None) -> None:
    path = ready.folder / "tenants.yaml"
    path.unlink()
    if text is not None:
        path.write_text(text, encoding="utf-8")
    found = doctor(ready)
    assert problems(found) == {"tenants"}
    assert found.one("live_policy")["level"] == "ok"


def test_tenants_without_any_and_tenants_that_nobody_lists(ready: Work) -> None:
    (ready.folder / "tenants.yaml").write_text("tenants: []\n", encoding="utf-8")
    found = doctor(ready)
    assert {"tenants", "tenant_listed"} <= found.of("warning")
    assert problems(found) == set()


def test_without_a_tenant_nothing_is_asked_about_one(work: Work) -> None:
    work.play(minutes=20)
    (work.folder / "tenants.yaml").write_text("tenants: []\n", encoding="utf-8")
    found = doctor(work)
    assert found.result.data["tenants"] == []
    assert {"policies", "live_policy", "policy_valid"} <= found.of("unknown")
    assert problems(found) == set()


def test_a_damaged_record_is_named_with_its_place(ready: Work) -> None:
    (folder,) = (ready.folder / "rollouts").iterdir()
    journal = folder / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"for a test", b"for a jest"))
    found = doctor(ready)
    assert problems(found) == {"journal"}
    damaged = found.one("journal")
    assert damaged["remedy"] == f"cbops journal verify --rollout {folder.name}"
    assert "line 1 was changed" in damaged["text"]


def test_a_folder_that_can_not_hold_rollouts(work: Work) -> None:
    work.play(minutes=20)
    work.configure(rollouts="tenants.yaml")
    assert problems(doctor(work)) == {"rollouts_folder", "journal"}
    work.configure(rollouts="/proc/rollouts")  # nothing can be made there, by nobody
    found = doctor(work)
    assert problems(found) == {"rollouts_folder"}
    assert found.one("rollouts_folder")["remedy"]


def test_a_store_that_is_not_there(ready: Work) -> None:
    ready.configure(metrics={"source": "embedded", "path": "nowhere.db"})
    found = doctor(ready)
    assert problems(found) == {"series"} or problems(found) == {"metrics_reachable"}
    assert "dialect" in found.of("unknown")


def test_data_that_are_an_hour_old(ready: Work) -> None:
    ready.router.advance_to(ready.router.now_ms + round(timedelta(minutes=90).total_seconds() * 1000))
    found = doctor(ready)
    assert problems(found) == {"newest_sample", "scraping"}
    assert found.one("newest_sample")["evidence"]["age_seconds"] == pytest.approx(5400, abs=11)


def test_a_secret_that_is_not_set(ready: Work) -> None:
    headers = {"Authorization": {"env": "NOWHERE"}}
    ready.configure(metrics={"source": "prometheus", "url": "http://127.0.0.1:1", "headers": headers})
    found = doctor(ready)
    assert problems(found) == {"metrics_reachable"}
    assert "NOWHERE" in found.one("metrics_reachable")["text"]


def test_an_alertmanager_without_its_secret(ready: Work) -> None:
    headers = {"Authorization": {"env": "NOWHERE"}}
    ready.configure(alerts={"alertmanager_url": "http://127.0.0.1:1", "headers": headers})
    assert problems(doctor(ready)) == {"alertmanager"}


def test_the_rollout_that_is_named_is_the_one_looked_at(ready: Work) -> None:
    (folder,) = (ready.folder / "rollouts").iterdir()
    found = doctor(ready, "--rollout", folder.name)
    assert found.one("journal")["subject"] == folder.name
    assert ready("doctor", "--rollout", "nope").status == 2


def test_without_a_configuration_it_says_how_to_get_one(ready: Work) -> None:
    (ready.folder / "cbops.yaml").unlink()
    error = ready.refused(3, "config", "doctor")
    assert "cbops init" in error["hint"]


def test_a_wrong_configuration_is_the_first_thing_to_correct(ready: Work) -> None:
    (ready.folder / "cbops.yaml").write_text("version: 1\nmetrix: {}\n", encoding="utf-8")
    error = ready.refused(3, "config", "doctor")
    assert "metrics" in error["hint"]


def test_a_practice_clock_that_can_not_be_had_is_told(ready: Work) -> None:
    ready.configure(router={"admin_url": "http://127.0.0.1:1"})
    found = Found(ready("doctor", env={"CBOPS_CLOCK": "practice"}))
    assert "admin_reachable" in problems(found)
    assert any("the real time is used" in one for one in found.result.answer["warnings"])


def test_words_come_in_groups_with_marks_and_remedies(ready: Work) -> None:
    ready.wire.down()
    lines = ready.text("doctor").stdout.splitlines()
    assert lines[0].startswith("No-go for ")
    assert ": 1 reason. 1 problem, " in lines[0]
    assert lines[0].endswith("checks passed.")
    weighed, *groups = [line for line in lines[1:-1] if not line.startswith(" ")]
    assert weighed.startswith("no-go for ")
    assert groups == ["configuration", "router", "metrics", "alerts", "dashboard", "clocks", "installation"]
    (wrong,) = [number for number, line in enumerate(lines) if line.startswith("  ✗ problem")]
    remedy = lines[wrong + 1].strip().removeprefix("do: ")
    assert lines[-1] == f"next: {remedy} (then again: cbops doctor)"
