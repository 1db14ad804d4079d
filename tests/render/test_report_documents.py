"""The daily entry, the weekly summary and the final report against their golden files."""

from __future__ import annotations

import os
import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cbops.errors import InputError
from cbops.model.plan import OverrideNote
from cbops.model.state import PauseRecord
from cbops.model.ticket import Ticket, TicketKind, TicketPriority, TicketState, TicketStep
from cbops.render.day_view import DailyEntryView, daily_entry
from cbops.render.engine import DAY, FINAL, WEEK, render
from cbops.render.final_view import FinalReportView, final_report
from cbops.render.log_view import PictureView
from cbops.render.markdown import Markdown, escape
from cbops.render.report_facts import Facts
from cbops.render.weekly_view import WeeklySummaryView, weekly_summary, weeks

DATA = Path(__file__).parents[1] / "data" / "render" / "reports"
HOSTILE = (
    "x\n# Injected <script>alert(1)</script> [a](javascript:b) `code` | *b* \x1b[31m ```\n- [x] Rollback"
)
SHA = "0" * 64


def at(day, hour=0):
    return datetime(2025, 1, 26, hour, tzinfo=UTC) + timedelta(days=day)


def tickets(tell):
    """One of each of two kinds: opened on day 2 and still there, opened on day 3 and resolved."""
    created = TicketStep(at=at(2, 12), actor=tell("alice"), what="opened", state=TicketState.CREATED)
    first = Ticket(
        number=1,
        fingerprint="f-1",
        kind=TicketKind.CONFIGURATION,
        title=tell("Thresholds don't fit"),
        priority=TicketPriority.MEDIUM,
        signal=tell("one failure opens it"),
        body=SHA,
        opened_at=at(2, 12),
        opened_by=tell("alice"),
        last_seen=at(2),
        steps=(created,),
    )
    solved = TicketStep(at=at(4, 9), actor=tell("bob"), what="resolved", state=TicketState.RESOLVED)
    second = first.model_copy(
        update={
            "number": 2,
            "kind": TicketKind.ALERT_NOISE,
            "title": tell("An alert fires for brief opens"),
            "priority": TicketPriority.LOW,
            "state": TicketState.RESOLVED,
            "opened_at": at(3, 8),
            "resolution": tell("the alert waits for a minute"),
            "steps": (created.model_copy(update={"at": at(3, 8)}), solved),
        }
    )
    return first, second


def facts(cases, name, tell=str):
    """A case of the log, with tickets, overrides and a pause where it has an enabled breaker."""
    case = cases.make(name, tell)
    more = {
        "tickets": tickets(tell),
        "overrides": (OverrideNote(requirement="criticality", reason=tell("a test tenant")),),
    }
    if name == "finished":
        more["pauses"] = (
            PauseRecord(at=at(5), actor=tell("bob"), since=at(5), until=at(5, 6), reason=tell("maintenance")),
        )
    known = {each.id: each for each in case.evaluation.episodes} if case.evaluation else {}
    return Facts(
        case.state.model_copy(update=more),
        case.observations,
        {**known, **case.classified},
        case.evaluation,
        case.forecast,
        case.tuning,
    )


PICTURES = (PictureView(escape("Error rate. 1 open [expected]."), Markdown("pictures/error-rate.svg")),)


def day(cases, name, tell=str):
    return render(DAY, entry=daily_entry(facts(cases, name, tell), 2, PICTURES))


def week(cases, name, tell=str):
    return render(WEEK, week=weekly_summary(facts(cases, name, tell), 1, PICTURES))


def final(cases, name, tell=str):
    return render(FINAL, final=final_report(facts(cases, name, tell), PICTURES))


MAKERS = {"day": day, "week": week, "final": final}
NAMES = ("monitoring", "finished", "rolled_back", "tuned")


def golden(name, text):
    """Set CBOPS_UPDATE_GOLDEN=1 to accept what is rendered now; read the difference before you commit."""
    path = DATA / f"{name}.md"
    if os.environ.get("CBOPS_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", MAKERS)
def test_a_document_is_rendered_as_its_golden_file_says_twice(cases, kind, name):
    text = MAKERS[kind](cases, name)
    assert MAKERS[kind](cases, name).encode() == text.encode()
    golden(f"{kind}-{name}", text)


@pytest.mark.parametrize("kind", MAKERS)
def test_hostile_values_stay_text(cases, kind):
    text = MAKERS[kind](cases, "finished", lambda word: f"{word} {HOSTILE}")
    calm = MAKERS[kind](cases, "finished")
    # The breaker's own alert did not fire, where one of a hostile name did.
    assert len(text.splitlines()) == len(calm.splitlines()) + (kind == "day")
    assert "<script" not in text
    assert "\x1b" not in text
    assert re.findall(r"^#+ .*$", text, re.MULTILINE)[1:] == re.findall(r"^#+ .*$", calm, re.MULTILINE)[1:]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", MAKERS)
