"""What a server says that gives no data: the words of an error, the title of a web page."""

from __future__ import annotations

import html
import json
import re

from cbops.clients.http.secrets import Secrets

_SHOWN = 300
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_KEYS = ("error", "message", "detail")


def is_page(content_type: str, text: str) -> bool:
    """It is a web page."""
    if content_type.partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml"):
        return True
    return text[:200].lstrip().lower().startswith(("<!doctype html", "<html"))


def title(text: str) -> str:
    """A web page's title; empty where it has none."""
    found = _TITLE.search(text[:16_384])
    return " ".join(html.unescape(found[1]).split()) if found else ""


def said(text: str, secrets: Secrets) -> str:
    """Foreign words for a message: one line, short, without the secrets. Of JSON its error."""
    words = secrets.out_of(_told(text))
    line = " ".join("".join(each if each.isprintable() else " " for each in words).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _told(text: str) -> str:
    if not text.lstrip().startswith("{"):
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return next((found[key] for key in _KEYS if isinstance(found.get(key), str)), text)
