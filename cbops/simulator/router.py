"""The practice router: policies, traffic and clock behind one lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Literal

from cbops.errors import StorageError
from cbops.model.base import JsonObject, from_ms, iso, to_ms
from cbops.simulator import schema
from cbops.simulator.decision import DryRun, dry_run
from cbops.simulator.engine import Engine
from cbops.simulator.numbering import new_version
from cbops.simulator.problems import CallRefusedError
from cbops.simulator.scenarios import Outage, Scenario
from cbops.simulator.store import StateFile, StoredPolicy, StoredRouter, StoredVersion
from cbops.simulator.transition_log import TransitionLog
from cbops.simulator.turns import TurnLock

# The lock is let go this often while time is advanced, so that calls get in between.
_SLICE_MS = 600_000


@dataclass(frozen=True, slots=True)
class Written:
    """What a PUT or a rollback did; `previous` is the version that was live before, None for a new policy."""

    version: str
    previous: str | None
    at: str


class Router:
    """A router to practise on; every method may be called from any thread.

    Time stands still until `advance_to`. Deterministic for a scenario, a seed and the calls made.
    Calls that make no sense raise `CallRefusedError` and change nothing.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int | None = None,
        start: datetime | None = None,
        state_file: Path | None = None,
        activate_on: Literal["put", "reload"] = "put",
        log: TransitionLog | None = None,
        etags: bool = False,
    ) -> None:
        """`seed` and `start` default to the scenario's.

        `activate_on`: what makes a new version live, its PUT or only a reload (or a restart) after it.

        With a `state_file`, policies are kept there, and the clock goes on from where it was last written.
        InputError or StorageError when that file can't be used.
        """
        self.scenario = scenario
        self.activate_on = activate_on
        self.etags = etags  # whether answers carry entity tags, and a write obeys If-Match
        self._file = None if state_file is None else StateFile(state_file)
        stored = None if self._file is None else self._file.read(scenario.name)
        self._start_ms = (
            to_ms(scenario.start if start is None else start) if stored is None else stored.start_ms
        )
        now_ms = self._start_ms if stored is None else stored.now_ms
        self._lock = TurnLock()
        self._advancing = Lock()
        self._engine = Engine(
            scenario,
            seed=scenario.seed if seed is None else seed,
            start_ms=self._start_ms,
            now_ms=now_ms,
            log=log,
        )
        policies = self._initial() if stored is None else tuple(each.reloaded() for each in stored.policies)
        self._policies = {(each.tenant, each.policy): each for each in policies}
        self._loaded = dict.fromkeys(self._policies, now_ms)  # when each was taken up last
        for policy in policies:
            self._engine.set_live(policy.tenant, policy.policy, policy.live.document)
        if stored is None:
            self.save()

    # -- clock ---------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """The router's time, in milliseconds since the epoch."""
        return self._engine.now_ms

    @property
    def now(self) -> datetime:
        """The router's time, in UTC."""
        return from_ms(self._engine.now_ms)

    @property
    def requests(self) -> int:
        """How many requests were played so far, restarts notwithstanding."""
        with self._lock:
            return self._engine.requests

    def advance_to(self, ms: int) -> None:
        """Play all that happens up to and including that instant (ms since the epoch); never back."""
        with self._advancing:
            while (now := self._engine.now_ms) < ms:
                with self._lock:
                    self._engine.advance(min(ms, now + _SLICE_MS))

    def fail(self, provider: str, seconds: float, *, failure: float, latency: float) -> datetime:
        """The provider fails for every tenant from now on; the end, by the router's clock. The state file forgets it."""
        with self._lock:
            begin = timedelta(milliseconds=self.now_ms - self._start_ms)
            end = begin + timedelta(seconds=seconds)
            self._engine.fail(Outage(provider, begin, end, failure, latency))
            return from_ms(self._start_ms) + end

    def restart(self) -> None:
        """The router starts again: counters and circuits are gone, live policies come from the store."""
        with self._lock:
            self._engine.restart()
            self._policies = {key: each.reloaded() for key, each in self._policies.items()}
            for each in self._policies.values():
                self._engine.set_live(each.tenant, each.policy, each.live.document)
            self._loaded = dict.fromkeys(self._policies, self.now_ms)

    def metrics(self) -> str:
        """The page that Prometheus scrapes."""
        with self._lock:
            return self._engine.text()

    def save(self) -> None:
        """Write the state file, where there is one; StorageError when the disk refuses."""
        with self._lock:
            self._write(self._policies)

    # -- reading -------------------------------------------------------------------------------

    def policies(self, tenant: str | None = None, policy: str | None = None) -> tuple[StoredPolicy, ...]:
        """All policies, or those of that tenant or of that id, in order of their names."""
        with self._lock:
            return tuple(
                each
                for key, each in sorted(self._policies.items())
                if tenant in (None, key[0]) and policy in (None, key[1])
            )

    def policy(self, tenant: str, policy: str) -> StoredPolicy:
        """One policy with its versions."""
        with self._lock:
            return self._find(tenant, policy)

    def usage(self, tenant: str, policy: str) -> tuple[int, str | None]:
        """(requests since the last restart, time of the last one) under that policy."""
        with self._lock:
            requests, last = self._engine.usage(tenant, policy)
        return requests, None if last is None else iso(from_ms(last))

    def loaded_at(self, tenant: str, policy: str) -> str:
        """When its live version was last taken up, by a write, a reload or a restart."""
        with self._lock:
            return iso(from_ms(self._loaded[tenant, policy]))

    def dry_run(self, tenant: str, policy: str, context: Mapping[str, object]) -> DryRun:
        """Where a request would go now; nothing is counted."""
        with self._lock:
            live = self._find(tenant, policy).live
            return dry_run(
                tenant,
                live,
                context,
                self._engine.circuits,
                self.now_ms,
                asked=not self._engine.breakers_disabled,
            )

    # -- writing -------------------------------------------------------------------------------

    def put(
        self,
        tenant: str,
        policy: str,
        document: JsonObject,
        *,
        version: str | None = None,
        check: bool = True,
        dry: bool = False,
        comment: str | None = None,
        match: str | None = None,
    ) -> Written:
        """Write a new version and make it live (or leave that to the reload); a dry one is only checked.

        422 when the document is invalid (unless `check` is off), 409 when the version isn't above the highest, 412
        when the policy no longer has the entity tag `match`.
        """
        complaints = schema.errors(document) if check else ()
        if complaints:
            said = "; ".join(f"{each.path}: {each.message}" for each in complaints)
            raise CallRefusedError(422, "invalid_policy", said)
        with self._lock:
            old = self._policies.get((tenant, policy))
            if match is not None and (old is None or old.etag != match):
                raise CallRefusedError(412, "precondition_failed", "the policy changed since it was read")
            new = new_version(old, version)
            at = iso(self.now)
            if not dry:
                written = StoredVersion(
                    version=new, document=document, created_at=at, created_by="admin", comment=comment
                )
                versions = (*(old.versions if old else ()), written)
                later = old is not None and self.activate_on == "reload"
                self._replace(
                    StoredPolicy(
                        tenant=tenant,
                        policy=policy,
                        versions=versions,
                        active=old.active if old is not None and later else new,
                        updated_at=at,
                        armed=new if later else None,
                    )
                )
            return Written(new, None if old is None else old.active, at)

    def roll_back(self, tenant: str, policy: str, target: str) -> Written:
        """Make an older version live again; no version is written. 404 when there is none of that number."""
        with self._lock:
            old = self._find(tenant, policy)
            if old.find(target) is None:
                raise CallRefusedError(404, "not_found", f"policy '{policy}' has no version '{target}'")
            at = iso(self.now)
            self._replace(old.model_copy(update={"active": target, "updated_at": at, "armed": None}))
            return Written(target, old.active, at)

    def reload(self, tenant: str, policy: str) -> StoredPolicy:
        """Take the live version up again from the store, or the one that was armed."""
        with self._lock:
            stored = self._find(tenant, policy)
            found = stored.reloaded()
            if found is not stored:
                self._replace(found)
            self._take_up(found)
            return found

    def disable_breakers(self) -> None:
        """The emergency switch: no circuit is asked any more, until a restart."""
        with self._lock:
            self._engine.disable_breakers()

    def _find(self, tenant: str, policy: str) -> StoredPolicy:
        found = self._policies.get((tenant, policy))
        if found is None:
            raise CallRefusedError(404, "not_found", f"there is no policy '{policy}' of tenant '{tenant}'")
        return found

    def _replace(self, changed: StoredPolicy) -> None:
        policies = {**self._policies, (changed.tenant, changed.policy): changed}
        try:
            self._write(policies)
        except StorageError as error:
            raise CallRefusedError(507, "storage_failed", error.message) from error
        self._policies = policies
        self._take_up(changed)

    def _take_up(self, stored: StoredPolicy) -> None:
        self._engine.set_live(stored.tenant, stored.policy, stored.live.document)
        self._loaded[stored.tenant, stored.policy] = self.now_ms

    def _write(self, policies: Mapping[tuple[str, str], StoredPolicy]) -> None:
        if self._file is not None:
            self._file.write(
                StoredRouter(
                    scenario=self.scenario.name,
                    start_ms=self._start_ms,
                    now_ms=self.now_ms,
                    policies=tuple(policies.values()),
                )
            )

    def _initial(self) -> tuple[StoredPolicy, ...]:
        at = iso(from_ms(self._start_ms))
        return tuple(
            StoredPolicy(
                tenant=spec.tenant.id,
                policy=policy.id,
                versions=(
                    StoredVersion(
                        version="1.0", document=policy.document(), created_at=at, created_by="scenario"
                    ),
                ),
                active="1.0",
                updated_at=at,
            )
            for spec in self.scenario.tenants
            for policy in spec.policies
        )
