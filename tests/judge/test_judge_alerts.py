"""Alerts that the server has loaded, against what was counted."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from judge.build import (
    Burst,
    Made,
    Question,
    World,
    at,
    criterion,
    episode,
    finding,
    gap,
    moved,
    restart_at,
)

from cbops.model.observation import AlertInterval, Observation
from cbops.model.telemetry import LoadedRule
from cbops.model.verdict import Verdict

OPENED = "RouterCircuitBreakerOpened"
STAYED = "RouterCircuitBreakerStayedOpen"
RATE = "RouterCircuitBreakerHighFailureRate"
MULTIPLE = "RouterCircuitBreakerMultipleProvidersOpen"
PROBES = "RouterCircuitBreakerHalfOpenProbesFailed"
RENDERED = (
    "circuit:router_circuit_breaker_opens:increase5m > 0 or circuit:router_circuit_breaker_open:instances > 0"
)
NAIVE = 'rate(router_circuit_breaker_state_transitions_total{to="open"}[5m]) > 0'
STICKING = 'router_circuit_breaker_state{state="open"} == 1'
OPEN = episode(at(3, "14:01"), at(3, "14:03"))
OUTAGE = World(bursts=(Burst(at(3, "14:00"), at(3, "14:40"), success=10, failure=90),))


def rule(name: str = OPENED, expression: str = RENDERED, **more: object) -> LoadedRule:
    given = {"health": "ok", "interval_seconds": 30, "last_evaluation": at(1, "12:00")} | more
    return LoadedRule.model_validate({"name": name, "group": "g", "expression": expression, **given})


def fired(
    start: datetime, end: datetime, name: str = OPENED, provider: str | None = "openai"
) -> AlertInterval:
    return AlertInterval.model_validate({"name": name, "provider": provider, "from": start, "to": end})


LOADED = (rule(),)


def asked(*alerts, rules=LOADED, edit=lambda day: day, **more):
    """The criterion, with these rules loaded on every day since enabling and these alerts fired."""

    def with_alerts(day: Observation) -> Observation:
        window = day.window
        mine = [one for one in alerts if window.start < one.end and one.start <= window.end]
        cut = [
            one.model_copy(update={"start": max(one.start, window.start), "end": min(one.end, window.end)})
            for one in mine
        ]
        listed = rules(day) if callable(rules) else rules
        return edit(day.model_copy(update={"alerts": tuple(cut), "alert_rules": listed}))

    given = {"world": OUTAGE, "episodes": (OPEN,)} | more
    return criterion(Question(edit=with_alerts, **given).ask(), "observability")


def checks(found, name="alerts"):
    return [check for check in found.evidence["checks"] if check["check"] == name]


def silent(found):
    (check,) = checks(found)
    return check


def test_an_open_with_its_alert_agrees():
    found = asked(fired(at(3, "14:02"), at(3, "14:08")))
    assert found.verdict is Verdict.MET
    assert ": 1 open counted, 1 with an alert" in silent(found)["text"]
    assert silent(found)["numbers"] | {"alert": ""} == {
        "alert": "", "counted": 1, "answered": 1, "silent": 0, "explained": 0, "before_it_was_known_to_be_loaded": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        (NAIVE, "first sample of a series that is born"),
        (STICKING, "never set back"),
        ('increase(router_circuit_breaker_state_transitions_total{state="open"}[5m]) > 0', "other dialect"),
    ],
)
def test_a_real_open_without_an_alert_contradicts_and_says_what_the_expression_shows(expression, hint):
    found = asked(rules=(rule(expression=expression),))
    assert found.verdict is Verdict.MISSED
    assert silent(found)["numbers"]["counted"] == 1
    assert silent(found)["numbers"]["answered"] == 0
    assert hint in silent(found)["text"]


def test_a_rule_that_fails_to_evaluate_is_named():
    found = asked(rules=(rule(last_error="many-to-many matching"),))
    assert "many-to-many matching" in silent(found)["text"]


def on_day_three(**changes):
    return lambda day: day if day.window.day != 3 else day.model_copy(update=changes)


def test_a_gap_explains_a_silent_alert():
    scrape = OUTAGE.day(3).scrape.model_copy(update={"gaps": (gap(at(3, "13:50"), at(3, "14:01")),)})
    found = asked(edit=on_day_three(scrape=scrape))
    assert (found.verdict, silent(found)["status"]) == (Verdict.MET, "explained")


def test_a_restart_explains_a_silent_alert():
    found = asked(edit=on_day_three(restarts=(restart_at(at(3, "14:02")),)))
    assert silent(found)["status"] == "explained"


def test_an_open_shorter_than_the_rules_for_is_explained_and_a_longer_one_is_not():
    held = rule(expression=STICKING, for_seconds=600)
    assert silent(asked(rules=(held,)))["status"] == "explained"
    assert silent(asked(rules=(held,), episodes=(episode(at(3, "14:01"), at(3, "14:41")),)))["status"] == (
        "contradiction"
    )


def test_an_open_at_the_very_end_may_still_be_pending():
    late = episode(at(5, "23:59"), None)
    world = World(bursts=(Burst(at(5, "23:55"), at(6, "00:00"), success=10, failure=90),))
    assert silent(asked(episodes=(late,), world=world))["status"] == "explained"


def test_a_rule_that_was_not_loaded_at_an_earlier_look_is_not_judged_before_it_was_seen():
    found = asked(rules=lambda day: () if day.window.day < 4 else (rule(last_evaluation=at(5, "00:00")),))
    assert found.verdict is Verdict.MET
    assert silent(found)["status"] == "unknown"
    assert silent(found)["numbers"]["before_it_was_known_to_be_loaded"] == 1


def test_days_collected_long_after_they_ended_prove_no_rule_until_it_fired():
    def late(day):
        return day.model_copy(update={"as_of": at(40, "00:00")})

    assert silent(asked(edit=late))["status"] == "unknown"
    before = asked(fired(at(2, "10:00"), at(2, "10:06")), edit=late, episodes=(OPEN_DAY_TWO, OPEN))
    assert silent(before)["status"] == "contradiction"


OPEN_DAY_TWO = episode(at(2, "10:00"), at(2, "10:02"), name="e0")


def test_rules_that_nobody_listed_are_said_and_not_judged():
    found = asked(fired(at(2, "03:00"), at(2, "04:00")), rules=None)
    assert found.verdict is Verdict.MET
    assert checks(found) == []
    assert "loaded alert rules" in {each["what"] for each in found.evidence["not_asked"]}
    assert found.evidence["alert_rules"]["fired_without_a_loaded_rule"] == {OPENED: 1}


def test_a_loaded_rule_of_another_name_is_shown_and_not_judged():
    found = asked(rules=(rule("PagerDutyDeadMansSwitch"),))
    assert checks(found) == []
    assert [each["judged"] for each in found.evidence["alert_rules"]["loaded"]] == [False]


def test_a_rule_for_other_tenants_is_not_judged():
    found = asked(rules=(rule(expression='x{tenant_id="tenant_b"} > 0'),))
    assert silent(found)["status"] == "unknown"


def without_cause(found):
    (check,) = checks(found, "alerts_cause")
    return check


def test_an_alert_without_any_open_contradicts():
    found = asked(fired(at(4, "03:00"), at(4, "03:20")), fired(at(3, "14:02"), at(3, "14:08")))
    assert found.verdict is Verdict.MISSED
    assert without_cause(found)["numbers"] | {"alert": ""} == {"alert": "", "fired": 2, "with_cause": 1}


def test_an_alert_that_outlasts_its_open_contradicts_unless_the_rule_reads_a_sticking_gauge():
    for_ever = fired(at(3, "14:02"), at(5, "20:00"))
    assert without_cause(asked(for_ever))["status"] == "contradiction"
    found = asked(for_ever, rules=(rule(expression=STICKING),))
    assert (found.verdict, without_cause(found)["status"]) == (Verdict.MET, "explained")


def test_keep_firing_for_is_allowed():
    longer = fired(at(3, "14:02"), at(3, "15:00"))
    assert without_cause(asked(longer))["status"] == "contradiction"
    assert without_cause(asked(longer, rules=(rule(keep_firing_seconds=3600),)))["status"] == "agree"


def test_an_alert_that_names_no_circuit_may_be_another_tenants():
    nobody = fired(at(4, "03:00"), at(4, "03:20"), provider=None)
    assert without_cause(asked(nobody, fired(at(3, "14:02"), at(3, "14:08"))))["status"] == "unknown"


def test_a_restart_explains_a_firing_soon_after_it_and_none_later():
    # Without staleness markers a server hands out what was counted before the restart for five minutes more.
    restarted = {"edit": on_day_three(restarts=(restart_at(at(3, "20:00")),))}
    mine = fired(at(3, "14:02"), at(3, "14:08"))
    soon = asked(mine, fired(at(3, "20:01"), at(3, "20:10")), **restarted)
    assert (soon.verdict, without_cause(soon)["status"]) == (Verdict.MET, "explained")
    late = asked(mine, fired(at(3, "20:01"), at(3, "21:00")), **restarted)
    assert without_cause(late)["status"] == "contradiction"


def test_an_alert_in_a_gap_is_not_without_cause():
    scrape = OUTAGE.day(4).scrape.model_copy(update={"gaps": (gap(at(4, "02:30"), at(4, "03:01")),)})

    def gapped(day):
        return day if day.window.day != 4 else day.model_copy(update={"scrape": scrape})

    found = asked(fired(at(3, "14:02"), at(3, "14:08")), fired(at(4, "03:02"), at(4, "03:06")), edit=gapped)
    assert without_cause(found)["status"] == "agree"


LONG = episode(at(3, "14:01"), at(3, "14:41"))
STAYED_RULE = rule(STAYED, "circuit:router_circuit_breaker_unclosed:instances > 0", for_seconds=600)
DENYING = World(
    bursts=(
        *OUTAGE.bursts,
        Burst(at(3, "14:40"), at(3, "14:45"), success=90, fail_fast=10, tenant="canary"),
    )
)


def test_a_lasting_open_needs_its_alert_and_a_brief_one_none():
    kept = {"rules": (STAYED_RULE,), "world": OUTAGE}
    assert silent(asked(episodes=(LONG,), **kept))["status"] == "explained"  # nothing was denied
    denying = World(bursts=(Burst(at(3, "14:00"), at(3, "14:40"), success=10, failure=80, fail_fast=10),))
    assert silent(asked(episodes=(LONG,), rules=(STAYED_RULE,), world=denying))["status"] == "contradiction"
    spoke = fired(at(3, "14:12"), at(3, "14:41"), STAYED)
    assert silent(asked(spoke, episodes=(LONG,), rules=(STAYED_RULE,), world=denying))["status"] == "agree"
    assert silent(asked(episodes=(OPEN,), **kept))["numbers"]["counted"] == 0


def test_in_the_documented_dialect_a_half_open_may_look_closed():
    denying = World(bursts=(Burst(at(3, "14:00"), at(3, "14:40"), success=10, failure=80, fail_fast=10),))
    probed = on_day_three(transitions=(moved(at(3, "14:20"), None, "half_open"),))
    found = asked(episodes=(LONG,), rules=(STAYED_RULE,), world=denying, edit=probed)
    assert silent(found)["status"] == "explained"


def test_failures_that_go_on_need_the_rate_alert():
    rates = rule(RATE, "circuit:router_circuit_breaker_errors:ratio5m > 0.5")
    assert silent(asked(rules=(rates,)))["status"] == "contradiction"
    spoke = fired(at(3, "14:05"), at(3, "14:42"), RATE)
    assert silent(asked(spoke, rules=(rates,)))["status"] == "agree"
    calm = World(canary=Made(failure=0), bursts=OUTAGE.bursts)
    stray = fired(at(4, "05:00"), at(4, "05:20"), RATE)
    assert without_cause(asked(spoke, stray, rules=(rates,), world=calm))["status"] == "contradiction"


def test_three_failed_probes_in_ten_minutes_need_their_alert():
    probes = rule(PROBES, "circuit:router_circuit_breaker_failed_probes:increase10m >= 3")
    moves = (
        moved(at(3, "14:01"), "closed", "open"),
        *(
            moved(at(3, f"14:0{minute}"), source, target)
            for minute in (2, 3, 4)
            for source, target in (("open", "half_open"), ("half_open", "open"))
        ),
    )
    flapping = on_day_three(transitions=moves)
    lasting = {"edit": flapping, "episodes": (LONG,), "rules": (probes,)}
    assert silent(asked(**lasting))["status"] == "contradiction"
    assert silent(asked(fired(at(3, "14:05"), at(3, "14:15"), PROBES), **lasting))["status"] == "agree"
    stray = fired(at(4, "05:00"), at(4, "05:20"), PROBES)
    assert without_cause(asked(stray, rules=(probes,), episodes=()))["status"] == "contradiction"


def test_in_the_documented_dialect_failed_probes_are_not_told_from_opens():
    probes = rule(PROBES, "x >= 3")
    moves = tuple(moved(at(3, f"14:0{minute}"), None, "open") for minute in (2, 3, 4, 5))
    found = asked(edit=on_day_three(transitions=moves), rules=(probes,), episodes=(LONG,))
    assert silent(found)["numbers"]["counted"] == 0


def test_two_providers_that_are_open_together_need_their_alert():
    both = rule(MULTIPLE, 'tenant:router_circuit_breaker_open:providers{tenant_id=~".+"} >= 2')
    moves = tuple(
        moved(at(3, clock), source, target).model_copy(update={"provider": provider})
        for provider in ("openai", "anthropic")
        for clock, source, target in (
            ("14:01", "closed", "open"),
            ("14:30", "open", "half_open"),
            ("14:31", "half_open", "closed"),
        )
    )
    denied = (
        Burst(at(3, "14:00"), at(3, "14:40"), success=10, failure=80, fail_fast=10, provider=name)
        for name in ("openai", "anthropic")
    )
    world = World(bursts=tuple(denied), extra=(Made(provider="anthropic"),))
    opened = (
        episode(at(3, "14:01"), at(3, "14:31")),
        episode(at(3, "14:01"), at(3, "14:31"), name="e2", provider="anthropic"),
    )
    given = {"edit": on_day_three(transitions=moves), "rules": (both,), "world": world, "episodes": opened}
    assert silent(asked(**given))["status"] == "contradiction"
    spoke = fired(at(3, "14:02"), at(3, "14:31"), MULTIPLE, provider=None)
    assert silent(asked(spoke, **given))["status"] == "agree"
    alone = {"edit": lambda day: day, "episodes": (opened[0],)}
    stray = fired(at(3, "14:02"), at(3, "15:31"), MULTIPLE, provider=None)
    assert without_cause(asked(stray, **given | alone))["status"] == "contradiction"


def test_an_alert_before_the_first_day_was_counted_has_a_cause_that_nobody_saw():
    earlier = fired(at(1, "09:00"), at(1, "09:04"))
    assert without_cause(asked(earlier, fired(at(3, "14:02"), at(3, "14:08"))))["status"] == "agree"


def test_other_findings_stay_as_they_are():
    found = asked(fired(at(3, "14:02"), at(3, "14:08")), edit=on_day_three(findings=(finding("gap"),)))
    assert found.verdict is Verdict.MET


def test_a_circuit_that_was_open_at_enabling_is_a_cause_and_no_open():
    def standing(day):
        return day if day.window.day != 1 else day.model_copy(update={"state_at_start": {"openai": "open"}})

    found = asked(fired(at(1, "09:00"), at(1, "18:00")), episodes=(), edit=standing)
    assert (without_cause(found)["status"], silent(found)["numbers"]["counted"]) == ("agree", 0)


def test_a_rule_is_judged_from_the_first_look_that_lists_it():
    early = episode(at(1, "14:01"), at(1, "14:03"))
    found = asked(rules=(rule(last_evaluation=at(1, "23:59")),), episodes=(early,))
    assert (found.verdict, silent(found)["status"]) == (Verdict.MET, "unknown")


def test_a_sticking_gauge_that_told_an_open_of_before_enabling_is_explained():
    week = fired(at(1, "00:00"), at(6, "00:00"))
    found = asked(week, rules=(rule(expression=STICKING),), episodes=())
    assert (found.verdict, without_cause(found)["status"]) == (Verdict.MET, "explained")
    assert without_cause(asked(week, episodes=()))["status"] == "contradiction"
    born = fired(at(4, "05:00"), at(4, "15:00"))
    assert without_cause(asked(born, rules=(rule(expression=STICKING),), episodes=()))["status"] == (
        "contradiction"
    )


def test_a_restart_ends_what_the_counters_call_open():
    both = rule(MULTIPLE, "tenant:router_circuit_breaker_open:providers >= 2")
    other = {"provider": "anthropic"}
    moves = (
        moved(at(3, "10:00"), "closed", "open"),
        moved(at(3, "12:00"), "closed", "open").model_copy(update=other),
        moved(at(3, "12:30"), "open", "half_open").model_copy(update=other),
    )
    world = World(extra=(Made(provider="anthropic"),))
    given = {"rules": (both,), "episodes": (), "world": world}
    found = asked(edit=on_day_three(transitions=moves, restarts=(restart_at(at(3, "10:05")),)), **given)
    assert silent(found)["numbers"]["counted"] == 0
    assert silent(asked(edit=on_day_three(transitions=moves), **given))["numbers"]["counted"] == 1


def test_an_open_that_holds_nothing_back_after_five_minutes_needs_no_lasting_alert():
    ended = episode(at(3, "14:01"), at(3, "14:31"))
    moves = (
        moved(at(3, "14:01"), "closed", "open"),
        moved(at(3, "14:05"), "open", "half_open"),
        moved(at(3, "14:31"), "half_open", "closed"),
    )
    quiet = World(bursts=(Burst(at(3, "14:00"), at(3, "14:35"), success=5),))
    given = {"rules": (STAYED_RULE,), "episodes": (ended,), "edit": on_day_three(transitions=moves)}
    assert silent(asked(world=quiet, **given))["status"] == "explained"
    dead = World(bursts=(Burst(at(3, "13:50"), at(3, "14:35")),))
    assert silent(asked(world=dead, **given))["status"] == "contradiction"


@pytest.mark.parametrize(
    ("expression", "status"),
    [
        ('x{tenant_id=~"other|more"} > 0', "unknown"),
        ('x{tenant_id!="canary"} > 0', "unknown"),
        ('x{tenant_id!~"can.*"} > 0', "unknown"),
        ("x{a='}', tenant_id=`other`} > 0 # tenant_id=\"canary\"", "unknown"),
        ('x{tenant_id=~"can.*", tenant_id!="canary"} > 0', "unknown"),
        ('x{tenant_id=~"other|canary"} > 0', "contradiction"),
        ('x{tenant_id=~".+"} > 0', "contradiction"),
        ('sum by (tenant_id) (x{team="other"}) > 0', "contradiction"),
        ('x{tenant_id="other"} > 0 or x{tenant_id="canary"} > 0', "contradiction"),
        ('x{tenant_id=~"(?P<"} > 0', "contradiction"),
    ],
)
def test_a_rules_selectors_say_whose_it_is(expression, status):
    assert silent(asked(rules=(rule(expression=expression),)))["status"] == status


def test_the_tenants_label_may_be_called_otherwise():
    named = rule(expression='x{team="other"} > 0', tenant_label="team")
    assert silent(asked(rules=(named,)))["status"] == "unknown"


def test_failures_around_the_edge_of_two_buckets_may_be_most_of_a_windows_results():
    rates = rule(RATE, "x > 0.5")
    spoke = fired(at(3, "14:05"), at(3, "14:07"), RATE)
    bursty = World(bursts=(Burst(at(3, "14:00"), at(3, "14:10"), success=16, failure=4),))
    assert without_cause(asked(spoke, rules=(rates,), episodes=(), world=bursty))["status"] == "agree"
    assert without_cause(asked(spoke, rules=(rates,), episodes=(), world=World()))["status"] == (
        "contradiction"
    )


def test_a_week_of_flapping_is_judged_in_about_a_second():
    def flapping(day):
        start = day.window.start
        moves = tuple(
            moved(start + timedelta(seconds=30 * (i + 1)), source, target).model_copy(
                update={"after": start + timedelta(seconds=30 * i)}
            )
            for i in range(2000)
            for source, target in (("open", "half_open"), ("half_open", "open"))
        )
        return day.model_copy(update={"transitions": moves, "state_at_start": {"openai": "open"}})

    rules = (rule(), STAYED_RULE, rule(RATE, "x > 0.5"), rule(MULTIPLE, "x > 1"), rule(PROBES, "x > 2"))
    begun = time.process_time()
    found = asked(rules=rules, edit=flapping, episodes=(), observed=tuple(range(1, 8)), world=World())
    assert time.process_time() - begun < 4  # seconds; with every pair of moves it was minutes
    probes = next(c for c in checks(found) if c["numbers"]["alert"] == PROBES)
    assert probes["status"] == "contradiction"
