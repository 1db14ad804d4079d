"""The steps of a rollback up to its proof: disable, reload, read back; shared by `rollback` and `resume`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cbops.errors import (
    AdminAnswerError,
    AdminError,
    AdminMissingError,
    AdminUnreachableError,
    CbopsError,
    ChangedError,
)
from cbops.flows.ports import AdminPort
from cbops.flows.steps.live import live_history, policies_of
from cbops.flows.steps.orders import ALL, STILL_ENABLED, Order, by_hand
from cbops.flows.steps.restoring import Planned, notes, plan
from cbops.flows.steps.scribe import Scribe
from cbops.flows.steps.texts import clipped
from cbops.flows.steps.wording import change_lines, plural
from cbops.model.answers.canary import RolledBackPolicy
from cbops.model.base import as_utc
from cbops.model.events_change import (
    PolicyReloaded,
    PolicyWritten,
    RollbackDone,
    RollbackFailed,
    RollbackIntended,
)
from cbops.model.policy import Change, PolicyVersion, differences
from cbops.rollout.other_policies import OWN
from cbops.rollout.planning import armed_version, live_version, written_over

ATTEMPTS = 5  # how often someone else may write in between before a person must look
COMMENT = OWN  # how the router's history knows our writes


@dataclass(frozen=True, slots=True)
class Disabled:
    """What was disabled and read back; the global switch reads nothing back."""

    policies: tuple[RolledBackPolicy, ...]
    disabled_at: datetime
    told: str
    warnings: tuple[str, ...] = ()


def disable(admin: AdminPort, record: Scribe, order: Order) -> Disabled:
    """Carry the order out, on record as far as that can be written.

    Errors, with what a person can do by hand: AdminError, ChangedError when someone keeps writing it back,
    InputError for an id that no call can carry. The rollback then stays pending on record.
    """
    record.note(
        RollbackIntended(
            reason=clipped(order.reason),
            tenant=order.tenant,
            policy=order.policy,
            scope=order.scope,
            restore=order.restore,
        )
    )
    work = _Disabling(admin, record, order)
    try:
        work.run()
    except CbopsError as error:
        record.note(RollbackFailed(step="disable", error=clipped(error.message)))
        raise by_hand(error, record, order) from error
    told = ", ".join(f"{each.tenant}/{each.policy} {each.version}" for each in work.done)
    done = Disabled(
        policies=tuple(work.done),
        disabled_at=work.disabled_at(),
        told=f"read back: no longer enables the breaker ({told})"
        if work.done
        else f"the global switch was answered; no policy was read back: {STILL_ENABLED}",
        warnings=tuple(work.warnings),
    )
    own = next((each for each in done.policies if each.policy == order.policy), None)
    record.note(
        RollbackDone(
            version=own.version if own else "none",
            disabled_at=done.disabled_at,
            written=any(each.written for each in done.policies),
            verification=clipped(done.told),
        )
    )
    return done


class _Disabling:
    """One order being carried out."""

    def __init__(self, admin: AdminPort, record: Scribe, order: Order) -> None:
        self.admin = admin
        self.record = record
        self.order = order
        self.done: list[RolledBackPolicy] = []
        self.warnings: list[str] = []
        self._since: datetime | None = None  # when an earlier run, whose record was lost, disabled it

    def run(self) -> None:
        """Everything that the order names; one policy that fails keeps no other from being disabled."""
        if self.order.scope == "global":
            self.admin.disable_all()
            return
        failures: list[tuple[str, CbopsError]] = []
        if self.order.policy != ALL:
            self._try(self.order.policy, failures)
        if self.order.scope == "tenant":
            self._others(failures)
        if failures:
            raise _together(self.order.tenant, failures)

    def disabled_at(self) -> datetime:
        """When it was disabled: now, unless our own write of an earlier run is what is live."""
        now = self.record.clock.now()
        return min(self._since, now) if self._since is not None else now

    def _others(self, failures: list[tuple[str, CbopsError]]) -> None:
        try:
            policies = policies_of(self.admin, self.order.tenant, self.order.policy)
        except CbopsError as error:
            failures.append(("its other policies", error))
            return
        if not policies:
            raise AdminMissingError(
                f"the router lists no policy of tenant '{self.order.tenant}'",
                hint="Check the tenant's name: cbops canary candidates",
            )
        for policy in policies:
            if policy != self.order.policy:
                self._try(policy, failures)

    def _try(self, policy: str, failures: list[tuple[str, CbopsError]]) -> None:
        try:
            self.done.append(self._policy(policy))
        except AdminMissingError as error:
            # A policy that was deleted meanwhile enables nothing; the one asked for must exist.
            if policy == self.order.policy:
                failures.append((policy, error))
        except CbopsError as error:
            failures.append((policy, error))

    def _policy(self, policy: str) -> RolledBackPolicy:
        """Write `enabled: false` until what is live has it, then reload and read back; so too where a version
        that enables the breaker waits for its reload. A version is restored by the first write that is taken.
        """
        tenant = self.order.tenant
        restore = self.order.restore if self.order.scope == "policy" else None
        first: PolicyVersion | None = None
        ours: set[str] = set()
        seen: list[str] = []
        refused: AdminError | None = None
        for _ in range(ATTEMPTS):
            history = live_history(self.admin, tenant, policy)
            if first is None:
                first = live_version(history)
                self.warnings += () if restore is None else notes(history, restore)
            planned = plan(history, restore)
            refused = None if planned is None else self._put(policy, history, planned, ours)
            if refused is None:
                restore = None
            after = live_history(self.admin, tenant, policy) if refused else history
            # Where the write failed, a reload would make live what was to be kept from it.
            if refused is None or armed_version(after) is None:
                self._reload(policy)
                self.record.note(PolicyReloaded(change="rollback", tenant=tenant, policy=policy))
                after = live_history(self.admin, tenant, policy)
            live = live_version(after)
            if plan(after, restore) is None:
                return self._finished(policy, first, live, ours)
            seen.append(live.version if live else "none")
            if isinstance(refused, AdminAnswerError) and _versions(after) == _versions(history):
                if restore is None:
                    raise refused  # nobody wrote in between, so it would be refused again
                told = f"version {restore} could not be restored, so the breaker is only disabled"
                self.warnings.append(f"{told}: {refused.message}")
                restore = None
        if refused is not None:
            raise refused
        raise ChangedError(
            f"{tenant}/{policy} still enables the breaker after {plural(ATTEMPTS, 'attempt')}; "
            f"live were {', '.join(seen)}",
            hint="Someone or something writes it back. Find out who: cbops policy show",
        )

    def _reload(self, policy: str) -> None:
        """Twice where the first failed: harmless to repeat, and whatever is stored is disabled by now."""
        try:
            self.admin.reload(self.order.tenant, policy)
        except (AdminAnswerError, AdminUnreachableError) as error:
            self.record.note(RollbackFailed(step="reload", error=clipped(error.message)))
            self.admin.reload(self.order.tenant, policy)

    def _put(
        self, policy: str, history: tuple[PolicyVersion, ...], planned: Planned, ours: set[str]
    ) -> AdminError | None:
        """One write; returns why it was refused. A conflict or a lost answer is settled by reading again."""
        live = live_version(history)
        assert live is not None
        before, after, version = planned
        comment = self.record.anchored(f"{COMMENT} {self.record.actor}")
        try:
            answer = self.admin.put(
                self.order.tenant,
                policy,
                after,
                version=version,
                comment=comment,
                # What is live was taken once; that the router would now refuse it must not keep it enabled.
                check=False,
            )
        except (AdminAnswerError, AdminUnreachableError) as error:
            if isinstance(error, AdminUnreachableError):
                ours.add(version)
            self.record.note(RollbackFailed(step="write", error=clipped(error.message)))
            return error
        ours.add(answer.new_version)
        self.record.note(
            PolicyWritten(
                change="rollback",
                tenant=self.order.tenant,
                policy=policy,
                new_version=answer.new_version,
                previous_version=answer.previous_version,
            )
        )
        if written_over(live.version, version, answer.previous_version):
            changes = differences(before, after)
            self._warn_of_lost_update(policy, live, answer.new_version, answer.previous_version, changes)
        return None

    def _warn_of_lost_update(
        self, policy: str, read: PolicyVersion, new: str, previous: str | None, ours: tuple[Change, ...]
    ) -> None:
        """The write is done, so nothing that fails here may keep it from being reloaded."""
        try:
            history = self.admin.history(self.order.tenant, policy)
        except CbopsError as error:
            changes = f"; the difference could not be read: {error.message}"
        else:
            theirs = next((each.document for each in history if each.version == previous), None)
            changes = change_lines(differences(read.document, theirs)) if theirs is not None else ""
        self.warnings.append(
            f"{self.order.tenant}/{policy}: version {previous} was live when {new} was written, but "
            f"{read.version} was read: someone else's change was written over{changes}. Ours was"
            f"{change_lines(ours).removeprefix(';')}. To have theirs back, with the breaker disabled: cbops rollback "
            f"--strategy restore --to-version {previous} --tenant {self.order.tenant} --policy {policy}"
        )

    def _finished(
        self, policy: str, first: PolicyVersion | None, live: PolicyVersion | None, ours: set[str]
    ) -> RolledBackPolicy:
        written = live is not None and live.version in ours
        if policy == self.order.policy and live is not None and not written:
            self._since = _earlier_run(live, self.record)
        return RolledBackPolicy(
            tenant=self.order.tenant,
            policy=policy,
            version=live.version if live else "none",
            written=written,
            changes=differences(first.document, live.document) if first and live else (),
        )


def _versions(history: tuple[PolicyVersion, ...]) -> set[tuple[str, bool]]:
    return {(each.version, each.is_active) for each in history}


def _earlier_run(live: PolicyVersion, record: Scribe) -> datetime | None:
    """When an earlier run wrote the live version, where this rollout has no record of that."""
    state = record.state
    if state is None or state.enabled_at is None or live.created_at is None:
        return None
    if not (live.comment or "").startswith(COMMENT):
        return None
    try:
        created = as_utc(datetime.fromisoformat(live.created_at))
    except (ValueError, OverflowError):
        return None
    # A router's clock may differ from ours; a time before the enabling can't be right.
    return created if created + timedelta(seconds=1) > state.enabled_at else None


def _together(tenant: str, failures: list[tuple[str, CbopsError]]) -> CbopsError:
    """One error for all of them, of the first one's kind."""
    _, first = failures[0]
    if len(failures) == 1:
        return first
    told = "; ".join(f"{tenant}/{policy}: {error.message}" for policy, error in failures)
    return type(first)(told, hint=first.hint)
