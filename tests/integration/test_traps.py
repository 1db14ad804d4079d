"""What a naive reading of the router's metrics gets wrong, one by one, asked of a real Prometheus by `monitor daily`.

Source: the metrics section of the domain description. Every world is worked out by hand and is played in both
dialects, with and without a `trace_id` of each request's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from exporter import EVENTS, MANNERS, REASON, STATE, TRANSITIONS, Exporter, Manner
from prometheus_server import TAKES_SAMPLES, prometheus
from remote_write import write

from tests.conftest import Cli

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.long]

# Each world has days of its own: a running server takes no sample that is older than what it has.
FIRST = datetime(2025, 1, 27, 9, tzinfo=UTC)
BETWEEN = timedelta(days=4)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("traps")
    with prometheus(folder / "tsdb", options=[TAKES_SAMPLES]) as url:
        yield url


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count()


@dataclass
class World:
    """A tenant whose breaker is enabled at minute 0, in one of the manners."""

    cli: Cli
    server: str
    manner: Manner
    begin: datetime
    tenant: str

    def router(self, number: int = 1, provider: str = "openai") -> Exporter:
        return Exporter(self.manner, self.tenant, self.begin, f"router-{number}:9001", provider)

    def day(self, *routers: Exporter, until: float, day: int = 1, dialect: str = "auto") -> dict[str, Any]:
        """The day as `monitor daily` tells it, looked at in that minute."""
        write(self.server, [series for router in routers for series in router.written()])
        self.cli.folder.joinpath("cbops.yaml").write_text(
            # Nothing listens on port 9: the admin API is not needed here.
            "version: 1\nrouter: {admin_url: 'http://127.0.0.1:9'}\n"
            f"metrics: {{url: '{self.server}', dialect: {dialect}}}\n",
            encoding="utf-8",
        )
        self.cli.folder.joinpath("tenants.yaml").write_text(
            f"tenants:\n- {{id: {self.tenant}, critical: false, policies: [p],"
            " owner: {name: a, contact: a@b.example, responsive: true}}\n",
            encoding="utf-8",
        )
        adopted = self.cli.json(
            "canary", "adopt", self.tenant, "--policy", "p", "--provider", "openai",
            "--enabled-at", self.begin.isoformat(),
        )  # fmt: skip
        assert adopted.status == 0, adopted.error
        collected = self.cli.json("monitor", "daily", "--day", day, "--as-of", self.minute(until))
        assert collected.status == 0, collected.error
        found: dict[str, Any] = collected.data["day"]
        return found

    def minute(self, number: float) -> str:
        """As cbops writes it."""
        at = self.begin + timedelta(minutes=number)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def asked(self, expression: str, minute: float) -> list[float]:
        """What the server itself answers."""
        query = {"query": expression, "time": self.minute(minute)}
        answer = httpx.get(f"{self.server}/api/v1/query", params=query, timeout=10).json()
        return [float(one["value"][1]) for one in answer["data"]["result"]]

    def series(self, name: str, **labels: str) -> str:
        """A selector of the tenant's series."""
        pairs = ",".join(f'{key}="{value}"' for key, value in {"tenant_id": self.tenant, **labels}.items())
        return f"{name}{{{pairs}}}"

    @property
    def opening(self) -> str:
        """A selector of its openings out of closed."""
        documented = self.manner.dialect == "documented"
        return self.series(
            TRANSITIONS, **({"state": "open"} if documented else {"from": "closed", "to": "open"})
        )


@pytest.fixture(params=MANNERS, ids=str)
def world(request: pytest.FixtureRequest, cli: Cli, server: str, numbers: Iterator[int]) -> World:
    number = next(numbers)
    return World(cli, server, request.param, FIRST + number * BETWEEN, f"tenant-{number}")


def moved(day: dict[str, Any], provider: str = "openai") -> tuple[int | None, int | None, int | None]:
    """Transitions to open, half_open and closed."""
    found = day["providers"][provider]["transitions"]
    return found["open"], found["half_open"], found["closed"]


def events(day: dict[str, Any], provider: str = "openai") -> tuple[int | None, int | None, int | None]:
    """Successes, failures and denied requests."""
    found = day["providers"][provider]["events"]
    return found["success"], found["failure"], found["fail_fast"]


