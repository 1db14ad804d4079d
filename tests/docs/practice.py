"""A rollout on a small practice router, kept at several stages: what the examples of docs/commands.md start from."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import yaml
from console import ADDRESS, Shell
from recorded import three_days, written

from cbops.clients.scrape import Scraper
from cbops.clients.store import SampleStore
from cbops.model.base import to_ms
from cbops.simulator.problems import CallRefusedError
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND, DayCurve, PolicySpec
from cbops.simulator.server import RunningServer
from cbops.simulator.store import StoredPolicy
from tests.conftest import Cli

KEY = "practice"
STATE = "router.json"
STEP = timedelta(minutes=5)
CONFIG = f"""\
version: 1
router: {{admin_url: "http://{ADDRESS}"}}
metrics: {{source: embedded}}
baseline_days: 3
"""

_BILLING = SOUND.tenants[2]
# The sound week with two tenants, so that it is played quickly.
SMALL = replace(
    SOUND,
    tenants=(
        SOUND.tenants[0],
        replace(
            _BILLING,
            policies=(PolicySpec("default", DayCurve(rpm=12), (("openai", 100),), "anthropic"),),
        ),
    ),
)


class Practice(Router):
    """The practice router; a reload can be made to fail."""

    reloads = True

    def reload(self, tenant: str, policy: str) -> StoredPolicy:
        if not self.reloads:
            raise CallRefusedError(507, "storage_failed", "the disk of the router is full")
        return super().reload(tenant, policy)


class Switch:
    """Stands for whichever router is plugged in, so that one server serves all examples."""

    router: Practice

    def __getattr__(self, name: str) -> Any:
        return getattr(self.router, name)


class Page(httpx.BaseTransport):
    """The router's metrics page, without a network between."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=self._router.metrics().encode(), request=request)


@dataclass
class RouterClock:
    """The router's time; letting it pass scrapes the router all the while."""

    router: Router
    scraper: Scraper
    store: SampleStore

    def now(self) -> datetime:
        return self.router.now

    def wait(self, seconds: float) -> None:
        self.play(self.now() + timedelta(seconds=seconds), timedelta(seconds=15))

    def play(self, until: datetime, step: timedelta = STEP) -> None:
        """Let time pass up to that instant, with a scrape after each step."""
        while self.now() < until:
            at = min(self.now() + step, until)
            self.router.advance_to(to_ms(at))
            self.scraper.scrape(to_ms(at))
        self.store.flush()


@contextmanager
def work(folder: Path, switch: Switch, url: str, environ: dict[str, str]) -> Iterator[Shell]:
    """A shell in a work folder, whose practice router is the one plugged in."""
    cli = Cli(folder, {**environ, "CBOPS_ADMIN_TOKEN": KEY, "COLUMNS": "100"})
    with ExitStack() as stack:
        store = stack.enter_context(SampleStore(folder / "samples.db"))
        scraper = stack.enter_context(
            Scraper(
                f"{url}/metrics", store, instance="router:9001", job="router", transport=Page(switch.router)
            )
        )
        clock = RouterClock(switch.router, scraper, store)
        yield Shell(cli, url.removeprefix("http://"), clock)


class Stages:
    """One rollout, kept at every stage that an example starts from."""

    NAMES = (
        "empty",
        "ready",
        "selected",
        "recorded",
        "prepared",
        "interrupted",
        "running",
        "outside",
        "judged",
    )

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self._switch = Switch()
        (folder / "empty").mkdir(parents=True)

    @contextmanager
    def serving(self) -> Iterator[Stages]:
        """Play the rollout once, and serve the router for the examples."""
        self._switch.router = Practice(SMALL, state_file=self._path("empty") / STATE)
        with RunningServer(cast("Router", self._switch), token=KEY) as server:
            self._url = server.url
            self._play()
            yield self

    @contextmanager
    def at(self, stage: str, folder: Path) -> Iterator[Shell]:
        """A copy of the work folder at that stage, and the router as it was."""
        target = folder / "work"
        shutil.copytree(self._path(stage), target)
        self._address(target, ADDRESS, self._host)
        self._switch.router = Practice(SMALL, state_file=target / STATE)
        with work(target, self._switch, self._url, self._environ) as shell:
            yield shell

    @property
    def _host(self) -> str:
        return self._url.removeprefix("http://")

    def _path(self, stage: str) -> Path:
        return self._folder / stage

    def _play(self) -> None:
        folder = self._folder / "play" / "work"
        folder.mkdir(parents=True)
        router = self._switch.router = Practice(SMALL, state_file=folder / STATE)
        (folder / "cbops.yaml").write_text(CONFIG.replace(ADDRESS, self._host), encoding="utf-8")
        tenants = SMALL.tenants_file().model_dump(mode="json")
        (folder / "tenants.yaml").write_text(yaml.safe_dump(tenants, sort_keys=False), encoding="utf-8")
        with work(folder, self._switch, self._url, self._environ) as shell:
            assert isinstance(shell.clock, RouterClock)
            play, run = shell.clock.play, shell.type
            play(SMALL.enabled_at)
            self._keep("ready", folder)
            run("cbops canary select tenant_canary --policy canary_policy --provider openai")
            self._keep("selected", folder)
            self._keep("recorded", folder)  # the same, with what its tenant sent in the days before
            written(
                self._path("recorded") / "requests.jsonl",
                three_days(tenant="tenant_canary", provider="openai"),
            )
            run("cbops canary notify --how mail --answer 'go ahead'")
            run("cbops checklist mark all --note 'looked at together' --by 'Ada Example'")
            self._keep("prepared", folder)
            router.reloads = False
            run("cbops canary enable --yes")
            shell.status, router.reloads = 0, True
            self._keep("interrupted", folder)
            run("cbops resume")
            play(datetime.fromisoformat("2025-01-29T00:00Z"))
            run("cbops monitor daily --all")
            play(datetime.fromisoformat("2025-01-29T14:00Z"))
            play(datetime.fromisoformat("2025-01-29T15:00Z"), timedelta(minutes=1))
            play(datetime.fromisoformat("2025-01-30T00:00Z"))
            self._keep("running", folder)
            self._keep("outside", folder)  # the same, had somebody enabled the breaker without cbops
            shutil.rmtree(self._path("outside") / "rollouts")
            play(datetime.fromisoformat("2025-01-31T00:00Z"))
            run("cbops monitor daily --all")
            run("cbops incident add --provider openai --from 2025-01-29T14:00Z --to 2025-01-29T14:40Z")
            run("cbops evaluate")
            self._keep("judged", folder)

    def _keep(self, stage: str, folder: Path) -> None:
        self._switch.router.save()
        shutil.copytree(folder, self._path(stage), ignore=shutil.ignore_patterns("samples.db-*"))
        # Not copied as a file: the newest samples are still in the write-ahead log.
        _copy_store(folder / "samples.db", self._path(stage) / "samples.db")
        self._address(self._path(stage), self._host, ADDRESS)

    def _address(self, folder: Path, old: str, new: str) -> None:
        path = folder / "cbops.yaml"
        if path.is_file():
            path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def _copy_store(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
