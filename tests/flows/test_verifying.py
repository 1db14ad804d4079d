"""The checklist verified against a practice router: each item right, wrong for its own reason, and unknown."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flow_world import POLICY, PROVIDER, TENANT, Work, journal_bytes

from cbops.journal.evidence import load_evidence
from cbops.model.policy import with_breaker
from cbops.simulator.router import Router

ADMIN = ("disabled_by_default", "policies_updatable", "reload_works", "rollback_understood")


def found(work: Work, item: str, state: str, *words: str) -> dict[str, str]:
    """What is found of one item, which must be that, with these words in its sentence and a command unless verified."""
    result = work("checklist", "verify", item, "--yes")
    assert result.status == (0 if state == "verified" else 7), result.answer
    (one,) = result.data["found"]
    assert (one["item"], one["state"]) == (item, state), one
    for word in words:
        assert word in one["sentence"], one
    assert (one["command"] is None) == (state == "verified"), one
    return one


def standing(work: Work, item: str) -> dict[str, object]:
    items = work.ok("checklist", "show")["items"]
    return next(one for one in items if one["item"] == item)


def blocked_by(work: Work, item: str) -> str:
    """The reason for which 'canary enable' refuses, of that item alone."""
    error = work.refused(6, "blocked", "canary", "enable", "--yes")
    assert f"({item})" in error["message"], error
    return error["message"]


def test_what_the_practice_router_can_show_is_verified_with_evidence(work):
    folder = work.folder / "rollouts" / work.select()
    before = work.router.policy(TENANT, POLICY)
    result = work("checklist", "verify", *ADMIN, "--yes")
    assert (result.status, work.router.reloads) == (0, [POLICY])
    assert work.router.policy(TENANT, POLICY) == before
    assert work.router.puts == []
    for one in result.data["found"]:
        kept = json.loads(load_evidence(folder, one["evidence"]))
        assert (kept["item"], kept["sentence"]) == (one["item"], one["sentence"])
    states = {one["item"]: one["state"] for one in result.data["items"]}
    assert states == {
        "load_tests": "unknown",
        "dashboards": "unknown",
        "alert_rules": "unknown",
        "rollback_understood": "unknown",  # rehearsed; that people understand it is theirs to say
        "team_trained": "unknown",
        "disabled_by_default": "verified",
        "policies_updatable": "verified",
        "reload_works": "verified",
    }
    work.verified()


def test_a_breaker_that_is_enabled_elsewhere_is_named(work):
    work.select()
    document = work.router.policy("tenant_billing", "default").live.document
    Router.put(work.router, "tenant_billing", "default", with_breaker(document, {"enabled": True}))
    told = found(work, "disabled_by_default", "failed", "tenant_billing/default")
    assert "cbops rollback --tenant tenant_billing --policy default" in told["command"]
    work.ok("canary", "notify", "--how", "mail")
    work.ok("checklist", "mark", "all")  # a word doesn't change what was found
    assert "tenant_billing/default" in blocked_by(work, "disabled_by_default")
    work.ok("canary", "enable", "--yes", "--override", "disabled_by_default=their own pilot")


def test_a_breaker_that_the_next_reload_would_enable_is_named(work):
    work.select()
    work.router.activate_on = "reload"
    work.router.enable()
    found(work, "disabled_by_default", "failed", f"{TENANT}/{POLICY} (from its next reload on)")
    found(work, "reload_works", "unknown", "nothing was reloaded")
    assert work.router.reloads == []


def test_the_policies_of_a_rollout_are_excepted(work):
    work.enabled()
    found(work, "disabled_by_default", "verified", "except in a rollout", f"{TENANT}/{POLICY}")


def test_every_page_of_the_policies_is_looked_at(work):
    work.select()
    document = {"version": "1.0", "providers": [{"name": PROVIDER, "weight": 100}]}
    for number in range(120):
        Router.put(work.router, "tenant_many", f"p{number:03}", document)
    Router.put(work.router, "tenant_many", "p119", with_breaker(document, {"enabled": True}))
    found(work, "disabled_by_default", "failed", "126 policies", "tenant_many/p119")


def test_a_live_policy_that_the_router_refuses_fails(work):
    work.select()
    work.router.write({"version": "1.0", "providers": []})
    found(work, "policies_updatable", "failed", "refuses the live version")


def test_a_refused_key_fails_and_a_missing_call_is_unknown(work):
    work.select()
    work.wire.answer("POST validate", 401)
    found(work, "policies_updatable", "failed", "401")
    work.wire.answer("POST validate", 404)
    found(work, "policies_updatable", "unknown", "no call that checks a policy")


def test_a_check_that_finds_nothing_wrong_in_anything_is_told(work):
    work.select()
    work.wire.change(
        "POST validate", lambda _said: {"valid": True, "errors": [], "warnings": []}, always=True
    )
    found(work, "policies_updatable", "verified", "so its check says little")


def test_a_reload_that_does_nothing_fails(work):
    work.select()
    work.wire.answer("POST reload", 200, {"success": True})
    found(work, "reload_works", "failed", "the reload did nothing")


def test_a_reload_that_changes_the_policy_fails(work):
    work.select()
    work.wire.then("POST reload", lambda: work.router.write({**work.router.live(), "sticky": {"by": "user"}}))
    found(work, "reload_works", "failed", "the reload changed", "sticky")


def test_a_reload_that_is_refused_fails(work):
    work.select()
    work.wire.answer("POST reload", 404)
    found(work, "reload_works", "failed", "the reload was refused")


def test_a_router_that_does_not_say_when_it_loaded_leaves_the_reload_unknown(work):
    work.select()
    work.wire.change(
        f"GET {POLICY}",
        lambda said: {**said, "metadata": {**said["metadata"], "loaded_at": None}},
        always=True,
    )
    found(work, "reload_works", "unknown", "doesn't say when")


def test_a_reload_is_asked_for_and_can_be_left_out(work):
    folder = work.folder / "rollouts" / work.select()
    before = journal_bytes(folder)
    work.refused(2, "usage", "checklist", "verify")
    assert (journal_bytes(folder), work.router.reloads) == (before, [])
    result = work("checklist", "verify", "--no-reload")
    assert "reload_works" not in {one["item"] for one in result.data["found"]}
    assert work.router.reloads == []


def test_an_enabled_policy_is_not_reloaded(work):
    work.enabled()
    found(work, "reload_works", "unknown", "is monitoring")
    assert work.router.reloads == []


def test_a_rehearsal_that_can_not_prove_fails(work):
    work.select()
    document = work.router.live()
    work.router.write(
        {**document, "providers": [{"name": PROVIDER, "weight": 0}, {"name": "anthropic", "weight": 1}]}
    )
    found(work, "rollback_understood", "failed", "can't prove anything")


def test_a_rehearsal_and_a_persons_word_together_are_the_item(work):
    work.select()
    told = found(work, "rollback_understood", "verified", "proven", "live version 1.0")
    assert "denied in an outage" in told["sentence"]
    open_ = standing(work, "rollback_understood")
    assert (open_["state"], "understand" in open_["reason"]) == ("unknown", True)
    work.ok("checklist", "mark", "rollback_understood", "--person", "Ada", "--read", "rollout plan")
    done = standing(work, "rollback_understood")
    assert (done["state"], done["reason"]) == ("attested", None)
    assert [(one["name"], one["read"]) for one in done["people"]] == [("Ada", ["rollout plan"])]


@pytest.mark.parametrize("item", ADMIN)
def test_a_router_that_can_not_be_asked_leaves_it_unknown(work, item):
    work.select()
    work.wire.down()
    one = found(work, item, "unknown")
    work.wire.up()
    assert one["command"]
    assert standing(work, item)["state"] == "unknown"


@pytest.mark.parametrize("item", ["alert_rules", "dashboards"])
def test_a_store_that_evaluates_no_rules_leaves_them_unknown(work, item):
    work.select()
    work.play(minutes=10)
    found(work, item, "unknown", "embedded store")


@pytest.mark.parametrize("item", ["alert_rules", "dashboards"])
def test_a_prometheus_that_is_not_there_leaves_them_unknown(work, item):
    work.configure(metrics={"source": "prometheus", "url": "http://127.0.0.1:9", "retries": {"attempts": 1}})
    work.select()
    found(work, item, "unknown", "127.0.0.1:9")


def test_what_is_too_old_must_be_done_again(work):
    work.select()
    work.configure(checklist={"max_age_days": {"disabled_by_default": 1, "team_trained": 2}})
    found(work, "disabled_by_default", "verified")
    yesterday = work.clock.now().date() - timedelta(days=1)
    work.ok("checklist", "mark", "team_trained", "--person", "Ada", "--on", yesterday)
    assert standing(work, "disabled_by_default")["state"] == "verified"
    assert standing(work, "team_trained")["state"] == "attested"
    work.router.advance_to(work.router.now_ms + int(timedelta(days=1).total_seconds() * 1000))
    for item in ("disabled_by_default", "team_trained"):
        now = standing(work, item)
        assert (now["state"], now["stale"]) == ("unknown", True)
        assert "must be done again" in now["reason"]
    assert "must be done again" in blocked_by(work, "disabled_by_default")


def test_no_machine_verifies_a_training(work):
    work.select()
    error = work.refused(2, "usage", "checklist", "verify", "team_trained")
    assert "--person" in error["hint"]


def test_a_training_has_people_a_day_and_what_they_read(work):
    work.select()
    work.refused(2, "usage", "checklist", "mark", "team_trained", "--person", " ")
    assert "nobody is on record as trained" in standing(work, "team_trained")["reason"]
    assert "nobody is on record as trained" in blocked_by(work, "team_trained")
    work.refused(2, "usage", "checklist", "mark", "load_tests", "--person", "Ada")
    work.refused(3, "input", "checklist", "mark", "team_trained", "--on", "2099-01-01")
    said = ("--person", "Ada", "--person", "Ben", "--read", "plan", "--on", "2025-01-20", "--by", "Maya")
    work.ok("checklist", "mark", "team_trained", *said)
    done = standing(work, "team_trained")
    assert (done["state"], done["by"]) == ("attested", "Maya")
    assert [(one["name"], one["on"], one["read"]) for one in done["people"]] == [
        ("Ada", "2025-01-20", ["plan"]),
        ("Ben", "2025-01-20", ["plan"]),
    ]


def test_a_word_on_a_verified_item_says_what_it_does(work):
    work.select()
    found(work, "policies_updatable", "verified")
    kept = work("checklist", "mark", "policies_updatable", "--note", "seen")
    assert "what was found counts" in kept.answer["warnings"][0]
    assert standing(work, "policies_updatable")["state"] == "verified"
    failed = work("checklist", "mark", "policies_updatable", "--failed")
    assert "counts as failed from now on" in failed.answer["warnings"][0]
    assert standing(work, "policies_updatable")["state"] == "failed"
    found(work, "policies_updatable", "verified")
    assert standing(work, "policies_updatable")["state"] == "verified"


def test_a_word_on_a_failed_item_does_not_lift_it(work):
    work.select()
    work.wire.answer("POST reload", 200, {"success": True})
    found(work, "reload_works", "failed")
    result = work("checklist", "mark", "reload_works", "--note", "it does")
    assert "--override reload_works=REASON" in result.answer["warnings"][0]
    now = standing(work, "reload_works")
    assert (now["state"], "attested it" in now["reason"]) == ("failed", True)


def test_a_reload_whose_answer_is_lost_is_unknown_and_sent_once(work):
    work.select()
    work.wire.cut_after("POST reload", always=True)
    found(work, "reload_works", "unknown", "cut the connection")
    assert work.router.reloads == [POLICY]


def test_one_item_that_can_not_be_looked_at_keeps_no_other_from_it(work):
    work.select()
    work.wire.cut_before("POST validate", always=True)
    result = work("checklist", "verify", *ADMIN, "--yes")
    states = {one["item"]: one["state"] for one in result.data["found"]}
    assert states == {**dict.fromkeys(ADMIN, "verified"), "policies_updatable": "unknown"}


def test_the_longest_word_on_a_person_fits_the_record(work):
    work.select()
    read = [word for number in range(10) for word in ("--read", f"{number}" + "d" * 79)]
    words = ("--note", '"' * 1000, "--person", "p" * 120, "--by", "b" * 120, *read)
    work.ok("checklist", "mark", "team_trained", *words)
    work.refused(3, "input", "checklist", "mark", "team_trained", *words, "--read", "one more")
    work.verified()


def test_the_log_shows_what_was_found_and_stays_the_same(work):
    work.select()
    work.wire.answer("POST reload", 200, {"success": True})
    found(work, "reload_works", "failed")
    found(work, "policies_updatable", "verified")
    work.ok("canary", "enable", "--yes", "--override", "known to all")
    log = work.text("report", "log", "--stdout").stdout
    assert "- [ ] Policy reload mechanism works — ⚠️ failed by" in log
    assert "the reload did nothing" in log
    assert "; set aside: known to all" in log
    assert "- [x] Policies can be updated via admin API or config — ✅ verified by" in log
    assert "(evidence `" in log
    work.router.advance_to(work.router.now_ms + int(timedelta(days=1).total_seconds() * 1000))
    work.configure(checklist={"max_age_days": {"policies_updatable": 1}})
    assert work.text("report", "log", "--stdout").stdout == log
