"""Go or no-go: every reason with the command that resolves it, in `doctor` and on the page."""

from __future__ import annotations

import pytest

EMBEDDED = (
    "alert_rules",
    "dashboards",
    "load_tests",
    "team_trained",
)  # what a store without rules can't show


def made_ready(work):
    """A rollout that lacks nothing: what can be verified is, and the rest is attested."""
    work.select()
    work.play(minutes=10)
    work.ok("canary", "notify", "--how", "mail")
    work("checklist", "verify", "--yes")
    work.ok("checklist", "mark", *EMBEDDED, "rollback_understood", "--person", "Ada", "--note", "looked at")


def reasons(readiness):
    return {one["name"]: (one["kind"], one["command"]) for one in readiness["blockers"]}


def test_doctor_says_no_go_with_every_reason_and_its_remedy(work):
    work.select()
    work.play(minutes=10)
    result = work("doctor", "--days", 1)
    assert (result.status, result.data["ok"]) == (7, False)
    (readiness,) = result.data["readiness"]
    assert readiness["verdict"] == "no-go"
    listed = reasons(readiness)
    assert set(listed) == {item["item"] for item in readiness["items"]} | {"owner_notified"}
    assert listed["owner_notified"] == ("owner", "cbops canary notify --how HOW")
    assert listed["disabled_by_default"] == ("checklist", "cbops checklist verify disabled_by_default")
    assert all(command for _, command in listed.values())


def test_doctor_says_go_when_nothing_is_open(work):
    made_ready(work)
    result = work("doctor", "--days", 1)
    (readiness,) = result.data["readiness"]
    assert (result.status, readiness["verdict"], readiness["blockers"]) == (0, "go", []), readiness[
        "blockers"
    ]
    assert work.text("doctor", "--days", 1).stdout.startswith(f"Go for {readiness['rollout']}. No problem: ")
    assert work.ok("canary", "enable", "--yes")["applied"]


def test_a_problem_that_doctor_finds_is_a_reason(work):
    made_ready(work)
    work.wire.down()
    result = work("doctor", "--days", 1)
    (readiness,) = result.data["readiness"]
    assert (result.status, readiness["verdict"]) == (7, "no-go")
    assert {one["kind"] for one in readiness["blockers"]} == {"check"}
    assert "admin_reachable" in reasons(readiness)


def test_a_change_freeze_is_a_reason(work):
    made_ready(work)
    now = work.clock.now()
    freeze = {"name": "year's end", "from": now.isoformat(), "to": now.replace(year=now.year + 1).isoformat()}
    work.configure(freezes=[freeze], approvals={"enable": 2})
    (readiness,) = work("doctor", "--days", 1).data["readiness"]
    assert reasons(readiness)["freeze"][0] == "freeze"
    assert any("cbops canary approve enable" in line for line in readiness["later"])


def test_without_a_rollout_to_enable_doctor_weighs_nothing(work):
    work.play(minutes=10)
    assert work("doctor", "--days", 1).data["readiness"] == []
    work.enabled()
    assert work("doctor", "--days", 1).data["readiness"] == []


def test_the_page_says_no_go_with_reasons_and_the_same_go_later(work):
    folder = work.folder / "rollouts" / work.select()
    work.play(minutes=10)
    result = work("report", "readiness", "--days", 1)
    assert (result.status, result.data["readiness"]["verdict"]) == (7, "no-go")
    page = (folder / "readiness.md").read_text(encoding="utf-8")
    assert "**Status**: ❌ **No-Go** (9 reasons)" in page
    assert "  - cbops checklist verify disabled_by_default" in page
    assert "- [ ] Load tests executed — ⚠️ unknown" in page
    work.ok("canary", "notify", "--how", "mail")
    work("checklist", "verify", "--yes")
    work.ok("checklist", "mark", *EMBEDDED, "rollback_understood", "--person", "Ada", "--by", "Maya")
    printed = work.text("report", "readiness", "--days", 1, "--stdout")
    assert printed.status == 0
    assert "**Status**: ✅ **Go**" in printed.stdout
    assert "- [x] Default CB state is DISABLED — ✅ verified by" in printed.stdout
    assert "people: Ada" in printed.stdout
    assert (folder / "readiness.md").read_text(encoding="utf-8") == page  # --stdout writes nothing


def test_the_page_is_refused_once_the_breaker_is_enabled(work):
    work.enabled()
    work.refused(6, "wrong-stage", "report", "readiness")


@pytest.mark.parametrize("where", ["page.md", "there/is/no/folder.md"])
def test_the_page_goes_where_it_is_told(work, where):
    work.select()
    result = work("report", "readiness", "--days", 1, "--out", where)
    assert (work.folder / where).is_file() == (result.status == 7)


def test_a_hostile_note_stays_text_on_the_page(work):
    work.select()
    work.ok("checklist", "mark", "load_tests", "--note", "# <b>done</b> [x](http://e) | `x`")
    printed = work.text("report", "readiness", "--days", 1, "--stdout").stdout
    assert "<b>" not in printed
    assert "\n# <" not in printed
