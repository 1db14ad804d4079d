"""`rollback --strategy restore`, and somebody else's change that a write went over: both shown, theirs to be had back."""

from __future__ import annotations

import pytest
from flow_world import NAMED, POLICY, TENANT

from cbops.cli.commands import rollback as command
from cbops.model.state import Stage
from cbops.simulator.router import Router

RESTORE = ("rollback", "--yes", "--strategy", "restore")


def restored(work, *more):
    result = work(*RESTORE, *more)
    assert result.status == 7, result.answer
    return result


def edited(work):
    """Somebody changes something else after the enabling."""
    work.router.write({**work.router.live(), "sticky": {"by": "user"}})


def test_the_version_from_before_the_enabling_is_restored_as_a_whole_and_is_on_record(work):
    folder = work.ready()
    before = work.router.live()
    work.ok("canary", "enable", "--yes")
    edited(work)
    result = restored(work)
    assert work.router.live() == before
    assert (result.data["restore"], result.data["policies"][0]["version"]) == ("1.0", "1.3")
    (record,) = work.state(folder).rollbacks
    assert (record.restore, record.version) == ("1.0", "1.3")
    assert any(
        "undoes all that came after version 1.0: 1.1 by admin" in each for each in result.answer["warnings"]
    )
    paths = {change["path"] for change in result.data["policies"][0]["changes"]}
    assert "sticky.by" in paths or "sticky" in paths
    work.verified()
    puts = len(work.router.puts)
    restored(work)
    assert len(work.router.puts) == puts


def test_what_else_it_undoes_is_shown_before_the_question_and_nothing_is_written_without_an_answer(work):
    work.enabled()
    edited(work)
    shown = work.text("rollback", "--strategy", "restore")
    assert shown.status == 2
    assert "sticky" in shown.stderr
    assert "it undoes all that came after version 1.0: 1.1 by admin (cbops canary enable by " in shown.stderr
    assert "1.2 by admin" in shown.stderr
    assert f"Restore version 1.0 of {POLICY} of {TENANT} as a whole?" in shown.stderr
    assert work.router.puts == []


def test_without_a_rollout_the_highest_version_below_that_does_not_enable_is_taken(work):
    before = work.router.live()
    work.router.enable()
    edited(work)
    assert restored(work, *NAMED).data["restore"] == "1.0"
    assert work.router.live() == before


def test_a_version_that_enables_the_breaker_itself_is_restored_with_it_disabled(work):
    work.enabled()
    edited(work)
    result = restored(work, "--to-version", "1.1")
    assert not work.router.enabled()
    assert "sticky" not in work.router.live()
    assert any("enables the breaker itself" in each for each in result.answer["warnings"])


@pytest.mark.parametrize("why", ["it is not in the history", "none is below", "the router refuses it"])
def test_where_it_cannot_be_restored_the_breaker_is_disabled_all_the_same(work, why):
    more = ()
    if why == "none is below":
        work.router.write({**work.router.live(), "circuit_breaker": {"enabled": True}}, "fresh")
        more = ("--tenant", TENANT, "--policy", "fresh")
    else:
        work.enabled()
        more = ("--to-version", "0.7") if why == "it is not in the history" else ()
    if why == "the router refuses it":
        work.wire.answer("PUT", 422)
    result = restored(work, *more)
    assert any("the breaker is only disabled" in each for each in result.answer["warnings"])
    assert not work.router.enabled("fresh" if why == "none is below" else POLICY)


def test_a_restore_that_did_not_get_through_is_finished_by_resume_as_it_was_ordered(work):
    folder = work.ready()
    before = work.router.live()
    work.ok("canary", "enable", "--yes")
    edited(work)
    work.wire.down()
    error = work.refused(4, "admin-unreachable", *RESTORE)
    assert "By hand: " in error["hint"]
    work.wire.up()
    assert work.ok("resume")["action"] == "finished"
    assert work.router.live() == before
    assert work.state(folder).stage is Stage.ROLLED_BACK


