"""An address of one's own, which takes signed JSON.

Signed as the Standard Webhooks specification says (standardwebhooks.com), so that its libraries can verify it: HMAC-SHA256
over `webhook-id.webhook-timestamp.body`. The id is the same however often a request is repeated, and is sent as
`Idempotency-Key` too; the timestamp is that of the attempt.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

import httpx
from pydantic import ValidationError

from cbops.clients.http.pages import is_page
from cbops.clients.tickets.calls import Calls
from cbops.clients.tickets.github_answers import rate_pause
from cbops.clients.tickets.requests import Answer, Request
from cbops.clients.tickets.tracker import Letter
from cbops.errors import ConfigError, SendingAnswerError, SendingMissingError
from cbops.model.config_tickets import WebhookConfig
from cbops.model.sending import (
    Delivered,
    PreparedRequest,
    Remote,
    RemoteState,
    WebhookAnswer,
    WebhookDocument,
    WebhookStep,
)

SHORTEST = 24  # bytes of a secret, as the specification has it
_PREFIX = "whsec_"
_ALIKE = 409  # the receiver has taken this very request before
Now = Callable[[], datetime]


class Webhook:
    """One receiver. `url` is the address, `hidden` that it is a secret; `now` the real time, which receivers hold the
    timestamp against. ConfigError for a secret that is too short. `transport` and `monotonic` are the seams for tests.
    """

    def __init__(
        self,
        config: WebhookConfig,
        url: str,
        secret: str,
        headers: Mapping[str, str],
        *,
        hidden: bool,
        now: Now,
        transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.notes: list[str] = []
        self._name = config.name
        self._key = key_of(secret, f"tickets.targets.{config.name}.secret")
        self._now = now
        self._calls = Calls(
            "The webhook",
            url,
            config,
            {"accept": "application/json", **headers},
            {
                name: f"{name} of {config.name}"
                for name in headers
                if not isinstance(config.headers[name], str)
            },
            shown=f"[url of {config.name}]" if hidden else None,
            signing=self._sign,
            pausing=rate_pause,
            transport=transport,
            monotonic=monotonic,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._calls.close()

    def send(self, letter: Letter) -> Delivered:
        """The ticket as it is: the receiver takes it up, or brings it up to date. Errors: as of Tracker."""
        answer = self._calls.ask(_request(letter, "ticket"), _ALIKE)
        found = self._answered(answer)
        remote = Remote(
            id=letter.there or letter.key if found.id is None else str(found.id)[:200],
            url=found.url,
            state=letter.wanted if found.state is None else RemoteState(found.state),
        )
        how: Literal["created", "updated"] = "created" if letter.there is None else "updated"
        return Delivered(how=how, remote=remote, steps=len(letter.changes))

    def look(self, letter: Letter) -> Remote:
        """What the receiver says to a lookup. SendingAnswerError where it takes none."""
        there = letter.there or letter.key
        try:
            found = self._answered(self._calls.ask(_request(letter, "lookup")))
        except SendingMissingError as error:
            return Remote(id=there, state=RemoteState.GONE, told=error.message)
        if found.state is None:
            raise SendingAnswerError(
                f"{self._calls.named} does not say how {letter.ticket.id} stands there",
                hint="A receiver that is to be asked answers a lookup with its state: docs/tickets.md",
            )
        return Remote(id=there, url=found.url, state=RemoteState(found.state))

    def preview(self, letter: Letter) -> tuple[PreparedRequest, ...]:
        """The one request of `send`."""
        return (self._calls.prepared(_request(letter, "ticket")),)

    def _sign(self, request: Request, body: bytes) -> Mapping[str, str]:
        stamp = int(self._now().timestamp())
        name = request.name
        signed = hmac.new(self._key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
        return {
            "webhook-id": name,
            "webhook-timestamp": str(stamp),
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
            "idempotency-key": name,
        }

    def _answered(self, answer: Answer) -> WebhookAnswer:
        """What it says of the ticket; a receiver may also say nothing, or "ok"."""
        page = is_page(answer.headers.get("content-type", ""), answer.text)
        if not page and not answer.text.lstrip().startswith("{"):
            return WebhookAnswer()
        found = self._calls.json(answer)
        try:
            return WebhookAnswer.model_validate(
                {name: found.get(name) for name in WebhookAnswer.model_fields}
            )
        except ValidationError:
            raise self._calls.nonsense("id, url or state are not what they should be") from None


def key_of(secret: str, setting: str) -> bytes:
    """The bytes that sign: after `whsec_` in Base64, else the words themselves. ConfigError: fewer than 24."""
    key = secret.encode()
    if secret.startswith(_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            raise ConfigError(
                f"{setting} begins with '{_PREFIX}', and no Base64 follows",
                hint="Take it as the receiver shows it.",
            ) from None
    if len(key) < SHORTEST:
        raise ConfigError(
            f"{setting} has {len(key)} bytes; one that can't be guessed has {SHORTEST} or more",
            hint="Make one: openssl rand -base64 32",
        )
    return key


def _request(letter: Letter, event: Literal["ticket", "lookup"]) -> Request:
    document = _document(letter, event)
    marks = [letter.key, event, str(document.steps)]
    if event == "ticket":
        marks.append(document.state.value)
    return Request(
        why="take the ticket up, or bring it up to date" if event == "ticket" else "see how it stands",
        method="POST",
        path="",
        body=document.model_dump(mode="json", by_alias=True),
        name="-".join(marks),
    )


def _document(letter: Letter, event: Literal["ticket", "lookup"]) -> WebhookDocument:
    ticket = letter.ticket
    steps = ticket.steps[letter.sent :]
    return WebhookDocument(
        event=event,
        key=letter.key,
        external_id=letter.there,
        rollout=letter.rollout,
        ticket=ticket.id,
        fingerprint=ticket.fingerprint,
        title=ticket.heading,
        kind=ticket.kind,
        labels=ticket.labels,
        priority=ticket.priority,
        state=ticket.state,
        open=not ticket.state.over,
        signal=ticket.signal,
        opened_at=ticket.opened_at,
        last_seen=ticket.last_seen,
        resolution=ticket.resolution,
        steps=len(ticket.steps),
        changes=tuple(
            WebhookStep(at=each.at, by=each.actor, what=each.what, note=each.note) for each in steps
        ),
        body=letter.text,
    )
