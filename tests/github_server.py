"""A small GitHub on this machine: issues, comments and labels, each request and answer held against GitHub's own API description.

What the description doesn't know (401, 429, gateways) is answered as GitHub's documentation says, unchecked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from loopback import Handler, Loopback, serving
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

FOLDER = Path(__file__).parent / "data" / "github"
TOKEN = "github_pat_0123456789abcdef"
REPOSITORY = "acme/router-ops"
DATE = "Mon, 27 Jan 2025 09:00:00 GMT"  # the server's clock
RESET = 1737968400  # the same instant
BOT, PERSON = 1001, 2002

Act = Callable[["Github", Handler], bool]  # True: it has answered


@cache
def description() -> OpenAPI:
    """GitHub's description of what is used here."""
    return OpenAPI.from_dict(json.loads((FOLDER / "openapi.json").read_text(encoding="utf-8")))


def person(number: int = BOT, login: str = "cbops-bot") -> dict[str, Any]:
    page = f"https://github.com/{login}"
    names = ("url", "html_url", "avatar_url", "followers_url", "following_url", "gists_url", "starred_url")
    more = ("subscriptions_url", "organizations_url", "repos_url", "events_url", "received_events_url")
    known = {"id": number, "node_id": f"U_{number}", "login": login, "type": "User", "site_admin": False}
    return known | dict.fromkeys((*names, *more), page) | {"gravatar_id": ""}


