"""A Vega-Lite specification as SVG; the only place that loads vl-convert (an extra)."""

from __future__ import annotations

import importlib
import importlib.util
import re
from html import escape
from typing import Any

from cbops.errors import InputError
from cbops.model.base import JsonObject

_ROOT = re.compile(r"<svg\b[^>]*>")
# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_svg(spec: JsonObject) -> str:
    """The picture; the same specification gives the same text. Nothing is fetched from a network.

    Its title and description are told to screen readers. InputError when the extra is missing or the
    specification can't be drawn.
    """
    converter = _converter()
    try:
        drawn: str = converter.vegalite_to_svg(spec, show_warnings=False, allowed_base_urls=[])
    except ValueError as error:
        raise InputError(
            f"the picture could not be drawn: {error}",
            hint="Leave out --svg, or a document's pictures: --no-pictures",
        ) from error
    return _accessible(drawn, spec) + "\n"


def available() -> bool:
    """Whether pictures can be drawn; nothing is loaded."""
    return importlib.util.find_spec("vl_convert") is not None


def require() -> None:
    """InputError when pictures can't be drawn, before any long work; nothing is loaded."""
    if not available():
        raise InputError(
            "a picture needs an extra that is not installed", hint="Install it: pip install 'cbops[charts]'"
        )


def _converter() -> Any:  # noqa: ANN401 - a library without types
    require()
    return importlib.import_module("vl_convert")


def _accessible(drawn: str, spec: JsonObject) -> str:
    root = _ROOT.search(drawn)
    if root is None:
        raise InputError(
            "the picture could not be drawn: no SVG came out",
            hint="Leave out --svg, or a document's pictures: --no-pictures",
        )
    title = spec.get("title", "")
    named = title.get("text", "") if isinstance(title, dict) else title
    words = f"<title>{_xml(named)}</title><desc>{_xml(spec.get('description', ''))}</desc>"
    return drawn[: root.end()] + words + drawn[root.end() :]


def _xml(value: object) -> str:
    return escape(_UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", str(value)), quote=False)
