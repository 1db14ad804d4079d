"""Words of people on their way into the journal: plain, and short enough for a line of it."""

from __future__ import annotations

import json
import unicodedata

from cbops.errors import InputError

MAX_TEXT = 2000  # bytes of a note; a line of the journal has 4096, with everything around it
MAX_REASON = 250  # of a reason that may stand in a line several times
MAX_NAME = 120


def said(text: str, what: str, limit: int = MAX_TEXT) -> str:
    """The text without the space around it.

    InputError when it is empty, longer than `limit` bytes (as the journal spells it), not Unicode, or
    holds a control character other than a line end or a tab. `what` names it in the message.
    """
    plain = text.strip()
    if not plain:
        raise InputError(f"{what} is empty", hint="Write what there is to say.")
    odd = next((char for char in plain if _is_odd(char)), None)
    if odd is not None:
        raise InputError(
            f"{what} holds a character that is no text (U+{ord(odd):04X})", hint="Use plain text in UTF-8."
        )
    size = _size(plain)
    if size > limit:
        raise InputError(
            f"{what} takes {size} bytes, and there is room for {limit}",
            hint="Make it shorter; put a long text into a file and name the file.",
        )
    return plain


def clipped(text: str, limit: int = MAX_TEXT) -> str:
    """The same text, made to fit: for records that must not fail for their words. Never empty."""
    plain = "".join(" " if _is_odd(char) else char for char in text).strip() or "-"
    while _size(plain) > limit:
        plain = plain[: max(1, min(len(plain) - 2, len(plain) * limit // _size(plain)))].rstrip() + "…"
    return plain


def _is_odd(char: str) -> bool:
    return char not in "\n\t" and unicodedata.category(char) in ("Cc", "Cs")


def _size(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2
