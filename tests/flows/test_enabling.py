"""`canary enable` against the practice router: what it writes, when it refuses, and what is on record after."""

from __future__ import annotations

import json

import pytest
from flow_world import POLICY, PROVIDER, TENANT, journal_bytes

from cbops.model.policy import CANARY_BLOCK, differences
from cbops.model.state import Stage

ENABLE = ("canary", "enable", "--yes")


def abandoned(work, folder):
    """The enabling was given up on record, and the rollout can be enabled as if nothing had been."""
    assert work.state(folder).stage is Stage.SELECTED
    assert work.types(folder)[-1] == "enable_abandoned"
    assert not work.router.enabled()
    work.verified()
    work.wire.up()
    work.ok(*ENABLE)
    assert work.router.enabled()


def test_enabling_changes_the_breaker_block_and_nothing_else(work):
    odd = {
        **work.router.live(),
        "sticky": {"by": "user"},
        "unknown_key": [1, {"x": None}],
        "circuit_breaker": {},
    }
    work.router.write(odd)
    folder = work.ready()
    data = work.ok(*ENABLE)
    assert {change.path.split(".")[0] for change in differences(odd, work.router.live())} == {
        "circuit_breaker"
    }
    assert work.router.live() == {**odd, "circuit_breaker": CANARY_BLOCK}
    assert data["version"] == work.router.version() == "1.2"
    assert work.state(folder).stage is Stage.MONITORING
    assert work.types(folder)[-5:] == [
        "rehearsed",
        "enable_intended",
        "policy_written",
        "policy_reloaded",
        "enable_done",
    ]
    assert work.router.reloads == [POLICY]
    work.verified()


def test_the_next_version_is_above_the_highest_even_when_another_is_live(work):
    work.router.write({**work.router.live(), "sticky": {"by": "user"}}, version="3.7")
    work.router.roll_back(TENANT, POLICY, "1.0")
    work.ready()
    result = work(*ENABLE)
    assert result.status == 0
    assert result.data["plan"]["read_version"] == "1.0"
    assert result.data["version"] == "3.8"
    assert "sticky" not in work.router.live()
    assert any("3.7 exists and is not live" in warning for warning in result.answer["warnings"])


def test_a_router_that_names_the_latest_version_as_previous_is_no_conflict(work):
    work.router.write(work.router.live(), version="3.7")
    work.router.roll_back(TENANT, POLICY, "1.0")
    work.ready()
    work.wire.change("PUT", lambda said: {**said, "previous_version": "3.7"})
    assert work.ok(*ENABLE)["version"] == "3.8"


@pytest.mark.parametrize("told", [None, "absent"])
def test_a_router_that_names_no_previous_version_is_no_conflict(work, told):
    work.ready()
    drop = {"previous_version"} if told == "absent" else set()
    work.wire.change(
        "PUT", lambda said: {k: v for k, v in {**said, "previous_version": None}.items() if k not in drop}
    )
    work.ok(*ENABLE)


def test_a_dry_run_prints_the_plan_and_touches_nothing(work):
    folder = work.ready()
    before, calls = journal_bytes(folder), len(work.wire.calls)
    files = sorted(work.folder.rglob("*"))
    data = work.ok("canary", "enable", "--dry-run")
    assert not data["applied"]
    assert data["plan"]["after"]["circuit_breaker"] == CANARY_BLOCK
    assert journal_bytes(folder) == before
    assert sorted(work.folder.rglob("*")) == files
    assert work.router.puts == []
    assert {call.split()[0] for call in work.wire.calls[calls:]} == {"GET", "POST"}
    assert "POST reload" not in work.wire.calls
    assert work.ok(*ENABLE)["plan"] == data["plan"]


def test_without_a_terminal_and_without_yes_it_exits_2_and_writes_nothing(work):
    folder = work.ready()
    before = journal_bytes(folder)
    work.refused(2, "usage", "canary", "enable")
    assert journal_bytes(folder) == before
    assert work.router.puts == []


@pytest.mark.parametrize("done", ["checklist", "notify", "nothing"])
def test_what_is_open_blocks_with_exit_6_and_is_named(work, done):
    work.select()
    if done == "checklist":
        work.ok("checklist", "mark", "all")
    if done == "notify":
        work.ok("canary", "notify", "--how", "mail")
    error = work.refused(6, "blocked", *ENABLE)
    assert ("owner_notified" in error["message"]) == (done != "notify")
    assert ("load_tests" in error["message"]) == (done != "checklist")
    assert work.router.puts == []


