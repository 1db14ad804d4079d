"""Which tenants are compared with: those whose breaker isn't enabled, or those that a person named.

The router's admin API says whose breaker is enabled, where it was asked when a day was collected. Of a tenant that it
says nothing about, the series tell: only an enabled breaker denies or goes half-open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cbops.judge.cells import DayCells, Row, control_rows
from cbops.model.base import iso
from cbops.model.comparison import ComparisonWord
from cbops.model.observation import Observation

Told = Literal["admin_api", "series", "person"]
_RULE = (
    "tenants of the same providers whose breaker isn't enabled: by the admin API, and where that wasn't asked "
    "by their series (no fail_fast, no transitions to half_open)"
)


@dataclass(frozen=True, slots=True)
class ControlChoice:
    """The tenants that serve as controls, and why others don't; `told_by` says by what, for each of both.

    `noted` is what else is to be known of a tenant that is used.
    """

    used: tuple[str, ...]
    left_out: Mapping[str, str]
    told_by: Mapping[str, Told] = field(default_factory=dict)
    noted: Mapping[str, str] = field(default_factory=dict)
    by_hand: ComparisonWord | None = None

    def why(self, tenant: str) -> str:
        """Why it is a control, or why it isn't."""
        if tenant in self.left_out:
            return self.left_out[tenant]
        if self.told_by[tenant] == "person":
            return f"named by hand, and {self.noted[tenant]}" if tenant in self.noted else "named by hand"
        asked = self.told_by[tenant] == "admin_api"
        return (
            "its breaker isn't enabled, by the admin API"
            if asked
            else "no fail_fast and no transition to half_open"
        )

    def as_evidence(self) -> dict[str, Any]:
        """With the rule, for the record."""
        found: dict[str, Any] = {
            "used": list(self.used),
            "left_out": dict(self.left_out),
            "told_by": dict(self.told_by),
            "rule": _RULE if self.by_hand is None else "set by hand",
        }
        if self.noted:
            found["noted"] = dict(self.noted)
        if self.by_hand is not None:
            found["set_by_hand"] = self.by_hand.model_dump(mode="json")
        return found


@dataclass(frozen=True, slots=True)
class _Said:
    """What the admin API said of a tenant over all days on which it was asked."""

    enabled: bool
    text: str


def _said(days: Iterable[Observation]) -> dict[str, _Said]:
    """A breaker that was enabled at one look isn't forgotten because of another one."""
    found: dict[str, _Said] = {}
    for day in days:
        asked = day.breakers
        for one in asked.tenants if asked is not None else ():
            if asked is None or one.enabled is None or (one.tenant in found and found[one.tenant].enabled):
                continue
            when = iso(asked.asked_at)
            policies = ", ".join(one.policies)
            text = f"its breaker is enabled (policy {policies}, by the admin API at {when})"
            found[one.tenant] = _Said(one.enabled, text if one.enabled else f"not enabled at {when}")
    return found


def _acting(rows: Mapping[str, Row]) -> str | None:
    """What shows that its breaker was asked (every tenant has circuits; few are asked)."""
    denied = sum(sum(filter(None, row.fail_fast)) for row in rows.values())
    half_open = sum(sum(filter(None, row.half_open)) for row in rows.values())
    return f"{denied} fail_fast, {half_open} transitions to half_open" if denied or half_open else None


def _without_results(rows: Mapping[str, Row]) -> bool:
    return not any(any(row.success) or any(row.failure) for row in rows.values())


def _against(rows: Mapping[str, Row], said: _Said | None) -> tuple[str | None, Told]:
    """Why the tenant is no control (null: it is one), and what tells."""
    acting = _acting(rows)
    if said is not None and said.enabled:
        return said.text, "admin_api"
    if acting is not None and said is not None:
        return f"its breaker was enabled in the days compared, though it is {said.text}: {acting}", "series"
    if acting is not None:
        return f"its breaker is enabled: {acting}", "series"
    told: Told = "series" if said is None else "admin_api"
    return ("no results" if _without_results(rows) else None), told


def choose_controls(
    days: Sequence[DayCells], observations: Iterable[Observation] = (), word: ComparisonWord | None = None
) -> ControlChoice:
    """Choose over all days together, so that a tenant is a control for all of them or for none.

    `observations` are the same days, for what the admin API said; `word` is what a person set.
    """
    rows, said = control_rows(days), _said(observations)
    if word is not None and word.controls is not None:
        return _named(rows, said, word)
    found = {tenant: _against(mine, said.get(tenant)) for tenant, mine in sorted(rows.items())}
    return ControlChoice(
        used=tuple(tenant for tenant, (against, _) in found.items() if against is None),
        left_out={tenant: against for tenant, (against, _) in found.items() if against is not None},
        told_by={tenant: told for tenant, (_, told) in found.items()},
    )


def _named(
    rows: Mapping[str, Mapping[str, Row]], said: Mapping[str, _Said], word: ComparisonWord
) -> ControlChoice:
    """Those that a person named, where there is anything of them; what speaks against one is noted."""
    named = tuple(dict.fromkeys(word.controls or ()))
    empty = "named by hand, and it has no series on these providers in the collected days"
    left_out = {tenant: "not among those named by hand" for tenant in rows if tenant not in named}
    left_out |= {tenant: empty for tenant in named if tenant not in rows or _without_results(rows[tenant])}
    used = tuple(tenant for tenant in named if tenant not in left_out)
    against = {tenant: _against(rows[tenant], said.get(tenant))[0] for tenant in used}
    return ControlChoice(
        used=used,
        left_out=dict(sorted(left_out.items())),
        told_by=dict.fromkeys(sorted({*rows, *named}), "person"),
        noted={tenant: text for tenant, text in against.items() if text is not None},
        by_hand=word,
    )
