"""The router's gauges against its counters: nothing in sound worlds, and each planted contradiction found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

from cbops.measure.gauges import compare_gauges
from cbops.measure.targets import find_targets
from cbops.model.series import Series

MINUTE = 60_000
START, END = 100 * MINUTE, 340 * MINUTE
OPEN, HALF, CLOSED = 150, 155, 156  # minutes at which the circuit moved

NAME = "router_circuit_breaker_"
Labels = tuple[tuple[str, str], ...]


def labels(**more: str) -> Labels:
    return tuple(
        sorted({"tenant_id": "t", "provider_id": "openai", "instance": "r1", "job": "j", **more}.items())
    )


@dataclass
class Page:
    """One router's page, minute by minute, as the router is known to keep it; scraped from minute 1 on."""

    series: dict[tuple[str, Labels], dict[int, float]] = field(default_factory=dict)

    def put(
        self,
        name: str,
        value: Callable[[int], float | None],
        minutes: Iterable[int] = range(1, 341),
        **more: str,
    ):
        column = self.series.setdefault((NAME + name, labels(**more)), {})
        column.update({m: v for m in minutes if (v := value(m)) is not None})
        return self

    def drop(self, name: str, minutes: Iterable[int] = range(1, 341), **more: str) -> Page:
        column = self.series[NAME + name, labels(**more)]
        for minute in minutes:
            column.pop(minute, None)
        return self

    def compared(self, **more: object):
        found = [
            Series(
                name, dict(label), [m * MINUTE for m in sorted(column)], [column[m] for m in sorted(column)]
            )
            for (name, label), column in self.series.items()
            if column
        ]
        return compare_gauges(found, find_targets(found), START, END, **more)

    def of(self, gauge: str, **more: object):
        return [one for one in self.compared(**more) if one.gauge == gauge]

    def only(self, gauge: str, **more: object):
        (found,) = self.of(gauge, **more)
        return found.status, found.cause


def since(minute: int, value: float) -> Callable[[int], float | None]:
    return lambda m: value if m >= minute else None


def sound() -> Page:
    """12 results a minute, one open with two failures in its minute, as the domain description tells it."""
    page = Page()
    page.put("events_total", lambda m: 12 * m - 12 * (m >= OPEN), event_type="success")
    page.put("events_total", since(OPEN, 12), event_type="failure")
    page.put("error_rate", lambda m: 1.0 if m == OPEN else 0.0)
    for minute, source, target, value in (
        (OPEN, "closed", "open", 1), (HALF, "open", "half_open", 2), (CLOSED, "half_open", "closed", 0),
    ):  # fmt: skip
        page.put("state_transitions_total", since(minute, 1), **{"from": source, "to": target})
        page.put("state", since(minute, value), state=target)
    page.put("trigger_reason", since(OPEN, 1), reason="error_rate_threshold_exceeded")
    page.put("trigger_reason", since(HALF, 1), reason="timeout_elapsed")
    page.put(
        "window_requests_total", lambda m: None if m < OPEN else 12 + 12 * (m >= HALF) + 12 * (m >= CLOSED)
    )
    page.put("window_failures_total", since(OPEN, 12))
    page.put("timeout_transitions_total", since(HALF, 1), transition_type="open_to_half_open")
    page.put("timeout_remaining_ms", since(OPEN, 30_000))
    return page


def test_a_sound_day_has_what_is_known_and_no_contradiction():
    found = {(one.gauge, one.status, one.cause) for one in sound().compared()}
    assert found == {
        ("state", "known", "sticking"),
        ("error_rate", "agree", None),
        ("window", "known", "moves_only_at_transitions"),
        ("trigger_reason", "known", "set_once"),
        ("timeout", "agree", None),
        ("timeout", "known", "stays_at_last"),
    }


def test_a_circuit_that_stays_open_agrees_with_its_gauge():
    page = sound()
    for source, target in (("open", "half_open"), ("half_open", "closed")):
        page.drop("state_transitions_total", **{"from": source, "to": target}).drop("state", state=target)
    page.drop("trigger_reason", reason="timeout_elapsed")
    assert page.only("state") == ("agree", None)


def test_the_gauge_says_open_and_nothing_opened():
    page = sound()
    page.put("state_transitions_total", lambda m: None)
    page.drop("state_transitions_total", **{"from": "closed", "to": "open"})
    for source, target in (("open", "half_open"), ("half_open", "closed")):
        page.drop("state_transitions_total", **{"from": source, "to": target})
    (found,) = page.of("state")
    assert (found.status, found.numbers["gauge"], found.numbers["transitions"]) == ("contradiction", 1, 0)


def test_transitions_without_their_gauge_contradict():
    assert sound().drop("state", state="open").only("state") == ("contradiction", None)


def test_one_scrape_between_a_transition_and_its_gauge_is_a_race():
    page = sound().drop("state", (OPEN, OPEN + 1), state="open")
    assert page.only("state") == ("known", "sticking")


