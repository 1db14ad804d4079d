"""`rollback` against the practice router: from every stage, repeated, contested, in every scope, and its proof."""

from __future__ import annotations

import pytest
from flow_world import NAMED, POLICY, PROVIDER, TENANT, journal_bytes

from cbops.journal.verification import verify
from cbops.model.state import Stage
from cbops.simulator.router import Router


def off(work, folder):
    """Disabled in the router, and rolled back on a record that verifies."""
    assert not work.router.enabled()
    assert work.state(folder).stage is Stage.ROLLED_BACK
    assert verify(folder).ok


def test_a_rollback_changes_enabled_alone_and_is_on_record_step_by_step(work):
    folder = work.enabled()
    before = work.router.live()
    data = work.rollback("--reason", "too many opens")
    assert work.router.live() == {
        **before,
        "circuit_breaker": {**before["circuit_breaker"], "enabled": False},
    }
    (policy,) = data["policies"]
    assert policy == {
        "tenant": TENANT,
        "policy": POLICY,
        "version": "1.2",
        "written": True,
        "changes": [{"path": "circuit_breaker.enabled", "before": True, "after": False}],
    }
    assert work.types(folder)[-5:] == [
        "rollback_intended",
        "policy_written",
        "policy_reloaded",
        "rollback_done",
        "rollback_proof",
    ]
    assert work.state(folder).rollbacks[0].reason == "too many opens"
    assert work.router.reloads == [POLICY]
    off(work, folder)


def test_a_rollback_works_before_anything_was_enabled(work):
    folder = work.ready()
    data = work.rollback()
    assert not data["policies"][0]["written"]
    assert work.router.puts == []
    off(work, folder)


def test_a_rollback_works_while_an_enabling_is_in_flight(work):
    folder = work.ready()
    work.wire.answer("POST reload", 500)
    assert work("canary", "enable", "--yes").status == 4
    work.rollback()
    off(work, folder)
    assert len(work.router.puts) == 2


def test_a_rollback_works_after_the_decision_to_proceed(work):
    folder = work.enabled()
    work.ok("decide", "proceed", "--by", "Maya", "--reason", "fine")
    assert work.state(folder).stage is Stage.DECIDED
    work.rollback()
    off(work, folder)


def test_a_rollback_of_an_adopted_rollout_works(work):
    work.router.enable()
    data = work.ok(
        "canary", "adopt", TENANT, "--policy", POLICY, "--provider", PROVIDER, "--enabled-at", "2025-01-20"
    )
    work.rollback()
    off(work, work.folder / "rollouts" / data["rollout"])


def test_a_second_rollback_writes_nothing_and_only_looks_for_the_proof_again(work):
    folder = work.enabled()
    first = work.rollback()
    events = work.types(folder)
    again = work.rollback()
    assert again["disabled_at"] == first["disabled_at"]
    assert not again["policies"][0]["written"]
    assert len(work.router.puts) == 1
    assert work.router.reloads == [POLICY]
    assert work.types(folder) == [*events, "rollback_proof"]
    off(work, folder)


def test_a_second_rollback_takes_back_what_was_enabled_again(work):
    folder = work.enabled()
    work.rollback()
    work.router.enable()
    assert work.rollback()["policies"][0]["written"]
    assert len(work.state(folder).rollbacks) == 2
    off(work, folder)


def test_with_the_api_down_it_says_what_to_do_by_hand_and_the_next_run_finishes(work):
    folder = work.enabled()
    work.wire.down()
    error = work.refused(4, "admin-unreachable", "rollback", "--yes", "--reason", "opens")
    assert "pending on record" in error["hint"]
    assert f"in the live policy {POLICY} of {TENANT} set circuit_breaker.enabled to false" in error["hint"]
    assert work.state(folder).stage is Stage.ROLLING_BACK
    status = work.ok("canary", "status")
    assert status["in_flight"]["live"] == "unknown"
    assert status["next_command"] == "cbops rollback"
    work.wire.up()
    assert work.ok("canary", "status")["in_flight"]["live"] == "before"
    work.rollback()
    (record,) = work.state(folder).rollbacks
    assert record.reason == "opens"
    assert len(record.failures) == 1
    off(work, folder)


