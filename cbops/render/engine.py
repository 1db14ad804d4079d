"""Documents from templates: one Jinja environment for the shipped ones and for a user's own."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError, Undefined

from cbops.errors import InputError
from cbops.render.bounds import BoundError, bounded
from cbops.render.log_view import ExecutionLogView
from cbops.render.markdown import safe
from cbops.render.own import own_names
from cbops.render.sandbox import Sandbox, line_of

LOG = "execution_log.md.j2"
DAY = "daily_entry.md.j2"
WEEK = "weekly_summary.md.j2"
FINAL = "final_report.md.j2"
_HINT = "Mend the template. What there is to put out: cbops report templates"
# What a template can bring about: Jinja's errors, Python's for wrong values, and the bounds of Python itself.
_ERRORS = (
    TemplateError,
    BoundError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
    MemoryError,
    SyntaxError,
)


def put_out(value: object) -> str:
    """What a template puts out for a value: `Markdown` as it is, other text escaped.

    UndefinedError for a name that isn't there, TypeError for what is neither text nor a number.
    """
    if isinstance(value, Undefined):
        return str(value)  # raises, and names what is missing
    if isinstance(value, str | int) and not isinstance(value, bool):
        return safe(value)
    raise TypeError(f"a template can't put out {_kind(value)}: only text and whole numbers")


def _kind(value: object) -> str:
    return "nothing (none)" if value is None else f"a {type(value).__name__}"


@lru_cache(maxsize=8)
def environment(own: Path | None = None) -> Sandbox:
    """Strict and sandboxed; whatever a template puts out is escaped unless it is `Markdown` already.

    `own`: the folder of the user's templates, which go before the shipped ones.
    """
    return Sandbox(own, put_out)


def render(name: str, own: Path | None = None, **values: object) -> str:
    """The document that the template makes of the values; the same values give the same bytes.

    InputError naming the template and the line for whatever is wrong with a user's template. A shipped template that
    fails is a bug, and its error is left as it is.
    """
    if own is None:
        return _written(name, None, values)
    own_names(own)  # the folder is there
    try:
        return _written(name, own, values)
    except _ERRORS as error:
        raise _told(error, name, own) from error


def _written(name: str, own: Path | None, values: dict[str, object]) -> str:
    parts = []
    with bounded() as budget:
        for part in environment(own).get_template(name).generate(values):
            budget.put(len(part))
            parts.append(part)
    return "".join(parts)


def _told(error: Exception, name: str, own: Path) -> InputError:
    place: tuple[str, int] | None = line_of(error.__traceback__)
    if isinstance(error, TemplateSyntaxError):
        place = (error.name or name, error.lineno)
    where = place or (name, 1)
    path = own / where[0]
    shown = str(path) if path.is_file() else where[0]
    return InputError(f"the template {shown}, line {where[1]}: {problem_of(error)}", hint=_HINT)


def problem_of(error: Exception) -> str:
    """What is wrong, in a sentence."""
    if isinstance(error, RecursionError):
        return "it includes itself, or is nested too deeply"
    if isinstance(error, MemoryError):
        return "it is nested too deeply"
    if isinstance(error, TemplateNotFound):
        return f"there is no template '{error.name}'"
    if isinstance(error, TemplateSyntaxError):
        return error.message or "it can't be read"
    return str(error) or type(error).__name__


def execution_log(view: ExecutionLogView, own: Path | None = None) -> str:
    """The execution log as Markdown; the same view gives the same bytes."""
    return render(LOG, own, log=view)
