"""When another policy was live: by the router's history, bounded by what was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cbops.model.other_policy import OtherPolicy
from cbops.model.policy import PolicyVersion
from cbops.rollout.other_policies import Applied, joined, other_policies

BEGIN = datetime(2025, 1, 27, 9, tzinfo=UTC)
OURS, THEIRS = {"circuit_breaker": {"enabled": True}}, {"circuit_breaker": {"enabled": False}}


def hour(number: float) -> datetime:
    return BEGIN + timedelta(hours=number)


def applied(*seen: float, end: float = 100, watched: bool = True) -> Applied:
    return Applied(OURS, "1.1", BEGIN, hour(end), tuple(hour(each) for each in seen), watched)


def version(name: str, at: float | None, document=THEIRS, *, live: bool = False, comment: str | None = None):
    created = None if at is None else hour(at).isoformat()
    return PolicyVersion(
        version=name, document=document, is_active=live, created_at=created, created_by="ops", comment=comment
    )


def found(what: Applied, *versions: PolicyVersion) -> list[tuple[float, float, str, bool]]:
    others = other_policies(what, versions)
    return [
        (
            (each.since - BEGIN) / timedelta(hours=1),
            (each.until - BEGIN) / timedelta(hours=1),
            each.version,
            each.sure,
        )
        for each in others
    ]


def ours(*, live: bool = False) -> PolicyVersion:
    return version("1.1", 0, OURS, live=live)


def test_nothing_but_the_applied_one_is_no_other():
    assert found(applied(50), version("1.0", -9), ours(live=True)) == []


def test_a_change_is_dated_by_the_history_up_to_the_look():
    assert found(applied(20), ours(), version("1.2", 30, live=True)) == [(30, 100, "1.2", True)]


def test_a_change_that_was_put_right_lasts_until_then():
    put_right = version("1.3", 40, {**OURS, "version": "1.3"}, live=True)
    assert found(applied(), ours(), version("1.2", 30), put_right) == [(30, 40, "1.2", True)]


def test_two_changes_follow_one_another():
    assert found(applied(), ours(), version("1.2", 30), version("1.3", 40, {}, live=True)) == [
        (30, 40, "1.2", True),
        (40, 100, "1.3", True),
    ]


def test_an_older_version_that_was_made_live_again_is_since_the_last_look_at_the_applied_one():
    assert found(applied(20, 50), version("1.0", -9, live=True), ours()) == [(50, 100, "1.0", False)]
    assert found(applied(), version("1.0", -9, live=True), ours()) == [(0, 100, "1.0", False)]


def test_a_version_without_a_time_or_with_one_that_cannot_be_right_is_since_the_last_look():
    assert found(applied(50), ours(), version("1.2", None, live=True)) == [(50, 100, "1.2", False)]
    assert found(applied(50), ours(), version("1.2", 200, live=True)) == [(50, 100, "1.2", False)]


def test_a_version_that_was_stored_and_not_live_is_open_until_the_next_look_at_the_applied_one():
    assert found(applied(20, 50), ours(live=True), version("1.2", 30)) == [(30, 50, "1.2", False)]
    assert found(applied(20), ours(live=True), version("1.2", 30)) == [(30, 100, "1.2", False)]


def test_a_look_at_the_applied_one_after_the_write_says_that_it_was_not_live_then():
    assert found(applied(40, 60), ours(), version("1.2", 30, live=True)) == [
        (30, 40, "1.2", False),
        (60, 100, "1.2", False),
    ]


def test_with_no_live_version_another_one_was_live_since_the_last_look():
    assert found(applied(50), ours()) == [(50, 100, "none", False)]


def test_after_a_rollback_our_own_write_and_what_is_live_now_tell_nothing():
    own = version("1.3", 99, comment="cbops rollback by ann", live=True)
    assert found(applied(watched=False), ours(), own) == []
    assert found(applied(watched=False), ours(), version("1.2", 30), own) == [(30, 100, "1.2", True)]


def test_versions_that_are_none_are_passed_over():
    assert found(applied(), ours(live=True), version("odd", 30)) == []


def test_one_that_was_seen_again_has_its_latest_end():
    def other(until: float) -> OtherPolicy:
        return OtherPolicy(since=hour(1), until=hour(until), version="1.2")

    assert joined((other(5),), (other(9),)) == (other(9),)
    assert joined((other(9),), (other(5),)) == (other(9),)


@given(
    writes=st.lists(st.tuples(st.integers(0, 99), st.booleans()), max_size=6),
    looks=st.sets(st.integers(1, 99), max_size=4),
    live=st.integers(0, 6),
)
def test_every_time_lies_since_enabling_and_holds_no_instant_at_which_the_applied_one_was_seen(
    writes, looks, live
):
    versions = [ours(live=live == 0)] + [
        version(f"1.{number}", at, OURS if same else THEIRS, live=live == number - 1)
        for number, (at, same) in enumerate(sorted(writes), 2)
    ]
    what = applied(*sorted(looks))
    for each in other_policies(what, versions):
        assert BEGIN <= each.since < each.until <= what.end
        assert not any(each.since < at < each.until for at in what.seen)
