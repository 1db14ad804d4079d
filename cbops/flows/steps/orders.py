"""What a rollback is told to disable, and what a person can do when it can't."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbops.errors import CbopsError
from cbops.flows.steps.wording import plural
from cbops.model.events_change import RollbackScope

if TYPE_CHECKING:
    from cbops.flows.steps.scribe import Scribe  # status doesn't need what writes the record

ALL = "*"  # in place of a tenant or a policy: every one
STILL_ENABLED = "the policies still enable their breakers"  # what the global switch leaves as it is


@dataclass(frozen=True, slots=True)
class Order:
    """What to disable, and why. `tenant` and `policy` may be `*` where the scope says what is meant.

    `restore`: the version that is restored as a whole, of scope policy only; null: the breaker is only disabled.
    """

    tenant: str
    policy: str
    scope: RollbackScope
    reason: str
    restore: str | None = None

    @property
    def what(self) -> str:
        """In words."""
        if self.scope == "global":
            return "every breaker of the router"
        return f"every policy of {self.tenant}" if self.scope == "tenant" else f"{self.tenant}/{self.policy}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What carrying it out leaves undone."""
        if self.scope != "global":
            return ()
        whose = f"--tenant {'TENANT' if self.tenant == ALL else shlex.quote(self.tenant)}"
        told = f"{STILL_ENABLED}, so a restart of the router may bring them back; disable them too: "
        return (f"{told}cbops rollback --scope tenant {whose}",)


def by_hand(error: CbopsError, record: Scribe, order: Order) -> CbopsError:
    """The same error, with what a person can do now; its details are the record where it could not be written."""
    if not record.unwritten:
        on_record = "The rollback is pending on record; run 'cbops rollback' again to finish it."
    else:
        on_record = f"It could not be put on record ({record.reason}); keep its "
        on_record += f"{plural(len(record.unwritten), 'line')} of JSON, and run it again all the same."
    which = "every live policy" if order.scope == "global" else f"each live policy of {order.tenant}"
    if order.scope == "policy":
        which = f"the live policy {order.policy} of {order.tenant}"
    steps = (
        f"By hand: in {which} set circuit_breaker.enabled to false (nothing else), store it as the next "
        "version (PUT /{tenant}/{policy}, or the policy file <dir>/<tenant>/<policy>.json), reload it "
        "(POST …/reload), and check that the history's active version has it. A restart of the router "
        "closes its circuits, but does not disable the breaker."
    )
    return type(error)(
        f"the rollback did not get through: {error.message}",
        hint=f"{error.hint} {on_record} {steps}",
        details=record.kept().lines,
    )
