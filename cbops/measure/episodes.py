"""Episodes: from closed→open to the next close, merged over instances and over days.

Source: 'Instances' in the domain description (overlapping episodes of one provider are one).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cbops.measure.circuits import ClosedBy, Run
from cbops.model.base import from_ms
from cbops.model.observation import Carried, Episode, Observation


@dataclass(frozen=True, slots=True)
class Explained:
    """A run of one instance, with the reason of its opening where it can be attributed."""

    run: Run
    reason: str | None


def episode_id(provider: str, opened_ms: int) -> str:
    """`openai-20250129T140100Z`: the provider and the sample that first showed the opening."""
    return f"{provider}-{from_ms(opened_ms):%Y%m%dT%H%M%SZ}"


def merge_runs(runs: Iterable[Explained]) -> tuple[Episode, ...]:
    """The episodes that opened in the window; those of several instances that overlap become one."""
    groups: list[list[Explained]] = []
    for one in sorted(runs, key=lambda item: (item.run.provider, item.run.opened, item.run.instance)):
        if groups and _overlaps(groups[-1], one.run):
            groups[-1].append(one)
        else:
            groups.append([one])
    merged = sorted((_episode(group) for group in groups), key=lambda one: (one.opened, one.provider))
    return _numbered(merged)


def _numbered(episodes: Iterable[Episode]) -> tuple[Episode, ...]:
    """Several that opened within one scrape interval are told apart: the second gets -2, and so on."""
    met: Counter[str] = Counter()
    told = []
    for episode in episodes:
        met[episode.id] += 1
        number = met[episode.id]
        told.append(episode if number == 1 else episode.model_copy(update={"id": f"{episode.id}-{number}"}))
    return tuple(told)


def _overlaps(group: Sequence[Explained], run: Run) -> bool:
    runs = [one.run for one in group]
    if runs[0].provider != run.provider:
        return False
    if all(other.instance == run.instance for other in runs):
        return False
    return any(
        other.closed is None or run.opened < other.closed or run.opened == other.opened for other in runs
    )


def _episode(group: Sequence[Explained]) -> Episode:
    first = group[0]
    last = _last_closed([one.run for one in group])
    afters = [one.run.opened_after for one in group if one.run.opened == first.run.opened]
    after = min((value for value in afters if value is not None), default=None)
    return Episode(
        id=episode_id(first.run.provider, first.run.opened),
        provider=first.run.provider,
        opened=from_ms(first.run.opened),
        opened_after=None if after is None else from_ms(after),
        closed=None if last is None or last.closed is None else from_ms(last.closed),
        closed_by=None if last is None else last.closed_by,
        reopened=sum(one.run.reopened for one in group),
        reason=next((one.reason for one in group if one.reason), None),
    )


def _last_closed(runs: Sequence[Run]) -> Run | None:
    """The run that closed last; null while any of them is open."""
    if any(run.closed is None for run in runs):
        return None
    return max(runs, key=lambda run: run.closed or 0)


def merge_carried(runs: Iterable[Run]) -> tuple[Carried, ...]:
    """What the window adds to episodes that were running when it began, one per provider."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.provider, []).append(run)
    found: list[Carried] = []
    for provider in sorted(groups):
        last = _last_closed(groups[provider])
        by: ClosedBy | None = None if last is None else last.closed_by
        found.append(
            Carried(
                provider=provider,
                closed=None if last is None or last.closed is None else from_ms(last.closed),
                closed_by=by,
                reopened=sum(run.reopened for run in groups[provider]),
            )
        )
    return tuple(found)


def merge_episodes(observations: Iterable[Observation]) -> tuple[Episode, ...]:
    """The episodes of several days as they happened, ascending by opening.

    A day's `carried` continues the episode that was running at its start; what was open before the first
    of these days is no episode of theirs. Days may come in any order; a missing day leaves an episode
    running until a later one shows its close.
    """
    whole: list[Episode] = []
    running: dict[str, int] = {}  # provider → index in whole
    for observation in sorted(observations, key=lambda one: one.window.start):
        for carried in observation.carried:
            _continue(whole, running, carried)
        closed_unseen = set(running) - {carried.provider for carried in observation.carried}
        for provider in closed_unseen & set(observation.state_at_start):
            if observation.state_at_start[provider] == "closed":
                _shut(whole, running, provider, observation)
        for episode in observation.episodes:
            _add(whole, running, episode)
    return tuple(sorted(whole, key=lambda episode: (episode.opened, episode.provider)))


def _continue(whole: list[Episode], running: dict[str, int], carried: Carried) -> None:
    index = running.get(carried.provider)
    if index is None:
        return
    episode = whole[index]
    whole[index] = episode.model_copy(
        update={
            "closed": carried.closed,
            "closed_by": carried.closed_by,
            "reopened": episode.reopened + carried.reopened,
        }
    )
    if carried.closed is not None:
        del running[carried.provider]


def _shut(whole: list[Episode], running: dict[str, int], provider: str, observation: Observation) -> None:
    """The circuit was closed when a later day began, and no collected sample showed how."""
    index = running.pop(provider)
    whole[index] = whole[index].model_copy(update={"closed": observation.window.start, "closed_by": "unseen"})


def _add(whole: list[Episode], running: dict[str, int], episode: Episode) -> None:
    """A new episode, or more of one that another instance began on an earlier day and still runs."""
    for index, other in enumerate(whole):
        same = other.provider == episode.provider
        if same and other.opened < episode.opened and (other.closed is None or episode.opened < other.closed):
            ends = [other.closed, episode.closed]
            later = (
                episode if None not in ends and episode.closed == max(end for end in ends if end) else other
            )
            whole[index] = other.model_copy(
                update={
                    "closed": None if None in ends else later.closed,
                    "closed_by": None if None in ends else later.closed_by,
                    "reopened": other.reopened + episode.reopened,
                }
            )
            if None in ends:
                running[episode.provider] = index
            return
    whole.append(episode)
    if episode.closed is None:
        running[episode.provider] = len(whole) - 1
