"""What a rollback is told to disable, and what a person can do when it can't."""

from __future__ import annotations

from dataclasses import dataclass

from cbops.errors import CbopsError
from cbops.flows.steps.scribe import Scribe
from cbops.model.events import RollbackScope

ALL = "*"  # in place of a tenant or a policy: every one


@dataclass(frozen=True, slots=True)
class Order:
    """What to disable, and why. `tenant` and `policy` may be `*` where the scope says what is meant."""

    tenant: str
    policy: str
    scope: RollbackScope
    reason: str

    @property
    def what(self) -> str:
        """In words."""
        if self.scope == "global":
            return "every breaker of the router (global switch)"
        return f"every policy of {self.tenant}" if self.scope == "tenant" else f"{self.tenant}/{self.policy}"


def by_hand(error: CbopsError, record: Scribe, order: Order) -> CbopsError:
    """The same error, with what a person can do now, and the record where it could not be written."""
    if not record.unwritten:
        on_record = "The rollback is pending on record; run 'cbops rollback' again to finish it."
    else:
        on_record = f"It could not be put on record ({record.reason}); run it again all the same."
    which = "every live policy" if order.scope == "global" else f"each live policy of {order.tenant}"
    if order.scope == "policy":
        which = f"the live policy {order.policy} of {order.tenant}"
    steps = (
        f"By hand: in {which} set circuit_breaker.enabled to false (nothing else), store it as the next "
        "version (PUT /{tenant}/{policy}, or the policy file <dir>/<tenant>/<policy>.json), reload it "
        "(POST …/reload), and check that the history's active version has it. A restart of the router "
        "closes its circuits, but does not disable the breaker."
    )
    lost = f" Keep this record: {' '.join(record.kept().lines)}" if record.unwritten else ""
    return type(error)(
        f"the rollback did not get through: {error.message}", hint=f"{error.hint} {on_record} {steps}{lost}"
    )
