"""Performance, configuration and observability gaps: for, against, and without data."""

from __future__ import annotations

from typing import Any

import pytest
from forecast_samples import forecast
from signal_samples import STEPS, at, buckets, day, evaluation, gaps, of_kind, seen, state
from tuning_made import searched

from cbops.model.events_checklist import ItemVerified
from cbops.model.events_replay import Forecasted, Tuned
from cbops.model.observation import Finding, ScrapeHealth
from cbops.model.state import ForecastRecord, TuningRecord, VerificationRecord
from cbops.model.telemetry import GaugeComparison, LoadedRule
from cbops.model.ticket import TicketKind, TicketPriority
from cbops.model.verdict import Verdict
from cbops.rollout.signals.seen import MOST_LINES, TUNE, block_words, some

SLOW = {
    "margin": 0.05,
    "change": 0.084,
    "change_lower": 0.06,
    "change_upper": 0.11,
    "providers": {"openai": {"mean_ms_before": 200.0, "mean_ms_after": 216.8, "count_after": 9000}},
}


def latency(verdict: Verdict, evidence: dict[str, Any]):
    return of_kind(seen(evaluation=evaluation(latency=(verdict, evidence))), TicketKind.PERFORMANCE)


def test_a_missed_latency_is_critical_with_its_figures():
    (draft,) = latency(Verdict.MISSED, SLOW)
    assert draft.priority is TicketPriority.CRITICAL
    assert draft.body.evidence == (
        "Change +8.4 %, between +6.0 % and +11.0 %",
        "openai: mean 200.0 ms before, 216.8 ms after, 9000 results",
    )
    assert draft.body.context.providers == ("openai",)


def test_an_undecided_latency_is_a_signal_only_beyond_the_margin():
    (draft,) = latency(Verdict.INCONCLUSIVE, SLOW)
    assert draft.priority is TicketPriority.MEDIUM
    assert latency(Verdict.INCONCLUSIVE, {**SLOW, "change": 0.02}) == []
    assert latency(Verdict.MET, SLOW) == []


def test_without_a_judgement_or_a_metric_latency_says_so():
    assert gaps(seen(), TicketKind.PERFORMANCE) == ["nothing was evaluated yet: cbops evaluate"]
    unknown = seen(evaluation=evaluation(latency=(Verdict.INCONCLUSIVE, {"margin": 0.05, "change": None})))
    assert gaps(unknown, TicketKind.PERFORMANCE) == ["latency is inconclusive."]
    assert of_kind(unknown, TicketKind.PERFORMANCE) == []


def with_block(**block: Any):
    return state(block={"enabled": True, **block})


def test_a_policy_that_can_never_close_is_a_configuration_of_high_priority():
    never = with_block(success_threshold=9, half_open_max_calls=1)
    (draft,) = of_kind(seen(state=never), TicketKind.CONFIGURATION)
    assert draft.priority is TicketPriority.HIGH
    assert "never_closes" in draft.signal
    assert draft.body.replay == ()
    assert draft.body.proposal[0] == TUNE


def test_a_threshold_outside_its_band_is_worth_a_ticket_of_low_priority():
    few = with_block(failure_threshold=2, error_rate_threshold=0.5, timeout_ms=90_000, half_open_max_calls=5)
    found = of_kind(seen(state=few), TicketKind.CONFIGURATION)
    assert {draft.priority for draft in found} <= {TicketPriority.LOW, TicketPriority.MEDIUM}
    assert all("outside_band" in draft.signal for draft in found)
    assert found


