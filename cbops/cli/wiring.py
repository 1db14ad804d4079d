"""Where the outside is put together: configuration, clock, person, secrets and clients.

Nothing else in cbops reads the environment or the clock.
"""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from cbops.cli import endpoints
from cbops.cli.channels import notifier
from cbops.cli.lazy import lazy
from cbops.cli.rollouts import choose
from cbops.cli.secrets import admin_key, warn_of_unverified
from cbops.cli.settings import Settings
from cbops.errors import CbopsError, ConfigError, UsageError

if TYPE_CHECKING:
    from cbops.flows.outcome import Outcome
    from cbops.flows.ports import AdminPort, AlertmanagerPort, Clock, RulesPort, SamplePort
    from cbops.flows.steps.recording import Who
    from cbops.model.base import Frozen
    from cbops.model.config import Config
    from cbops.model.system import SystemUser
    from cbops.model.tenant import TenantsFile

CONFIG_NAME = "cbops.yaml"
CLOCK = "CBOPS_CLOCK"  # "practice": the time is the practice router's
T = TypeVar("T", bound="Frozen")


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        """Let that much time pass."""
        time.sleep(seconds)


def environment() -> Mapping[str, str]:
    """The variables of this process."""
    return os.environ


def system_user() -> str:
    """The operating system's user; `uid-1000` where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


def account() -> SystemUser:
    """The operating system's user and the host, as they go on record beside the name of `--by`."""
    made: SystemUser = lazy("cbops.model.system", "SystemUser")(
        user=_written(system_user()), host=_written(os.uname().nodename)
    )
    return made


def _written(name: str) -> str:
    """A name that may be no UTF-8, as the journal can hold it."""
    return name.encode("utf-8", "replace").decode()[:64] or "-"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a command is given by whoever runs the command line; the `obj` of its typer.Context."""

    settings: Settings
    environ: Mapping[str, str]
    clock: Clock


@dataclass(frozen=True, slots=True)
class Workplace:
    """Everything that a command needs of the outside. `base` is the folder of cbops.yaml: relative paths
    in it start there. Clients are made when they are asked for and closed when the command ends.
    """

    settings: Settings
    config: Config
    config_path: Path
    clock: Clock
    environ: Mapping[str, str]
    command: str
    closing: ExitStack
    notes: list[str] = field(default_factory=list)  # found of the record while it was written

    @property
    def base(self) -> Path:
        return self.config_path.parent

    @property
    def rollouts(self) -> Path:
        """The folder of all rollouts."""
        return self.base / self.config.rollouts

    @property
    def templates(self) -> Path | None:
        """The folder of the user's own templates; null: none."""
        return None if self.config.templates is None else self.base / self.config.templates

    def rollout(self) -> Path:
        """The folder of the rollout that is meant; UsageError or WrongStageError when that is not clear."""
        return choose(self.rollouts, self.settings.rollout)

    def who(self, by: str | None = None) -> Who:
        """Who acts, with which command, and by which clock."""
        made: Who = lazy("cbops.flows.steps.recording", "Who")(
            actor=by or system_user(),
            command=self.command,
            clock=self.clock,
            notes=self.notes,
            system=account(),
            templates=self.templates,
            notifier=notifier(self.config, self.environ, self.base, self.templates),
        )
        return made

    def tenants(self) -> TenantsFile:
        """tenants.yaml; TenantsError when it is wrong."""
        read: TenantsFile = lazy("cbops.clients.files", "read_tenants")(self.base / self.config.tenants)
        return read

    def admin(self) -> AdminPort:
        """The router's admin API, signed with its key (none: unsigned)."""
        return endpoints.admin_client(self.config, self.base, self.environ, self.closing)

    def samples(self) -> SamplePort:
        """The metrics source of the configuration."""
        return endpoints.sample_source(self.config, self.base, self.environ, self.closing)

    def rules(self) -> RulesPort:
        """The metrics source, for what rules read."""
        return endpoints.rules_source(self.config, self.base, self.environ, self.closing)

    def alertmanager(self) -> AlertmanagerPort | None:
        """Alertmanager, None where none is configured; ConfigError for settings that can't be used."""
        if self.config.alerts.alertmanager_url is None:
            return None
        return endpoints.alertmanager_client(self.config, self.base, self.environ, self.closing)

    def samples_or_none(self) -> SamplePort | None:
        """The metrics source, None where it can't even be opened: for a command that goes on without it."""
        try:
            return self.samples()
        except CbopsError:
            return None

    def noted(self, outcome: Outcome[T]) -> Outcome[T]:
        """The same outcome, with what was found of the record while it was written (torn lines)."""
        return replace(outcome, warnings=(*outcome.warnings, *self.notes)) if self.notes else outcome

    def told(self, folder: Path, outcome: Outcome[T]) -> Outcome[T]:
        """`noted`, and with a warning when a change of the rollout is in flight."""
        sentence = lazy("cbops.flows.steps.inflight", "notice")(folder, self.admin)
        whole = self.noted(outcome)
        return replace(whole, warnings=(*whole.warnings, sentence)) if sentence else whole