def test_a_value_that_is_not_the_states_contradicts():
    assert sound().put("state", since(OPEN, 7), state="open").only("state") == ("contradiction", None)


def test_a_router_without_the_gauge_is_not_compared():
    page = sound()
    for target in ("open", "half_open", "closed"):
        page.drop("state", state=target)
    assert page.of("state") == []


def test_a_gauge_kept_over_a_restart_is_known():
    page = sound()
    restarted = range(200, 341)
    for key in list(page.series):
        if key[0].endswith("_total"):
            for minute in restarted:
                page.series[key].pop(minute, None)
    page.put("events_total", lambda m: 12 * (m - 199), restarted, event_type="success")
    assert page.only("state") == ("known", "restart")


def test_a_state_that_was_left_and_never_entered_is_an_operators_call():
    page = sound().drop("state_transitions_total", **{"from": "open", "to": "half_open"})
    assert page.only("state") == ("known", "operator")


def test_counters_split_by_a_label_of_their_own_may_be_dropped():
    page = sound()
    page.drop("state_transitions_total", **{"from": "closed", "to": "open"})
    page.put(
        "state_transitions_total",
        lambda m: 1,
        range(OPEN, OPEN + 5),
        **{"from": "closed", "to": "open"},
        trace_id="x",
    )
    page.put(
        "state_transitions_total",
        lambda m: 1,
        range(OPEN, OPEN + 5),
        **{"from": "closed", "to": "closed"},
        trace_id="y",
    )
    assert page.only("state") == ("known", "extra_labels")


def unlabelled(value: Callable[[int], float]) -> Page:
    page = sound()
    for target in ("open", "half_open", "closed"):
        page.drop("state", state=target)
    return page.put("state", value)


def present(minute: int) -> float:
    return 0 if minute < OPEN or minute >= CLOSED else 1 if minute < HALF else 2


def test_a_gauge_without_a_state_label_is_held_against_the_present_state():
    assert unlabelled(present).only("state") == ("agree", None)
    assert unlabelled(lambda m: 1 if m >= OPEN else 0).only("state") == ("contradiction", None)


def test_a_gauge_that_is_set_back_is_held_against_the_present_state():
    page = sound()
    page.put("state", lambda m: None if m < OPEN else float(m < HALF), state="open")
    assert page.only("state") == ("known", "sticking")  # half_open sticks still
    page.put("state", lambda m: None if m < OPEN else float(m < 300), state="open")
    assert page.only("state") == ("contradiction", None)


@pytest.mark.parametrize("value", [0.9, 1.7, -0.2])
def test_an_error_rate_that_no_order_of_results_can_give_contradicts(value):
    (found,) = sound().put("error_rate", lambda m: value).of("error_rate")
    assert found.status == "contradiction"
    assert found.numbers["gauge"] == pytest.approx(value)
    assert found.numbers["counted_high"] == (1.0 if value < 0 else 0.0)


def test_a_rate_that_is_off_for_less_than_a_window_is_an_emptied_window():
    page = sound().put("error_rate", lambda m: 0.9, (200, 201, 202))
    assert page.only("error_rate", window_seconds=(300,))[0] == "known"


def test_a_few_pages_read_in_the_middle_are_a_race():
    page = sound().put("error_rate", lambda m: 0.9, (180, 240, 300))
    assert page.only("error_rate") == ("known", "race")


def test_the_windows_that_the_policy_gives_are_allowed():
    lasting = sound().put("error_rate", lambda m: 12 / 60, range(OPEN + 1, OPEN + 5))
    assert lasting.only("error_rate", window_seconds=(300,)) == ("agree", None)
    longer = sound().put("error_rate", lambda m: 0.2, range(OPEN + 5, OPEN + 30))
    assert longer.only("error_rate", window_seconds=(300,)) == ("contradiction", None)


def test_the_window_that_the_rate_was_held_over_is_the_policys_where_it_fits():
    (found,) = sound().of("error_rate", window_seconds=(10,))
    assert (found.status, found.numbers["window_seconds"]) == ("agree", 10)
    assert "over 10 s at all" in found.text


def test_a_rate_over_the_default_window_and_not_the_policys_is_told_as_such():
    (found,) = sound().of("error_rate", window_seconds=(300,))
    assert (found.status, found.cause) == ("known", "default_window")
    assert (found.numbers["window_seconds"], found.numbers["policy_window_seconds"]) == (60, 300)


def test_results_in_one_long_scrape_interval_may_have_come_in_any_order():
    page = sound().put("error_rate", lambda m: 0.4, (OPEN,))
    assert page.only("error_rate") == ("agree", None)


def test_a_rate_without_results_is_not_compared():
    page = sound()
    for kind in ("success", "failure"):
        page.drop("events_total", event_type=kind)
    assert page.only("error_rate") == ("unknown", None)


def test_a_split_error_rate_is_not_compared():
    assert sound().put("error_rate", lambda m: 0.9, trace_id="x").only("error_rate") == (
        "unknown",
        "extra_labels",
    )