def test_resume_finishes_a_pending_rollback_too(work):
    folder = work.enabled()
    work.wire.down()
    work.refused(4, "admin-unreachable", "rollback", "--yes")
    work.refused(4, "admin-unreachable", "resume")
    work.wire.up()
    result = work("resume")
    assert result.status == 0
    assert (result.data["action"], result.data["version"]) == ("finished", "1.2")
    off(work, folder)
    assert work.rollback()["proof"] is not None
    assert len(work.router.puts) == 1


def test_with_the_api_down_after_the_rollback_the_record_stays_whole(work):
    folder = work.enabled()
    work.rollback()
    before = journal_bytes(folder)
    work.wire.down()
    error = work.refused(4, "admin-unreachable", "rollback", "--yes")
    assert "the rollback was done at 2025-01-24 00:00:00 UTC, on record" in error["message"]
    assert "pending" not in error["hint"]
    assert journal_bytes(folder) == before
    assert work.ok("canary", "status")["stage"] == "rolled_back"
    work.wire.up()
    off(work, folder)


def test_a_wrong_key_leaves_it_pending(work):
    folder = work.enabled()
    key = work.cli.environ.pop("CBOPS_ADMIN_TOKEN")
    work.refused(4, "admin-refused", "rollback", "--yes")
    assert work.state(folder).stage is Stage.ROLLING_BACK
    work.cli.environ["CBOPS_ADMIN_TOKEN"] = key
    work.rollback()
    off(work, folder)


@pytest.mark.parametrize("cut", ["cut_before", "cut_after"])
def test_a_lost_answer_is_settled_by_reading_what_is_live(work, cut):
    folder = work.enabled()
    getattr(work.wire, cut)("PUT")
    data = work.rollback()
    assert data["policies"][0]["written"]
    assert len(work.router.puts) == 1
    off(work, folder)


def test_a_write_that_is_refused_is_not_repeated_while_nothing_changes(work):
    folder = work.enabled()
    work.wire.answer("PUT", 422, always=True)
    error = work.refused(4, "admin-answer", "rollback", "--yes")
    assert "said 422" in error["message"]
    assert work.wire.count("PUT") == 1
    assert work.state(folder).stage is Stage.ROLLING_BACK
    work.wire.up()
    work.rollback()
    off(work, folder)


def test_a_version_conflict_is_settled_by_disabling_what_is_live_then(work):
    folder = work.enabled()
    work.router.meddlers.append(lambda: work.router.write({**work.router.live(), "sticky": {"by": "user"}}))
    data = work.rollback()
    assert data["policies"][0]["version"] == "1.3"
    assert work.router.live()["sticky"] == {"by": "user"}
    assert [change["path"] for change in data["policies"][0]["changes"]] == [
        "circuit_breaker.enabled",
        "sticky.by",
    ]
    off(work, folder)


def test_someone_who_enables_it_again_in_between_is_followed(work):
    folder = work.enabled()
    for _ in range(3):
        work.wire.then("POST reload", work.router.enable)
    work.rollback()
    assert len(work.router.puts) == 4
    off(work, folder)


def test_someone_who_enables_it_every_time_is_named_after_five_attempts(work):
    folder = work.enabled()
    for _ in range(9):
        work.wire.then("POST reload", work.router.enable)
    error = work.refused(6, "policy-changed", "rollback", "--yes")
    assert "still enables the breaker after 5 attempts" in error["message"]
    assert len(work.router.puts) == 5
    assert work.state(folder).stage is Stage.ROLLING_BACK
    work.wire.up()
    work.rollback()
    off(work, folder)


def test_someone_else_s_change_that_was_written_over_is_said_with_the_difference(work):
    folder = work.enabled()
    work.router.meddlers.append(lambda: Router.roll_back(work.router, TENANT, POLICY, "1.0"))
    result = work("rollback", "--yes")
    assert result.status == 7
    (warning,) = result.answer["warnings"]
    assert "version 1.0 was live when 1.2 was written, but 1.1 was read" in warning
    assert "someone else's change was written over; circuit_breaker: " in warning
    off(work, folder)


