"""All policies on a chunk: interpreted while that is little work, else compiled and in threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

from cbops.breaker import compiled
from cbops.breaker.forecast.arrays import Longs
from cbops.breaker.forecast.fleet import Fleet, listed, run_all
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.forecast.replays import Endings, Moves, Singles, Unguarded
from cbops.breaker.limits import limits_of, whole_limits
from cbops.breaker.replay import REPAYS_LOADING
from cbops.breaker.settings import Settings
from cbops.errors import InputError
from cbops.model.traffic import Engine

Player = Unguarded | Singles | Fleet


class Players:
    """A player for each policy, by name; None is no breaker.

    "auto" takes the compiled kernel once the requests fed, times the policies, repay its loading, and goes on
    with it then; where so many are `expected` it is loaded in a thread at once. A policy that 64 bits can't hold is interpreted throughout.
    """

    def __init__(
        self, policies: Mapping[str, Settings | None], engine: Engine, workers: int, expected: int = 0
    ) -> None:
        if engine == "compiled" and compiled.load() is None:
            raise InputError(
                "the compiled replay needs Numba, which is not installed",
                hint="Install the extra: pip install 'cbops[fast]'.",
            )
        self._engine = engine
        self._workers = workers
        self._machine: compiled.Machine | None = None
        self._limits = {
            name: None if each is None else whole_limits(limits_of(each)) for name, each in policies.items()
        }
        self._players: dict[str, Player] = {
            name: Unguarded() if each is None else Singles(each) for name, each in policies.items()
        }
        self._policies = sum(limits is not None for limits in self._limits.values())
        self._expected = expected
        self._fed = 0
        if engine == "auto" and expected * self._policies >= REPAYS_LOADING:
            # While the first requests are still being read.
            Thread(target=compiled.load, name="loading the compiled kernel").start()

    def feed(self, parts: Parts) -> dict[str, tuple[Longs, Moves]]:
        """By policy: the places denied, ascending, and the transitions by circuit and then by time."""
        found = {
            name: player.feed(parts)
            for name, player in self._players.items()
            if not isinstance(player, Fleet)
        }
        fleets = {name: player for name, player in self._players.items() if isinstance(player, Fleet)}
        if fleets and self._machine is not None:
            found |= self._sail(self._machine, fleets, parts)
        return {name: found[name] for name in self._players}

    def finish(self) -> dict[str, tuple[Moves, Endings]]:
        """Record the results still out: the last transitions, and how each circuit that was asked ended."""
        return {name: player.finish() for name, player in self._players.items()}

    def _sail(
        self, machine: compiled.Machine, fleets: Mapping[str, Fleet], parts: Parts
    ) -> dict[str, tuple[Longs, Moves]]:
        works: list[Callable[[], object]] = []
        collects = {}
        with ThreadPoolExecutor(max(1, self._workers - 1)) as pool:
            chunk = listed(machine, parts, pool, self._workers)
            for name, fleet in fleets.items():
                mine, collects[name] = fleet.works(chunk)
                works += mine
            run_all(pool, works)
        return {name: collect() for name, collect in collects.items()}

    def choose(self, requests: int) -> compiled.Machine | None:
        """Before so many requests: change over to the compiled kernel where it pays from now on; what is used."""
        if self._engine == "plain" or self._machine is not None:
            return self._machine
        self._fed += requests
        work = max(self._expected, self._fed) * self._policies
        if self._engine == "auto" and not compiled.loaded() and work < REPAYS_LOADING:
            return None
        self._machine = compiled.load()
        if self._machine is None:
            self._engine = "plain"
            return None
        for name, limits in self._limits.items():
            player = self._players[name]
            if limits is not None and isinstance(player, Singles):
                fleet = Fleet(self._machine, limits)
                fleet.adopt(player.carries())
                self._players[name] = fleet
        return self._machine