@dataclass
class Github:
    """What is there, what was asked, and what goes wrong next."""

    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    faults: list[tuple[str, Act]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # what the description doesn't allow
    token: str = TOKEN
    may_label: bool = True
    base: str = ""  # "/api/v3" on GitHub Enterprise Server
    server: Loopback | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url + self.base

    def count(self, call: str) -> int:
        return sum(each.startswith(call) for each in self.calls)

    def then(self, call: str, act: Act) -> None:
        """With the next call that begins so."""
        self.faults.append((call, act))

    def answer(self, call: str, status: int, body: object = None, times: int = 1, **headers: str) -> None:
        """The call is refused with this status."""
        said = {"message": HTTPStatus(status).phrase, "documentation_url": "https://docs.github.com/rest"}

        def act(_hub: Github, handler: Handler) -> bool:
            self._reply(handler, status, said if body is None else body, **headers)
            return True

        self.faults += [(call, act)] * times

    def lose_answer(self, call: str) -> None:
        """The call is carried out, and the connection cut before its answer."""

        def act(hub: Github, handler: Handler) -> bool:
            hub.carry_out(handler)
            handler.close_connection = True
            return True

        self.then(call, act)

    def handle(self, handler: Handler) -> None:
        call = f"{handler.command} {self._path(handler)}"
        self.calls.append(call)
        for index, (wanted, act) in enumerate(self.faults):
            if call.startswith(wanted):
                del self.faults[index]
                if act(self, handler):
                    return
                break
        self._reply(handler, *self.carry_out(handler))

    def carry_out(self, handler: Handler) -> tuple[int, object]:
        if handler.headers["authorization"] != f"Bearer {self.token}":
            return 401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}
        self._check_request(handler)
        parts = [unquote(each) for each in self._path(handler).strip("/").split("/")[3:]]
        body = json.loads(handler.form) if handler.form else {}
        query = {name: found[0] for name, found in parse_qs(urlsplit(handler.path).query).items()}
        match (handler.command, parts):
            case ("GET", ["issues"]):
                return 200, self._page(self._labelled(query), query)
            case ("POST", ["issues"]):
                return 201, self.open(body["title"], body["body"], body["labels"])
            case (method, ["issues", number]) if int(number) in self.issues:
                return 200, self._changed(int(number), body if method == "PATCH" else {})
            case ("GET", ["issues", number, "comments"]) if int(number) in self.issues:
                return 200, self._page(self.comments[int(number)], query)
            case ("POST", ["issues", number, "comments"]) if int(number) in self.issues:
                return 201, self.comment(int(number), body["body"])
            case ("GET", ["labels", name]) if name in self.labels:
                return 200, self.labels[name]
            case ("POST", ["labels"]) if self.may_label:
                return 201, self.label(body["name"], body["color"])
        return 404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}

    def open(self, title: str, body: str, labels: list[str], by: int = BOT) -> dict[str, Any]:
        number = len(self.issues) + 1
        page = f"https://github.com/{REPOSITORY}/issues/{number}"
        names = ("url", "repository_url", "labels_url", "comments_url", "events_url")
        kept = labels if self.may_label else []
        self.comments[number] = []
        self.issues[number] = dict.fromkeys(names, page) | {
            "id": 9000 + number,
            "node_id": f"I_{number}",
            "html_url": page,
            "number": number,
            "title": title,
            "body": body,
            "user": person(by),
            "labels": [self.labels.get(name) or self.label(name, "ededed") for name in kept],
            "state": "open",
            "locked": False,
            "assignee": None,
            "milestone": None,
            "comments": 0,
            "closed_at": None,
            "created_at": "2025-01-27T09:00:00Z",
            "updated_at": "2025-01-27T09:00:00Z",
            "author_association": "NONE",
        }
        return self.issues[number]

    def close(self, number: int, reason: str = "completed", by: str = "ada") -> None:
        """A person closes it."""
        found = {"state": "closed", "state_reason": reason, "closed_by": person(PERSON, by)}
        self.issues[number] |= found

    def reopen(self, number: int) -> None:
        """A person opens it again."""
        self.issues[number] |= {"state": "open", "state_reason": "reopened"}

    def comment(self, number: int, body: str, by: int = BOT) -> dict[str, Any]:
        page = f"https://github.com/{REPOSITORY}/issues/{number}"
        made = {
            "id": 7000 + len(self.comments[number]),
            "node_id": "IC_1",
            "url": page,
            "html_url": page,
            "issue_url": page,
            "body": body,
            "user": person(by),
            "created_at": "2025-01-27T09:00:00Z",
            "updated_at": "2025-01-27T09:00:00Z",
            "author_association": "NONE",
        }
        self.comments[number].append(made)
        return made

    def label(self, name: str, color: str) -> dict[str, Any]:
        known = {"id": len(self.labels) + 1, "node_id": "L_1", "url": "https://api.github.com/labels"}
        self.labels[name] = known | {"name": name, "description": None, "color": color, "default": False}
        return self.labels[name]

    def _changed(self, number: int, changes: dict[str, Any]) -> dict[str, Any]:
        self.issues[number] |= changes
        return self.issues[number]

    def _labelled(self, query: dict[str, str]) -> list[dict[str, Any]]:
        wanted = set(query["labels"].split(",")) if "labels" in query else set()
        found = [
            each for each in self.issues.values() if wanted <= {label["name"] for label in each["labels"]}
        ]
        return found[::-1]  # the newest first, as it was asked for

    @staticmethod
    def _page(items: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        return items[(page - 1) * size : page * size]

    def _path(self, handler: Handler) -> str:
        return urlsplit(handler.path).path.removeprefix(self.base)

    def _mock(self, handler: Handler) -> MockRequest:
        query = {name: found[0] for name, found in parse_qs(urlsplit(handler.path).query).items()}
        return MockRequest(
            "https://api.github.com",
            handler.command,
            self._path(handler),
            args=query,
            headers=dict(handler.headers),
            data=handler.form.encode() or None,
        )

    def _check_request(self, handler: Handler) -> None:
        assert handler.headers["accept"] == "application/vnd.github+json"
        assert handler.headers["x-github-api-version"] == "2022-11-28"
        assert handler.headers["user-agent"]
        try:
            description().validate_request(self._mock(handler))
        except OpenAPIError as error:
            self.wrong.append(
                f"{handler.command} {handler.path}: {error!r} {error.__cause__!r} {getattr(error.__cause__, 'schema_errors', '')}"
            )

    def _reply(self, handler: Handler, status: int, body: object, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = MockResponse(data, status_code=status, content_type="application/json")
        if status in (200, 201, 404, 410, 422) and not isinstance(body, bytes):
            try:
                description().validate_response(self._mock(handler), answer)
            except OpenAPIError as error:
                self.wrong.append(
                    f"{status} to {handler.path}: {error!r} {error.__cause__!r} {getattr(error.__cause__, 'schema_errors', '')}"
                )
        handler.answer(status, data, **{"x_github_request_id": "1", **headers})


@contextmanager
def github(base: str = "") -> Iterator[Github]:
    """The server; in the end nothing went over the wire that GitHub's description doesn't allow."""
    hub = Github(base=base)
    with serving(hub.handle) as server:
        hub.server = server
        yield hub
    assert not hub.wrong, hub.wrong
