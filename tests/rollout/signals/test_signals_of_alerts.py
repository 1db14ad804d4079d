"""Alert noise: for, against, and without data."""

from __future__ import annotations

from datetime import timedelta

import pytest
from signal_samples import at, day, episode, firing, gaps, of_kind, seen

from cbops.model.telemetry import LoadedRule
from cbops.model.ticket import TicketKind, TicketPriority
from cbops.rollout.signals.alerts import firings

KIND = TicketKind.ALERT_NOISE
RULE = LoadedRule(name="RouterCircuitBreakerOpened", group="g", expression="opens > 0", for_seconds=0)


def noisy(number: int, seconds: float = 30):
    """So many opens an hour apart, each with its firing."""
    opens = tuple(
        episode(at(1, "02:00") + timedelta(minutes=61 * n), seconds, classification="expected")
        for n in range(number)
    )
    return opens, tuple(firing(each.opened + timedelta(seconds=20)) for each in opens)


def test_five_firings_for_brief_opens_on_a_day_are_noise():
    opens, alerts = noisy(5)
    (draft,) = of_kind(seen(day(alerts=alerts, alert_rules=(RULE,)), episodes=opens), KIND)
    assert draft.fingerprint.startswith("noisy-alert-")
    assert (
        draft.signal
        == "RouterCircuitBreakerOpened fired 5 times, up to 5 a day; 5 of them for an open under 120 s"
    )
    assert (draft.priority, draft.body.queries) == (TicketPriority.MEDIUM, ("opens > 0",))
    assert "(now 0 s)" in draft.body.proposal[0]


@pytest.mark.parametrize(("number", "seconds"), [(4, 30), (5, 121)])
def test_four_firings_or_five_for_longer_opens_are_none(number, seconds):
    opens, alerts = noisy(number, seconds)
    assert of_kind(seen(day(alerts=alerts), episodes=opens), KIND) == []


def test_noise_of_a_critical_alert_is_of_high_priority():
    opens, alerts = noisy(6)
    alerts = tuple(each.model_copy(update={"severity": "critical"}) for each in alerts)
    (draft,) = of_kind(seen(day(alerts=alerts), episodes=opens), KIND)
    assert draft.priority is TicketPriority.HIGH


def test_firings_without_any_open_are_not_called_brief():
    _, alerts = noisy(6)
    assert of_kind(seen(day(alerts=alerts)), KIND) == []


def test_a_firing_over_midnight_is_one():
    late = firing(at(1, "23:58"), 120)
    early = firing(at(2, "00:01"), 60)
    assert len(firings((day(1, alerts=(late,)), day(2, alerts=(early,))), late.name)) == 1


def test_a_real_open_without_an_alert_is_a_signal():
    opened = episode(at(1, "10:00"), 600, classification="expected")
    (draft,) = of_kind(seen(day(alerts=(), alert_rules=(RULE,)), episodes=(opened,)), KIND)
    assert draft.fingerprint.startswith("silent-open-")
    assert draft.priority is TicketPriority.HIGH
    assert draft.body.evidence[-1] == "Loaded rules: RouterCircuitBreakerOpened"


@pytest.mark.parametrize(
    ("seconds", "classification", "alerts"),
    [
        (600, "expected", (firing(at(1, "10:05")),)),
        (600, "expected", (firing(at(1, "10:05"), provider=None),)),
        (600, "expected", (firing(at(1, "10:19")),)),
        (100, "expected", ()),
        (200, "unexplained", ()),
    ],
)
def test_an_open_with_its_alert_and_a_brief_one_are_none(seconds, classification, alerts):
    opened = episode(at(1, "10:00"), seconds, classification=classification)
    assert of_kind(seen(day(alerts=alerts), episodes=(opened,)), KIND) == []


def test_an_alert_of_another_provider_answers_no_open():
    opened = episode(at(1, "10:00"), 600, classification="unexplained")
    (draft,) = of_kind(seen(day(alerts=(firing(at(1, "10:01"), provider="x"),)), episodes=(opened,)), KIND)
    assert draft.priority is TicketPriority.MEDIUM
    assert draft.body.evidence[-1] == "Which rules were loaded is unknown"


def test_an_open_at_the_end_of_what_is_known_may_still_get_its_alert():
    assert of_kind(seen(episodes=(episode(at(1, "23:55"), classification="expected"),)), KIND) == []


def test_without_alerts_or_with_some_days_only_it_says_so():
    opened = episode(at(1, "10:00"), classification="expected")
    blind = seen(day(alerts=None), episodes=(opened,))
    assert (of_kind(blind, KIND), gaps(blind, KIND)) == (
        [],
        ["the metrics source doesn't tell which alerts fired"],
    )
    half = seen(day(1, alerts=None), day(2), episodes=(opened,))
    assert (of_kind(half, KIND), gaps(half, KIND)) == ([], ["which alerts fired is unknown on day 1"])
