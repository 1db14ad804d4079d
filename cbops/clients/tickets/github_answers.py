"""What GitHub's answers say: an issue as it stands, whose it is, and when to ask again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from cbops.clients.http.retrying import asked_pause
from cbops.clients.tickets.requests import Answer
from cbops.model.base import JsonObject
from cbops.model.sending import Remote, RemoteState

SECONDARY_PAUSE = 60.0  # seconds; what GitHub asks for where it doesn't say
_SECONDARY = re.compile(r"secondary rate limit|abuse detection", re.IGNORECASE)


def remote_of(issue: JsonObject) -> Remote | None:
    """How it stands; null where it is no issue."""
    number, state = issue.get("number"), issue.get("state")
    if type(number) is not int or number < 1 or state not in ("open", "closed"):
        return None
    url = issue.get("html_url")
    return Remote(
        id=str(number),
        url=url[:500] if isinstance(url, str) and url.startswith(("https://", "http://")) else None,
        state=RemoteState(state),
        told=_closing(issue) if state == "closed" else None,
    )


def rate_pause(answer: Answer) -> float | None:
    """The seconds that a refusal asks to wait; null where it isn't about the rate of requests.

    `x-ratelimit-reset` is held against the answer's own clock, not this machine's.
    """
    asked = asked_pause(answer.headers.get("retry-after"), answer.headers.get("date"))
    if asked is not None:
        return asked
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdecimal():
        try:
            now = parsedate_to_datetime(answer.headers.get("date", ""))
        except (TypeError, ValueError):
            return SECONDARY_PAUSE
        return max(0.0, min(int(reset), 10**11) - now.timestamp())
    return SECONDARY_PAUSE if _SECONDARY.search(answer.text) else None


def _closing(issue: JsonObject) -> str | None:
    """`completed by ada`."""
    reason, person = issue.get("state_reason"), issue.get("closed_by")
    words = [reason.replace("_", " ")] if isinstance(reason, str) else []
    if isinstance(person, dict) and isinstance(person.get("login"), str):
        words.append(f"by {person['login']}")
    told = " ".join("".join(each if each.isprintable() else " " for each in " ".join(words)).split())
    return told[:120] or None


def author_of(thing: JsonObject) -> Any:  # noqa: ANN401 - an id, or whatever else stands there
    user = thing.get("user")
    return user.get("id") if isinstance(user, dict) else None


def made_before(issue: JsonObject, when: datetime) -> bool:
    try:
        made = datetime.fromisoformat(str(issue.get("created_at")))
    except ValueError:
        return False
    return made.replace(tzinfo=made.tzinfo or UTC) < when
