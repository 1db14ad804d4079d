"""A time in which another policy than the applied one was live."""

from __future__ import annotations

from cbops.model.base import Frozen, Instant, iso


class OtherPolicy(Frozen):
    """From `since` to `until`; `version` was live (where none was, it is `none`), written by `by` (null: not known).

    `sure` false: it was live at some time in there, or may have been; when exactly isn't known. `difference`: what it
    has otherwise than the applied policy, in words.
    """

    since: Instant
    until: Instant
    version: str
    sure: bool = True
    by: str | None = None
    difference: str = ""

    @property
    def told(self) -> str:
        """In a sentence without its full stop."""
        who = f"{self.version} (by {self.by})" if self.by else self.version
        span = f"{iso(self.since)} and {iso(self.until)}"
        text = f"another policy than the applied one, {who}, "
        text += (
            f"was live between {span}"
            if self.sure
            else f"was live, or may have been, at some time between {span}"
        )
        return f"{text}: {self.difference}" if self.difference else text
