"""The part of Jinja's language that templates may use, and the words in it.

What isn't listed is refused when a template is read, with its line. Left out is what could grow without a bound
(text or lists that are doubled, macros and blocks that keep what they put out), what leads into Python, and what loads a
template by a computed name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import TemplateSyntaxError, Undefined, nodes

from cbops.render.bounds import spend, steps
from cbops.render.markdown import EMPTY, Markdown, joined, safe

STEPS = "steps of a loop"  # filters that no template can name: they hold spaces
BEGIN = "begin of a template"

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.For,
    nodes.If,
    nodes.Assign,
    nodes.With,
    nodes.Include,
    nodes.Name,
    nodes.Const,
    nodes.Tuple,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.Call,
    nodes.Filter,
    nodes.Test,
    nodes.Keyword,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Neg,
    nodes.Pos,
    nodes.ExprStmt,
)
_SPELT = {
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "filter",
    nodes.AssignBlock: "set … endset",
    nodes.Block: "block",
    nodes.Extends: "extends",
    nodes.Import: "import",
    nodes.FromImport: "from … import",
    nodes.Concat: "~",
    nodes.Pow: "**",
    nodes.Div: "/",
    nodes.List: "a list",
    nodes.Dict: "a dict",
    nodes.NSRef: "namespace",
}
_DEEPEST = 60  # nodes within one another


def restricted(template: nodes.Template, name: str | None, filename: str | None) -> nodes.Template:
    """The template with its loops counted. TemplateSyntaxError for what it may not use."""
    _check(template, 0, name, filename)
    for loop in list(template.find_all(nodes.For)):
        cost = nodes.Const(1 + sum(_size(child) for child in loop.body), lineno=loop.lineno)
        loop.iter = nodes.Filter(loop.iter, STEPS, [cost], [], None, None, lineno=loop.lineno)
    size = nodes.Const(1 + _size(template), lineno=1)
    begin = nodes.ExprStmt(nodes.Filter(size, BEGIN, [], [], None, None, lineno=1), lineno=1)
    template.body.insert(0, begin)
    return template


def _size(node: nodes.Node) -> int:
    return 1 + sum(1 for _ in node.find_all(nodes.Node))


def _check(node: nodes.Node, depth: int, name: str | None, filename: str | None) -> None:
    problem = _problem(node)
    if depth > _DEEPEST:
        problem = "it is nested too deeply"
    if problem is not None:
        raise TemplateSyntaxError(problem, node.lineno, name, filename)
    for child in node.iter_child_nodes():
        _check(child, depth + 1, name, filename)


def _problem(node: nodes.Node) -> str | None:
    if not isinstance(node, _ALLOWED):
        return f"templates have no '{_SPELT.get(type(node), type(node).__name__.lower())}' here"
    # Jinja itself looks for these when the template runs, and then names no line, where they stand in a condition.
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return f"No filter named {node.name!r}"
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        return f"No test named {node.name!r}"
    return _misused(node)


def _misused(node: nodes.Node) -> str | None:
    """What is wrong with a form that is allowed in part."""
    if isinstance(node, nodes.For) and node.recursive:
        return "templates have no recursive loops here"
    if isinstance(node, nodes.Include):
        named = isinstance(node.template, nodes.Const) and isinstance(node.template.value, str)
        return (
            None
            if named and node.with_context
            else "include takes one template's name in quotes, and nothing else"
        )
    if isinstance(node, nodes.Tuple) and node.ctx == "load":
        plain = all(isinstance(item, nodes.Const) for item in node.items)
        return None if plain else "a list of values may hold texts and numbers as they are written only"
    return None


def _begin(size: int) -> None:
    spend(size)


def _known(value: object) -> None:
    """UndefinedError for what isn't there."""
    if isinstance(value, Undefined):
        str(value)


def _count(value: object) -> int:
    _known(value)
    if not hasattr(value, "__len__"):
        raise TypeError("this has no length")
    return len(value)


def _listed(value: object, what: str) -> Sequence[Any]:
    _known(value)
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError(f"'{what}' is for lists")
    spend(len(value))
    return value


def _text(value: object, what: str) -> str:
    _known(value)
    if not isinstance(value, str):
        raise TypeError(f"'{what}' is for texts")
    spend(1 + len(value) // 100)
    return value


def _join(value: object, between: str = ", ") -> Markdown:
    """Lists of texts; what stands between them is made safe too, apart from its spaces."""
    texts = _listed(value, "join")
    if not all(isinstance(text, str | int) for text in texts):
        raise TypeError("'join' is for lists of texts")
    spend(sum(len(str(text)) for text in texts) // 100)
    words = between.strip()
    if len(between) > 20:
        raise TypeError("what 'join' puts between has more than 20 characters")
    left = " " if between[:1].isspace() else ""
    right = " " if between[-1:].isspace() and between.strip() else ""
    return joined(texts, left + (safe(str(words)) if words else EMPTY) + right)


def _default(value: object, other: object = "") -> object:
    return other if isinstance(value, Undefined) else value


def _at(place: int, what: str) -> Callable[[object], object]:
    def chosen(value: object) -> object:
        values = _listed(value, what)
        if not values:
            raise TypeError(f"'{what}' of an empty list")
        return values[place]

    return chosen


FILTERS: dict[str, Callable[..., Any]] = {
    "count": _count,
    "length": _count,
    "default": _default,
    "first": _at(0, "first"),
    "last": _at(-1, "last"),
    "join": _join,
    "lower": lambda value: _text(value, "lower").lower(),
    "upper": lambda value: _text(value, "upper").upper(),
    "trim": lambda value: _text(value, "trim").strip(),
    "reverse": lambda value: list(reversed(_listed(value, "reverse"))),
    STEPS: steps,
    BEGIN: _begin,
}
TESTS = (
    "defined",
    "undefined",
    "none",
    "odd",
    "even",
    "divisibleby",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "in",
)