def test_nothing_is_said_to_be_none_or_empty(cases, kind, name):
    text = MAKERS[kind](cases, name)
    assert not re.search(r"\bNone\b(?! recorded|$|\.| on record|, for)", text, re.MULTILINE)
    assert "(empty)" not in text
    assert "nan" not in text.lower().split()


@pytest.mark.parametrize("kind", ["week", "final"])
@pytest.mark.parametrize("name", ["finished", "rolled_back"])
def test_what_is_over_leaves_nothing_to_be_filled(cases, kind, name):
    assert "TO BE FILLED" not in MAKERS[kind](cases, name)


def test_unknown_counts_make_unknown_sums_and_no_zero(cases):
    text = week(cases, "monitoring")
    row = next(line for line in text.splitlines() if line.startswith("| 2 ("))
    assert row.split(" | ")[2:5] == ["unknown", "unknown", "unknown"]
    assert "**Average**: unknown" in text


def test_the_alerts_that_did_not_fire_are_named(cases):
    text = day(cases, "monitoring")
    assert (
        "- fired: RouterCircuitBreakerOpened (warning, openai) 2025-01-28 10:01:00 to 10:43:00 UTC (42 min)"
        in text
    )
    assert "- did not fire: RouterCircuitBreakerHighFailureRate" in text


def test_a_circuit_whose_episode_goes_on_is_not_closed_at_the_end_of_the_day(cases):
    open_still = facts(cases, "finished")
    assert "openai closed" in daily_entry(open_still, 3).state.value
    running = {"e1": open_still.classified["e1"].model_copy(update={"closed": None})}
    assert (
        "openai not closed"
        in daily_entry(Facts(open_still.state, open_still.observations, running), 2).state.value
    )


def test_a_day_belongs_to_its_week(cases):
    whole = facts(cases, "finished")
    later = whole.observations[7].model_copy(
        update={"window": whole.observations[7].window.model_copy(update={"day": 8})}
    )
    assert weeks(whole) == (1,)
    assert weeks(Facts(whole.state, {**whole.observations, 8: later}, {})) == (1, 2)


def test_the_timeline_is_in_order_of_time(cases):
    for name in NAMES:
        times = [str(line)[:19] for line in final_report(facts(cases, name)).timeline]
        assert times == sorted(times)


def test_what_was_set_aside_names_who_did_it(cases):
    aside = "\n".join(final_report(facts(cases, "rolled_back")).aside)
    assert (
        "Requirement of enabling, team_trained: trained next week (by alice, 2025-01-27 08:59:58 UTC)"
        in aside
    )
    assert "Requirement of the selection, criticality: a test tenant (by alice" in aside
    assert "Recommendation extend, decided rollback: latency (by carol" in aside


TYPOS = {
    DAY: (
        "entry",
        "{{ entry.titel }}",
        lambda cases, own: render(DAY, own, entry=daily_entry(facts(cases, "finished"), 2)),
    ),
    WEEK: (
        "week",
        "{{ week.opnes.value }}",
        lambda cases, own: render(WEEK, own, week=weekly_summary(facts(cases, "finished"), 1)),
    ),
    FINAL: (
        "final",
        "{{ final.decison }}",
        lambda cases, own: render(FINAL, own, final=final_report(facts(cases, "finished"))),
    ),
}


@pytest.mark.parametrize("template", TYPOS)
def test_a_typo_in_a_template_is_an_error_with_the_file_and_the_line(cases, tmp_path, template):
    root, typo, make = TYPOS[template]
    path = tmp_path / template
    path.write_text(f"# Ours\n\n{typo}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        make(cases, tmp_path)
    assert caught.value.message.startswith(f"the template {path}, line 3: ")
    path.write_text("# Ours\n{% if " + root + " %}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        make(cases, tmp_path)
    assert f"{path}, line " in caught.value.message


@pytest.mark.parametrize("template", TYPOS)
def test_a_template_of_ones_own_stands_in(cases, tmp_path, template):
    root, _, make = TYPOS[template]
    (tmp_path / template).write_text(f"# Ours\n{{{{ {root}.rollout }}}}\n", encoding="utf-8")
    assert make(cases, tmp_path) == "# Ours\ntenant-07-canary\n"


@pytest.mark.parametrize(
    ("template", "view"), [(DAY, DailyEntryView), (WEEK, WeeklySummaryView), (FINAL, FinalReportView)]
)
def test_the_shipped_template_puts_out_every_field_of_its_view(template, view):
    text = (Path(__file__).parents[2] / "templates" / template).read_text(encoding="utf-8")
    root = TYPOS[template][0]
    for field in fields(view):
        assert f"{root}.{field.name}" in text
