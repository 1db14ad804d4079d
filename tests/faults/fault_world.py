"""The commands of the matrix, where each begins, and what one cell of it is."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fault_kinds import BY_NAME, Kind, _cut
from fault_proxy import Proxy
from flow_world import NAMED, POLICY, PROVIDER, TENANT, Practice, Work

from cbops.model.base import JsonObject

if TYPE_CHECKING:
    from conftest import Result

Begins = Literal[
    "no rollout",
    "ready",
    "enabling in flight",
    "enabled",
    "rolling back",
    "a day later",
    "enabled, three policies",
]
PATIENCE = 60  # seconds for one command on a busy machine; a fault alone costs about one
SETTINGS = {"timeout_seconds": 0.5, "retries": {"attempts": 2, "seconds": 1.5}}


@dataclass(frozen=True)
class Row:
    """A call of a command at which a fault begins. `once`: the next call is well again."""

    call: str
    number: int = 1
    once: bool = False

    @property
    def title(self) -> str:
        which = self.call if self.number == 1 else f"{self.call} ({self.number})"
        return f"{which}, once" if self.once else which


@dataclass(frozen=True)
class Command:
    """A command of the matrix. `works` are its exit statuses when nothing is wrong; `alone`: it needs no admin API."""

    name: str
    words: tuple[str, ...]
    begins: Begins
    rows: tuple[Row, ...]
    works: int = 0
    alone: bool = False

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z]+", "-", self.name.lower()).strip("-")


def rows(*calls: tuple[str, int] | str, once: tuple[str | tuple[str, int], ...] = ()) -> tuple[Row, ...]:
    lasting = [Row(call) if isinstance(call, str) else Row(*call) for call in calls]
    single = [Row(call, 1, True) if isinstance(call, str) else Row(*call, True) for call in once]
    return (*lasting, *single)


LIST, HISTORY, PUT, RELOAD, SWITCH = "GET policies", "GET history", "PUT", "POST reload", "POST disable"
ONE_READING = ("monitor", "watch", "--until", "2000-01-01", "--wait", "0s")
WRITING = ("canary enable", "rollback", "resume", "monitor watch (a rollback)")
CHOSEN = (TENANT, "--policy", POLICY, "--provider", PROVIDER)

COMMANDS = (
    Command("canary candidates", ("canary", "candidates"), "no rollout", rows(LIST, HISTORY, once=(LIST,))),
    Command(
        "canary select",
        ("canary", "select", *CHOSEN, "--override", "for a test"),
        "no rollout",
        rows(LIST, HISTORY, once=(HISTORY,)),
    ),
    Command(
        "canary adopt",
        ("canary", "adopt", *CHOSEN, "--enabled-at", "2020-01-01T00:00:00Z"),
        "no rollout",
        rows(HISTORY, once=(HISTORY,)),
        alone=True,
    ),
    Command(
        "canary enable --dry-run",
        ("canary", "enable", "--dry-run"),
        "ready",
        rows(HISTORY, "POST validate", once=(HISTORY,)),
    ),
    Command(
        "canary enable",
        ("canary", "enable", "--yes"),
        "ready",
        rows(
            HISTORY,
            "POST validate",
            (HISTORY, 2),
            PUT,
            RELOAD,
            (HISTORY, 3),
            once=("POST validate", PUT, RELOAD, (HISTORY, 3)),
        ),
    ),
    Command("canary status", ("canary", "status"), "enabling in flight", rows(HISTORY), alone=True),
    Command(
        "lesson add",
        ("lesson", "add", "--kind", "well", "seen"),
        "enabling in flight",
        rows(HISTORY),
        alone=True,
    ),
    Command(
        "resume (an enabling)",
        ("resume",),
        "enabling in flight",
        rows(HISTORY, RELOAD, (HISTORY, 2), once=(HISTORY, RELOAD)),
    ),
    Command("monitor daily", ("monitor", "daily"), "a day later", rows(HISTORY), alone=True),
    Command("evaluate", ("evaluate",), "a day later", rows(HISTORY), works=10, alone=True),
    Command(
        "rollback",
        ("rollback", "--yes"),
        "enabled",
        rows(HISTORY, PUT, RELOAD, (HISTORY, 2), once=(HISTORY, PUT, RELOAD, (HISTORY, 2))),
        works=7,
    ),
    Command(
        "rollback --scope tenant",
        ("rollback", "--yes", "--scope", "tenant"),
        "enabled, three policies",
        rows(HISTORY, LIST, (PUT, 2), once=(PUT, RELOAD)),
        works=7,
    ),
    Command(
        "rollback --scope global",
        ("rollback", "--yes", "--scope", "global"),
        "enabled",
        rows(SWITCH),
        works=7,
    ),
    Command(
        "rollback without a rollout",
        ("rollback", "--yes", *NAMED),
        "no rollout",
        rows(HISTORY, PUT, once=(PUT,)),
        works=7,
    ),
    Command(
        "resume (a rollback)",
        ("resume",),
        "rolling back",
        rows(HISTORY, PUT, RELOAD, once=(PUT, RELOAD)),
    ),
    Command("canary status (a rollback)", ("canary", "status"), "rolling back", rows(HISTORY), alone=True),
    Command("policy show", ("policy", "show", TENANT, POLICY), "no rollout", rows(HISTORY, once=(HISTORY,))),
    Command("policy diff", ("policy", "diff"), "ready", rows(HISTORY)),
    Command(
        "policy check",
        ("policy", "check", TENANT, POLICY, "--provider", PROVIDER),
        "no rollout",
        rows(HISTORY, LIST),
    ),
    Command(
        "policy check --policy-file",
        ("policy", "check", "--policy-file", "block.json"),
        "ready",
        rows(HISTORY),
        alone=True,
    ),
    Command("replay run", ("replay", "run", "trace.csv"), "ready", rows(HISTORY), alone=True),
    Command("doctor", ("doctor",), "no rollout", rows(LIST), works=7, alone=True),
    Command("canary approve", ("canary", "approve", "enable", "--yes"), "ready", rows(HISTORY)),
    Command(
        "journal verify --against-router", ("journal", "verify", "--against-router"), "enabled", rows(HISTORY)
    ),
    Command(
        "checklist verify", ("checklist", "verify", "--yes"), "ready", rows(HISTORY), works=7, alone=True
    ),
    Command("report readiness", ("report", "readiness"), "ready", rows(LIST), works=7, alone=True),
    Command("monitor watch", ONE_READING, "enabled", rows(HISTORY), works=7, alone=True),
    Command(
        "monitor watch (a rollback)", ONE_READING, "rolling back", rows(PUT, RELOAD), works=20, alone=True
    ),
)


@dataclass(frozen=True)
class Cell:
    """What one fault at one call leads to."""

    at: str
    fault: str
    exit: int
    code: str | None  # of the error
    said: str  # the error's message, or the warnings that a sound run does not give
    router: str  # what became of the policies: their live versions, + where the breaker is enabled
    record: str | None  # the stage on record
    flying: str | None  # what `canary status` says, the router well again: change and live policy
    then: str | None  # what the next `resume`, or `rollback`, does

    def document(self) -> JsonObject:
        return asdict(self)


class UnthinkableError(AssertionError):
    """A cell that nobody may expect, whatever is written down."""


@dataclass
class World:
    """The work folder, the proxy before the router, and the beginnings, each made once."""

    work: Work
    proxy: Proxy
    _kept: dict[str, Any] = field(default_factory=dict)
    _sound: dict[str, set[str]] = field(default_factory=dict)

    def cells(self, command: Command, wanted: Callable[[Row], bool] = lambda _row: True) -> list[Cell]:
        """Every cell of the command; the sound run first."""
        self._begin(command.begins)
        result = self._run(command)
        if result.status != command.works:
            raise UnthinkableError(f"{command.name} does not work: {result.answer}")
        calls = list(self.proxy.calls)
        self._sound[command.name] = set(result.answer["warnings"])
        found, broken = [], []
        for row in filter(wanted, command.rows):
            if calls.count(row.call) < row.number:
                raise UnthinkableError(f"{command.name} makes no call {row.title}: {calls}")
            for kind in BY_NAME.values():
                if row.call in kind.calls and not (row.once and kind.harm is None):
                    try:
                        found.append(self._cell(command, row, kind, calls))
                    except UnthinkableError as error:
                        broken.append(str(error))
        if broken:
            raise UnthinkableError("\n".join(broken))
        return found

    def _cell(self, command: Command, row: Row, kind: Kind, calls: list[str]) -> Cell:
        self._begin(command.begins)
        journal, before = self._journal(), self._live()
        if kind.harm is None:
            at = [index for index, call in enumerate(calls) if call == row.call]
            self.proxy.refuse(after=at[row.number - 1])
        else:
            self.proxy.harm(kind.harm, (row.call, row.number), lasting=not row.once)
        begun = time.monotonic()
        result = self._run(command)
        took = time.monotonic() - begun
        live, folder = self._live(), self._folder()
        stage = None if folder is None else self.work.state(folder).stage.value
        where = f"{command.name}, {row.title}, {kind.name}: {result.status} {result.answer}"
        self._sane(where, command, row, kind, result)
        self.proxy.well()
        if took > PATIENCE:
            raise UnthinkableError(f"it hangs: {took:.0f} s: {where}")
        writes = command.name.startswith(WRITING)
        if not writes and self._live() != before:
            raise UnthinkableError(f"a command that only reads changed something: {where}")
        if result.status not in (0, command.works) and not writes and self._journal() != journal:
            raise UnthinkableError(f"it failed, and something is on record: {where}")
        flying, then = self._after(where, command)
        return Cell(
            at=row.title,
            fault=kind.name,
            exit=result.status,
            code=(result.answer["error"] or {}).get("code"),
            said=self._said(command, result),
            router=", ".join(f"{policy} {told}" for policy, told in live.items()),
            record=stage,
            flying=flying,
            then=then,
        )

    def _sane(self, where: str, command: Command, row: Row, kind: Kind, result: Result) -> None:
        """What holds in every cell."""
        if result.status == 1 or "Traceback" in result.stderr:
            raise UnthinkableError(f"a bug: {where} {result.stderr}")
        error = result.answer["error"]
        if error is not None and not error["hint"]:
            raise UnthinkableError(f"no hint: {where}")
        if command.alone and result.status != command.works:
            raise UnthinkableError(f"it should do without the admin API: {where}")
        if kind.harm is not None and row.call not in self.proxy.calls:
            raise UnthinkableError(f"the call was never made: {where}")

    def _after(self, where: str, command: Command) -> tuple[str | None, str | None]:
        """With the router well again: what status says is true, and the next command ends it rightly."""
        folder = self._folder()
        if folder is None:
            return None, self._rolled_back(where, command)
        self.work.verified()
        status = self.work.ok("canary", "status")
        flying, enabled = status["in_flight"], self._enabled()
        puts = len(self.work.router.puts)
        if status["stage"] not in ("enabling", "rolling_back"):
            if flying is not None:
                raise UnthinkableError(f"nothing is in flight, and status says {flying}: {where}")
            if command.name == "canary enable" and enabled != (status["stage"] == "monitoring"):
                raise UnthinkableError(f"the record does not tell what is live: {where} {status}")
            return None, self._rolled_back(where, command)
        if flying is None or flying["live"] == "unknown":
            raise UnthinkableError(f"status can't tell: {where} {status}")
        told = f"{flying['change']}, live: {flying['live']}"
        if flying["live"] == "intended" and enabled != (flying["change"] == "enable"):
            raise UnthinkableError(f"status says what is not so: {where} {status}")
        if flying["live"] == "before" and enabled != (flying["change"] == "rollback"):
            raise UnthinkableError(f"status says what is not so: {where} {status}")
        then = self.work("resume")
        if then.status == 0:
            after = self.work.ok("canary", "status")
            if after["in_flight"] is not None or (
                "global" not in command.words and (after["stage"] == "monitoring") != self._enabled()
            ):
                raise UnthinkableError(f"resume left something: {where} {after}")
            word = then.data["action"]
        else:
            word = f"{then.status} {then.error['code']}"
        if flying["change"] == "enable" and len(self.work.router.puts) != puts:
            raise UnthinkableError(f"resume wrote a second time: {where}")
        if flying["change"] == "rollback" and (
            then.status or (self._enabled() and "global" not in command.words)
        ):
            raise UnthinkableError(f"resume did not finish the rollback: {where} {then.answer}")
        self._rolled_back(where, command)
        return told, f"resume: {word}"

    def _rolled_back(self, where: str, command: Command) -> str | None:
        """Whatever happened, the next rollback disables it."""
        if not command.name.startswith(WRITING) or not self._enabled():
            return None
        if command.name.startswith("rollback"):
            self.work.rollback(*command.words[2:])
        else:
            self.work.rollback()
        if self._enabled() and "global" not in command.words:
            raise UnthinkableError(f"the next rollback did not disable it: {where}")
        return "rollback: disabled" if command.name.startswith("rollback") and not self._enabled() else None

    def _said(self, command: Command, result: Result) -> str:
        """In words that are the same in every run."""
        data, error, warnings = result.data, result.answer["error"], result.answer["warnings"]
        if command.name == "doctor":
            found = [
                f"{each['level']}: {each['text']}" for each in data["checks"] if each["group"] == "router"
            ]
        elif error:
            found = [error["message"]]
        else:
            found = [each for each in warnings if each not in self._sound[command.name]]
        if command.name.startswith("canary status"):
            found.append(data["in_flight"]["sentence"])
        if command.name.startswith("policy check") and data:
            told = [f"{each['name']}: {each['told']}" for each in data["facts"] if each["value"] is None]
            found += [each for each in told if "admin API" in each]
        if command.name == "replay run":
            found += [each for each in data["notes"] if "live policy" in each]
        text = "; ".join(found)
        return text.replace(self.proxy.url, "http://router").replace(f"{self.work.folder}/", "")

    def _run(self, command: Command) -> Result:
        return self.work(*command.words)

    def _live(self) -> dict[str, str]:
        router = self.work.router
        names = [each for each in (POLICY, "second", "third") if (TENANT, each) in self._policies()]
        return {each: router.version(each) + (" +" if router.enabled(each) else "") for each in names}

    def _policies(self) -> set[tuple[str, str]]:
        return {(each.tenant, each.policy) for each in self.work.router.policies()}

    def _enabled(self) -> bool:
        return any(told.endswith("+") for told in self._live().values())

    def _folder(self) -> Path | None:
        folders = sorted(each for each in self.work.folder.glob("rollouts/*") if each.is_dir())
        return folders[0] if folders else None

    def _journal(self) -> bytes:
        folder = self._folder()
        return (folder / "journal.jsonl").read_bytes() if folder else b""

    def _begin(self, begins: Begins) -> None:
        """Where the command begins: the record and the router as they were there."""
        self.proxy.well()
        if begins in self._kept:
            self._kept[begins].restore()
            return
        if self.work.switch.router is not self.work.router:
            raise AssertionError("another router is served")
        self.work.configure(router={"admin_url": self.proxy.url, **SETTINGS})
        getattr(self, "_make_" + re.sub(r"[^a-z]+", "_", begins))()
        self.proxy.well()  # what was called to get here doesn't count
        self._kept[begins] = _Kept(self.work, self._live_documents(), keep_router=begins == "a day later")

    def _live_documents(self) -> dict[str, tuple[str, JsonObject]]:
        router = self.work.router
        return {policy: (router.version(policy), router.live(policy)) for policy in self._live()}

    def _make_no_rollout(self) -> None:
        """As it is, with the breaker enabled by somebody else."""
        self.work.router.enable()

    def _make_ready(self) -> None:
        self.work.ready()
        block = '{"enabled": true, "failure_threshold": 5, "error_rate_threshold": 0.5}'
        (self.work.folder / "block.json").write_text(block)
        lines = ["arrival_ms,latency_ms,outcome"] + [f"{1000 * n},100,success" for n in range(50)]
        (self.work.folder / "trace.csv").write_text("\n".join(lines) + "\n")

    def _make_enabling_in_flight(self) -> None:
        self.work.ready()
        self.proxy.harm(_cut, ("PUT", 1), lasting=True)
        assert self.work("canary", "enable", "--yes").status == 4
        self.proxy.well()

    def _make_enabled(self) -> None:
        self.work.enabled()

    def _make_enabled_three_policies(self) -> None:
        self.work.enabled()
        for policy in ("second", "third"):
            self.work.router.write(self.work.router.live(), policy)

    def _make_rolling_back(self) -> None:
        self.work.enabled()
        self.proxy.refuse(after=0)
        assert self.work("rollback", "--yes").status == 4
        self.proxy.well()

    def _make_a_day_later(self) -> None:
        self.work.enabled()
        clock, scraper = self.work.clock, self.work.clock.scraper
        end = clock.now() + timedelta(hours=30)
        while clock.now() < end and scraper is not None:
            self.work.router.advance_to(self.work.router.now_ms + 900_000)
            scraper.scrape(self.work.router.now_ms)
        self.work.store.flush()
        self.work.ok("monitor", "daily")


@dataclass
class _Kept:
    """The rollouts and the policies at one instant."""

    work: Work
    documents: dict[str, tuple[str, JsonObject]]
    keep_router: bool

    def __post_init__(self) -> None:
        self._router = self.work.router
        source, self._copy = self.work.folder / "rollouts", self.work.folder / "kept"
        if source.is_dir():
            shutil.copytree(source, self._copy)

    def restore(self) -> None:
        """Back to it, with a router of its own."""
        shutil.rmtree(self.work.folder / "rollouts", ignore_errors=True)
        if self._copy.is_dir():
            shutil.copytree(self._copy, self.work.folder / "rollouts")
        if self.keep_router:
            return
        router = Practice(self._router.scenario)
        self.work.router = self.work.switch.router = self.work.clock.router = router
        known = {(each.tenant, each.policy) for each in router.policies()}
        for policy, (version, document) in self.documents.items():
            if (TENANT, policy) not in known or router.version(policy) != version:
                router.write(document, policy, version=version)
