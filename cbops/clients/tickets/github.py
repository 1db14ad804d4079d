"""GitHub's issues, through its REST API (2022-11-28); GitHub Enterprise Server has the same under /api/v3.

An issue is found again by a mark in its body among the issues with cbops' label: the list of a repository knows an issue
as soon as it is there, which GitHub's search doesn't.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import httpx

from cbops.clients.tickets.calls import Calls
from cbops.clients.tickets.github_answers import author_of, made_before, rate_pause, remote_of
from cbops.clients.tickets.github_requests import MAX_PAGES, PAGE, VERSION, Requests
from cbops.clients.tickets.github_words import steps_in_body, steps_in_comment
from cbops.clients.tickets.requests import Answer, Request
from cbops.clients.tickets.tracker import Letter
from cbops.errors import (
    SendingAnswerError,
    SendingError,
    SendingHeldError,
    SendingMissingError,
    SendingRefusedError,
    SendingUnclearError,
)
from cbops.model.base import JsonObject
from cbops.model.config_tickets import GithubConfig
from cbops.model.sending import Delivered, How, PreparedRequest, Remote, RemoteState
from cbops.model.ticket import LABELS


class GithubIssues:
    """Issues of one repository. `transport` and `monotonic` are the seams for tests."""

    def __init__(
        self,
        config: GithubConfig,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        headers = {
            "accept": "application/vnd.github+json",
            "x-github-api-version": VERSION,
            "authorization": f"Bearer {token}",
        }
        self.notes: list[str] = []
        self._config = config
        self._requests = Requests(config)
        self._labels: set[str] = set()  # those that are there
        self._calls = Calls(
            "GitHub",
            config.api_url.rstrip("/"),
            config,
            headers,
            {"authorization": f"token of {config.name}", "token": token},
            pausing=rate_pause,
            transport=transport,
            monotonic=monotonic,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._calls.close()

    def send(self, letter: Letter) -> Delivered:
        """Look it up, make it where it isn't there, bring it up to date. Errors: as of Tracker."""
        if letter.there is not None:
            return self._update(letter, self._issue(letter.there), letter.sent, "updated")
        found = self._find(letter)
        if found is None:
            found, how = self._create(letter)
            if how == "created":
                return Delivered(
                    how=how,
                    remote=self._settle(letter, self._seen(found)),
                    steps=len(letter.changes),
                )
        since = steps_in_body(found.get("body"), letter.key) or 0
        remote = self._seen(found)
        if remote.state is RemoteState.CLOSED and letter.wanted is RemoteState.OPEN:
            # It was made open: that somebody closed it since is for `look` to find.
            self.notes.append(
                f"issue {remote.id} was closed there already; take that over: cbops ticket sync"
            )
            made = remote.model_copy(update={"state": RemoteState.OPEN, "told": None})
            return Delivered(how="found", remote=made, steps=since)
        return self._update(letter, found, since, "found")

    def look(self, letter: Letter) -> Remote:
        """How the issue stands; `gone` where it is not there, or out of sight."""
        there = letter.there or ""
        try:
            return self._seen(self._issue(there))
        except SendingMissingError as error:
            return Remote(id=there, state=RemoteState.GONE, told=error.message)

    def preview(self, letter: Letter) -> tuple[PreparedRequest, ...]:
        """What `send` asks and writes, as far as it is known beforehand."""
        if letter.there is None:
            labels = [self._requests.label(name) for name in self._requests.labels(letter)]
            asked = [self._requests.list(1), *labels, self._requests.create(letter)]
            if letter.wanted is RemoteState.CLOSED:
                asked.append(self._requests.state("{number}", RemoteState.CLOSED))
        else:
            asked = [self._requests.issue(letter.there), self._requests.comments(letter.there, 1)]
            if letter.sent < len(letter.changes):
                asked.append(self._requests.comment(letter, letter.there, letter.sent))
            if letter.known is not letter.wanted:
                asked.append(self._requests.state(letter.there, letter.wanted))
        return tuple(self._calls.prepared(each) for each in asked)

    def _find(self, letter: Letter) -> JsonObject | None:
        """The issue with the ticket's mark; the oldest, where there are two."""
        found = None
        oldest = letter.ticket.opened_at - timedelta(days=1)
        for page in range(1, MAX_PAGES + 1):
            issues = self._listed(self._requests.list(page))
            for issue in issues:
                if "pull_request" not in issue and steps_in_body(issue.get("body"), letter.key) is not None:
                    found = issue
            if found is not None or len(issues) < PAGE or made_before(issues[-1], oldest):
                return found
        raise SendingAnswerError(
            f"{self._calls.named} has more than {PAGE * MAX_PAGES} issues with the label '{LABELS[0]}' in "
            f"{self._config.repository} since {letter.ticket.id} was opened; whether it is among them is not known",
            hint="Name a repository of its own for them.",
        )

    def _create(self, letter: Letter) -> tuple[JsonObject, How]:
        """The new issue; where the answer was lost, the one that was made all the same."""
        self._make_labels(letter)
        try:
            made = self._object(self._requests.create(letter))
        except SendingUnclearError as error:
            try:
                found = self._find(letter)
            except SendingError:
                raise error from None
            if found is None:
                raise
            return found, "found"
        names = {each.get("name") for each in made.get("labels") or [] if isinstance(each, dict)}
        if LABELS[0] not in names:
            self.notes.append(
                f"GitHub left the labels of issue {made.get('number')} out: the token may open issues in "
                f"{self._config.repository} and not label them. By its label an issue is found again when an answer "
                "is lost; give the token the right to triage"
            )
        return made, "created"

    def _update(self, letter: Letter, issue: JsonObject, since: int, how: How) -> Delivered:
        """The issue with what happened since as one comment, and opened or closed as the ticket is."""
        remote = self._seen(issue)
        self._require_known(letter, remote)
        number = remote.id
        told = since
        if since < len(letter.changes):
            told = max(since, self._commented(letter, issue, number))
        if told < len(letter.changes):
            self._comment(letter, issue, number, told)
        after = self._settle(letter, remote)
        same = how == "updated" and told == since == len(letter.changes) and after.state is remote.state
        return Delivered(how="unchanged" if same else how, remote=after, steps=len(letter.changes))

    def _require_known(self, letter: Letter, remote: Remote) -> None:
        """Somebody's closing or reopening there is not undone unseen."""
        if letter.there is None or letter.known in (None, remote.state) or remote.state is letter.wanted:
            return
        raise SendingHeldError(
            f"issue {remote.id} of {self._config.repository} was {_done(remote.state)} there"
            f"{f' ({remote.told})' if remote.told else ''}, and {letter.ticket.id} is {letter.ticket.state.words} here",
            hint="Take that over first: cbops ticket sync",
        )

    def _comment(self, letter: Letter, issue: JsonObject, number: str, since: int) -> None:
        try:
            self._object(self._requests.comment(letter, number, since))
        except SendingUnclearError:
            if self._commented(letter, issue, number) < len(letter.changes):
                raise

    def _commented(self, letter: Letter, issue: JsonObject, number: str) -> int:
        """Up to which step cbops' comments tell; 0: there are none."""
        author = author_of(issue)
        most = 0
        for page in range(1, MAX_PAGES + 1):
            comments = self._listed(self._requests.comments(number, page))
            own = (each for each in comments if author is not None and author_of(each) == author)
            most = max([most, *(steps_in_comment(each.get("body"), letter.key) or 0 for each in own)])
            if len(comments) < PAGE:
                return most
        raise SendingAnswerError(
            f"issue {number} of {self._config.repository} has more than {PAGE * MAX_PAGES} comments; what cbops said "
            "there is not known",
            hint=f"Write it by hand: cbops ticket show {letter.ticket.id}",
        )

    def _settle(self, letter: Letter, remote: Remote) -> Remote:
        """Open or closed, as the ticket is; carried out twice it is the same."""
        if remote.state is letter.wanted:
            return remote
        return self._seen(self._object(self._requests.state(remote.id, letter.wanted)))

    def _make_labels(self, letter: Letter) -> None:
        """Labels that are missing; a token that may not make them can still open an issue."""
        for name in self._requests.labels(letter):
            if name in self._labels:
                continue
            try:
                if self._calls.ask(self._requests.label(name), 404).status == 404:
                    # 422: somebody else made it in the same moment.
                    self._calls.ask(self._requests.make_label(name), 422)
            except (SendingRefusedError, SendingMissingError) as error:
                self.notes.append(f"the label '{name}' could not be made: {error.message}")
            self._labels.add(name)

    def _issue(self, number: str) -> JsonObject:
        return self._object(self._requests.issue(number))

    def _seen(self, issue: JsonObject) -> Remote:
        remote = remote_of(issue)
        if remote is None:
            raise self._calls.nonsense("an issue without number and state")
        return remote

    def _object(self, request: Request) -> JsonObject:
        found = self._calls.json(self._told(request))
        if not isinstance(found, dict):
            raise self._calls.nonsense("no JSON object")
        return found

    def _listed(self, request: Request) -> list[JsonObject]:
        found = self._calls.json(self._told(request))
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise self._calls.nonsense("no list of JSON objects")
        return found

    def _told(self, request: Request) -> Answer:
        """The answer; a refusal with what to do about this target's token."""
        try:
            return self._calls.ask(request)
        except SendingRefusedError as error:
            raise SendingRefusedError(error.message, hint=self._remedy(error)) from None
        except SendingMissingError as error:
            hint = (
                f"Check tickets.targets.{self._config.name}.repository ({self._config.repository}): is it spelt right, "
                "are issues switched on there, and may the token see it?"
            )
            raise SendingMissingError(error.message, hint=hint) from None

    def _remedy(self, error: SendingError) -> str:
        kind, name = self._config.token.place
        place = f"{kind} {name}"
        if "HTTP 401" in error.message:
            return f"The token has expired, was revoked, or is of another server: put a new one into {place}."
        return (
            f"The token ({place}) lacks a right: it needs issues read and write in {self._config.repository}, and "
            "where the organisation has single sign-on, to be authorised for it."
        )


def _done(state: RemoteState) -> str:
    return "closed" if state is RemoteState.CLOSED else "opened again"
