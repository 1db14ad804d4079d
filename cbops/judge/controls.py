"""Which tenants are compared with: those whose breaker isn't enabled, told from their series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cbops.judge.cells import DayCells, Row, control_rows


@dataclass(frozen=True, slots=True)
class ControlChoice:
    """The tenants that serve as controls, and why others don't."""

    used: tuple[str, ...]
    left_out: Mapping[str, str]

    def as_evidence(self) -> dict[str, Any]:
        """With the rule, for the record."""
        return {
            "used": list(self.used),
            "left_out": dict(self.left_out),
            "rule": "tenants of the same providers without fail_fast and without transitions to half_open",
        }


def _reason_against(rows: Mapping[str, Row]) -> str | None:
    """Only an enabled breaker denies or goes half-open (every tenant has circuits; few are asked)."""
    cells = [cell for row in rows.values() for cell in row]
    denied = sum(cell.fail_fast or 0 for cell in cells)
    half_open = sum(cell.half_open or 0 for cell in cells)
    if denied or half_open:
        return f"its breaker is enabled: {denied} fail_fast, {half_open} transitions to half_open"
    if not any(cell.results for cell in cells):
        return "no results"
    return None


def choose_controls(days: Sequence[DayCells]) -> ControlChoice:
    """Choose over all days together, so that a tenant is a control for all of them or for none."""
    used: list[str] = []
    left_out: dict[str, str] = {}
    for tenant, rows in sorted(control_rows(days).items()):
        against = _reason_against(rows)
        if against is None:
            used.append(tenant)
        else:
            left_out[tenant] = against
    return ControlChoice(used=tuple(used), left_out=left_out)