def codes(day: dict[str, Any]) -> set[str]:
    return {one["code"] for one in day["findings"]}


def spans(day: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(one["opened"], one["closed"]) for one in day["episodes"]]


def sound(router: Exporter, *minutes: int) -> None:
    """Scrapes with two successes in each minute."""
    for minute in minutes:
        router.results(success=2)
        router.decisions(2)
        router.scrape(minute)


def test_the_first_open_of_a_newborn_series_counts(world: World) -> None:
    router = world.router()
    sound(router, *range(-10, 5))
    router.opens()
    router.results(failure=3)
    sound(router, *range(5, 21))

    day = world.day(router, until=20)

    assert sum(world.asked(f"increase({world.opening}[20m])", 20)) == 0  # a birth is no increase
    assert moved(day) == (1, 0, 0)
    assert events(day) == (40, 3, 0)
    assert spans(day) == [(world.minute(5), None)]


def test_what_was_counted_before_the_very_first_scrape_is_not_counted(world: World) -> None:
    """The first scrape of a router is only a base: nobody knows when that happened."""
    router = world.router()
    router.results(success=50, failure=5)
    router.opens()
    sound(router, *range(3, 21))

    day = world.day(router, until=20)

    assert events(day) == (17 * 2, 0, 0)
    assert moved(day) == (0, 0, 0)
    assert day["decisions"] == 17 * 2
    assert day["episodes"] == []


def test_75_opens_are_75_where_increase_says_74_06(world: World) -> None:
    """The first open is lost in the birth of its series, and the rest is extrapolated."""
    router = world.router()
    sound(router, *range(-3, 1))
    for minute in range(1, 618):
        if minute <= 75:
            router.opens()
            router.probes()
            router.closes()
        router.scrape(minute)

    day = world.day(router, until=617)

    naive = sum(world.asked(f"increase({world.opening}[12h])", 617))
    assert round(naive, 2) == (0 if world.manner.traced else 74.06)
    assert moved(day) == (75, 75, 75)
    assert len(day["episodes"]) == 75


def test_a_restart_sets_counters_to_zero_and_loses_nothing_that_was_scraped(world: World) -> None:
    router = world.router()
    sound(router, *range(-5, 5))
    router.opens()
    router.results(failure=4)
    sound(router, *range(5, 10))
    router.restart()
    router.results(failure=1)
    sound(router, *range(10, 15))
    router.opens()
    sound(router, *range(15, 21))

    day = world.day(router, until=20)

    assert events(day) == (2 * 20, 4 + 1, 0)
    assert day["decisions"] == 2 * 20
    assert moved(day) == (2, 0, 0)
    assert "restart" in codes(day)
    # The restart closed the circuit, with no transition to tell it.
    assert spans(day) == [(world.minute(5), world.minute(10)), (world.minute(15), None)]


def test_a_counter_that_is_born_again_above_its_old_value_counts_in_full(world: World) -> None:
    """Alone it shows no restart; the counter beside it, which fell, does."""
    router = world.router()
    sound(router, *range(-5, 0))
    router.decisions(5, "circuit_breaker_fallback")
    sound(router, *range(6))
    router.restart()
    router.decisions(60)
    router.decisions(1, "circuit_breaker_fallback")
    router.scrape(*range(6, 21))

    day = world.day(router, until=20)

    assert day["fallback_decisions"] == 1
    assert day["decisions"] == 2 * 5 + 60 + 1
    assert "restart" in codes(day)


def test_the_state_gauge_sticks_and_the_circuit_is_closed_all_the_same(world: World) -> None:
    router = world.router()
    sound(router, *range(-5, 5))
    router.opens()
    sound(router, 5)
    router.probes()
    router.closes()
    sound(router, *range(6, 21))

    day = world.day(router, until=20)

    assert world.asked(world.series(STATE, state="open") + " == 1", 20) == [1]  # for ever
    assert spans(day) == [(world.minute(5), world.minute(6))]
    assert moved(day) == (1, 1, 1)