def test_requirements_are_set_aside_one_by_one_on_record(work):
    folder = work.folder / "rollouts" / work.select()
    work.ok("canary", "notify", "--how", "mail")
    items = [item["item"] for item in work.ok("checklist", "show")["items"]]
    work.ok("checklist", "mark", *items[1:])
    work.refused(6, "blocked", *ENABLE, "--override", "dashboards=they are there")
    work.ok(*ENABLE, "--override", f"{items[0]}=run last year", "--override", "owner_notified=needless")
    notes = work.state(folder).enable.overrides
    assert [(note.requirement, note.reason) for note in notes] == [(items[0], "run last year")]


def test_a_bare_reason_sets_everything_aside_that_is_open(work):
    folder = work.folder / "rollouts" / work.select()
    work.ok(*ENABLE, "--override", "the pilot = agreed with the owner, all of it")
    notes = work.state(folder).enable.overrides
    assert len(notes) == 9
    assert {note.reason for note in notes} == {"the pilot = agreed with the owner, all of it"}


@pytest.mark.parametrize(
    ("override", "status", "says"),
    [
        ("owner_notifed=by phone", 2, "owner_notified"),
        ("load-tests=done", 2, "load_tests"),
        ("load_tests=", 2, "--override REASON"),
        ("x" * 251, 3, "shorter"),
        ("a\x07b", 3, "plain text"),
    ],
)
def test_an_override_that_makes_no_sense_sets_nothing_aside(work, override, status, says):
    work.select()
    result = work(*ENABLE, "--override", override)
    assert result.status == status
    assert says in result.error["hint"]
    assert work.router.puts == []


def test_the_longest_reason_for_everything_still_fits_the_record(work):
    work.select()
    work.ok(*ENABLE, "--override", "é" * 125, "--by", "b" * 120)
    work.verified()


def test_an_item_that_is_marked_failed_after_the_plan_was_shown_blocks(work):
    folder = work.ready()
    work.wire.then("GET history", lambda: work.cli("checklist", "mark", "load_tests", "--failed"))
    work.refused(6, "blocked", *ENABLE)
    assert work.state(folder).stage is Stage.SELECTED
    assert work.router.puts == []


def test_a_policy_that_changed_after_it_was_read_is_a_conflict_with_the_difference(work):
    folder = work.ready()
    before = journal_bytes(folder)
    work.wire.then(
        "POST validate", lambda: work.router.write({**work.router.live(), "sticky": {"by": "user"}})
    )
    error = work.refused(6, "policy-changed", *ENABLE)
    assert "1.0 was read, 1.1 is live" in error["message"]
    assert "sticky" in error["message"]
    assert work.router.puts == []
    assert journal_bytes(folder) == before


def test_a_version_that_someone_wrote_without_making_it_live_is_a_conflict_too(work):
    work.ready()

    def meddle():
        work.router.write({**work.router.live(), "sticky": {"by": "user"}})
        work.router.roll_back(TENANT, POLICY, "1.0")

    work.wire.then("POST validate", meddle)
    error = work.refused(6, "policy-changed", *ENABLE)
    assert "1.1 was written meanwhile" in error["message"]
    assert work.router.puts == []


def test_a_previous_version_that_was_not_read_is_a_conflict_with_the_difference(work):
    """Someone's rollback fell between our last look and our write, and our write went over it."""
    work.router.write({**work.router.live(), "sticky": {"by": "user"}})
    folder = work.ready()
    work.router.meddlers.append(lambda: work.router.roll_back(TENANT, POLICY, "1.0"))
    error = work.refused(6, "policy-changed", *ENABLE)
    assert "version 1.0 was live when 1.2 was written, but 1.1 was read" in error["message"]
    assert "sticky" in error["message"]
    assert "cbops rollback" in error["hint"]
    assert work.state(folder).stage is Stage.ENABLING
    assert "written over version 1.0" in work.ok("canary", "status")["in_flight"]["sentence"]
    work.rollback()
    assert not work.router.enabled()
    assert len(work.router.puts) == 2
    work.verified()


def test_a_conflict_is_told_even_when_the_difference_cannot_be_read(work):
    work.router.write({**work.router.live(), "sticky": {"by": "user"}})
    folder = work.ready()
    work.router.meddlers.append(lambda: work.router.roll_back(TENANT, POLICY, "1.0"))
    work.wire.then("PUT", lambda: work.wire.answer("GET history", 500))
    error = work.refused(6, "policy-changed", *ENABLE)
    assert "version 1.0 was live when 1.2 was written, but 1.1 was read" in error["message"]
    assert "the difference could not be read: " in error["message"]
    assert work.state(folder).stage is Stage.ENABLING


