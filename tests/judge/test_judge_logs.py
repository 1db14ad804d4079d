"""Logged transitions against counted ones."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from judge.build import Question, at, criterion, gap, moved, restart_at

from cbops.judge.logged import merged
from cbops.model.telemetry import LogFacts, LoggedTransition
from cbops.model.verdict import Verdict

MOVES = (moved(at(3, "14:01"), "closed", "open"), moved(at(3, "14:05"), "open", "half_open"))


def told(moment: datetime, target: str = "open", **more: object) -> LoggedTransition:
    return LoggedTransition.model_validate({"at": moment, "provider": "openai", "target": target, **more})


FIRST, LAST = at(1, "00:00"), at(6, "00:00")
OPENED = told(at(3, "14:00:30"))
HALF = told(at(3, "14:04:30"), "half_open")


def read(*transitions: LoggedTransition, start: datetime = FIRST, end: datetime = LAST) -> LogFacts:
    return LogFacts.model_validate(
        {"files": ("router.log",), "lines": 9, "from": start, "to": end, "transitions": transitions}
    )


def asked(*readings, moves=MOVES, **changes):
    def edit(day):
        return day if day.window.day != 3 else day.model_copy(update={"transitions": moves, **changes})

    return criterion(Question(edit=edit, logs=readings).ask(), "observability")


def checks(found):
    return {check["text"].split(" transitions to ")[-1].split(" ")[0]: check for check in found.evidence["checks"]
            if check["check"] == "logs"}  # fmt: skip


def test_logs_that_were_not_given_are_said_and_nothing_more():
    found = asked()
    assert found.verdict is Verdict.MET
    assert checks(found) == {}
    assert {"what": "logs", "why": "none were given (--logs FILE)"} in found.evidence["not_asked"]


def test_the_same_transitions_agree():
    found = asked(read(OPENED, HALF))
    assert found.verdict is Verdict.MET
    assert {name: check["status"] for name, check in checks(found).items()} == {
        "open": "agree",
        "half_open": "agree",
    }
    assert found.summary.split(" against")[0].endswith("checks of the metrics and logs")


def test_a_counted_transition_that_no_log_tells_contradicts_with_both_numbers():
    found = asked(read(OPENED))
    assert found.verdict is Verdict.MISSED
    half = checks(found)["half_open"]
    assert (half["numbers"]["logged"], half["numbers"]["counted"]) == (0, 1)
    assert "the first scraped at 2025-01-29T14:05" in half["text"]
    assert "metrics and logs" in found.summary


def test_a_logged_transition_that_was_never_counted_contradicts_with_its_time():
    found = asked(read(OPENED, HALF, told(at(4, "03:00"), "closed")))
    assert found.verdict is Verdict.MISSED
    assert "2025-01-30T03:00:00.000Z" in checks(found)["closed"]["text"]


def test_the_right_number_at_the_wrong_time_contradicts():
    found = asked(read(told(at(3, "18:00")), HALF))
    numbers = checks(found)["open"]["numbers"]
    assert (numbers["logged"], numbers["counted"]) == (1, 1)
    assert (numbers["logged_not_counted"], numbers["counted_not_logged"]) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"restarts": (restart_at(at(3, "20:01")),)}, "restart"),
        ({"scrape": "gap"}, "nothing was scraped"),
    ],
)
def test_what_a_restart_or_a_gap_hides_is_explained(changes, why):
    if changes.get("scrape"):
        scrape = Question().world.day(3).scrape
        changes = {"scrape": scrape.model_copy(update={"gaps": (gap(at(3, "19:50"), at(3, "20:30")),)})}
    found = asked(read(OPENED, HALF, told(at(3, "20:00:30"), "closed")), **changes)
    assert found.verdict is Verdict.MET
    assert (checks(found)["closed"]["status"], why in checks(found)["closed"]["text"]) == ("explained", True)


def test_an_operators_call_that_is_logged_is_explained():
    found = asked(read(OPENED, HALF, told(at(3, "20:00"), "closed", reason="force_recovery")))
    assert checks(found)["closed"]["status"] == "explained"


def test_logs_of_some_routers_alone_explain_what_the_others_counted():
    moves = (*MOVES, moved(at(3, "14:01"), "closed", "open", "b"))
    found = asked(read(told(at(3, "14:00:30"), instance="one"), HALF), moves=moves)
    assert checks(found)["open"]["status"] == "explained"
    assert "logs of 1 of 2 routers" in checks(found)["open"]["text"]


def test_logs_that_name_no_router_may_be_those_of_some():
    moves = (*MOVES, moved(at(3, "14:01"), "closed", "open", "b"))
    found = asked(read(OPENED, HALF), moves=moves)
    assert checks(found)["open"]["status"] == "explained"
    assert "2 were counted" in checks(found)["open"]["text"]
    more = asked(read(OPENED, HALF, told(at(4, "03:00"), "closed")), moves=moves)
    assert more.verdict is Verdict.MISSED


def test_a_line_that_was_shipped_twice_is_one():
    found = asked(read(OPENED, OPENED, HALF))
    assert found.verdict is Verdict.MET
    assert checks(found)["open"]["status"] == "explained"


def test_between_two_files_of_which_one_is_missing_nothing_is_compared():
    ends = ({"from": FIRST, "to": at(3, "13:00")}, {"from": at(3, "18:00"), "to": LAST})
    apart = LogFacts.model_validate({**read().model_dump(by_alias=True), "covered": ends})
    assert asked(read()).verdict is Verdict.MISSED
    assert asked(apart).verdict is Verdict.MET


def test_only_the_time_that_the_logs_cover_is_compared():
    late = read(HALF, start=at(3, "14:02"), end=at(6, "00:00"))
    found = asked(late)
    assert found.verdict is Verdict.MET
    assert "open" not in checks(found)
    elsewhere = asked(read(start=at(20, "00:00"), end=at(21, "00:00")))
    assert elsewhere.verdict is Verdict.MET
    assert next(c["status"] for c in elsewhere.evidence["checks"] if c["check"] == "logs") == "unknown"


def test_a_log_and_counters_without_any_transition_agree():
    found = asked(read(), moves=())
    assert [c["status"] for c in found.evidence["checks"] if c["check"] == "logs"] == ["agree"]


def test_a_transition_at_the_edge_of_the_days_is_nobodys():
    found = asked(read(OPENED, HALF, told(at(5, "23:59:30"), "closed")))
    assert found.verdict is Verdict.MET


def test_of_a_time_that_was_read_twice_the_later_reading_counts():
    wrong = read(told(at(3, "18:00")), start=at(3, "00:00"), end=at(4, "00:00"))
    right = read(OPENED, HALF)
    assert asked(wrong).verdict is Verdict.MISSED
    assert asked(wrong, right).verdict is Verdict.MET
    assert len(merged((right, right)).transitions) == 2


def test_a_reading_without_times_covers_nothing():
    assert merged((LogFacts(files=("x",), lines=0),)).covered == ()


def test_many_transitions_in_one_interval_are_counted_one_by_one():
    flaps = [told(at(3, "14:00") + timedelta(seconds=second)) for second in (5, 10, 15)]
    several = (moved(at(3, "14:01"), "half_open", "open", count=3),)
    assert checks(asked(read(*flaps), moves=several))["open"]["status"] == "agree"
    assert checks(asked(read(*flaps[:2]), moves=several))["open"]["status"] == "contradiction"


def interval(first: datetime, last: datetime, instance: str):
    return moved(last, "closed", "open", instance).model_copy(update={"after": first})


TEN = at(3, "10:00")
NESTED = (
    interval(TEN + timedelta(seconds=15), TEN + timedelta(seconds=30), "r1"),
    interval(TEN, TEN + timedelta(seconds=60), "r2"),
)


@pytest.mark.parametrize("names", [("r2", "r1"), (None, None), ("one", "two")])
def test_an_interval_within_another_takes_its_own_line(names):
    lines = [told(TEN + timedelta(seconds=s), instance=name) for s, name in zip((5, 20), names, strict=True)]
    assert checks(asked(read(*lines), moves=NESTED))["open"]["status"] == "agree"


def test_a_line_of_a_router_that_the_counters_know_is_looked_for_there_alone():
    lines = [told(TEN + timedelta(seconds=s), instance="r1") for s in (20, 22)]
    assert checks(asked(read(*lines), moves=NESTED))["open"]["status"] == "contradiction"


@pytest.mark.parametrize("ahead", [5, -40])
def test_a_constant_difference_of_clocks_is_found_and_explains(ahead):
    moves = tuple(
        moved(TEN + timedelta(minutes=m), "closed", "open").model_copy(
            update={"after": TEN + timedelta(minutes=m, seconds=-15)}
        )
        for m in (1, 7, 30)
    )
    lines = [told(TEN + timedelta(minutes=m, seconds=ahead - 2)) for m in (1, 7, 30)]
    (check,) = checks(asked(read(*lines), moves=moves)).values()
    assert check["status"] == "explained"
    assert abs(check["numbers"]["clock_ahead_seconds"] - ahead) <= 17
    one_more = checks(asked(read(*lines[:2]), moves=moves))["open"]
    assert one_more["status"] == "contradiction"
    far = [told(TEN + timedelta(minutes=m, seconds=ahead + 198)) for m in (1, 7, 30)]
    assert checks(asked(read(*far), moves=moves))["open"]["status"] == "contradiction"