def test_overlapping_episodes_of_two_instances_are_one_and_their_counts_add_up(world: World) -> None:
    first, second = world.router(1), world.router(2)
    for router, opens, closes in ((first, 5, 8), (second, 6, 10)):
        sound(router, *range(-5, opens))
        router.opens()
        sound(router, *range(opens, closes))
        router.probes()
        router.closes()
        sound(router, *range(closes, 15))
    second.restart()  # and the other one goes on
    for router in (first, second):
        sound(router, *range(15, 21))

    day = world.day(first, second, until=20)

    assert spans(day) == [(world.minute(5), world.minute(10))]
    assert moved(day) == (2, 2, 2)
    assert events(day) == (2 * 2 * 20, 0, 0)
    assert day["decisions"] == 2 * 2 * 20


def test_episodes_of_two_instances_that_do_not_overlap_are_two(world: World) -> None:
    first, second = world.router(1), world.router(2)
    for router, opens, closes in ((first, 5, 8), (second, 12, 15)):
        sound(router, *range(-5, opens))
        router.opens()
        sound(router, *range(opens, closes))
        router.probes()
        router.closes()
        sound(router, *range(closes, 21))

    day = world.day(first, second, until=20)

    assert spans(day) == [(world.minute(5), world.minute(8)), (world.minute(12), world.minute(15))]


def test_a_counter_that_was_never_born_is_zero_where_its_target_was_scraped(world: World) -> None:
    router = world.router()
    sound(router, *range(-5, 21))

    day = world.day(router, until=20)

    assert events(day) == (40, 0, 0)
    assert moved(day) == (0, 0, 0)
    # A stock router has no latency, so that is no zero.
    assert day["providers"]["openai"]["latency"]["count"] is None
    assert "latency_absent" in codes(day)


def test_a_day_without_a_scrape_is_unknown_and_not_zero(world: World) -> None:
    router = world.router()
    sound(router, *range(-5, 21))

    day = world.day(router, until=2 * 24 * 60, day=2)

    assert day["coverage"] == 0
    assert day["decisions"] is None
    assert events(day) == moved(day) == (None, None, None)
    assert "no_scrape" in codes(day)


def test_no_traffic_is_zero_and_proves_nothing(world: World) -> None:
    router = world.router()
    sound(router, *range(-10, 1))
    router.scrape(*range(1, 21))

    day = world.day(router, until=20)

    assert (events(day), day["decisions"]) == ((0, 0, 0), 0)
    assert day["providers"]["openai"]["error_rate"] is None
    assert "no_traffic" in codes(day)


def test_a_circuit_that_was_open_before_its_breaker_was_enabled_is_no_episode(world: World) -> None:
    """Results are recorded for every tenant; the first request that is asked for moves it to half-open."""
    router = world.router()
    sound(router, *range(-30, -20))
    router.opens()
    sound(router, *range(-20, 2))
    router.probes()
    sound(router, 2)
    router.closes()
    sound(router, *range(3, 21))

    day = world.day(router, until=20)

    assert moved(day) == (0, 1, 1)
    assert day["episodes"] == []


def test_opens_without_half_open_under_traffic_mean_that_the_breaker_is_not_asked(world: World) -> None:
    router = world.router()
    sound(router, *range(-5, 5))
    router.opens()
    sound(router, *range(5, 21))

    day = world.day(router, until=20)

    assert "opens_without_half_open" in codes(day)


def test_thousands_of_series_born_with_1_are_thousands(world: World) -> None:
    router = world.router()
    sound(router, *range(-5, 5))
    router.results(failure=3000, fail_fast=17)
    sound(router, *range(5, 21))

    day = world.day(router, until=20)

    assert events(day) == (40, 3000, 17)
    if world.manner.traced:
        assert sum(world.asked(f"increase({world.series(EVENTS, event_type='failure')}[20m])", 20)) == 0


def test_a_gap_in_scraping_is_not_a_zero(world: World) -> None:
    """What happened in it is counted, born in it or not, and how much was not seen is said."""
    router = world.router()
    sound(router, *range(-5, 5))
    router.results(success=100, failure=9)
    router.opens()
    sound(router, *range(15, 21))

    day = world.day(router, until=20)

    assert events(day) == (2 * 4 + 100 + 2 * 6, 9, 0)
    assert moved(day) == (1, 0, 0)
    assert day["coverage"] == pytest.approx(0.5, abs=0.06)
    assert "gap" in codes(day)


