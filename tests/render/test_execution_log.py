"""The execution log against its golden files and against the seed document."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from cbops.model.state import Stage
from cbops.model.verdict import Recommendation

DATA = Path(__file__).parents[1] / "data" / "render"
NAMES = ("fresh", "selected", "forecasted", "monitoring", "finished", "rolled_back", "tuned")
HOSTILE = "x\n# Injected <script>alert(1)</script> [a](javascript:b) `code` | *b* \x1b[31m \u202e ```\n- [x] Rollback"


def golden(name, text):
    """Set CBOPS_UPDATE_GOLDEN=1 to accept what is rendered now; read the difference before you commit."""
    path = DATA / f"{name}.md"
    if os.environ.get("CBOPS_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def lines(text):
    return text.splitlines()


def shape(text):
    """Headings without their days, labels and checkbox texts, in order."""
    found = []
    for line in lines(text):
        if re.match(r"#+ ", line):
            found.append(line)
        found += re.findall(r"^(?:- )?\*\*[^*]+\*\*:", line)
        found += re.findall(r"^- \[[ x]\] (.*?)(?: — .*)?$", line)
    return found


def section(text, heading):
    """From a heading to the next one of the same level."""
    level = heading.split(" ")[0]
    rest = text[text.index(f"\n{heading}") + 1 :]
    return re.split(rf"\n{level} ", rest[len(heading) :])[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_rollout_is_rendered_as_its_golden_file_says(cases, name):
    golden(name, cases.make(name).render())


def test_hostile_values_are_rendered_as_their_golden_file_says(cases):
    golden("hostile", cases.make("finished", lambda word: f"{word} {HOSTILE}").render())


@pytest.mark.parametrize("name", NAMES)
def test_rendering_twice_gives_the_same_bytes(cases, name):
    assert cases.make(name).render().encode() == cases.make(name).render().encode()


def test_the_log_before_any_rollout_is_the_seed_but_for_its_own_history(cases):
    seed, fresh = lines((DATA / "seed.md").read_text(encoding="utf-8")), lines(cases.make("fresh").render())
    history = (
        "- ✅ `router_error_status_SUITE.erl`",
        "- ✅ `router_nats_subscriber_caf_SUITE.erl`",
        "- ✅ `router_secrets_logging_SUITE.erl`",
    )
    kept = [line for line in seed if not line.startswith(history)]
    changed = {old: new for old, new in zip(kept, fresh, strict=True) if old != new}
    filled = "`[TO BE FILLED]`"
    assert [new for old, new in changed.items() if not old.startswith("- [x] ")] == [
        f"**Date Started**: {filled}  ",
        f"**Status**: ⚠️ **Pending** ({filled})",
        f"**Note**: {filled}",
        f"- {filled}",
        f"- {filled}",
    ]
    ticks = {old: new for old, new in changed.items() if old.startswith("- [x] ")}
    assert all(new == old.replace("[x]", "[ ]") for old, new in ticks.items())
    assert len(ticks) == 6


@pytest.mark.parametrize("name", ["fresh", "selected"])
def test_until_it_is_enabled_a_log_has_exactly_the_shape_of_the_seed(cases, name):
    seed = shape((DATA / "seed.md").read_text(encoding="utf-8"))
    rendered = shape(cases.make(name).render())
    assert [part for part in rendered if part != "**Overrides on Record**:"] == seed


@pytest.mark.parametrize("name", ["monitoring", "finished", "rolled_back"])
def test_every_label_and_checkbox_of_the_seed_stays_in_its_order(cases, name):
    """The seed's shape is a subsequence of the log's, apart from the headings that carry values."""
    rendered = iter(shape(cases.make(name).render()))
    varying = re.compile(r"#+ (Day|Ticket|Rollback) \d")
    for part in shape((DATA / "seed.md").read_text(encoding="utf-8")):
        if varying.match(part):
            prefix = varying.match(part).group()
            assert any(found.startswith(prefix) for found in rendered), part
        else:
            assert part in rendered, part


def test_a_finished_log_has_nothing_left_to_fill_in(cases):
    for name in ("finished", "rolled_back"):
        assert "TO BE" not in cases.make(name).render()


def test_the_later_days_share_a_heading_until_one_of_them_is_collected(cases):
    case = cases.make("finished")
    late = {n: seen for n, seen in case.observations.items() if n <= 3}
    assert "#### Day 4-7 (YYYY-MM-DD)" in cases.make("monitoring").render()
    case.observations = late
    assert "#### Day 4-7 (YYYY-MM-DD)" in case.render()


def test_each_later_day_has_its_own_section_once_one_is_collected_even_after_a_gap(cases):
    case = cases.make("finished")
    beyond = case.observations[7].model_copy(
        update={"window": case.observations[7].window.model_copy(update={"day": 9})}
    )
    case.observations = {1: case.observations[1], 9: beyond}
    rendered = case.render()
    days = re.findall(r"^#### Day (\S+)", rendered, re.MULTILINE)
    assert days == ["1", "2", "3", "4", "5", "6", "7", "8", "9"]
    assert "**Alerts**: Not observed" in section(rendered, "#### Day 5 (2025-01-31)")


def test_an_unknown_number_is_never_shown_as_zero(cases):
    day = section(cases.make("monitoring").render(), "#### Day 2")
    assert "anthropic 412 / unknown / unknown" in day
    assert "anthropic unknown;" in day  # its transitions
    assert "all providers unknown (change unknown)" in day


def test_a_partial_day_says_until_when(cases):
    assert (
        "#### Day 2 (2025-01-28) (partial, until 2025-01-28 14:00:00 UTC)"
        in cases.make("monitoring").render()
    )


def test_coverage_below_all_is_said_and_is_not_rounded_up(cases):
    case = cases.make("monitoring")
    assert "Coverage 99.0 %: 3,328 of 3,360 scrapes were seen" in case.render()
    scrape = case.observations[1].scrape.model_copy(update={"seen": 5759, "coverage": 5759 / 5760})
    case.observations[1] = case.observations[1].model_copy(update={"scrape": scrape})
    assert "Coverage 99.9 %: 5,759 of 5,760" in case.render()


def test_a_day_without_any_scrape_is_unknown(cases):
    case = cases.make("monitoring")
    scrape = case.observations[1].scrape.model_copy(update={"seen": 0, "coverage": 0})
    case.observations[1] = case.observations[1].model_copy(
        update={"providers": {}, "scrape": scrape, "alerts": None}
    )
    day = section(case.render(), "#### Day 1")
    assert day.count("unknown (nothing was scraped)") == 3
    assert "unknown (what fired could not be asked)" in day


def test_a_scraped_day_on_which_no_circuit_was_seen_says_so(cases):
    case = cases.make("monitoring")
    case.observations[1] = case.observations[1].model_copy(update={"providers": {}})
    assert "none (no provider's circuit was seen)" in section(case.render(), "#### Day 1")


def test_notes_on_days_that_share_a_section_keep_the_number_of_their_day(cases):
    case = cases.make("monitoring")
    note = case.state.notes[0].model_copy(update={"day": 5, "text": "looked odd"})
    case.state = case.state.model_copy(update={"notes": (note,)})
    assert "- **Issues**: Day 5: looked odd (by alice, " in section(case.render(), "#### Day 4-7")


@pytest.mark.parametrize(
    ("stage", "status"),
    [
        ("selected", "📋 **Ready to Start**"),
        ("enabling", "🔄 **Enabling (in flight)**"),
        ("monitoring", "🔄 **Monitoring (Day 2)**"),
        ("decided", "✅ **Proceed to Phase 2**"),
        ("rolling_back", "↩️ **Rollback Pending**"),
        ("rolled_back", "↩️ **Rolled Back**"),
    ],
)
def test_the_status_line_tells_the_stage(cases, stage, status):
    case = cases.make("monitoring")
    case.state = case.state.model_copy(update={"stage": Stage(stage)})
    assert f"**Status**: {status}  " in case.render()


@pytest.mark.parametrize(
    ("decision", "status"),
    [("extend", "🔄 **Phase 1 Extended: Monitoring (Day 2)**"), ("rollback", "↩️ **Rollback Decided**")],
)
def test_the_status_line_tells_a_decision_that_keeps_the_rollout_open(cases, decision, status):
    case = cases.make("monitoring")
    record = cases.make("finished").state.decisions[0]
    record = record.model_copy(
        update={"decided": record.decided.model_copy(update={"decision": Recommendation(decision)})}
    )
    case.state = case.state.model_copy(update={"decisions": (record,)})
    assert f"**Status**: {status}  " in case.render()


def test_only_the_last_decision_is_ticked(cases):
    boxes = re.findall(
        r"^- \[(.)\] (Proceed to Phase 2|Extend Phase 1|Rollback)$",
        cases.make("finished").render(),
        re.MULTILINE,
    )
    assert boxes == [("x", "Proceed to Phase 2"), (" ", "Extend Phase 1"), (" ", "Rollback")]


def test_a_criterion_is_ticked_only_when_it_is_met(cases):
    rendered = cases.make("rolled_back").render()
    assert "- [ ] No performance degradation (latency < 5% increase) — ❌ missed: " in rendered
    assert rendered.count("— ✅ met: ") == 4


def test_without_the_evaluation_itself_the_recorded_verdicts_are_shown(cases):
    case = cases.make("finished")
    verdicts = [each.model_dump(exclude={"evidence"}) for each in case.evaluation.criteria]
    evaluated = {
        "as_of": case.evaluation.as_of,
        "criteria": verdicts,
        "recommendation": "proceed",
        "evaluation": "0" * 64,
    }
    record = {"at": case.evaluation.as_of, "actor": "alice", "evaluated": evaluated}
    case.state = type(case.state).model_validate({**case.state.model_dump(), "evaluations": (record,)})
    case.evaluation = None
    rendered = case.render()
    assert rendered.count("— ✅ met: ") == 5
    assert "**Recommendation**: Proceed to Phase 2" in rendered


def test_a_rollout_that_was_never_evaluated_says_so_once_it_is_over(cases):
    case = cases.make("rolled_back")
    case.evaluation = None
    case.state = case.state.model_copy(update={"decisions": ()})
    rendered = case.render()
    assert "**Evaluation Date**: Not evaluated" in rendered
    assert rendered.count(" — not evaluated") == 5
    assert "**Decision**: None on record" in rendered


def test_an_adopted_rollout_says_what_happened_outside(cases):
    case = cases.make("monitoring")
    update = {"adopted": True, "enable": None, "block": None, "opened_at": case.state.last_at, "reasons": ()}
    case.state = case.state.model_copy(
        update={**update, "checklist": {}, "notifications": (), "rehearsals": (), "overrides": ()}
    )
    rendered = case.render()
    assert '"circuit_breaker": null' in rendered
    assert "**Policy Updated**: Outside cbops, version 1.4  " in rendered
    assert "**Verification**: Not recorded: the live policy could not be read" in rendered
    assert "(adopted: the breaker was enabled outside cbops)" in rendered
    assert "**Tenant Owner Notified**: Not recorded" in rendered
    assert rendered.count(" — ⚠️ not weighed") == 3
    assert "⚠️ **Not Recorded**" in rendered


def test_an_abandoned_enabling_leaves_its_fields_open_and_is_told(cases):
    case = cases.make("monitoring")
    enable = case.state.enable.model_copy(update={"abandoned": "someone else changed it", "done_at": None})
    case.state = case.state.model_copy(update={"stage": Stage.SELECTED, "enable": enable, "enabled_at": None})
    rendered = case.render()
    assert (
        "**Action Date**: `[TO BE FILLED]` (attempt by alice, 2025-01-27 08:59:58 UTC abandoned: someone"
        in rendered
    )
    assert "**Policy Updated**: `[TO BE FILLED]`" in rendered


def test_an_enabling_in_flight_tells_how_far_it_came(cases):
    case = cases.make("monitoring")
    enable = case.state.enable.model_copy(update={"reloaded_at": None, "done_at": None, "verification": None})
    case.state = case.state.model_copy(update={"stage": Stage.ENABLING, "enable": enable, "enabled_at": None})
    rendered = case.render()
    assert "**Action Date**: begun by alice, 2025-01-27 08:59:58 UTC" in rendered
    assert "**Policy Updated**: version 1.4 (was 1.3), by alice, 2025-01-27 08:59:59 UTC" in rendered
    assert "**Policy Reloaded**: `[TO BE FILLED]`" in rendered


def test_a_pending_rollback_says_that_the_breaker_may_still_act(cases):
    case = cases.make("rolled_back")
    record = case.state.rollbacks[0].model_copy(
        update={"done_at": None, "written_version": None, "reloaded_at": None, "proof": None}
    )
    case.state = case.state.model_copy(update={"stage": Stage.ROLLING_BACK, "rollbacks": (record,)})
    rendered = case.render()
    assert "- **Result**: ⚠️ Pending: the breaker may still be enabled" in rendered
    assert "  - Failed: reload: the admin API did not answer" in rendered
    assert "- **Action**: nothing written so far" in rendered


def test_a_failed_rehearsal_is_not_told_as_passed(cases):
    case = cases.make("monitoring")
    record = case.state.rehearsals[0]
    failed = record.rehearsal.model_copy(update={"passed": False})
    case.state = case.state.model_copy(
        update={"rehearsals": (record.model_copy(update={"rehearsal": failed}),)}
    )
    rendered = case.render()
    assert "**Rehearsal**: ⚠️ failed in the real engine" in rendered
    assert "✅ passed" not in rendered


def test_times_are_those_of_the_rollouts_zone(cases):
    case = cases.make("monitoring")
    case.state = case.state.model_copy(update={"timezone": "Europe/Berlin"})
    rendered = case.render()
    assert "2025-01-28 11:00:15 to 11:42:00 +01:00 (41 min 45 s)" in rendered
    assert "UTC" not in rendered


def test_a_failed_load_test_is_told_with_its_note(cases):
    case = cases.make("monitoring")
    record = case.state.checklist["load_tests"].model_copy(update={"state": "failed"})
    case.state = case.state.model_copy(update={"checklist": {"load_tests": record}})
    rendered = case.render()
    assert "**Status**: ❌ **Failed** (marked failed by alice, 2025-01-26 16:00:00 UTC)" in rendered
    assert "**Note**: 4 of 4 scenarios pass" in rendered


def test_an_owner_who_was_not_told_is_set_aside_with_the_reason(cases):
    case = cases.make("monitoring")
    note = case.state.enable.overrides[0].model_copy(
        update={"requirement": "owner_notified", "reason": "on leave"}
    )
    enable = case.state.enable.model_copy(update={"overrides": (note,)})
    case.state = case.state.model_copy(update={"notifications": (), "enable": enable})
    assert "**Tenant Owner Notified**: ⚠️ Set aside: on leave" in case.render()


def test_an_owner_without_a_name_or_an_answer_is_told_as_such(cases):
    case = cases.make("monitoring")
    record = case.state.notifications[0]
    silent = record.model_copy(update={"notified": record.notified.model_copy(update={"answer": None})})
    case.state = case.state.model_copy(update={"owner": None, "notifications": (silent,)})
    assert "owner not named, by alice, how: email, no answer yet" in case.render()


def test_a_rollback_that_found_the_breaker_disabled_says_that_nothing_was_written(cases):
    case = cases.make("rolled_back")
    record = case.state.rollbacks[0].model_copy(update={"written_version": None})
    case.state = case.state.model_copy(update={"rollbacks": (record,)})
    assert "- **Action**: nothing written: the breaker was disabled already, policy reloaded" in case.render()


def test_an_episode_that_nobody_classified_says_so(cases):
    case = cases.make("monitoring")
    case.classified = {}
    assert case.render().count("; not classified yet") == 2


def test_an_episode_that_only_the_evaluation_knows_is_classified_from_there(cases):
    case = cases.make("finished")
    told = case.classified["e1"]
    case.classified, case.evaluation = {}, case.evaluation.model_copy(update={"episodes": (told,)})
    assert "✅ expected: a declared incident covers it" in case.render()