def test_the_checks_know_the_collected_traffic():
    quiet = buckets(success=(1, 0, 0) * (STEPS // 3))
    (draft,) = of_kind(seen(day(buckets=(quiet,))), TicketKind.CONFIGURATION)
    assert "single_failure_opens" in draft.signal
    assert draft.body.context.traffic is not None
    assert draft.body.context.traffic.startswith("0.1 results a minute")


def test_tuned_thresholds_are_proposed_with_what_the_replay_says():
    tuned = searched(lambda text: text)
    block = tuned.recommended.block
    assert block is not None
    record = TuningRecord(
        at=at(2, "12:00"), actor="ann", tuned=Tuned(recommended=block, tuning="0" * 64, summary=tuned.summary)
    )
    mine = state(tunings=(record,), block={"enabled": True})
    (draft,) = of_kind(seen(state=mine, tuning=tuned), TicketKind.CONFIGURATION)
    assert draft.body.proposal[0].startswith("Change the circuit_breaker block as tuned: ")
    assert draft.body.replay[0] == f"Searched on 2025-01-28: {tuned.summary}"
    assert any(line.startswith("The recommended ones: ") for line in draft.body.replay)
    assert draft.last_seen == at(2, "12:00")


def test_an_unknown_block_and_unknown_traffic_are_said():
    assert gaps(seen(state=state(block=None)), TicketKind.CONFIGURATION) == [
        "the enabled block is not on record"
    ]
    early = seen(state=state(block=None, enabled_at=None))
    assert gaps(early, TicketKind.CONFIGURATION) == ["no policy was enabled yet"]
    assert gaps(seen(day(buckets=())), TicketKind.CONFIGURATION) == ["no whole hour of traffic was collected"]


def observed(**more: Any):
    return of_kind(seen(day(**more)), TicketKind.OBSERVABILITY_GAP)


def test_a_missing_metric_is_a_gap_with_one_ticket_for_all_days():
    finding = Finding(code="latency_absent", message="It is not exported.")
    record = seen(day(1, findings=(finding,)), day(2, findings=(finding,)))
    (draft,) = of_kind(record, TicketKind.OBSERVABILITY_GAP)
    assert draft.title == "Missing: router_result_latency_ms"
    assert draft.signal == "router_result_latency_ms gave no answer on 2 days"
    assert (draft.priority, draft.last_seen) == (TicketPriority.MEDIUM, at(3, "00:00"))
    (alone,) = of_kind(seen(day(1, findings=(finding,))), TicketKind.OBSERVABILITY_GAP)
    assert alone.fingerprint == draft.fingerprint


def test_what_a_finding_names_is_what_is_missing():
    named = Finding(
        code="metric_under_another_name",
        message="It is called x.",
        numbers={"metric": "router_y", "series": 1},
    )
    (draft,) = observed(findings=(named,))
    assert draft.title == "Missing: router_y"
    assert observed(findings=(Finding(code="gap", message="no scrape"),)) == []


@pytest.mark.parametrize(
    ("status", "number"), [("contradiction", 1), ("known", 0), ("agree", 0), ("unknown", 0)]
)
def test_only_what_nothing_explains_of_a_gauge_is_a_gap(status, number):
    gauge = GaugeComparison(
        gauge="state", provider="openai", instance="a", status=status, text="open and closed"
    )
    found = observed(gauges=(gauge,))
    assert len(found) == number
    assert all(draft.priority is TicketPriority.HIGH for draft in found)


def test_a_judged_contradiction_is_critical_and_one_of_alerts_is_none_of_these():
    checks = [
        {
            "check": "decisions",
            "status": "contradiction",
            "text": "day 1: 9 results from 1 decision",
            "days": [1],
        },
        {"check": "alerts", "status": "contradiction", "text": "silent", "days": [1]},
        {"check": "interleaving", "status": "agree", "text": "fine", "days": [1]},
    ]
    judged = evaluation(observability=(Verdict.MISSED, {"checks": checks}))
    (draft,) = of_kind(seen(evaluation=judged), TicketKind.OBSERVABILITY_GAP)
    assert (draft.priority, draft.body.evidence) == (
        TicketPriority.CRITICAL,
        ("day 1: 9 results from 1 decision",),
    )


def test_a_rule_that_fails_is_a_gap_until_it_works_again():
    broken = LoadedRule(name="Mine", group="g", expression="x", health="err", last_error="many-to-many")
    sound = broken.model_copy(update={"health": "ok", "last_error": None})
    (draft,) = observed(alert_rules=(broken,))
    assert draft.signal == "Mine fails: many-to-many"
    record = seen(day(1, alert_rules=(broken,)), day(2, alert_rules=(sound,)))
    assert of_kind(record, TicketKind.OBSERVABILITY_GAP) == []


def test_too_few_scrapes_are_a_gap():
    thin = ScrapeHealth(interval_seconds=60, expected=1440, seen=1000, coverage=1000 / 1440)
    (draft,) = observed(scrape=thin)
    assert draft.body.evidence == ("day 1: 1000 of 1440 scrapes, 0 gaps",)


def test_a_series_that_the_judgement_lacks_is_a_gap_of_high_priority_told_once():
    judged = evaluation(observability=(Verdict.INCONCLUSIVE, {"missing_series": ["error_rate", "latency"]}))
    absent = Finding(code="latency_absent", message="It is not exported.")
    drafts = of_kind(seen(day(findings=(absent,)), evaluation=judged), TicketKind.OBSERVABILITY_GAP)
    assert {draft.title for draft in drafts} == {
        "Missing: router_circuit_breaker_error_rate",
        "Missing: router_result_latency_ms",
    }
    assert {draft.priority for draft in drafts} == {TicketPriority.HIGH}


def test_a_forecast_on_record_is_what_the_replay_says():
    made = forecast()
    record = ForecastRecord(
        at=at(2, "12:00"),
        actor="ann",
        forecasted=Forecasted(
            policy="canary", requests=9, approximate=False, forecast="0" * 64, summary=made.summary[0]
        ),
    )
    few = with_block(failure_threshold=2)
    (draft,) = of_kind(
        seen(state=few.model_copy(update={"forecasts": (record,)}), forecast=made), TicketKind.CONFIGURATION
    )
    assert draft.body.replay == (f"Replayed on 2025-01-28: {made.summary[0]}",)


def test_a_measured_contradiction_is_a_gap_by_its_code():
    measured = Finding(code="contradiction_of_counts", message="9 of 8.")
    (draft,) = observed(findings=(measured,))
    assert draft.title == "Contradiction of counts: series contradict each other"
    assert draft.body.evidence == ("day 1: 9 of 8.",)


def test_a_block_with_values_of_no_use_is_told_as_unknown_and_checked_as_it_stands():
    wrong = seen(state=with_block(timeout_ms="soon"))
    assert wrong.policy() is None
    assert block_words(wrong) == ("The enabled thresholds are unknown",)
    assert "wrong_type" in of_kind(wrong, TicketKind.CONFIGURATION)[0].signal


def test_long_lists_are_cut_and_say_how_much_is_missing():
    assert some(str(n) for n in range(MOST_LINES + 3))[-2:] == ("11", "and 3 more")


def test_a_latency_that_is_missed_again_is_the_same_ticket():
    again = {**SLOW, "change": 0.2, "providers": {}}
    (one,), (other,) = latency(Verdict.MISSED, SLOW), latency(Verdict.MISSED, again)
    assert one.fingerprint == other.fingerprint
    assert one.signal != other.signal


def looked(item: str, found: str) -> dict[str, VerificationRecord]:
    verified = ItemVerified(item=item, state=found, sentence="4 of 31 panels have no data")
    return {item: VerificationRecord(at=at(3, "12:00"), actor="maya", verified=verified)}


@pytest.mark.parametrize(
    ("item", "priority"), [("dashboards", TicketPriority.MEDIUM), ("alert_rules", TicketPriority.HIGH)]
)
def test_a_panel_or_rule_without_series_is_a_gap_with_when_it_was_looked_at(item, priority):
    record = seen(state=state(verifications=looked(item, "failed")))
    (draft,) = of_kind(record, TicketKind.OBSERVABILITY_GAP)
    assert draft.fingerprint.startswith("unmatched-")
    assert (draft.priority, draft.last_seen) == (priority, at(3, "12:00"))
    assert draft.signal == "4 of 31 panels have no data"
    assert f"cbops checklist verify {item}" in draft.body.proposal[0]


@pytest.mark.parametrize("found", ["verified", "unknown"])
def test_panels_that_have_data_or_could_not_be_looked_at_are_no_signal(found):
    record = seen(state=state(verifications=looked("dashboards", found)))
    assert of_kind(record, TicketKind.OBSERVABILITY_GAP) == []
    assert not any("panels" in why for why in gaps(record, TicketKind.OBSERVABILITY_GAP))


def test_panels_that_nobody_looked_at_are_told_as_not_looked_at():
    assert any("checklist verify" in why for why in gaps(seen(), TicketKind.OBSERVABILITY_GAP))


def test_what_was_not_held_against_series_on_any_day_of_other_items_is_no_signal():
    record = seen(state=state(verifications=looked("reload_works", "failed")))
    assert of_kind(record, TicketKind.OBSERVABILITY_GAP) == []