def test_a_difference_that_cannot_be_read_keeps_no_write_from_being_reloaded(work):
    folder = work.enabled()
    work.router.meddlers.append(lambda: Router.roll_back(work.router, TENANT, POLICY, "1.0"))
    work.wire.then("PUT", lambda: work.wire.answer("GET history", 500))
    result = work("rollback", "--yes")
    assert result.status == 7, result.answer
    (warning,) = result.answer["warnings"]
    assert "someone else's change was written over; the difference could not be read: " in warning
    assert work.router.reloads == [POLICY]
    off(work, folder)


def test_a_failing_reload_leaves_it_pending_and_is_finished_without_a_second_write(work):
    folder = work.enabled()
    work.wire.answer("POST reload", 500)
    work.wire.answer("POST reload", 500)
    work.refused(4, "admin-answer", "rollback", "--yes")
    status = work.ok("canary", "status")
    assert status["stage"] == "rolling_back"
    assert status["in_flight"]["live"] == "intended"
    work.rollback()
    assert len(work.router.puts) == 1
    off(work, folder)


@pytest.mark.parametrize("fault", ["cut_before", "cut_after", "answer"])
def test_a_reload_that_failed_once_is_repeated(work, fault):
    folder = work.enabled()
    getattr(work.wire, fault)("POST reload", *([503] if fault == "answer" else []))
    work.rollback()
    assert work.wire.count("POST reload") == 2
    assert len(work.router.puts) == 1
    off(work, folder)


def test_a_policy_that_does_not_exist_is_an_error(work):
    error = work.refused(4, "admin-missing", "rollback", "--yes", "--tenant", TENANT, "--policy", "nope")
    assert "nope" in error["message"]


@pytest.mark.parametrize("cut", ["none is live", "the live one is not listed"])
def test_a_history_that_names_no_live_version_is_not_taken_for_disabled(work, cut):
    folder = work.enabled()

    def short(said):
        kept = [] if cut == "the live one is not listed" else said["versions"]
        return {"versions": [{**each, "is_active": False} for each in kept]}

    work.wire.change("GET history", short, always=True)
    assert work.rollback()["policies"][0]["written"]
    assert not work.router.enabled()
    assert not work.rollback()["policies"][0]["written"]
    work.wire.up()
    off(work, folder)


# -- scope ------------------------------------------------------------------------------------------


def two_more(work):
    work.router.write(work.router.live(), "alpha")
    work.router.write({**work.router.live(), "circuit_breaker": {}}, "beta")


def test_the_scope_of_a_tenant_disables_all_of_its_policies_and_reports_each(work):
    folder = work.enabled()
    two_more(work)
    work.router.enable("beta")
    other = work.router.policy("tenant_search", "default").active
    data = work.rollback("--scope", "tenant")
    assert [(p["policy"], p["written"]) for p in data["policies"]] == [
        (POLICY, True),
        ("alpha", True),
        ("beta", True),
    ]
    assert not any(work.router.enabled(policy) for policy in (POLICY, "alpha", "beta"))
    assert work.router.policy("tenant_search", "default").active == other
    assert work.state(folder).rollbacks[0].scope == "tenant"
    off(work, folder)
    work.rollback("--scope", "tenant")
    assert len(work.router.puts) == 3


def test_one_policy_that_fails_keeps_no_other_from_being_disabled(work):
    folder = work.enabled()
    two_more(work)
    work.router.enable("beta")
    work.wire.answer("PUT alpha", 422, always=True)
    error = work.refused(4, "admin-answer", "rollback", "--yes", "--scope", "tenant")
    assert "alpha" in error["message"]
    assert "each live policy of tenant_canary" in error["hint"]
    assert not work.router.enabled()
    assert not work.router.enabled("beta")
    assert work.router.enabled("alpha")
    assert work.state(folder).stage is Stage.ROLLING_BACK
    work.wire.up()
    work.rollback()
    assert not work.router.enabled("alpha")
    assert len(work.router.puts) == 3
    off(work, folder)