def test_a_write_that_lost_the_race_for_its_version_is_a_conflict_and_leaves_the_rollout_usable(work):
    folder = work.ready()
    work.router.meddlers.append(lambda: work.router.write({**work.router.live(), "sticky": {"by": "user"}}))
    error = work.refused(6, "policy-changed", *ENABLE)
    assert "sticky" in error["message"]
    abandoned(work, folder)
    assert work.router.live()["sticky"] == {"by": "user"}


def test_a_read_back_that_differs_is_a_conflict_with_the_difference(work):
    folder = work.ready()

    def mangle(said):
        said["versions"][0]["policy_json"]["circuit_breaker"]["timeout_ms"] = 1
        return said

    work.wire.then("POST reload", lambda: work.wire.change("GET history", mangle))
    error = work.refused(6, "policy-changed", *ENABLE)
    assert "circuit_breaker.timeout_ms: 30000 → 1" in error["message"]
    assert "cbops resume" in error["hint"]
    assert "cbops rollback" in error["hint"]
    assert work.state(folder).stage is Stage.ENABLING
    assert work.ok("resume")["action"] == "finished"
    assert len(work.router.puts) == 1


def test_someone_else_s_version_over_the_enabled_one_can_be_taken_back_and_not_resumed(work):
    folder = work.ready()
    work.wire.then("POST reload", lambda: work.router.enable(failure_threshold=99))
    work.refused(6, "policy-changed", *ENABLE)
    error = work.refused(6, "policy-changed", "resume")
    assert "circuit_breaker.failure_threshold: 5 → 99" in error["message"]
    work.rollback()
    assert not work.router.enabled()
    assert work.state(folder).stage is Stage.ROLLED_BACK


def test_someone_else_s_version_that_disables_the_breaker_lets_the_enabling_be_abandoned(work):
    folder = work.ready()
    work.wire.then("POST reload", lambda: work.router.write({**work.router.live(), "circuit_breaker": {}}))
    work.refused(6, "policy-changed", *ENABLE)
    assert work.ok("resume")["action"] == "abandoned"
    abandoned(work, folder)


def test_a_lost_answer_of_a_write_that_arrived_is_settled_by_reading_back(work):
    folder = work.ready()
    work.wire.cut_after("PUT")
    assert work.ok(*ENABLE)["version"] == "1.1"
    assert len(work.router.puts) == 1
    assert work.state(folder).stage is Stage.MONITORING


def test_a_write_that_never_arrived_is_abandoned_after_reading_back(work):
    folder = work.ready()
    work.wire.cut_before("PUT")
    error = work.refused(4, "admin-unreachable", *ENABLE)
    assert "as before, so the enabling was abandoned" in error["message"]
    assert work.router.puts == []
    abandoned(work, folder)


def test_a_write_that_arrived_late_is_found_by_resume(work):
    folder = work.ready()
    plan = work.ok("canary", "enable", "--dry-run")["plan"]
    work.wire.cut_before("PUT")
    work.refused(4, "admin-unreachable", *ENABLE)
    work.router.write(plan["after"], version=plan["new_version"])
    assert "cbops resume" in work.refused(6, "wrong-stage", *ENABLE)["hint"]
    assert work.ok("resume")["action"] == "finished"
    assert work.state(folder).stage is Stage.MONITORING
    assert work.router.puts == []
    work.verified()


def test_a_write_that_arrived_late_is_told_by_the_status(work):
    work.ready()
    plan = work.ok("canary", "enable", "--dry-run")["plan"]
    work.wire.cut_before("PUT")
    work.refused(4, "admin-unreachable", *ENABLE)
    assert work("canary", "status").answer["warnings"] == []
    work.router.write(plan["after"], version=plan["new_version"])
    told = work("canary", "status").answer["warnings"]
    assert len(told) == 1
    assert "It arrived late: go on with it (cbops resume), or take it back (cbops rollback)" in told[0]


