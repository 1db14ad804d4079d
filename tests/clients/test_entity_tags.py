"""If-Match is sent where a router tags a policy's history, and only then; a tag about something else blocks nothing."""

from __future__ import annotations

import httpx
import pytest

from cbops.clients.admin import AdminClient
from cbops.clients.etags import highest, strong
from cbops.errors import AdminAnswerError
from cbops.model.config import RouterConfig


class Server:
    """A policy with two versions; counts what it is asked, and may refuse."""

    def __init__(self, tag: str | None, *, refuse: bool = False) -> None:
        self.tag, self.refuse = tag, refuse
        self.live, self.latest = "1.1", "1.1"
        self.tagged = 200  # the status of the answer that has the tag
        self.asked: list[str] = []
        self.matches: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        headers = {} if self.tag is None else {"etag": self.tag}
        what = f"{request.method} {request.url.path.rpartition('/')[2]}"
        self.asked.append(what)
        if what == "GET history":
            return httpx.Response(
                200, json={"versions": [self._line("1.0"), self._line("1.1")]}, headers=headers
            )
        if what == "GET p":
            body = {"info": {"version": self.latest}, "policy_json": {}}
            return httpx.Response(self.tagged, json=body, headers=headers)
        match = request.headers.get("if-match")
        self.matches.append(match)
        if self.refuse and match is not None:
            return httpx.Response(412, json={"error": "changed"})
        return httpx.Response(200, json={"success": True, "new_version": "1.2", "previous_version": "1.1"})

    def _line(self, version: str) -> dict[str, object]:
        return {"version": version, "policy_json": {}, "is_active": version == self.live}


def written(server: Server, *, meanwhile: str | None = None) -> None:
    config = RouterConfig(admin_url="http://router.example:8080")
    with AdminClient(config, "key", transport=httpx.MockTransport(server)) as admin:
        admin.history("t", "p")
        if meanwhile is not None:
            server.live = meanwhile
        admin.put("t", "p", {}, version="1.2", comment="c")


def test_a_strong_tag_is_asked_for_and_matched():
    server = Server('"a1"')
    written(server)
    assert server.asked == ["GET history", "GET p", "PUT p"]
    assert server.matches == ['"a1"']


@pytest.mark.parametrize("tag", [None, 'W/"a1"', "a1", '"a"b"', '"' + "a" * 300 + '"', '""'])
def test_without_a_tag_that_can_be_matched_nothing_more_is_asked(tag):
    server = Server(tag)
    written(server)
    assert server.asked == ["GET history", "PUT p"]
    assert server.matches == [None]


def test_where_the_tag_cannot_be_had_the_write_is_sent_without():
    server = Server('"a1"')
    server.tagged = 404
    written(server)
    assert server.matches == [None]


def test_a_tag_of_a_later_version_than_was_read_is_not_matched():
    server = Server('"a1"')
    server.latest = "1.2"
    written(server)
    assert server.matches == [None]


def test_a_write_that_was_refused_because_of_a_change_is_an_error():
    server = Server('"a1"', refuse=True)
    with pytest.raises(AdminAnswerError, match="412") as raised:
        written(server, meanwhile="1.0")
    assert "Someone else has written meanwhile" in raised.value.hint
    assert server.matches == ['"a1"']


def test_a_tag_that_changes_without_the_policy_blocks_no_write():
    server = Server('"a1"', refuse=True)
    written(server)
    assert server.asked == ["GET history", "GET p", "PUT p", "GET history", "PUT p"]
    assert server.matches == ['"a1"', None]


def test_what_is_no_tag_or_no_version_is_nothing():
    assert strong(None) is None
    assert highest(frozenset()) is None
    assert highest(frozenset({("odd", True)})) is None
    assert highest(frozenset({("1.9", True), ("1.10", False)})) == "1.10"
