"""The recorded counts against what really happened: random worlds, played and evaluated by the real promtool."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest
from rule_world import MINUTE, World

pytestmark = pytest.mark.needs("promtool")
NEXT = {"closed": ("open",), "open": ("half_open",), "half_open": ("open", "closed")}
CIRCUITS = [("a", "openai"), ("a", "anthropic"), ("b", "openai")]
OPENS = "circuit:router_circuit_breaker_opens:increase5m"
PROBES = "circuit:router_circuit_breaker_failed_probes:increase10m"
OPEN = "circuit:router_circuit_breaker_open:instances"


class Truth:
    """What happened, by instance: (tick, circuit, from, to); and when each last restarted."""

    def __init__(self) -> None:
        self.moves: dict[str, list[tuple[int, tuple[str, str], str, str]]] = defaultdict(list)
        self.begun: dict[str, int] = defaultdict(int)

    def count(self, tick: int, minutes: int, edges: set[tuple[str, str]]) -> int:
        """Such moves in the last minutes, of each instance since its restart."""
        return sum(
            (before, after) in edges and at > tick - minutes * MINUTE and at >= self.begun[name]
            for name, moves in self.moves.items()
            for at, _, before, after in moves
        )


def play(world: World, truth: Truth, rng: random.Random) -> None:
    """One tick: circuits move, and now and then a router restarts."""
    for name, router in world.instances.items():
        if rng.random() < 0.02:
            router.restart()
            truth.begun[name] = world.tick + 1
        for tenant, provider in CIRCUITS:
            router.results(tenant, provider, failure=rng.randrange(40, 60))
            for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 2))):
                before = router.states.get((tenant, provider), "closed")
                after = rng.choice(NEXT[before])
                router.move(tenant, provider, after)
                truth.moves[name].append((world.tick + 1, (tenant, provider), before, after))
    world.scrape()


@pytest.mark.parametrize("dialect", ["router", "documented"])
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_opens_and_open_circuits_are_counted_exactly(dialect: str, seed: int, tmp_path: Path) -> None:
    """Through births, restarts, several instances and, with odd seeds, a trace id in every series."""
    rng = random.Random(seed)
    world, truth = World(dialect, traces=seed % 2 == 1, instances=["r1:9001", "r2:9001"]), Truth()
    world.scrape()
    to_open = {("closed", "open"), ("half_open", "open")}
    for _ in range(60):
        play(world, truth, rng)
        if rng.random() < 0.4:
            world.shows(OPENS, truth.count(world.tick, 5, to_open))
            states = [state for router in world.instances.values() for state in router.states.values()]
            world.shows(OPEN, states.count("open"))
            if dialect == "router":
                world.shows(PROBES, truth.count(world.tick, 10, {("half_open", "open")}))
    world.judge(tmp_path)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_failed_probes_of_the_documented_dialect_are_never_too_many_and_at_most_two_too_few(
    seed: int, tmp_path: Path
) -> None:
    """Of each circuit of an instance: one that the window began half-open with, one that isn't known to have ended."""
    rng = random.Random(100 + seed)
    world, truth = World("documented"), Truth()
    world.scrape()
    recorded = PROBES.replace("circuit:", "instance:")
    for _ in range(80):
        play(world, truth, rng)
        for circuit in CIRCUITS:
            if rng.random() > 0.1:
                continue
            mine = Truth()
            mine.begun = truth.begun
            mine.moves["r1:9001"] = [move for move in truth.moves["r1:9001"] if move[1] == circuit]
            real = mine.count(world.tick, 10, {("half_open", "open")})
            series = f'{recorded}{{tenant_id="{circuit[0]}",provider_id="{circuit[1]}"}}'
            # No series: the circuit was never half-open in this process.
            if real > 2:
                world.shows(f"({series} >= bool {real - 2})", 1)
            world.shows(f"(sum({series}) or vector(0)) <= bool {real}", 1)
    world.judge(tmp_path)
