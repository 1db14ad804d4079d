"""Requests and answers of a tracker's API, and what an answer means that is no success."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cbops.clients.http.caller import without_secrets
from cbops.clients.http.faults import Server
from cbops.clients.http.pages import is_page, said, title
from cbops.clients.http.secrets import Secrets
from cbops.errors import SendingAnswerError, SendingError, SendingMissingError, SendingRefusedError
from cbops.model.base import JsonObject

Method = Literal["GET", "POST", "PATCH"]


@dataclass(frozen=True, slots=True)
class Request:
    """`repeatable`: carried out twice it does no more than once. `why` says what it is for; `name` is the same however
    often it is repeated.
    """

    why: str
    method: Method
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: JsonObject | None = None
    repeatable: bool = True
    name: str = ""

    @property
    def content(self) -> bytes | None:
        """The body as it is sent."""
        if self.body is None:
            return None
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    text: str
    headers: Mapping[str, str]


def refusal(answer: Answer, server: Server, named: str, secrets: Secrets) -> SendingError:
    """The error for a status that is neither a success nor a reason to ask again."""
    words = words_of(answer, secrets)
    status = answer.status
    if status in (401, 403):
        return SendingRefusedError(
            f"{named} refused the request (HTTP {status}){words}", hint=f"Check {server.section}."
        )
    if status in (404, 410):
        return SendingMissingError(
            f"{named} says that it is not there (HTTP {status}){words}", hint=f"Check {server.section}."
        )
    if 300 <= status < 400:
        where = without_secrets(str(answer.headers.get("location", "elsewhere")), server)
        return SendingAnswerError(
            f"{named} answered with a redirect to {said(where, secrets)}; cbops follows none, so that no secret goes elsewhere",
            hint=f"Set {server.address} to the final address.",
        )
    return SendingAnswerError(
        f"{named} does not take it (HTTP {status}){words}",
        hint=f"Check {server.section}; see the exact request: cbops ticket send --dry-run",
    )


def words_of(answer: Answer, secrets: Secrets) -> str:
    """What a refusal says, after a colon; empty where it says nothing."""
    page = is_page(answer.headers.get("content-type", ""), answer.text)
    words = said(title(answer.text) if page else _told(answer.text), secrets)
    return f": {words}" if words else ""


def _told(text: str) -> str:
    """An error's message, and what GitHub's list of errors adds to it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(found, dict) or not isinstance(found.get("message"), str):
        return text
    words = [found["message"]]
    errors = found.get("errors")
    for each in errors[:5] if isinstance(errors, list) else []:
        if isinstance(each, dict):
            words.append(" ".join(str(each[key]) for key in ("field", "code", "message") if each.get(key)))
        else:
            words.append(str(each))
    return "; ".join(words)
