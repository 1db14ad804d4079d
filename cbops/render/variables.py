"""What templates can put out: the fields of the view models, and which template gets which of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Literal, get_args, get_origin, get_type_hints

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables

from cbops.errors import InputError
from cbops.model.config_notifications import NotificationKind
from cbops.render.day_view import DailyEntryView
from cbops.render.engine import DAY, FINAL, LOG, WEEK, environment, problem_of
from cbops.render.final_view import FinalReportView
from cbops.render.locate import template_names, template_source
from cbops.render.log_view import DayView, ExecutionLogView, ForecastView
from cbops.render.notice import NoticeView, template_of
from cbops.render.own import own_names, own_source
from cbops.render.readiness import TEMPLATE as READINESS
from cbops.render.readiness import ReadinessDocument
from cbops.render.ticket import TEMPLATE as TICKET
from cbops.render.ticket import TicketDocument
from cbops.render.weekly_view import WeeklySummaryView

# The names that templates are given, each with its view model.
VIEWS: Mapping[str, type] = {
    "log": ExecutionLogView,
    "entry": DailyEntryView,
    "week": WeeklySummaryView,
    "final": FinalReportView,
    "ticket": TicketDocument,
    "notice": NoticeView,  # of each under notification/
    "readiness": ReadinessDocument,
    "day": DayView,  # of the loop that includes execution_log/day.md.j2
    "forecast": ForecastView,  # of execution_log/enable.md.j2
}
_ROOTS = {
    LOG: ("log",),
    DAY: ("entry",),
    WEEK: ("week",),
    FINAL: ("final",),
    TICKET: ("ticket",),
    READINESS: ("readiness",),
    **{template_of(kind): ("notice",) for kind in NotificationKind},
}
_GLOBALS = frozenset(("range",))


@dataclass(frozen=True, slots=True)
class Variable:
    """`log.days[].title`, and what it is; `[]` stands for each of a list, `[…]` for an item by its name."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class TemplateFound:
    """A template. `origin` "included": a user's own that no shipped one stands behind. `problem` null: none seen."""

    name: str
    origin: Literal["shipped", "overridden", "included"]
    path: Path | None
    variables: tuple[Variable, ...]
    problem: str | None


def templates_found(own: Path | None) -> tuple[TemplateFound, ...]:
    """The shipped templates and the user's, by name. InputError where the folder is not there."""
    mine = own_names(own) if own else ()
    shipped = template_names()
    return tuple(_found(name, own, mine, shipped) for name in sorted({*shipped, *mine}))


def _found(name: str, own: Path | None, mine: tuple[str, ...], shipped: tuple[str, ...]) -> TemplateFound:
    path = own / name if own and name in mine else None
    roots = _roots(name) if name in shipped else tuple(VIEWS)
    problem = _problem(own, name, roots) if own and path else None
    found = (each for root in roots for each in _variables(root, VIEWS[root]))
    return TemplateFound(
        name=name,
        origin="shipped" if path is None else "overridden" if name in shipped else "included",
        path=path,
        variables=tuple(found) if name in shipped else (),
        problem=problem,
    )


def _roots(name: str) -> tuple[str, ...]:
    """What the shipped template of that name gets: its document's, and of a part what it uses besides."""
    if name in _ROOTS:
        return _ROOTS[name]
    text = template_source(name) or ""
    used = find_undeclared_variables(environment().parse(text)) - _GLOBALS
    return tuple(sorted({"log", *used}, key=list(VIEWS).index))


def _problem(own: Path, name: str, roots: tuple[str, ...]) -> str | None:
    """What can be seen without rendering: it can't be read, or names what nothing gives."""
    try:
        source = own_source(own, name)
        text = source.text if source else ""
        tree = environment(own).parse(text, name)
        environment(own).from_string(text)  # Python's own bounds
    except InputError as error:
        return error.message
    except TemplateSyntaxError as error:
        return f"line {error.lineno}: {problem_of(error)}"
    except (TemplateError, ValueError, RecursionError, MemoryError, SyntaxError) as error:
        return problem_of(error)
    unknown = find_undeclared_variables(tree) - set(roots) - _GLOBALS
    places = ((node.lineno, node.name) for node in tree.find_all(nodes.Name) if node.name in unknown)
    line, missing = min(places, default=(0, ""))
    return f"line {line}: '{missing}' is undefined" if missing else None


def _variables(name: str, kind: object) -> Iterator[Variable]:
    """The leaves below a name; a field that may be missing is marked so."""
    if isinstance(kind, UnionType):
        inner = next(each for each in get_args(kind) if each is not type(None))
        yield Variable(name, "none, or what follows")
        yield from _variables(name, inner)
    elif get_origin(kind) is tuple:
        yield from _variables(f"{name}[]", get_args(kind)[0])
    elif get_origin(kind) is Mapping:
        yield from _variables(f"{name}[…]", get_args(kind)[1])
    elif isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        for each in fields(kind):
            yield from _variables(f"{name}.{each.name}", hints[each.name])
        for prop in (key for key, value in vars(kind).items() if isinstance(value, property)):
            yield Variable(f"{name}.{prop}", "text")
    elif kind is bool:
        yield Variable(name, "true or false")
    else:
        yield Variable(name, "text")