def odd_listing(said, policy="\x07"):
    """The listing names a policy that no path can carry."""
    return {**said, "policies": [{**said["policies"][0], "policy_id": policy}, *said["policies"]]}


def test_an_id_that_no_call_can_carry_keeps_no_other_from_being_disabled(work):
    folder = work.enabled()
    two_more(work)
    work.router.enable("beta")
    work.wire.change("GET policies", odd_listing, always=True)
    error = work.refused(3, "input", "rollback", "--yes", "--scope", "tenant")
    assert "can't be the id of a policy" in error["message"]
    assert "By hand" in error["hint"]
    assert not any(work.router.enabled(policy) for policy in (POLICY, "alpha", "beta"))
    assert work.state(folder).stage is Stage.ROLLING_BACK
    assert "could not be read" in work.text("rollback").stderr
    work.wire.up()
    work.rollback()
    off(work, folder)


def test_such_an_id_that_is_listed_later_keeps_no_other_from_being_disabled_again(work):
    work.enabled()
    two_more(work)
    work.rollback("--scope", "tenant")
    work.router.enable("alpha")
    work.wire.change("GET policies", odd_listing, always=True)
    work.refused(3, "input", "rollback", "--yes", "--scope", "tenant")
    assert not work.router.enabled("alpha")


def test_a_pending_rollback_of_a_tenant_names_every_policy_that_still_enables(work):
    work.enabled()
    two_more(work)
    work.wire.answer("PUT", 422, always=True)
    work.refused(4, "admin-answer", "rollback", "--yes", "--scope", "tenant")
    flying = work.ok("canary", "status")["in_flight"]
    assert f"these live policies still enable the breaker: {POLICY} (1.1), alpha (1.0)." in flying["sentence"]
    work.wire.up()
    work.wire.answer("PUT alpha", 422, always=True)
    work.refused(4, "admin-answer", "rollback", "--yes")
    flying = work.ok("canary", "status")["in_flight"]
    assert (flying["live"], flying["enables"]) == ("before", True)
    assert "still enable the breaker: alpha (1.0)." in flying["sentence"]
    work.wire.up()
    work.router.write({**work.router.live("alpha"), "circuit_breaker": {}}, "alpha")
    flying = work.ok("canary", "status")["in_flight"]
    assert (flying["live"], flying["enables"]) == ("intended", False)
    assert f"no live policy of {TENANT} enables the breaker any longer" in flying["sentence"]


def test_several_policies_that_fail_are_all_named(work):
    work.enabled()
    two_more(work)
    work.wire.answer("PUT", 422, always=True)
    error = work.refused(4, "admin-answer", "rollback", "--yes", "--scope", "tenant")
    assert f"{TENANT}/{POLICY}: " in error["message"]
    assert f"{TENANT}/alpha: " in error["message"]


def test_a_list_of_policies_that_cannot_be_read_keeps_the_named_one_from_nothing(work):
    folder = work.enabled()
    work.wire.answer("GET policies", 500, always=True)
    work.refused(4, "admin-answer", "rollback", "--yes", "--scope", "tenant")
    assert not work.router.enabled()
    assert work.state(folder).stage is Stage.ROLLING_BACK


def test_a_tenant_without_a_rollout_needs_no_policy(work):
    work.router.enable()
    two_more(work)
    data = work.rollback("--scope", "tenant", "--tenant", TENANT)
    assert data["rollout"] is None
    assert {p["policy"] for p in data["policies"]} == {POLICY, "alpha", "beta"}
    assert not any(work.router.enabled(policy) for policy in (POLICY, "alpha", "beta"))
    assert data["unwritten"][0]["policy"] == "*"


def test_a_tenant_that_the_router_does_not_know_is_an_error(work):
    work.refused(4, "admin-missing", "rollback", "--yes", "--scope", "tenant", "--tenant", "nobody")


def test_the_global_switch_disables_every_breaker_of_the_router(work):
    folder = work.enabled()
    data = work.rollback("--scope", "global")
    assert data["policies"] == []
    assert work.wire.count("POST disable") == 1
    assert work.router.puts == []
    assert work.state(folder).stage is Stage.ROLLED_BACK
    work.verified()
    events = work.types(folder)
    work.rollback("--scope", "global")
    assert work.types(folder) == [*events, "rollback_proof"]


