"""Which rollout a command is about: the one named, else the only active one, else the only one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cbops.cli.lazy import lazy
from cbops.errors import RecordError, UsageError, WrongStageError
from cbops.model.near import did_you_mean

if TYPE_CHECKING:
    from cbops.model.state import RolloutState


def choose(folder: Path, wanted: str | None) -> Path:
    """The rollout's folder. UsageError lists them when it isn't clear; WrongStageError when there is none."""
    found = _all(folder)
    if wanted is not None:
        return _named(found, wanted, folder)
    if not found:
        raise WrongStageError(
            f"there is no rollout in {folder}",
            hint="Open one: cbops canary candidates, then: cbops canary select TENANT --policy P --provider X",
        )
    if len(found) == 1:
        return next(iter(found.values()))
    active = [name for name, path in found.items() if _active(path)]
    if len(active) == 1:
        return found[active[0]]
    listed = ", ".join(active or found)
    raise UsageError(
        f"there are {len(active) or len(found)} {'active ' if active else ''}rollouts: {listed}",
        hint="Say which: --rollout ID",
    )


def _all(folder: Path) -> dict[str, Path]:
    paths: tuple[Path, ...] = lazy("cbops.journal.folders", "find_rollouts")(folder)
    return {path.name: path for path in paths}


def _named(found: dict[str, Path], wanted: str, folder: Path) -> Path:
    if wanted in found:
        return found[wanted]
    known = f"{did_you_mean(wanted, found)}There are: {', '.join(found)}." if found else "There is none."
    raise UsageError(f"there is no rollout '{wanted}' in {folder}", hint=known)


def _active(path: Path) -> bool:
    """Whether there is something left to do in it; a damaged one counts, so that it is not passed over."""
    try:
        state: RolloutState = lazy("cbops.flows.steps.folded", "load")(path)
    except RecordError:
        return True
    return state.stage.active
