"""One test a cell: criterion by kind of evidence."""

from __future__ import annotations

import pytest
from judge.build import (
    Burst,
    Made,
    Question,
    World,
    at,
    criterion,
    episode,
    restart_at,
    state,
    with_provider,
)

from cbops.model.observation import EventCounts
from cbops.model.verdict import Verdict

SOUND = Question()
OUTAGE = World(bursts=(Burst(at(3, "14:00"), at(3, "14:40"), success=10, failure=90),))
RUNNING = World(bursts=(Burst(at(5, "23:00"), at(6, "00:00"), success=10, failure=90),))
WEDGED = World(bursts=(*OUTAGE.bursts, Burst(at(3, "14:40"), at(6, "00:00"), fail_fast=100, tenant="canary")))
TRIPPED = episode(at(3, "14:01"), at(3, "14:03"))
RODE_OUT = episode(at(3, "14:01"), at(3, "14:41"))
DISAGREEING = World(
    bursts=(Burst(at(3, "14:00"), at(3, "14:40"), success=10, failure=90, tenant="tenant_b"),)
)
QUIET = Made(success=1, failure=0)


def uneven_days(day):
    """Bad and good days in turn."""
    number = day.window.day
    if number < 1 or number % 2:
        return day
    buckets = tuple(
        b.model_copy(
            update={
                "failure": tuple((f or 0) + 6 for f in b.failure),
                "latency_sum_ms": tuple((s or 0) * 1.2 for s in b.latency_sum_ms),
            }
        )
        for b in day.buckets
    )
    return day.model_copy(update={"buckets": buckets})


def one_bad_day(day):
    """Half of the results of day 3 are missing from one counter."""
    return day if day.window.day != 3 else day.model_copy(update={"decisions": 100})


def without_series(day):
    unknown = EventCounts(success=None, failure=None, fail_fast=None)
    return with_provider(day, events=unknown).model_copy(update={"decisions": None})


CELLS = [
    ("unexpected_opens", "for", SOUND.but(world=OUTAGE, episodes=(RODE_OUT,)), "met"),
    ("unexpected_opens", "against", SOUND.but(episodes=(TRIPPED,)), "missed"),
    ("unexpected_opens", "none", SOUND.but(observed=()), "inconclusive"),
    ("unexpected_opens", "too little", SOUND.but(observed=(1, 2)), "inconclusive"),
    ("unexpected_opens", "conflicting", SOUND.but(world=DISAGREEING, episodes=(TRIPPED,)), "inconclusive"),
    ("recovery", "for", SOUND.but(world=OUTAGE, episodes=(RODE_OUT,)), "met"),
    ("recovery", "against", SOUND.but(world=WEDGED, episodes=(episode(at(3, "14:01"), None),)), "missed"),
    ("recovery", "none", SOUND.but(state=state(rehearsals=())), "inconclusive"),
    (
        "recovery",
        "too little",
        SOUND.but(world=RUNNING, episodes=(episode(at(5, "23:01"), None),)),
        "inconclusive",
    ),
    (
        "recovery",
        "conflicting",
        SOUND.but(world=OUTAGE, episodes=(episode(at(3, "14:01"), at(3, "14:20"), closed_by="restart"),)),
        "inconclusive",
    ),
    ("error_rate", "for", SOUND, "met"),
    ("error_rate", "against", SOUND.but(world=World(since=Made(failure=4))), "missed"),
    ("error_rate", "none", SOUND.but(world=World(controls=()), baseline=()), "inconclusive"),
    (
        "error_rate",
        "too little",
        SOUND.but(world=World(canary=QUIET, controls=(), step=3600)),
        "inconclusive",
    ),
    ("error_rate", "conflicting", SOUND.but(edit=uneven_days), "inconclusive"),
    ("latency", "for", SOUND, "met"),
    ("latency", "against", SOUND.but(world=World(since=Made(latency_ms=220))), "missed"),
    ("latency", "none", SOUND.but(world=World(canary=Made(latency_ms=None))), "inconclusive"),
    ("latency", "too little", SOUND.but(observed=(1, 2)), "inconclusive"),
    ("latency", "conflicting", SOUND.but(edit=uneven_days), "inconclusive"),
    ("observability", "for", SOUND, "met"),
    (
        "observability",
        "against",
        SOUND.but(edit=lambda day: day.model_copy(update={"decisions": 100})),
        "missed",
    ),
    ("observability", "none", SOUND.but(edit=without_series), "inconclusive"),
    ("observability", "too little", SOUND.but(world=World(coverage=0.5)), "inconclusive"),
    ("observability", "conflicting", SOUND.but(edit=one_bad_day), "missed"),
]


@pytest.mark.parametrize(
    ("name", "evidence", "question", "verdict"), CELLS, ids=[f"{c[0]}-{c[1]}" for c in CELLS]
)
def test_each_kind_of_evidence_has_its_verdict(name, evidence, question, verdict):
    found = criterion(question.ask(), name)
    assert found.verdict is Verdict(verdict), (evidence, found.summary)


def test_the_table_has_every_cell():
    assert len({cell[:2] for cell in CELLS}) == 5 * 5


def test_a_restart_that_ends_an_episode_is_named_as_no_recovery():
    cut = episode(at(3, "14:01"), at(3, "14:20"), closed_by="restart")

    def restarted(day):
        return (
            day if day.window.day != 3 else day.model_copy(update={"restarts": (restart_at(at(3, "14:20")),)})
        )

    found = criterion(SOUND.but(world=OUTAGE, episodes=(cut,), edit=restarted).ask(), "recovery")
    assert "ended by a restart" in found.summary
    assert found.verdict is Verdict.INCONCLUSIVE