def test_an_edit_that_comes_after_the_restored_version_is_not_fought(work):
    work.enabled()
    work.wire.then("POST reload", lambda: edited(work))
    restored(work)
    assert len(work.router.puts) == 1
    assert work.router.live()["sticky"] == {"by": "user"}
    assert not work.router.enabled()


@pytest.mark.parametrize(
    "words", [("--to-version", "1.0"), ("--strategy", "restore", "--scope", "tenant"), ("--strategy", "undo")]
)
def test_options_that_do_not_go_together_are_a_usage_error(work, words):
    work.enabled()
    assert work("rollback", "--yes", *words).status == 2
    assert work.router.puts == []


# -- lost updates -----------------------------------------------------------------------------------


def test_both_changes_are_shown_when_enabling_went_over_one_and_theirs_can_be_had_back(work):
    work.router.write({**work.router.live(), "sticky": {"by": "user"}})
    work.ready()
    work.router.meddlers.append(lambda: Router.roll_back(work.router, TENANT, POLICY, "1.0"))
    error = work.refused(6, "policy-changed", "canary", "enable", "--yes")
    theirs, ours = error["message"].split(". Ours was ")
    assert "sticky" in theirs
    assert "circuit_breaker" in ours
    assert "cbops rollback --strategy restore" in error["hint"]
    assert restored(work).data["restore"] == "1.0"
    assert "sticky" not in work.router.live()
    assert not work.router.enabled()


def test_a_rollback_that_went_over_a_change_shows_both_and_the_command_that_brings_theirs_back(work):
    work.enabled()
    work.router.meddlers.append(lambda: Router.roll_back(work.router, TENANT, POLICY, "1.0"))
    result = work("rollback", "--yes")
    (warning,) = result.answer["warnings"]
    assert "Ours was circuit_breaker.enabled: true → false" in warning
    words = warning.rpartition("cbops ")[2].split()
    assert words[:5] == ["rollback", "--strategy", "restore", "--to-version", "1.0"]
    assert work(*words, "--yes").status == 7
    assert work.router.live() == work.router.policy(TENANT, POLICY).find("1.0").document


# -- the proof --------------------------------------------------------------------------------------


def test_the_wait_is_told_on_stderr_up_to_its_bound_and_then_how_to_check(work):
    work.enabled()
    work.play(minutes=1)
    work.clock.scraper = None  # no scrape comes any more
    result = work.text("rollback", "--yes", "--wait", "70s")
    assert result.status == 7
    told = [line for line in result.stderr.splitlines() if line.startswith("disabled; waiting for the proof")]
    assert [line.split("(")[1].split(")")[0] for line in told] == [
        "0 s of 70 s",
        "30 s of 70 s",
        "60 s of 70 s",
    ]
    assert (
        f'router_policy_decisions_total{{tenant_id="{TENANT}",policy_id="{POLICY}"}} must grow'
        in result.stdout
    )
    assert "cbops rollback --wait 5m" in result.stdout


def test_a_tenant_and_a_whole_router_are_proven_by_all_their_traffic(work):
    work.router.enable()
    work.play(minutes=2)
    tenant = work("rollback", "--yes", "--scope", "tenant", "--tenant", TENANT, "--wait", "10m")
    assert (tenant.status, tenant.data["proof"]["proven"]) == (0, True)
    router = work("rollback", "--yes", "--scope", "global", "--wait", "10m")
    assert (router.status, router.data["proof"]["proven"]) == (0, True)
    assert router.data["proof"]["decisions"] > tenant.data["proof"]["decisions"]


def test_a_person_at_a_terminal_waits_a_minute_and_a_script_does_not(monkeypatch):
    for terminal, seconds in ((True, 60.0), (False, 0)):
        monkeypatch.setattr("sys.stderr", type("Err", (), {"isatty": lambda _self, at=terminal: at})())
        assert command._wait() == seconds