def test_a_write_that_arrived_after_its_rollback_is_told_and_taken_back_by_resume(work):
    folder = work.ready()
    plan = work.ok("canary", "enable", "--dry-run")["plan"]
    work.wire.cut_before("PUT")
    work.refused(4, "admin-unreachable", *ENABLE)
    work.rollback()
    assert work.ok("resume")["action"] == "nothing"
    work.router.write(plan["after"], version=plan["new_version"])
    told = work("canary", "status").answer["warnings"]
    assert any("It arrived late: take it back (cbops resume)" in each for each in told), told
    assert work.ok("resume")["action"] == "finished"
    assert not work.router.enabled()
    assert (
        work.state(folder).rollbacks[-1].reason == "an enabling reached the router after it was rolled back"
    )
    assert work.ok("resume")["action"] == "nothing"
    work.verified()


def test_when_reading_back_fails_too_the_enabling_stays_in_flight(work):
    folder = work.ready()
    work.wire.cut_after("PUT")
    work.wire.then("GET history", lambda: None)
    work.wire.then("GET history", lambda: None)
    work.wire.cut_before("GET history", always=True)
    error = work.refused(4, "admin-unreachable", *ENABLE)
    assert "in flight" in error["message"]
    assert "cbops resume" in error["hint"]
    assert work.state(folder).stage is Stage.ENABLING
    assert work.ok("canary", "status")["in_flight"]["live"] == "unknown"
    work.refused(4, "admin-unreachable", "resume")
    work.wire.up()
    assert work.ok("resume")["action"] == "finished"
    assert len(work.router.puts) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(422, "admin-answer"), (409, "admin-answer"), (401, "admin-refused"), (404, "admin-missing")],
)
def test_a_refused_write_leaves_the_rollout_usable(work, status, code):
    folder = work.ready()
    work.wire.answer("PUT", status)
    error = work.refused(4, code, *ENABLE)
    assert f"said {status}" in error["message"]
    assert work.router.puts == []
    abandoned(work, folder)


def test_an_answer_that_says_no_success_is_a_refusal(work):
    folder = work.ready()
    work.wire.answer("PUT", 200, {"success": False})
    work.refused(4, "admin-answer", *ENABLE)
    abandoned(work, folder)


@pytest.mark.parametrize("call", ["POST reload", "GET history"])
def test_a_reload_or_read_back_that_fails_is_finished_by_resume(work, call):
    folder = work.ready()
    work.wire.then("PUT", lambda: work.wire.answer(call, 500))
    error = work.refused(4, "admin-answer", *ENABLE)
    assert "in flight" in error["message"]
    assert "cbops resume" in error["hint"]
    assert work.ok("canary", "status")["in_flight"]["live"] == "intended"
    assert work.ok("resume")["action"] == "finished"
    assert work.state(folder).stage is Stage.MONITORING
    assert len(work.router.puts) == 1


def test_a_resumed_rollout_counts_from_the_instant_of_its_write(work):
    folder = work.ready()
    written = work.router.now
    work.wire.answer("POST reload", 500)
    work.refused(4, "admin-answer", *ENABLE)
    work.router.advance_to(work.router.now_ms + 7_200_000)
    work.ok("resume")
    assert work.state(folder).enabled_at == written


def test_enabling_twice_is_refused_and_writes_nothing(work):
    folder = work.enabled()
    before = journal_bytes(folder)
    work.refused(6, "wrong-stage", *ENABLE)
    work.refused(6, "wrong-stage", "canary", "enable", "--dry-run")
    assert journal_bytes(folder) == before
    assert work.router.puts == []
    assert work.wire.calls == []


def test_a_breaker_that_someone_else_enabled_is_refused_with_a_way_on(work):
    work.ready()
    work.router.enable()
    error = work.refused(6, "wrong-stage", *ENABLE)
    assert "adopt" in error["hint"]
    assert work.router.puts == []


def test_enabling_while_one_is_in_flight_points_to_resume(work):
    work.ready()
    work.wire.answer("POST reload", 500)
    work(*ENABLE)
    assert "cbops resume" in work.refused(6, "wrong-stage", *ENABLE)["hint"]
    assert len(work.router.puts) == 1


def test_an_api_that_is_down_exits_4_and_leaves_no_trace(work):
    folder = work.ready()
    before = journal_bytes(folder)
    work.wire.down()
    work.refused(4, "admin-unreachable", *ENABLE)
    assert journal_bytes(folder) == before


def test_a_wrong_key_exits_4_and_leaves_no_trace(work):
    folder = work.ready()
    before = journal_bytes(folder)
    work.cli.environ["CBOPS_ADMIN_TOKEN"] = "wrong"
    work.refused(4, "admin-refused", *ENABLE)
    assert journal_bytes(folder) == before


