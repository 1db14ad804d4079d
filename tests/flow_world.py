"""A rollout in a work folder, the practice router behind a real server, and faults on the wire between them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx
import yaml

from cbops.clients.scrape import Scraper
from cbops.clients.store import SampleStore
from cbops.flows.steps.loading import load
from cbops.journal.reader import read
from cbops.model.base import JsonObject, to_ms
from cbops.model.policy import CANARY_BLOCK, with_breaker
from cbops.model.state import RolloutState
from cbops.simulator.router import Router, Written
from cbops.simulator.scenarios import Scenario

if TYPE_CHECKING:
    from conftest import Cli, Result

KEY = "practice-key"
TENANT, POLICY, PROVIDER = "tenant_canary", "canary_policy", "openai"
NAMED = ("--tenant", TENANT, "--policy", POLICY)


class Practice(Router):
    """The practice router; counts what reaches it, and lets somebody else act before the next write."""

    def __init__(self, scenario: Scenario, **options: Any) -> None:
        super().__init__(scenario, **options)
        self.puts: list[tuple[str, str | None]] = []
        self.reloads: list[str] = []
        self.meddlers: list[Callable[[], object]] = []

    def put(self, tenant: str, policy: str, document: JsonObject, **options: Any) -> Written:
        self.puts.append((policy, options.get("version")))
        if self.meddlers:
            self.meddlers.pop(0)()
        return super().put(tenant, policy, document, **options)

    def reload(self, tenant: str, policy: str) -> Any:
        self.reloads.append(policy)
        return super().reload(tenant, policy)

    def write(self, document: JsonObject, policy: str = POLICY, version: str | None = None) -> Written:
        """Somebody else's write, which is not counted."""
        return Router.put(self, TENANT, policy, document, version=version, check=False)

    def live(self, policy: str = POLICY) -> JsonObject:
        return self.policy(TENANT, policy).live.document

    def version(self, policy: str = POLICY) -> str:
        return self.policy(TENANT, policy).active

    def enabled(self, policy: str = POLICY) -> bool:
        return self.live(policy).get("circuit_breaker", {}).get("enabled") is True

    def enable(self, policy: str = POLICY, **numbers: object) -> None:
        """Somebody else enables the breaker."""
        self.write(with_breaker(self.live(policy), {**CANARY_BLOCK, **numbers}), policy)


class Switch:
    """Stands for whichever router is plugged in, so that one server serves all tests."""

    router: Practice

    def __getattr__(self, name: str) -> Any:
        return getattr(self.router, name)


Handle = Callable[[httpx.HTTPTransport, httpx.Request], httpx.Response]
Fault = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]