def surroundings(context: typer.Context) -> Surroundings:
    """Settings, environment and clock of this run."""
    given = context.obj
    if not isinstance(given, Surroundings):
        raise TypeError("a command was started without its surroundings")
    return given


def settings_of(context: typer.Context) -> Settings:
    """The global options of this run."""
    return surroundings(context).settings


def command_words(context: typer.Context) -> str:
    """The words of the command that runs, without `cbops`."""
    return context.command_path.partition(" ")[2]


def find_config(start: Path) -> Path | None:
    """The nearest cbops.yaml, from that folder upward."""
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    return None


def workplace(context: typer.Context) -> Workplace:
    """Read the configuration and make the workplace of a command; ConfigError when there is none."""
    place = _configured(context)
    return replace(place, clock=_clock(place))


def anywhere(context: typer.Context) -> Workplace | None:
    """The workplace of a command that needs none, by the real time; None where there is no cbops.yaml and none
    was named.
    """
    settings = surroundings(context).settings
    if settings.config is None and find_config(Path.cwd()) is None:
        return None
    return _configured(context)


def _clock(place: Workplace) -> Clock:
    """The time of the practice router where the environment asks for it; ConfigError when it has none."""
    wanted = place.environ.get(CLOCK)
    if not wanted:
        return place.clock
    if wanted != "practice":
        raise ConfigError(f"{CLOCK} is '{wanted}'", hint=f"The only value: export {CLOCK}=practice")
    router = place.config.router
    clock = lazy("cbops.clients.practice", "PracticeClock")(
        router.admin_url, admin_key(router.auth, place.environ, place.base), router.tls
    )
    place.closing.callback(clock.close)
    clock.now()
    made: Clock = clock
    return made


def _configured(context: typer.Context) -> Workplace:
    given = surroundings(context)
    settings = given.settings
    path = settings.config or find_config(Path.cwd())
    if path is None:
        raise ConfigError(
            f"there is no {CONFIG_NAME} in {Path.cwd()} or above it",
            hint="Write one with 'cbops init', or name it with --config PATH.",
        )
    if path.is_dir():
        raise UsageError(f"--config {path} is a folder", hint=f"Name the file: --config {path / CONFIG_NAME}")
    config: Config = lazy("cbops.clients.files", "read_config")(path)
    warn_of_unverified(config)
    return Workplace(
        settings=settings,
        config=config,
        config_path=path.absolute(),
        clock=given.clock,
        environ=given.environ,
        command=command_words(context),
        closing=context.with_resource(ExitStack()),
    )


def emergency(context: typer.Context, admin_url: str | None) -> tuple[Workplace, tuple[str, ...]]:
    """The workplace for a rollback: with `--admin-url` it needs no cbops.yaml and survives a damaged one."""
    warnings: tuple[str, ...] = ()
    try:
        place = _configured(context)
    except CbopsError as error:
        if admin_url is None:
            raise type(error)(
                error.message, hint=f"{error.hint} Or go without it: --admin-url URL --tenant T --policy P"
            ) from error
        place, warnings = _bare(context), (f"without cbops.yaml: {error.message}",)
    if admin_url is not None:
        router = place.config.router.model_copy(update={"admin_url": admin_url})
        place = replace(place, config=place.config.model_copy(update={"router": router}))
    try:
        return replace(place, clock=_clock(place)), warnings
    except ConfigError as error:
        return place, (*warnings, f"the real time is used: {error.message}")


def _bare(context: typer.Context) -> Workplace:
    """A workplace with the default configuration, where the one that can't be read stands (else here)."""
    given = surroundings(context)
    path = given.settings.config or find_config(Path.cwd()) or Path(CONFIG_NAME)
    return Workplace(
        settings=given.settings,
        config=lazy("cbops.model.config", "Config")(),
        config_path=(path / CONFIG_NAME if path.is_dir() else path).absolute(),
        clock=given.clock,
        environ=given.environ,
        command=command_words(context),
        closing=context.with_resource(ExitStack()),
    )