def test_a_policy_file_with_an_unknown_key_says_which_key_was_meant(work):
    work.ready()
    (work.folder / "block.json").write_text(json.dumps({"enabled": True, "failure_treshold": 3}))
    error = work.refused(3, "policy", *ENABLE, "--policy-file", "block.json")
    assert error["hint"] == "Did you mean 'failure_threshold'?"
    assert work.router.puts == []


def test_a_policy_file_says_what_is_enabled(work):
    work.ready()
    (work.folder / "block.json").write_text(json.dumps({"failure_threshold": 3}))
    data = work.ok(*ENABLE, "--policy-file", "block.json")
    assert work.router.live()["circuit_breaker"] == {"enabled": True, "failure_threshold": 3}
    assert data["rehearsal"]["block"] == {"enabled": True, "failure_threshold": 3}


def test_a_policy_that_can_never_close_blocks_unless_that_is_set_aside_on_record(work):
    folder = work.ready()
    (work.folder / "block.json").write_text(json.dumps({**CANARY_BLOCK, "success_threshold": 4}))
    refused = work(*ENABLE, "--policy-file", "block.json")
    assert refused.status == 6
    assert "(rehearsal)" in refused.error["message"]
    assert "(policy_checks)" in refused.error["message"]
    assert work.router.puts == []
    rehearsal, checks = ("rehearsal=we watch it by hand", "policy_checks=for a day")
    work.refused(6, "blocked", *ENABLE, "--policy-file", "block.json", "--override", rehearsal)
    work.refused(6, "blocked", *ENABLE, "--policy-file", "block.json", "--override", checks)

    result = work(*ENABLE, "--policy-file", "block.json", "--override", rehearsal, "--override", checks)

    assert result.status == 0
    assert any("can never close" in warning for warning in result.answer["warnings"])
    assert any("the rehearsal failed" in warning for warning in result.answer["warnings"])
    state = work.state(folder)
    assert [record.rehearsal.passed for record in state.rehearsals] == [False]
    assert [note.requirement for note in state.enable.overrides] == ["rehearsal", "policy_checks"]


def test_an_error_of_the_checks_blocks_where_the_rehearsal_passes(work):
    work.ready()
    (work.folder / "block.json").write_text(json.dumps({**CANARY_BLOCK, "error_rate_window_seconds": 0}))
    plan = work("canary", "enable", "--dry-run", "--policy-file", "block.json")
    assert plan.data["rehearsal"]["passed"]
    assert plan.data["findings"][0]["code"] == "window_zero"
    assert plan.answer["warnings"][0].startswith("window_zero: error_rate_window_seconds 0 keeps only")
    shown = work.text("canary", "enable", "--dry-run", "--policy-file", "block.json").stdout
    assert "✗ the policy's checks: window_zero: " in shown
    assert "next: Open before it can be enabled: policy_checks. Correct the policy's block." in shown
    error = work.refused(6, "blocked", *ENABLE, "--policy-file", "block.json")
    assert "window_zero: " in error["message"]
    assert "(policy_checks)" in error["message"]
    assert work.router.puts == []
    work.ok(*ENABLE, "--policy-file", "block.json", "--override", "policy_checks=to see it open")


def test_the_plan_counts_the_findings_and_tells_them_all_when_asked(work):
    work.play(hours=2)
    work.ready()
    short = work.text("canary", "enable", "--dry-run")
    assert "  Policy checks: " in short.stdout
    assert "(with fixes: --verbose)" in short.stdout
    assert "fix: " not in short.stdout
    assert "warning: residue_reopens: timeout_ms 30000 is not longer than the window of 60 s" in short.stderr
    assert "consecutive_shadowed" not in short.stderr
    whole = work.text("canary", "enable", "--dry-run", "--verbose")
    assert "    warning residue_reopens: " in whole.stdout
    assert "      fix: Set timeout_ms above 60000" in whole.stdout


def test_many_warnings_of_the_checks_do_not_drown_the_plan(work):
    work.ready()
    numbers = {"failure_threshold": 1, "success_threshold": 1, "timeout_ms": 0, "latency_threshold_ms": 9}
    (work.folder / "block.json").write_text(json.dumps(numbers))
    result = work("canary", "enable", "--dry-run", "--policy-file", "block.json")
    found = [each["code"] for each in result.data["findings"] if each["level"] == "warning"]
    told = [each for each in result.answer["warnings"] if each.split(":")[0] in found]
    assert len(found) == 5
    assert len(told) == 4
    more = "and 1 more warning of the policy's checks: cbops canary enable --dry-run --verbose"
    assert more in result.answer["warnings"]


