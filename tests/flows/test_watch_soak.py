"""An hour of readings: the guard's memory doesn't grow with time."""

from __future__ import annotations

import gc
import tracemalloc
from datetime import timedelta

import pytest
from flow_world import KEY

from cbops.clients.admin import AdminClient
from cbops.clients.store import SampleStore
from cbops.flows.steps.guard_terms import Orders, Outside
from cbops.flows.steps.heartbeat import Heartbeat
from cbops.flows.steps.recording import Who
from cbops.flows.steps.telling import Teller
from cbops.flows.watch import watch
from cbops.model.config import Config, RouterConfig

OURS = [
    tracemalloc.Filter(inclusive=True, filename_pattern="*/cbops/*"),
    tracemalloc.Filter(inclusive=False, filename_pattern="*/cbops/simulator/*"),
]
WARM = 40


class Weighing(Teller):
    """What cbops holds after readings 40 and 120, the practice router left out."""

    def __init__(self):
        self.seen, self.bytes = 0, []

    def screen(self, lines):
        self.seen += 1
        if self.seen == 2:
            tracemalloc.start()
        if self.seen in (WARM, 120):
            gc.collect()
            taken = tracemalloc.take_snapshot().filter_traces(OURS)
            self.bytes.append(sum(each.size for each in taken.statistics("filename")))


@pytest.mark.long
def test_memory_is_flat_over_an_hour_of_readings(work):
    """Every thirty seconds of an hour in virtual time: a real store, a real router."""
    folder = work.enabled()
    work.play(minutes=65)  # the hour that is read is full from the first reading on
    teller = Weighing()
    with (
        SampleStore(work.folder / "samples.db") as samples,
        AdminClient(RouterConfig(admin_url=work.url), KEY) as admin,
    ):
        outside = Outside(
            samples,
            admin,
            Who("guard", "monitor watch", work.clock),
            Heartbeat(folder),
            lambda: 0.0,
            teller=teller,
        )
        until = work.clock.now() + timedelta(hours=1)
        try:
            answer = watch(folder, Config(), Orders("warn", until), outside).data
        finally:
            tracemalloc.stop()
    assert answer.readings == 121
    warm, hour = teller.bytes
    assert hour - warm < 32 * 1024, (warm, hour)
