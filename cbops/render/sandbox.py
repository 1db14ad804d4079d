"""Jinja, narrowed to a language that can only put out what a view model holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateNotFound, nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cbops.render.bounds import arithmetic, small_range
from cbops.render.language import FILTERS, TESTS, restricted
from cbops.render.locate import template_source
from cbops.render.own import own_source, unchanged

_OF_LOOP = frozenset(
    (
        "index",
        "index0",
        "revindex",
        "revindex0",
        "first",
        "last",
        "length",
        "depth",
        "depth0",
        "previtem",
        "nextitem",
    )
)
_OF_MAPPING = frozenset(("items", "keys", "values"))
_OPERATORS = frozenset(("+", "-", "*", "//", "%"))


class Loader(BaseLoader):
    """The user's template of a name, else the shipped one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get_source(
        self,
        environment: Environment,  # noqa: ARG002 - Jinja's
        template: str,
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """TemplateNotFound for none of that name; InputError for a file that may not be read."""
        own = own_source(self._folder, template) if self._folder else None
        if own is not None:
            return own.text, str(own.path), partial(unchanged, own)
        text = template_source(template)
        if text is None:
            raise TemplateNotFound(template)
        # A file of the user's may come to stand in for it while a long command runs.
        return text, None, None if self._folder is None else self._absent(template)

    def _absent(self, template: str) -> Callable[[], bool]:
        place = (self._folder or Path()) / template
        return lambda: not place.is_symlink() and not place.exists()


class Sandbox(ImmutableSandboxedEnvironment):
    """Attributes of view models and loops are all that a template can reach, `range` is all that it can call."""

    intercepted_binops = _OPERATORS

    def __init__(self, folder: Path | None, finalize: Callable[[object], str]) -> None:
        super().__init__(
            loader=Loader(folder),
            undefined=StrictUndefined,
            autoescape=False,  # the documents are Markdown, not HTML; `finalize` escapes for it
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            optimized=False,  # nothing is worked out before the bounds of a rendering hold
        )
        self.globals = {"range": small_range}
        self.filters = dict(FILTERS)
        self.tests = {name: test for name, test in self.tests.items() if name in TESTS}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return restricted(super()._parse(source, name, filename), name, filename)

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:  # noqa: ARG002 - Jinja's
        """Fields and properties of view models, a loop's figures, a mapping's items."""
        if attr.startswith("_"):
            return False
        if isinstance(obj, LoopContext):
            return attr in _OF_LOOP
        if isinstance(obj, Mapping):
            return attr in _OF_MAPPING
        if is_dataclass(obj) and not isinstance(obj, type):
            mine = isinstance(getattr(type(obj), attr, None), property)
            return mine or any(field.name == attr for field in fields(obj))
        return False

    def is_safe_callable(self, obj: object) -> bool:
        """`range`, and what gives a mapping's items."""
        owner = getattr(obj, "__self__", None)
        return obj is small_range or (
            isinstance(owner, Mapping) and getattr(obj, "__name__", "") in _OF_MAPPING
        )

    def call_binop(self, context: object, operator: str, left: Any, right: Any) -> int:  # noqa: ANN401, ARG002 - Jinja's
        """Of whole numbers only."""
        return arithmetic(operator, left, right)

    def handle_exception(self, source: str | None = None) -> NoReturn:  # noqa: ARG002 - Jinja's
        """The error as it is: `line_of` finds its line."""
        raise  # noqa: PLE0704 - Jinja calls this while it handles one


def line_of(trace: TracebackType | None) -> tuple[str, int] | None:
    """The innermost template that an error went through, and the line there; null: none."""
    found: tuple[str, int] | None = None
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template) and template.name:
            found = (template.name, template.get_corresponding_lineno(trace.tb_lineno))
        trace = trace.tb_next
    return found
