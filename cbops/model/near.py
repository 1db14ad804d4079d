"""What a mistyped name may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`Did you mean 'b'? ` to begin a hint with; empty where no name is near, or the name itself is there."""
    known = list(dict.fromkeys(names))
    near = [] if word in known else get_close_matches(word, known, n=2, cutoff=0.7)
    return f"Did you mean {' or '.join(repr(each) for each in near)}? " if near else ""
