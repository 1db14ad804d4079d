"""A provider without series on a day is told beside the others."""

from __future__ import annotations

import pytest
from judge.build import Made, World, state

from cbops.flows.steps.days import Collected, day_answers
from cbops.model.state import CollectedDay


@pytest.mark.parametrize(("latency_ms", "count"), [(200.0, 0), (None, None)])
def test_latency_is_unknown_for_every_provider_where_none_was_exported(latency_ms, count):
    alone = World(canary=Made(latency_ms=latency_ms)).day(1)
    both = World(extra=(Made(provider="anthropic"),)).day(2)
    days = tuple(
        CollectedDay(window=d.window, collected_at=d.as_of, as_of=d.as_of, observation="0" * 64)
        for d in (alone, both)
    )
    collected = Collected(days=(alone, both), baseline=(), episodes=(), classified=())

    first, _ = day_answers(state(days=days), collected)

    absent = first.providers["anthropic"]
    assert (absent.events.success, absent.latency.count) == (0, count)