def test_after_a_restart_the_window_begins_anew():
    page = Page()
    page.put("events_total", lambda m: 12 * m if m < 200 else 12 * (m - 199), event_type="success")
    page.put("error_rate", lambda m: 0.0)
    assert page.only("error_rate") == ("agree", None)


def test_window_statistics_that_rise_between_transitions_must_count_results():
    each = sound().put("window_requests_total", lambda m: 12.0 * m)
    assert each.only("window") == ("agree", None)
    twice = sound().put("window_requests_total", lambda m: 24.0 * m)
    assert twice.only("window") == ("contradiction", None)


def test_more_failures_than_requests_in_the_windows_contradict():
    assert sound().put("window_failures_total", since(OPEN, 90)).only("window") == ("contradiction", None)


def test_a_reason_without_its_transition_contradicts():
    page = sound().put("trigger_reason", since(120, 1), reason="half_open_failure")
    for source, target in (("closed", "open"), ("open", "half_open"), ("half_open", "closed")):
        page.drop("state_transitions_total", **{"from": source, "to": target})
    assert page.only("trigger_reason") == ("contradiction", None)


def test_an_opening_without_any_reason_contradicts():
    page = sound().drop("trigger_reason", reason="error_rate_threshold_exceeded")
    assert page.only("trigger_reason") == ("contradiction", None)


def test_a_reason_that_counts_more_than_was_counted_contradicts():
    page = sound().put("trigger_reason", since(OPEN, 9), reason="error_rate_threshold_exceeded")
    assert page.only("trigger_reason") == ("contradiction", None)


def timed(page: Page) -> tuple[str, str | None]:
    found = next(one for one in page.of("timeout") if "timeout_transitions" in one.numbers)
    return found.status, found.cause


def test_timeout_transitions_must_equal_the_half_openings():
    page = sound().put("timeout_transitions_total", since(HALF, 5), transition_type="open_to_half_open")
    assert timed(page) == ("contradiction", None)
    page.put("timeout_transitions_total", since(HALF, 2), transition_type="open_to_half_open")
    assert timed(page) == ("agree", None)


def remaining(page: Page) -> tuple[str, str | None]:
    found = next(one for one in page.of("timeout") if "remaining_ms" in one.numbers)
    return found.status, found.cause


def test_a_remaining_timeout_of_a_circuit_that_never_opened_or_below_zero_contradicts():
    assert remaining(sound().put("timeout_remaining_ms", since(OPEN, -4))) == ("contradiction", None)
    early = sound().put("timeout_remaining_ms", since(110, 30_000))
    assert remaining(early) == ("contradiction", None)
    assert remaining(sound().put("timeout_remaining_ms", since(OPEN, 0))) == ("agree", None)


def test_two_routers_are_compared_each_for_itself():
    page = sound()
    page.put("state", since(120, 1), state="open", instance="r2")
    page.put("events_total", lambda m: 5.0 * m, event_type="success", instance="r2")
    assert [(one.instance, one.status) for one in page.of("state")] == [
        ("r1", "known"),
        ("r2", "contradiction"),
    ]


def test_a_reason_that_nobody_knows_is_left_alone():
    page = sound().put("trigger_reason", since(110, 1), reason="by_hand")
    assert page.only("trigger_reason") == ("known", "set_once")


def test_other_circuits_of_a_router_need_no_gauge_before_they_move():
    page = sound()
    page.put("events_total", lambda m: 3.0 * m, event_type="success", provider_id="anthropic")
    assert {one.provider for one in page.compared()} == {"openai"}


def crashed(page: Page) -> Page:
    """The breaker's process crashed at minute 200 and the circuit opened again: a close that no metric shows."""
    for source, target in (("open", "half_open"), ("half_open", "closed")):
        page.drop("state_transitions_total", **{"from": source, "to": target}).drop("state", state=target)
    page.drop("trigger_reason", reason="timeout_elapsed")
    page.put("state_transitions_total", since(220, 2), **{"from": "closed", "to": "open"})
    return page


def test_what_a_move_without_a_metric_explains_is_known():
    assert crashed(sound().put("error_rate", lambda m: 0.9)).only("error_rate") == ("known", "operator")
    strays = crashed(sound().put("window_requests_total", lambda m: 24.0 * m))
    assert strays.only("window") == ("known", "operator")
    wrong = crashed(unlabelled(lambda m: 2 if m > 200 else 0))
    assert wrong.only("state") == ("known", "operator")


def test_timeout_transitions_that_are_split_or_lost_in_restarts_are_known():
    split = sound().put(
        "timeout_transitions_total", since(HALF, 1), transition_type="open_to_half_open", trace_id="a"
    )
    split.put("timeout_transitions_total", since(HALF, 1), transition_type="open_to_half_open", trace_id="b")
    assert timed(split) == ("known", "extra_labels")
    page = sound().put("timeout_transitions_total", since(HALF, 3), transition_type="open_to_half_open")
    page.put("events_total", lambda m: 12.0 * m if m < 200 else 12.0 * (m - 199), event_type="success")
    assert timed(page)[1] in ("restart", None)
