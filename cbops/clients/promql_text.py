"""Questions to a metrics source, written as PromQL."""

from __future__ import annotations

from collections.abc import Iterable

from cbops.model.series import Matcher, SeriesQuery, regex_literal


def promql(query: SeriesQuery, range_ms: int) -> str:
    """The query as PromQL: a range selector, or a subquery for one with a step."""
    if not query.names:
        names: tuple[Matcher, ...] = ()
    elif len(query.names) == 1:
        names = (Matcher("__name__", "=", query.names[0]),)
    else:
        names = (Matcher("__name__", "=~", "|".join(regex_literal(one) for one in query.names)),)
    step = "" if query.step_seconds is None else f":{query.step_seconds}s"
    return f"{selector_text((*names, *query.matchers))}[{range_ms}ms{step}]"


def selector_text(matchers: Iterable[Matcher]) -> str:
    """Series by their labels, `__name__` among them."""
    return f"{{{','.join(f'{_label(one.label)}{one.op}{_quoted(one.value)}' for one in matchers)}}}"


def _label(name: str) -> str:
    """A label name; one that is not a plain identifier is quoted (Prometheus 3)."""
    plain = name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
    return name if plain else _quoted(name)


def _quoted(value: str) -> str:
    """A PromQL string: backslash, quote and line break are escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
