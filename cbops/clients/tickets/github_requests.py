"""The requests to GitHub's REST API, in its version 2022-11-28."""

from __future__ import annotations

from urllib.parse import quote

from cbops.clients.tickets.github_words import body_of, comment_of, title_of
from cbops.clients.tickets.requests import Request
from cbops.clients.tickets.tracker import Letter
from cbops.model.config_tickets import GithubConfig
from cbops.model.sending import RemoteState
from cbops.model.ticket import LABELS

VERSION = "2022-11-28"
PAGE = 100
MAX_PAGES = 10  # of a list
_COLOURS = {LABELS[0]: "b60205", LABELS[1]: "0e8a16", LABELS[2]: "5319e7"}
_COLOUR = "c5def5"


class Requests:
    """Those of one repository."""

    def __init__(self, config: GithubConfig) -> None:
        self._config = config
        self._repo = f"/repos/{config.repository}"

    def labels(self, letter: Letter) -> tuple[str, ...]:
        """The ticket's, and those of cbops.yaml."""
        return tuple(dict.fromkeys((*letter.ticket.labels, *self._config.labels)))

    def make_label(self, name: str) -> Request:
        """Made twice it is there once."""
        body = {"name": name, "color": _COLOURS.get(name, _COLOUR), "description": "cbops"}
        return Request(f"make the label {name}", "POST", f"{self._repo}/labels", body=body)

    def issue(self, number: str) -> Request:
        return Request("see how the issue stands", "GET", f"{self._repo}/issues/{number}")

    def list(self, page: int) -> Request:
        query = {
            "state": "all",
            "labels": LABELS[0],
            "sort": "created",
            "direction": "desc",
            "per_page": str(PAGE),
            "page": str(page),
        }
        return Request("look whether the issue is there", "GET", f"{self._repo}/issues", query)

    def comments(self, number: str, page: int) -> Request:
        query = {"per_page": str(PAGE), "page": str(page)}
        why = "look which comments are there"
        return Request(why, "GET", f"{self._repo}/issues/{number}/comments", query)

    def label(self, name: str) -> Request:
        why = "look whether the label is there, and make it where not"
        return Request(why, "GET", f"{self._repo}/labels/{quote(name, safe='')}")

    def create(self, letter: Letter) -> Request:
        body = {
            "title": title_of(letter),
            "body": body_of(letter),
            "labels": list(self.labels(letter)),
        }
        return Request("open the issue", "POST", f"{self._repo}/issues", body=body, repeatable=False)

    def comment(self, letter: Letter, number: str, since: int) -> Request:
        body = {"body": comment_of(letter, since)}
        path = f"{self._repo}/issues/{number}/comments"
        return Request("tell what happened since", "POST", path, body=body, repeatable=False)

    def state(self, number: str, state: RemoteState) -> Request:
        reason = "completed" if state is RemoteState.CLOSED else "reopened"
        body = {"state": state.value, "state_reason": reason}
        return Request(f"make it {state.value}", "PATCH", f"{self._repo}/issues/{number}", body=body)
