"""The policies of a search: a space's combinations on a base policy, and the usual spaces of the traffic bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, log2, prod

from cbops.breaker.checks.data import wedge_chance
from cbops.breaker.checks.surroundings import HIGH, LOW, MEDIUM, Band
from cbops.breaker.settings import Settings, resolve
from cbops.errors import InputError
from cbops.model.base import JsonObject
from cbops.model.space import Number, SearchSpace
from cbops.model.tuning import Role

# The most that a chance of a wedge in one recovery may be, where any policy has less.
WEDGE_CHANCE = 0.01
# So many probes at once are no caution any more.
MOST_PROBES = 50
# More than this is a search for a night, and its table for nobody.
MOST_POLICIES = 10_000

_SPACES: dict[str, SearchSpace] = {
    LOW.name: SearchSpace(
        failure_threshold=(3, 4, 5, 8, 12),
        error_rate_threshold=(0.5, 0.6, 0.7, 0.8),
        error_rate_window_seconds=(60, 120, 300, 600),
        timeout_ms=(15_000, 30_000, 60_000),
        half_open_max_calls=(3, 5),
    ),
    MEDIUM.name: SearchSpace(
        failure_threshold=(5, 8, 10, 15, 20),
        error_rate_threshold=(0.5, 0.55, 0.6, 0.7),
        error_rate_window_seconds=(60, 90, 120, 300),
        timeout_ms=(30_000, 45_000, 60_000),
        half_open_max_calls=(3, 5),
    ),
    HIGH.name: SearchSpace(
        failure_threshold=(10, 15, 20, 30, 50),
        error_rate_threshold=(0.5, 0.6, 0.65, 0.7),
        error_rate_window_seconds=(60, 120, 210, 300),
        timeout_ms=(30_000, 60_000, 90_000),
        half_open_max_calls=(3, 5),
    ),
}
_BANDED = ("failure_threshold", "error_rate_threshold", "error_rate_window_seconds", "timeout_ms")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy to score: the block as it would be written, its numbers, and what it stands for."""

    block: JsonObject
    settings: Settings
    roles: tuple[Role, ...] = ()
    in_space: bool = True

    @property
    def numbers(self) -> tuple[Number, ...]:
        """What tells two policies apart, in the order of the space's fields."""
        return tuple(getattr(self.settings, name) for name in SearchSpace.model_fields)


@dataclass(frozen=True, slots=True)
class Policies:
    """All that a search scores, those with a role first. See `Searched` for the counts."""

    candidates: tuple[Candidate, ...]
    combinations: int
    never_closing: int


def default_space(
    band: Band, base: Mapping[str, object] | None = None, unrecorded: float = 0.0
) -> SearchSpace:
    """What is searched without a space file: values around those that operators start from in this band.

    Where so many results are ignored or lost (`unrecorded`, 0 to 1) that these leave every policy on the base with too
    large a chance of a wedge, more probes are tried too: the fewest that keep it small.
    """
    space = _SPACES[band.name]
    successes = resolve(base or {}).success_threshold
    usual = max(space.half_open_max_calls or (0,))
    enough = (
        probes
        for probes in range(int(successes), MOST_PROBES + 1)
        if wedge_chance(probes, successes, unrecorded) <= WEDGE_CHANCE
    )
    probes = next(enough, usual)
    if probes <= usual:
        return space
    return space.model_copy(update={"half_open_max_calls": (*(space.half_open_max_calls or ()), probes)})


def usual_block(band: Band, base: Mapping[str, object]) -> JsonObject:
    """The base with the middle of the band's values (whole numbers rounded up)."""
    middles = {name: sum(getattr(band, name)) / 2 for name in _BANDED}
    rate = round(middles.pop("error_rate_threshold"), 3)
    return {**base, **{name: ceil(value) for name, value in middles.items()}, "error_rate_threshold": rate}


def policies(space: SearchSpace, base: JsonObject, named: Sequence[tuple[Role, JsonObject]]) -> Policies:
    """The policies that have a role, then every combination of the space's values on the base.

    Policies that can never close (success_threshold above half_open_max_calls) are left out of the combinations.
    InputError when the space has too many policies, or none that can close; PolicyError for a wrong base.
    """
    fields = space.fields
    combinations = prod(len(values) for values in fields.values())
    if combinations > MOST_POLICIES:
        raise _too_many(fields, combinations)
    found: dict[tuple[Number, ...], Candidate] = {}
    for role, block in named:
        _add(found, Candidate(block, resolve(block), (role,), in_space=False))
    closing = 0
    for values in product(*fields.values()):
        block = {**base, **dict(zip(fields, values, strict=True))}
        candidate = Candidate(block, resolve(block))
        if _closes(candidate.settings):
            closing += 1
            _add(found, candidate)
    if not closing:
        raise InputError(
            "no policy of the search space can close: each needs more successes than it admits probes",
            hint="Give half_open_max_calls values of at least success_threshold.",
        )
    return Policies(tuple(found.values()), combinations, combinations - closing)


def steps_away(space: SearchSpace, candidate: Candidate) -> list[tuple[str, Number, tuple[Number, ...]]]:
    """The policies one step away in one field: the field, its value there, and the numbers of the policy.

    A step leads to the next value of the space below or above; for a value that is not in the space too.
    """
    found = []
    names = tuple(SearchSpace.model_fields)
    for name, values in space.fields.items():
        place = names.index(name)
        here = candidate.numbers[place]
        below = max((value for value in values if value < here), default=None)
        above = min((value for value in values if value > here), default=None)
        for value in (below, above):
            if value is not None:
                numbers = (*candidate.numbers[:place], value, *candidate.numbers[place + 1 :])
                found.append((name, value, numbers))
    return found


def distance(settings: Settings, band: Band) -> float:
    """How far a policy is from the band's usual values: in each field the doublings to its range, added up.

    A tenth of the error rate counts like a doubling.
    """
    total = 0.0
    for name in _BANDED:
        least, most = getattr(band, name)
        value = getattr(settings, name)
        nearest = min(max(value, least), most)
        if name == "error_rate_threshold":
            total += abs(value - nearest) * 10
        else:
            total += abs(log2(max(value, 1e-9) / nearest))
    return round(total, 9)


def _closes(settings: Settings) -> bool:
    return settings.half_open_max_calls > 0 and settings.success_threshold <= settings.half_open_max_calls


def _add(found: dict[tuple[Number, ...], Candidate], new: Candidate) -> None:
    old = found.get(new.numbers)
    if old is not None:
        new = replace(old, roles=(*old.roles, *new.roles), in_space=old.in_space or new.in_space)
    found[new.numbers] = new


def _too_many(fields: Mapping[str, tuple[Number, ...]], combinations: int) -> InputError:
    widest = max(fields, key=lambda name: len(fields[name]))
    told = " × ".join(f"{len(values)} {name}" for name, values in fields.items())
    return InputError(
        f"the search space holds {combinations:,} policies ({told}); at most {MOST_POLICIES:,} are searched",
        hint=f"Take fewer values; {widest} has the most.",
    )
