"""A ticket's document: the same bytes for the same record, and whatever is written in it, the same structure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from hypothesis import given, settings
from test_hostile_text import NASTY, hostile_text, structure

from cbops.model.ticket import (
    Ticket,
    TicketBody,
    TicketContext,
    TicketKind,
    TicketPriority,
    TicketState,
    TicketStep,
)
from cbops.render.engine import execution_log
from cbops.render.log_builder import execution_log_view
from cbops.render.ticket import ticket_text

AT = datetime(2025, 1, 29, 14, tzinfo=UTC)
Tell = Callable[[str], str]


def ticket(tell: Tell = str, **changes: object) -> Ticket:
    """Resolved on the third day, with all that can be said."""
    steps = [
        TicketStep(at=AT + timedelta(hours=hour), actor=tell("ann"), what=what, state=state, note=tell("so"))
        for hour, (what, state) in enumerate(
            [
                ("opened", TicketState.CREATED),
                ("triaged", TicketState.TRIAGED),
                ("investigating", TicketState.INVESTIGATING),
                ("resolved", TicketState.RESOLVED),
            ]
        )
    ]
    made = Ticket(
        number=7,
        fingerprint="unexpected-opens-0123456789ab",
        kind=TicketKind.THRESHOLD_INACCURACY,
        title=tell("openai opens too often"),
        priority=TicketPriority.HIGH,
        priority_by=tell("bob"),
        state=TicketState.RESOLVED,
        signal=tell("3 unexpected opens"),
        body="0" * 64,
        opened_at=AT,
        opened_by=tell("ann"),
        last_seen=AT,
        resolved_at=AT + timedelta(hours=3),
        resolution=tell("timeout_ms raised"),
        done=(tell("look"),),
        steps=tuple(steps),
    )
    return made.model_copy(update=changes)


def body(tell: Tell = str) -> TicketBody:
    return TicketBody(
        issue=tell("It opens."),
        context=TicketContext(
            tenants=(tell("canary"),),
            providers=(tell("openai"), tell("anthropic")),
            policies=(tell("p"),),
            start=AT,
            end=AT + timedelta(days=1),
            traffic=tell("12 a minute"),
        ),
        current=(tell("opens"),),
        expected=(tell("stays closed"),),
        evidence=(tell("e1"), tell("e2")),
        queries=(tell("up == 1"),),
        proposal=(tell("raise it"),),
        replay=(tell("9 → 0 opens"),),
        user_impact=tell("u"),
        system_impact=tell("s"),
        business_impact=tell("b"),
        checklist=(tell("look"), tell("change")),
    )


def render(tell: Tell = str, timezone: str = "UTC") -> str:
    return ticket_text("canary-1", timezone, ticket(tell), body(tell))


def parts(text: str) -> tuple[dict[str, object], str]:
    """The front matter, and the document behind it."""
    empty, front, document = text.split("---\n", 2)
    assert empty == ""
    return yaml.safe_load(front), document


def test_the_same_record_gives_the_same_bytes() -> None:
    assert render() == render()


def test_the_front_matter_is_yaml_with_what_trackers_ask_for() -> None:
    front, _ = parts(render())
    assert front["id"] == "CB-OPS-007"
    assert front["title"] == "[CB-OPS] openai opens too often"
    assert front["labels"] == [
        "circuit-breaker",
        "operational-improvement",
        "production",
        "threshold-inaccuracy",
    ]
    assert (front["state"], front["priority"], front["resolution"]) == (
        "resolved",
        "high",
        "timeout_ms raised",
    )


def test_the_checklist_shows_what_was_done_and_how_far_the_ticket_came() -> None:
    text = render()
    assert "- [x] look\n- [ ] change\n- [x] Triaged (2025-01-29 15:00:00 UTC, by ann)\n" in text
    assert "- [x] Investigated (2025-01-29 16:00:00 UTC, by ann)\n- [x] Resolved" in text
    assert "- [ ] Documented and closed\n\n**Resolution**: timeout_ms raised\n" in text
    assert "**High (affecting operations)**, set by bob" in text


def test_a_search_for_the_cause_that_goes_on_is_not_ticked() -> None:
    one = ticket(state=TicketState.INVESTIGATING, resolution=None, resolved_at=None)
    text = ticket_text("canary-1", "UTC", one, body())
    assert "- [ ] Investigated (begun 2025-01-29 16:00:00 UTC)\n- [ ] Resolved\n" in text


def test_times_are_those_of_the_rollout() -> None:
    assert "**Opened**: 2025-01-29 15:00:00 +01:00 by ann" in render(timezone="Europe/Berlin")


def test_a_proposal_without_a_replay_says_that_there_is_none() -> None:
    alone = body().model_copy(update={"replay": ()})
    assert "No replay of recorded traffic is on record" in ticket_text("canary-1", "UTC", ticket(), alone)
    nothing = alone.model_copy(update={"proposal": ()})
    assert "What the replay says" not in ticket_text("canary-1", "UTC", ticket(), nothing)


@pytest.fixture(scope="module")
def benign() -> list[object]:
    return structure(parts(render())[1])


@given(text=hostile_text)
@settings(max_examples=20, deadline=None)
def test_hostile_text_changes_nothing_of_the_structure(benign, text):
    _, document = parts(render(lambda word: f"{word}{text}"))
    assert [each[:5] for each in structure(document)] == [each[:5] for each in benign]


@pytest.mark.parametrize("text", NASTY)
def test_each_known_trick_alone_changes_neither_structure_nor_front_matter(benign, text):
    front, document = parts(render(lambda _: text))
    assert [each[:5] for each in structure(document)] == [each[:5] for each in benign]
    assert list(front) == list(parts(render())[0])


@pytest.mark.parametrize("text", NASTY)
def test_a_hostile_ticket_keeps_the_structure_of_the_log(cases, text):
    def log(tell: Tell) -> str:
        state = cases.make("finished").state.model_copy(update={"tickets": (ticket(tell),)})
        return execution_log(execution_log_view(state, observations={}, classified={}))

    assert structure(log(lambda _: text)) == structure(log(str))