@dataclass
class Wire:
    """Everything that is sent; `calls` are those of the admin API, as `PUT canary_policy` or `GET history`."""

    calls: list[str] = field(default_factory=list)
    faults: list[tuple[str, Fault, bool]] = field(default_factory=list)

    def cut_before(self, call: str, *, always: bool = False) -> None:
        """The call never arrives."""

        def fault(request: httpx.Request, _send: Callable[[], httpx.Response]) -> httpx.Response:
            raise httpx.WriteError("cut", request=request)

        self.faults.append((call, fault, always))

    def cut_after(self, call: str, *, always: bool = False) -> None:
        """The call arrives, its answer doesn't."""

        def fault(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
            send().read()
            raise httpx.ReadError("cut", request=request)

        self.faults.append((call, fault, always))

    def answer(self, call: str, status: int, body: object = None, *, always: bool = False) -> None:
        """The call never arrives; this is answered in its place."""
        said = {"error": {"code": "x", "message": f"said {status}"}} if body is None else body

        def fault(request: httpx.Request, _send: Callable[[], httpx.Response]) -> httpx.Response:
            return httpx.Response(status, json=said, request=request)

        self.faults.append((call, fault, always))

    def change(self, call: str, how: Callable[[Any], object], *, always: bool = False) -> None:
        """The call arrives; its JSON answer is changed on the way back."""

        def fault(request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
            response = send()
            said = json.loads(response.read())
            return httpx.Response(response.status_code, json=how(said), request=request)

        self.faults.append((call, fault, always))

    def then(self, call: str, act: Callable[[], object]) -> None:
        """Something happens just before the call."""

        def fault(_request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
            act()
            return send()

        self.faults.append((call, fault, False))

    def down(self) -> None:
        """Nothing listens any more."""

        def fault(request: httpx.Request, _send: Callable[[], httpx.Response]) -> httpx.Response:
            raise httpx.ConnectError("refused", request=request)

        self.faults.append(("", fault, True))

    def up(self) -> None:
        self.faults.clear()

    def count(self, call: str) -> int:
        return sum(each.startswith(call) for each in self.calls)

    def handle(self, request: httpx.Request, send: Callable[[], httpx.Response]) -> httpx.Response:
        if not request.url.path.startswith(("/api/", "/admin/")):
            return send()
        call = f"{request.method} {request.url.path.rstrip('/').rpartition('/')[2]}"
        self.calls.append(call)
        for index, (wanted, fault, always) in enumerate(self.faults):
            if call.startswith(wanted):
                if not always:
                    del self.faults[index]
                return fault(request, send)
        return send()


@contextmanager
def wired() -> Iterator[Wire]:
    """The wire under every httpx client of this process."""
    wire = Wire()
    real: Handle = httpx.HTTPTransport.handle_request

    def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        return wire.handle(request, lambda: real(transport, request))

    with mock.patch.object(httpx.HTTPTransport, "handle_request", handle):
        yield wire


@dataclass
class RouterClock:
    """The router's time; waiting lets it play on, scraped every ten seconds where there is a scraper."""

    router: Router
    scraper: Scraper | None = None
    store: SampleStore | None = None
    waited: float = 0

    def now(self) -> datetime:
        return self.router.now

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        end = self.router.now_ms + round(seconds * 1000)
        due = (self.router.now_ms // 10_000 + 1) * 10_000
        while due <= end:
            self.router.advance_to(due)
            if self.scraper is not None:
                self.scraper.scrape(due)
            due += 10_000
        self.router.advance_to(end)
        if self.store is not None:
            self.store.flush()


@dataclass
class Work:
    """A work folder with cbops.yaml, and everything around it."""

    cli: Cli
    router: Practice
    wire: Wire
    clock: RouterClock
    url: str
    store: SampleStore
    switch: Switch

    @property
    def folder(self) -> Path:
        return self.cli.folder

    def __call__(self, *args: object, env: Mapping[str, str] | None = None) -> Result:
        """cbops with this router's clock; JSON."""
        return self.cli.json(*args, clock=self.clock, env=env)

    def text(self, *args: object) -> Result:
        return self.cli(*args, clock=self.clock)

    def ok(self, *args: object) -> dict[str, Any]:
        """The data of a command that must work."""
        result = self(*args)
        assert result.status == 0, result
        return result.data

    def refused(self, status: int, code: str, *args: object) -> dict[str, str]:
        """The error of a command that must fail."""
        result = self(*args)
        assert (result.status, (result.answer["error"] or {}).get("code")) == (status, code), result.answer
        return result.error

    def configure(self, **changes: object) -> None:
        settings: dict[str, object] = {
            "version": 1,
            "router": {"admin_url": self.url},
            "metrics": {"source": "embedded", "path": "samples.db"},
            **changes,
        }
        (self.folder / "cbops.yaml").write_text(yaml.safe_dump(settings))
        tenants = self.router.scenario.tenants_file().model_dump(mode="json")
        (self.folder / "tenants.yaml").write_text(yaml.safe_dump(tenants))

    def play(self, **time: float) -> None:
        """Let time pass, scraped all the while."""
        self.clock.wait(timedelta(**time).total_seconds())

    def select(self) -> str:
        data = self.ok(
            "canary", "select", TENANT, "--policy", POLICY, "--provider", PROVIDER, "--override", "for a test"
        )
        return data["rollout"]

    def ready(self) -> Path:
        """A rollout that lacks nothing but its enabling."""
        name = self.select()
        self.ok("canary", "notify", "--how", "mail", "--answer", "fine")
        self.ok("checklist", "mark", "all", "--note", "seen")
        return self.folder / "rollouts" / name

    def enabled(self) -> Path:
        """A rollout whose breaker is enabled."""
        folder = self.ready()
        self.ok("canary", "enable", "--yes")
        self.wire.calls.clear()
        self.router.puts.clear()
        self.router.reloads.clear()
        return folder

    def rollback(self, *more: object, status: int = 7) -> dict[str, Any]:
        result = self("rollback", "--yes", *more)
        assert result.status == status, result.answer
        return result.data

    def state(self, folder: Path) -> RolloutState:
        return load(folder)

    def snapshot(self) -> Snapshot:
        """The record and the policies as they are now, to come back to."""
        kept = self.folder / "kept"
        shutil.copytree(self.folder / "rollouts", kept)
        return Snapshot(self, kept, self.router.live(), self.router.version(), self.router.now_ms)

    def types(self, folder: Path) -> list[str]:
        return [entry.event.type for entry in read(folder).entries]

    def verified(self) -> None:
        assert self.ok("journal", "verify")["ok"]


@dataclass(frozen=True)
class Snapshot:
    """A rollout at one instant; `restore` puts everything back there, with a fresh router."""

    work: Work
    kept: Path
    document: JsonObject
    version: str
    at_ms: int

    def restore(self) -> None:
        router = Practice(self.work.router.scenario)
        if self.version != router.version():
            router.write(self.document, version=self.version)
        router.advance_to(self.at_ms)
        self.work.router = self.work.switch.router = self.work.clock.router = router
        shutil.rmtree(self.work.folder / "rollouts")
        shutil.copytree(self.kept, self.work.folder / "rollouts")


def journal_bytes(folder: Path) -> bytes:
    return (folder / "journal.jsonl").read_bytes()


def at(router: Router) -> int:
    return to_ms(router.now)