def test_the_global_switch_alone_says_that_the_policies_still_enable_their_breakers(work):
    folder = work.enabled()
    result = work("rollback", "--yes", "--scope", "global")
    advice = f"disable them too: cbops rollback --scope tenant --tenant {TENANT}"
    for _ in range(2):
        assert any(advice in warning for warning in result.answer["warnings"])
        assert "the policies still enable their breakers" in result.error["message"]
        assert "is thrown" not in result.error["message"]
        result = work("rollback", "--yes", "--scope", "global")
    assert "the policies still enable their breakers" in work.state(folder).rollbacks[0].verification
    status = work("canary", "status")
    assert any(advice in warning for warning in status.answer["warnings"])
    assert status.data["next_command"] == f"cbops rollback --scope tenant --tenant {TENANT}"
    assert "by the global switch alone" in work.text("canary", "status").stdout.splitlines()[0]
    assert work.router.enabled()


def test_with_the_policies_disabled_too_nothing_more_is_said_of_the_global_switch(work):
    folder = work.enabled()
    work.rollback("--scope", "global")
    work.rollback("--scope", "tenant", "--tenant", TENANT)
    status = work("canary", "status")
    assert status.answer["warnings"] == []
    assert "--scope tenant" not in status.data["next_command"]
    off(work, folder)


def test_a_rollout_that_enabled_nothing_gets_its_own_rollback_after_the_global_one(work):
    folder = work.ready()
    work.rollback("--scope", "global")
    assert not work.rollback("--scope", "tenant")["policies"][0]["written"]
    assert [each.scope for each in work.state(folder).rollbacks] == ["global", "tenant"]
    assert work("canary", "status").answer["warnings"] == []


def test_resume_of_a_pending_global_rollback_says_it_too(work):
    work.enabled()
    work.wire.answer("POST disable", 500)
    work.refused(4, "admin-answer", "rollback", "--yes", "--scope", "global")
    result = work("resume")
    assert result.status == 0
    assert any("the policies still enable their breakers" in each for each in result.answer["warnings"])


def test_after_the_global_switch_the_policy_itself_can_still_be_disabled(work):
    folder = work.enabled()
    work.rollback("--scope", "global")
    work.rollback("--scope", "policy")
    off(work, folder)


def test_the_global_switch_needs_no_rollout_and_no_policy(work):
    data = work.rollback("--scope", "global")
    assert data["rollout"] is None
    assert work.wire.calls == ["POST disable"]


def test_a_router_without_a_global_switch_says_what_to_do_instead(work):
    folder = work.enabled()
    work.wire.answer("POST disable", 404)
    error = work.refused(4, "admin-missing", "rollback", "--yes", "--scope", "global")
    assert "cbops rollback --scope tenant" in error["hint"]
    work.rollback("--scope", "policy")
    off(work, folder)


def pending_tenant(work):
    """A rollback of the whole tenant that did not get through."""
    folder = work.enabled()
    two_more(work)
    work.wire.down()
    work.refused(4, "admin-unreachable", "rollback", "--yes", "--scope", "tenant")
    work.wire.up()
    return folder


def test_a_policy_that_is_named_is_not_widened_by_what_is_pending(work):
    folder = pending_tenant(work)
    result = work("rollback", "--yes", *NAMED)
    assert result.data["scope"] == "policy"
    assert work.router.enabled("alpha")
    wider = f"cbops rollback --scope tenant --rollout {folder.name}"
    (warning,) = result.answer["warnings"]
    assert f"a rollback of every policy of {TENANT} is still pending" in warning
    assert warning.endswith(wider)
    work.rollback(*wider.split()[2:])
    assert not work.router.enabled("alpha")
    off(work, folder)


def test_nothing_named_takes_the_scope_that_is_pending_without_a_word(work):
    folder = pending_tenant(work)
    result = work("rollback", "--yes")
    assert (result.data["scope"], result.answer["warnings"]) == ("tenant", [])
    assert not work.router.enabled("alpha")
    off(work, folder)


