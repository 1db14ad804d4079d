"""What a replay finds around it: a rollout, its block, its incidents and its live policy. All of it may be missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cbops.cli.lazy import lazy
from cbops.cli.wiring import anywhere, settings_of, workplace
from cbops.clients.files import read_block
from cbops.errors import CbopsError, WrongStageError
from cbops.flows.steps.compared import Asked, Live, live_policy
from cbops.model.policy import CANARY_BLOCK

if TYPE_CHECKING:
    from cbops.cli.wiring import Workplace
    from cbops.model.events import IncidentAdded
    from cbops.model.state import RolloutState


@dataclass(frozen=True, slots=True)
class Around:
    """`place` null: no cbops.yaml. `folder` and `state` null: no rollout is taken into account, as `notes` say."""

    place: Workplace | None
    folder: Path | None = None
    state: RolloutState | None = None
    notes: tuple[str, ...] = ()

    @property
    def timezone(self) -> str:
        """The rollout's, else the configuration's, else UTC."""
        if self.state is not None:
            return self.state.timezone
        return self.place.config.timezone if self.place else "UTC"

    @property
    def incidents(self) -> tuple[IncidentAdded, ...]:
        """Those that were declared in the rollout."""
        return tuple(record.incident for record in self.state.incidents) if self.state else ()


def around(context: typer.Context, *, record: bool) -> Around:
    """The rollout that is meant. Only where one was named, or is to be written to, is it an error to have none."""
    settings = settings_of(context)
    if record or settings.rollout is not None:
        place = workplace(context)
        folder = place.rollout()
        return Around(place, folder, _state(folder))
    found = anywhere(context)
    if found is None:
        return Around(None)
    try:
        folder = found.rollout()
        state = _state(folder)
    except WrongStageError:
        return Around(found)
    except CbopsError as error:
        return Around(found, notes=(f"no rollout is taken into account: {error.message}",))
    if not state.stage.active:
        told = f"rollout {folder.name} is over and not taken into account; to do so: --rollout {folder.name}"
        return Around(found, notes=(told,))
    return Around(found, folder, state)


def asked_policy(around: Around, policy_file: Path | None) -> Asked:
    """The policy file's block, else the rollout's, else the one that canaries begin with."""
    if policy_file is not None:
        return Asked(read_block(policy_file), f"the block in {policy_file}")
    state = around.state
    if state is not None:
        block = state.block or (state.enable.block if state.enable else None)
        if block is not None:
            return Asked(block, f"the block of rollout {state.id}")
    return Asked(CANARY_BLOCK, "the block that canaries begin with")


def live(around: Around, *, wanted: bool) -> Live | None:
    """The live policy of the rollout; None where there is nothing that it could be asked of."""
    if not wanted or around.place is None:
        return None
    if around.state is None:
        return Live(None, "no live policy: no rollout says which")
    return live_policy(around.place.admin(), around.state.target)


def narrowed(found: Around, tenant: str | None, preferred: str | None) -> tuple[str, ...]:
    """What was taken into account of the rollout."""
    if found.state is None:
        return ()
    whose = (
        ""
        if tenant or preferred is None
        else f"; its tenant {preferred} alone, where the trace names tenants"
    )
    counted = len(found.incidents)
    declared = f"{counted} declared incident{'' if counted == 1 else 's'}"
    return (f"rollout {found.state.id}: {declared}{whose}",)


def _state(folder: Path) -> RolloutState:
    loaded: RolloutState = lazy("cbops.flows.steps.loading", "load")(folder)
    return loaded
