"""What a terminal that knows few characters is given in place of those that it lacks."""

from __future__ import annotations

import codecs

LEGIBLE = "cbops.legible"  # the name of the error handler, for a stream

_LIKE = {
    **dict.fromkeys("→➜", "->"), "←": "<-", "…": "...", "–": "-", "—": "-", "−": "-", "×": "x", "±": "+-",
    "≥": ">=", "≤": "<=", "≠": "!=", "≈": "~", "µ": "u", "·": ".", "•": "*", "✓": "v", "✗": "x", "█": "#",
    **dict.fromkeys("‘’", "'"), **dict.fromkeys("“”„", '"'), "\u00a0": " ", "\u202f": " ",
    "✅": "[x]", "⚠": "!", "\ufe0f": "", "\u2500": "-", "\u2501": "-", "│": "|",
}  # fmt: skip


def legible(error: UnicodeError) -> tuple[str, int]:
    """What an encoding has no character for, in characters of ASCII; `?` for what has no likeness there."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_LIKE.get(each, "?") for each in missing), error.end


codecs.register_error(LEGIBLE, legible)