@pytest.mark.parametrize(("scope", "warned"), [("policy", True), ("tenant", False), ("global", False)])
def test_a_scope_that_is_given_counts_and_a_wider_one_that_is_pending_is_told(work, scope, warned):
    pending_tenant(work)
    result = work("rollback", "--yes", "--scope", scope)
    assert result.data["scope"] == scope
    assert any("still pending" in each for each in result.answer["warnings"]) == warned


def test_without_a_reason_the_record_says_so_in_words(work):
    folder = work.enabled()
    work.rollback()
    assert work.state(folder).rollbacks[0].reason == "no reason was given"


@pytest.mark.parametrize(
    "words", [("--tenant", TENANT), ("--policy", POLICY), ("--scope", "tenant", "--policy", POLICY)]
)
def test_half_a_name_is_a_usage_error(work, words):
    work.refused(2, "usage", "rollback", "--yes", *words)


# -- proof ------------------------------------------------------------------------------------------


def test_traffic_without_a_denied_call_proves_it_and_ends_the_wait(work):
    work.enabled()
    work.play(minutes=2)
    result = work("rollback", "--yes", "--wait", "30m")
    assert result.status == 0
    assert result.answer["ok"]
    proof = result.data["proof"]
    assert proof["proven"]
    assert proof["decisions"] > 0
    assert (proof["fail_fast"], proof["half_open"], proof["fallback_decisions"]) == (0, 0, 0)
    assert work.clock.waited < 120 + 600


def test_without_the_wait_it_is_unproven_and_a_later_run_proves_it(work):
    folder = work.enabled()
    work.play(minutes=2)
    assert not work.rollback()["proof"]["proven"]
    work.play(minutes=5)
    assert work.rollback(status=0)["proof"]["proven"]
    assert len(work.router.puts) == 1
    assert work.state(folder).rollbacks[-1].proof.proven


def test_without_metrics_it_is_unproven_and_says_so(work):
    work.enabled()
    proof = work.rollback("--wait", "10m")["proof"]
    assert "could not be asked" in proof["summary"]
    assert work.clock.waited == 0


def test_a_metrics_store_that_is_damaged_stands_in_no_way(work):
    folder = work.enabled()
    (work.folder / "samples.db").write_bytes(b"no database" * 100)
    assert "could not be asked" in work.rollback()["proof"]["summary"]
    off(work, folder)


def test_metrics_headers_that_are_not_set_stand_in_no_way(work):
    folder = work.enabled()
    work.configure(
        metrics={
            "source": "prometheus",
            "url": "http://127.0.0.1:9",
            "headers": {"Authorization": {"env": "NONE"}},
        }
    )
    assert not work.rollback()["proof"]["proven"]
    off(work, folder)


def test_another_process_can_write_while_the_proof_is_waited_for(work):
    work.enabled()
    work.play(minutes=2)
    seen = []

    class Curious(type(work.clock)):
        def wait(self, seconds):
            seen.append(work.cli("monitor", "note", "waiting", clock=work.clock).status)
            super().wait(seconds)

    work.clock.__class__ = Curious
    work("rollback", "--yes", "--wait", "10m")
    assert seen
    assert set(seen) == {0}


# -- which rollout ----------------------------------------------------------------------------------


def test_the_named_policy_finds_its_active_rollout_among_several(work):
    old = work.enabled()
    work.rollback()
    work.router.puts.clear()
    new = work.folder / "rollouts" / work.select()
    assert new.name == f"{old.name}-2"
    before = journal_bytes(old)
    work.router.enable()
    assert work.rollback(*NAMED)["rollout"] == new.name
    assert journal_bytes(old) == before
    off(work, new)


def test_a_person_is_shown_what_would_be_written_before_being_asked(work):
    work.enabled()
    result = work.text("rollback")
    assert result.status == 2
    assert f"{TENANT}/{POLICY} → 1.2: circuit_breaker.enabled: true → false" in result.stderr
    assert work.router.puts == []
