"""Text from outside made safe inside a Markdown document, and phrases built from it.

`Markdown` marks text that is safe already; everything else is escaped when it meets a phrase or a
template. Bare web addresses stay as they are: a reader that links them leads where they say.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable

from cbops.model.base import JsonObject
from cbops.render.text import one_line

# Wherever they stand: what opens emphasis, code, links, tables, strike-through, formulas, attributes.
_ANYWHERE = re.compile(r"[\\`*\[\]|~$#{}]")
# An underscore inside a word is plain; elsewhere it may open emphasis.
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_ENTITY = re.compile(r"&(?=#?\w*(?:;|$))")
# At the start of a list item's text: another list, a rule, a heading's underline.
_BULLET = re.compile(r"^([-+=])(?=[\s\-+=]|$)")
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
_FENCE = re.compile(r"`+")


class Markdown(str):
    """Markdown that is safe to put into a document as it stands."""

    __slots__ = ()


EMPTY = Markdown("")


def escape(text: str) -> Markdown:
    """Text from outside, so that it reads as written and cannot become structure.

    It is put on one line; a text of white space only is `(empty)`.
    """
    line = one_line(text)
    if not line:
        return Markdown("(empty)")
    line = _ENTITY.sub("&amp;", line)
    line = _ANYWHERE.sub(r"\\\g<0>", line)
    line = _UNDERSCORE.sub(r"\\_", line)
    # As entities, because not every reader knows a backslash before an angle bracket.
    line = line.replace("<", "&lt;")
    if line.startswith(">"):
        line = f"&gt;{line[1:]}"
    line = _BULLET.sub(r"\\\1", line)
    return Markdown(_NUMBERED.sub(r"\1\\\2", line))


def safe(value: str | int) -> str:
    """`Markdown` as it is, a whole number as its digits, any other text escaped."""
    if isinstance(value, Markdown):
        return value
    if isinstance(value, str):
        return escape(value)
    return str(value)


def phrase(template: str, *values: str | int) -> Markdown:
    """`template` (our own words) with the values, made safe, in its `{}`."""
    return Markdown(template.format(*(safe(value) for value in values)))


def joined(parts: Iterable[str], between: str = "; ") -> Markdown:
    """The parts, each made safe."""
    return Markdown(between.join(safe(part) for part in parts))


def json_block(document: JsonObject) -> Markdown:
    """A fenced block of indented JSON; the fence is longer than any run of backticks inside."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return _fenced("".join(_visible(char) for char in text), "json")


def code_block(text: str, language: str) -> Markdown:
    """A fenced block of one line of code; `language` is our own word."""
    return _fenced(one_line(text), language)


def _fenced(text: str, language: str) -> Markdown:
    longest = max((len(run) for run in _FENCE.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown(f"{fence}{language}\n{text}\n{fence}")


def _visible(char: str) -> str:
    # JSON has these only inside strings, where an escape means the same.
    if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
