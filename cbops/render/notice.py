"""A message to a channel: plain text, the title in its first line. One template for each kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from cbops.model.config_notifications import NotificationKind
from cbops.model.notice import About
from cbops.render import text
from cbops.render.engine import render
from cbops.render.markdown import Markdown

MAX_TITLE = 200  # characters
MAX_BODY = 3000  # what the small services take
_UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class NoticeView:
    """What the templates under notification/ put out, all of it text in one line. It is plain text, so nothing is escaped."""

    rollout: Markdown
    tenant: Markdown
    policy: Markdown
    provider: Markdown
    owner: Markdown
    by: Markdown
    at: Markdown
    told: Markdown
    lines: tuple[Markdown, ...]


def template_of(kind: NotificationKind) -> str:
    """`notification/enabled.txt.j2`."""
    return f"notification/{kind.value}.txt.j2"


def notice_text(  # noqa: PLR0917 - each is one thing of its own
    kind: NotificationKind,
    about: About,
    by: str,
    at: datetime,
    tz: tzinfo,
    told: tuple[str, ...],
    own: Path | None = None,
) -> tuple[str, str]:
    """Title and body. `told`: the sentence, then the lines below it. InputError for a user's template that is wrong."""
    view = NoticeView(
        rollout=_plain(about.rollout),
        tenant=_plain(about.tenant),
        policy=_plain(about.policy),
        provider=_plain(about.provider),
        owner=_plain(about.owner),
        by=_plain(by),
        at=Markdown(text.instant(at, tz)),
        told=_plain(told[0]),
        lines=tuple(_plain(each) for each in told[1:]),
    )
    title, _, body = render(template_of(kind), own, notice=view).strip().partition("\n")
    return _cut(title.strip(), MAX_TITLE), _cut(body.strip(), MAX_BODY)


def _plain(words: str | None) -> Markdown:
    """One line without control characters."""
    return Markdown(text.one_line(words) if words else _UNKNOWN)


def _cut(words: str, longest: int) -> str:
    return words if len(words) <= longest else f"{words[: longest - 1]}…"