def test_failed_scrapes_are_a_gap_and_no_restart(world: World) -> None:
    """A failed scrape ends every series with a staleness marker; the same process goes on after it."""
    router = world.router()
    sound(router, *range(-5, 5))
    router.results(success=20)
    router.fail(5, 6, 7)
    sound(router, *range(8, 21))

    day = world.day(router, until=20)

    assert world.asked(world.series(EVENTS), 6) == []
    assert events(day) == (2 * 4 + 20 + 2 * 13, 0, 0)
    assert "restart" not in codes(day)


def test_series_that_vanish_from_a_page_that_is_scraped_are_a_restart(world: World) -> None:
    """A staleness marker while the target answers: the process is a new one, and so are its counters."""
    router = world.router()
    router.decisions(7)
    router.scrape(*range(-5, 5))
    router.restart()
    router.scrape(5, 6)
    router.decisions(9)
    router.scrape(*range(7, 21))

    day = world.day(router, until=20)

    assert day["decisions"] == 9
    assert "restart" in codes(day)


def test_a_crash_of_the_breaker_alone_closes_circuits_and_resets_no_counter(world: World) -> None:
    router = world.router()
    sound(router, *range(-5, 5))
    router.opens()
    sound(router, *range(5, 10))
    router.opens()  # it was closed by no transition
    sound(router, *range(10, 21))

    day = world.day(router, until=20)

    assert moved(day) == (2, 0, 0)
    assert "unseen_moves" in codes(day)
    assert "restart" not in codes(day)


def test_a_reason_that_cannot_be_attributed_is_null(world: World) -> None:
    """Its gauge is set to 1 at each open and never counted up: only a birth is news."""
    router = world.router()
    sound(router, *range(-5, 5))
    told = ("error_rate_threshold_exceeded", "failure_threshold_exceeded", "error_rate_threshold_exceeded")
    for minute, reason in zip((5, 10, 15), told, strict=True):
        router.opens(reason)
        sound(router, minute)
        router.probes()
        router.closes()
        sound(router, *range(minute + 1, minute + 5))

    day = world.day(router, until=19)

    assert max(world.asked(world.series(REASON), 19)) == 1
    third = told[2] if world.manner.traced else None  # each trace is a birth
    assert [one["reason"] for one in day["episodes"]] == [*told[:2], third]


@pytest.mark.parametrize("read_as", ["auto", "router", "documented"])
def test_the_dialect_hides_no_series_that_exists(world: World, read_as: str) -> None:
    router = world.router()
    sound(router, *range(-5, 5))
    router.results(fail_fast=4)
    router.opens()
    sound(router, 5)
    router.probes()
    router.closes()
    sound(router, *range(6, 21))

    day = world.day(router, until=20, dialect=read_as)

    assert events(day) == (40, 0, 4)
    assert moved(day) == (1, 1, 1)
    assert spans(day) == [(world.minute(5), world.minute(6))]
    assert day["dialect"] == (world.manner.dialect if read_as == "auto" else read_as)


def test_two_opens_between_two_scrapes_are_two(world: World) -> None:
    """Their order follows from the counts, as a circuit is in one state at a time."""
    router = world.router()
    sound(router, *range(-5, 5))
    for _ in range(2):
        router.opens()
        router.probes()
        router.closes()
    sound(router, *range(5, 21))

    day = world.day(router, until=20)

    assert moved(day) == (2, 2, 2)
    assert spans(day) == [(world.minute(5), world.minute(5))] * 2


def test_a_failed_probe_opens_the_circuit_again_inside_its_episode(world: World) -> None:
    router = world.router()
    sound(router, *range(-5, 5))
    router.opens()
    sound(router, 5)
    for minute in (6, 7, 8):
        router.probes()
        router.move("half_open", "open", "half_open_failure")
        sound(router, minute)
    router.probes()
    router.closes()
    sound(router, *range(9, 21))

    day = world.day(router, until=20)

    assert moved(day) == (4, 4, 1)
    (episode,) = day["episodes"]
    assert (episode["opened"], episode["closed"]) == (world.minute(5), world.minute(9))
    assert episode["reopened"] == 3
