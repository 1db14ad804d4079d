"""What a shadow criterion asks for a day: its expression with the places filled in."""

from __future__ import annotations

import re

from cbops.model.base import to_ms
from cbops.model.observation import DayWindow
from cbops.model.tenant import Target

_PLACES = re.compile(r"\{(?:tenant|provider|range)\}")


def shadow_query(template: str, target: Target, window: DayWindow) -> str:
    """`{tenant}` and `{provider}` become the target's, as text inside quotes; `{range}` the day's length (`86400s`)."""
    seconds = max(1, round((to_ms(window.end) - to_ms(window.start)) / 1000))
    filled = {
        "{tenant}": _quoted(target.tenant),
        "{provider}": _quoted(target.provider),
        "{range}": f"{seconds}s",
    }
    # In one pass, so that a name that looks like a place isn't filled in.
    return _PLACES.sub(lambda found: filled[found[0]], template)


def _quoted(text: str) -> str:
    """As it stands between double quotes in PromQL."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
