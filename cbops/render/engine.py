"""The one Jinja environment."""

from __future__ import annotations

from functools import cache

from jinja2 import FunctionLoader, StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cbops.render.locate import template_source
from cbops.render.log_view import ExecutionLogView
from cbops.render.markdown import safe


def put_out(value: object) -> str:
    """What a template puts out for a value: `Markdown` as it is, other text escaped.

    UndefinedError for a name that isn't there, TypeError for what is neither text nor a number.
    """
    if isinstance(value, Undefined):
        return str(value)  # raises, and names what is missing
    if isinstance(value, str | int) and not isinstance(value, bool):
        return safe(value)
    raise TypeError(f"a template can't put out {value!r}")


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """Strict and sandboxed; whatever a template puts out is escaped unless it is `Markdown` already."""
    return ImmutableSandboxedEnvironment(
        loader=FunctionLoader(template_source),
        undefined=StrictUndefined,
        autoescape=False,  # the documents are Markdown, not HTML; put_out escapes for it
        finalize=put_out,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def execution_log(view: ExecutionLogView) -> str:
    """The execution log as Markdown; the same view gives the same bytes."""
    return environment().get_template("execution_log.md.j2").render(log=view)