def test_the_checks_of_a_plan_know_the_traffic_that_the_metrics_counted(work):
    work.play(hours=2)
    work.ready()
    codes = {each["code"] for each in work.ok("canary", "enable", "--dry-run")["findings"]}
    assert "single_failure_opens" not in codes
    (work.folder / "samples.db").rename(work.folder / "gone.db")
    blind = {each["code"]: each["sentence"] for each in work.ok("canary", "enable", "--dry-run")["findings"]}
    assert "the traffic is unknown" in blind["single_failure_opens"]


def test_a_router_without_the_validate_call_is_only_warned_of(work):
    work.ready()
    work.wire.answer("POST validate", 404)
    result = work(*ENABLE)
    assert result.status == 0
    assert any("could not be asked to check" in warning for warning in result.answer["warnings"])


def test_what_the_router_finds_in_the_policy_is_said(work):
    work.ready()
    work.wire.answer(
        "POST validate", 200, {"valid": False, "errors": [{"path": "providers", "message": "too many"}]}
    )
    result = work("canary", "enable", "--dry-run")
    assert "the router finds in the policy: providers: too many" in result.answer["warnings"]


def test_the_state_of_the_circuit_is_unknown_without_metrics_and_that_is_said(work):
    work.ready()
    result = work("canary", "enable", "--dry-run")
    assert result.data["circuit_before"] is None
    (told,) = [each for each in result.answer["warnings"] if each.startswith("whether the circuits")]
    assert told == f"whether the circuits of {TENANT} to {PROVIDER} and anthropic are open is unknown"


@pytest.mark.parametrize("shown", ["text", "json"])
def test_the_answer_names_what_is_live_since_when_and_what_to_do_next(work, shown):
    work.ready()
    if shown == "json":
        data = work.ok(*ENABLE)
        assert (data["version"], data["enabled_at"]) == ("1.1", "2025-01-24T00:00:00.000Z")
    else:
        result = work.text(*ENABLE)
        assert result.status == 0
        assert "is live as 1.1 since 2025-01-24 00:00:00 UTC" in result.stdout
        assert "cbops monitor daily" in result.stdout.splitlines()[-1]


def test_the_plan_is_shown_as_a_difference(work):
    work.ready()
    text = work.text("canary", "enable", "--dry-run").stdout
    assert "1.0 → 1.1" in text
    assert "circuit_breaker.failure_threshold: absent → 5" in text
    assert "Rehearsal in the real engine: opened and recovered" in text


def test_a_name_that_no_line_could_hold_is_refused_before_anything_is_written(work):
    work.ready()
    error = work.refused(3, "input", *ENABLE, "--by", "n" * 5000)
    assert "--by" in error["message"]
    assert work.router.puts == []


@pytest.mark.parametrize(
    "words", [("canary", "enable", "--yes"), ("canary", "enable", "--dry-run"), ("policy", "diff")]
)
def test_a_version_that_is_none_is_the_router_s_fault_and_says_whose(work, words):
    work.ready()
    mangle = lambda said: {"versions": [{**each, "version": "latest"} for each in said["versions"]]}  # noqa: E731
    work.wire.change("GET history", mangle, always=True)
    error = work.refused(4, "admin-answer", *words)
    assert "tenant_canary/canary_policy has a version 'latest'" in error["message"]
    assert work.router.puts == []


def test_a_router_that_tells_of_another_version_than_it_stored_is_not_believed(work):
    folder = work.ready()
    work.wire.change("PUT", lambda said: {**said, "new_version": "9.9"})
    assert work.ok("canary", "enable", "--yes")["version"] == "1.1"
    assert work.state(folder).stage is Stage.MONITORING


def test_what_was_stored_is_found_by_resume_where_the_answer_told_of_another_version(work):
    folder = work.ready()

    def lie(said):
        work.wire.answer("GET history", 500, always=True)
        return {**said, "new_version": "9.9"}

    work.wire.change("PUT", lie)
    assert work("canary", "enable", "--yes").status == 4
    work.wire.up()
    assert work.ok("canary", "status")["in_flight"]["live"] == "intended"
    assert work.ok("resume")["action"] == "finished"
    assert work.state(folder).stage is Stage.MONITORING
    assert len(work.router.puts) == 1
