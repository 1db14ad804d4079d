"""Labels that a rule groups or joins by, though none of its series has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cbops.measure.rules.remarks import Remark, meant, series, some
from cbops.measure.rules.selecting import RENDER, Selecting
from cbops.model.promql import NAME, Aggregate, Binary, Call, Expr, selectors, walk

# What makes labels of its own.
_MAKING = frozenset(("label_replace", "label_join", "info", "histogram_quantiles"))


@dataclass(frozen=True, slots=True)
class _There:
    count: int
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Groupings:
    """The lists after `by` and `on`, against the series that there are."""

    selecting: Selecting

    def of(self, expr: Expr) -> Iterator[tuple[Expr, Remark]]:
        """One remark for all lists of the rule that name the same labels in vain."""
        said: set[frozenset[str]] = set()
        for one in walk(expr):
            for labels, inside in _lists(one):
                there = self._there(inside)
                missing = frozenset(labels) - there.labels if there else frozenset()
                if there and missing and missing not in said:
                    said.add(missing)
                    yield one, self._remark(inside, missing, there, joined=isinstance(one, Binary))

    def _there(self, inside: Expr) -> _There | None:
        """The series under an expression; null where they are not known, or are none."""
        if any(_makes_labels(one) for one in walk(inside)):
            return None
        found = []
        for selector in selectors(inside):
            names = self.selecting.names(selector)
            asked = [self.selecting.facts.found.get(name) for name in names]
            if not asked or any(one is None or not one.complete for one in asked):
                return None
            found += [each for one in asked if one is not None for each in one.series]
        labels = frozenset(label for each in found for label in each if label != NAME)
        return _There(len(found), labels) if found else None

    def _remark(self, inside: Expr, missing: frozenset[str], there: _There, *, joined: bool) -> Remark:
        known = self.selecting.known
        names = sorted({name for each in selectors(inside) for name in self.selecting.names(each)})
        other = any(known.of_other_dialect(name, label) for name in names for label in missing)
        effect = "joins: on this side it is empty" if joined else "groups: they are taken together"
        told = f"none of the {series(there.count)} of {', '.join(names)} has {some(missing)}, by which the rule {effect}"
        labels = some(there.labels, 12)
        fix = RENDER if other else meant(min(missing), there.labels, f"Their labels are {labels}.")
        return Remark("warning", "other_dialect" if other else "no_such_label", told, fix)


def _lists(expr: Expr) -> Iterator[tuple[tuple[str, ...], Expr]]:
    if isinstance(expr, Aggregate) and expr.grouping == "by":
        yield expr.labels, expr.expr
    if isinstance(expr, Binary) and expr.matching == "on":
        yield expr.labels, expr.left
        yield expr.labels, expr.right


def _makes_labels(expr: Expr) -> bool:
    if isinstance(expr, Call):
        return expr.function in _MAKING
    if isinstance(expr, Aggregate):
        return expr.op == "count_values"
    return isinstance(expr, Binary) and bool(expr.group_labels)
