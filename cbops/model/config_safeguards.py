"""The parts of cbops.yaml that keep a person from acting alone or at the wrong time, and make records provable."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from cbops.errors import ConfigError
from cbops.model.base import Frozen
from cbops.model.calendar import zone
from cbops.model.freezing import in_order, moment
from cbops.model.seal import KeyText


def _text(value: object) -> object:
    """YAML makes dates of what looks like one."""
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _moment(text: str) -> str:
    moment(text)
    return text


def _zone(name: str | None) -> str | None:
    if name is not None:
        try:
            zone(name)
        except ConfigError as error:
            raise ValueError(str(error)) from error
    return name


MomentText = Annotated[str, BeforeValidator(_text), AfterValidator(_moment)]


class FreezeConfig(Frozen):
    """A time in which nothing is enabled: dated or weekly, in `timezone` (null: that of cbops.yaml)."""

    name: str = Field(min_length=1, max_length=80)
    start: MomentText = Field(alias="from")
    end: MomentText = Field(alias="to")
    timezone: Annotated[str | None, AfterValidator(_zone)] = None


def in_right_order(freezes: tuple[FreezeConfig, ...]) -> tuple[FreezeConfig, ...]:
    """ValueError where one ends before it begins."""
    for freeze in freezes:
        problem = in_order(moment(freeze.start), moment(freeze.end))
        if problem:
            raise ValueError(f"the freeze '{freeze.name}': {problem}")
    return freezes


Freezes = Annotated[tuple[FreezeConfig, ...], Field(max_length=200), AfterValidator(in_right_order)]


class ApprovalsConfig(Frozen):
    """How many people a step takes, the one who acts included; 1: nobody else."""

    enable: int = Field(default=1, ge=1, le=5)
    proceed: int = Field(default=1, ge=1, le=5)
    signed: bool = False  # only approvals signed with a key of `signing.trusted` count
    hours: float = Field(default=72, gt=0, le=8760)  # an older approval counts no more


class SigningConfig(Frozen):
    """Keys: one's own private one (a file, or `keyring:SERVICE/NAME`), and whose public keys are trusted, by name."""

    key: str | None = None
    trusted: dict[str, KeyText] = {}
