"""A webhook's requests, verified by the specification's own library (standardwebhooks) and the published schemas."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import jsonschema
import pytest
import stamina
from loopback import Handler, serving
from standardwebhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError
from test_ticket_github import letter

from cbops.clients.tickets.webhook import Webhook, key_of
from cbops.errors import (
    ConfigError,
    SendingAnswerError,
    SendingLaterError,
    SendingMissingError,
    SendingRefusedError,
)
from cbops.model.config_tickets import WebhookConfig
from cbops.model.sending import RemoteState
from cbops.model.ticket import TicketState

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


@pytest.fixture(autouse=True)
def _no_pauses():
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def now() -> datetime:
    return datetime.now(UTC)


class Desk:
    """An independent receiver: verifies, refuses what it has seen before as done, and keeps tickets by their key."""

    def __init__(self) -> None:
        self.receiver = Receiver(SECRET)
        self.seen: list[str] = []
        self.tickets: dict[str, dict] = {}
        self.states: dict[str, str] = {}
        self.verdicts: list[int] = []
        self.fail: list[int] = []
        self.deaf = False

    def __call__(self, handler: Handler) -> None:
        status, body = self.take(handler)
        self.verdicts.append(status)
        if self.fail:
            handler.answer(self.fail.pop(0), b"{}", retry_after="0")
        elif self.deaf:
            self.deaf = False
            handler.close_connection = True
        else:
            handler.answer(status, json.dumps(body).encode())

    def take(self, handler: Handler) -> tuple[int, dict]:
        try:
            self.receiver.verify(
                handler.form, {name.lower(): value for name, value in handler.headers.items()}
            )
        except WebhookVerificationError as error:
            return 401, {"message": str(error)}
        document = json.loads(handler.form)
        jsonschema.validate(document, json.loads((SCHEMAS / "ticket-webhook.json").read_text()))
        name, key = handler.headers["webhook-id"], document["key"]
        assert handler.headers["idempotency-key"] == name
        if document["event"] == "lookup":
            return (200, {"state": self.states[key]}) if key in self.states else (404, {})
        if name in self.seen:
            return 409, {"id": f"T-{len(self.tickets)}"}
        self.seen.append(name)
        self.tickets[key] = document
        self.states[key] = "open" if document["open"] else "closed"
        return 200, {"id": f"T-{len(self.tickets)}", "url": "https://desk.example.com/T-1", "extra": 1}


@pytest.fixture
def desk():
    made = Desk()
    with serving(made) as server:
        made.url, made.server = server.url, server
        yield made


def hook(url: str, secret: str = SECRET, **more: object) -> Webhook:
    config = {"name": "desk", "kind": "webhook", "url": url, "secret": {"env": "S"}, "timeout_seconds": 5}
    made = WebhookConfig.model_validate(config)
    return Webhook(made, url, secret, {}, **{"hidden": False, "now": now, **more})


def test_a_ticket_is_taken_up_with_a_signature_that_the_specifications_library_verifies(desk):
    tracker = hook(desk.url)
    done = tracker.send(letter())
    tracker.close()
    assert (done.how, done.remote.id, done.remote.url) == ("created", "T-1", "https://desk.example.com/T-1")
    (document,) = desk.tickets.values()
    assert (document["schema"], document["event"], document["ticket"]) == (1, "ticket", "CB-OPS-001")
    assert (document["open"], document["steps"], document["external_id"]) == (True, 1, None)
    assert document["body"].startswith("## Issue")


def test_an_update_says_what_happened_since_and_whether_it_is_over(desk):
    tracker = hook(desk.url)
    tracker.send(letter())
    there = letter(3, TicketState.RESOLVED, there="T-1", sent=1, known=RemoteState.OPEN)
    done = tracker.send(there)
    tracker.close()
    document = desk.tickets[there.key]
    assert [each["what"] for each in document["changes"]] == ["step 1", "step 2"]
    assert (document["open"], document["external_id"]) == (False, "T-1")
    assert (done.how, done.remote.state, done.steps) == ("updated", RemoteState.CLOSED, 3)


def test_a_retry_carries_the_same_key_and_is_taken_once(desk):
    desk.fail = [503, 503]
    tracker = hook(desk.url)
    assert tracker.send(letter()).how == "created"
    tracker.close()
    names = {headers["webhook-id"] for _, _, headers, _ in desk.server.requests}
    assert (len(desk.server.requests), len(names), len(desk.seen)) == (3, 1, 1)
    assert desk.verdicts == [200, 409, 409]


def test_a_lost_answer_makes_no_second_ticket(desk):
    desk.deaf = True
    tracker = hook(desk.url)
    assert tracker.send(letter()).remote.id == "T-1"
    tracker.close()
    assert (desk.verdicts, len(desk.tickets)) == ([200, 409], 1)


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_replay_of_another_time_is_refused(desk, minutes):
    tracker = hook(desk.url, now=lambda: now() + timedelta(minutes=minutes))
    with pytest.raises(SendingRefusedError, match="HTTP 401"):
        tracker.send(letter())
    tracker.close()
    assert desk.tickets == {}


def test_one_word_that_is_changed_on_the_way_breaks_the_signature(desk):
    tracker = hook(desk.url)
    tracker.send(letter())
    tracker.close()
    _, _, headers, form = desk.server.requests[0]
    sent = {name.lower(): value for name, value in headers.items()}
    receiver = Receiver(SECRET)
    receiver.verify(form, sent)
    for changed in (form.replace("openai", "others"), form + " "):
        with pytest.raises(WebhookVerificationError):
            receiver.verify(changed, sent)
    with pytest.raises(WebhookVerificationError):
        receiver.verify(form, {**sent, "webhook-id": "another"})


def test_another_secret_is_refused(desk):
    tracker = hook(desk.url, secret="x" * 32)
    with pytest.raises(SendingRefusedError):
        tracker.send(letter())
    tracker.close()


def test_a_secret_in_plain_words_signs_by_its_bytes():
    assert key_of("k" * 24, "s") == b"k" * 24
    assert key_of(SECRET, "s") == bytes(range(32))


@pytest.mark.parametrize("secret", ["short", "whsec_???", "whsec_" + base64.b64encode(b"x" * 23).decode()])
def test_a_secret_that_can_be_guessed_is_refused_without_being_told(secret):
    with pytest.raises(ConfigError) as raised:
        key_of(secret, "tickets.targets.desk.secret")
    assert secret not in raised.value.message


def test_it_asks_how_a_ticket_stands(desk):
    tracker = hook(desk.url)
    tracker.send(letter())
    there = letter(there="T-1", sent=1, known=RemoteState.OPEN)
    assert tracker.look(there).state is RemoteState.OPEN
    desk.states[there.key] = "closed"
    assert tracker.look(there).state is RemoteState.CLOSED
    assert tracker.look(replace(there, rollout="another")).state is RemoteState.GONE
    tracker.close()


@pytest.mark.parametrize("body", [b"", b"ok", b'{"id": 7}'])
def test_a_receiver_may_say_little(body):
    with serving(lambda handler: handler.answer(202, body)) as server:
        tracker = hook(server.url)
        done = tracker.send(letter())
        assert done.remote.id == ("7" if body.startswith(b"{") else letter().key)
        assert done.remote.state is RemoteState.OPEN
        with pytest.raises(SendingAnswerError, match="does not say how"):
            tracker.look(letter(there="7", sent=1, known=RemoteState.OPEN))
        tracker.close()


@pytest.mark.parametrize(
    ("status", "body", "kind", "error"),
    [
        (200, b"<html><title>Log in</title>", "text/html", SendingAnswerError),
        (200, b'{"id": {}}', "application/json", SendingAnswerError),
        (200, b'{"state": "maybe"}', "application/json", SendingAnswerError),
        (302, b"", "text/plain", SendingAnswerError),
        (400, b'{"message": "no"}', "application/json", SendingAnswerError),
        (404, b"", "text/plain", SendingMissingError),
        (429, b"", "text/plain", SendingLaterError),
        (500, b"", "text/plain", SendingLaterError),
    ],
)
def test_each_refusal_is_told(status, body, kind, error):
    with serving(lambda handler: handler.answer(status, body, kind)) as server:
        tracker = hook(server.url)
        with pytest.raises(error):
            tracker.send(letter())
        tracker.close()


def test_an_address_that_is_a_secret_is_in_no_message_and_no_preview(desk):
    url = f"{desk.url}/hooks/s3cr3t-path"
    desk.fail = [400]
    tracker = hook(url, hidden=True)
    (shown,) = tracker.preview(letter())
    assert shown.url == "[url of desk]"
    assert shown.headers["webhook-signature"] == "[made when it is sent]"
    with pytest.raises(SendingAnswerError) as raised:
        tracker.send(letter())
    tracker.close()
    assert "s3cr3t" not in raised.value.message + shown.model_dump_json()
    assert desk.server.requests[0][1] == "/hooks/s3cr3t-path"
    _, _, headers, form = desk.server.requests[0]
    assert form == shown.body
    assert {headers[name] for name in ("webhook-id", "idempotency-key")} == {shown.headers["webhook-id"]}
    assert headers["user-agent"] == shown.headers["user-agent"]


def test_what_a_receiver_echoes_of_a_secret_address_is_not_told():
    def reply(handler: Handler) -> None:
        body = json.dumps({"message": f"no {handler.path} here, no s3cr3t-path"}).encode()
        handler.answer(302, body, location=f"/elsewhere{handler.path}")

    with serving(reply) as server:
        tracker = hook(f"{server.url}/hooks/s3cr3t-path?key=0123456789", hidden=True)
        with pytest.raises(SendingAnswerError, match="redirect") as raised:
            tracker.send(letter())
        tracker.close()
    assert "s3cr3t" not in raised.value.message
    assert "0123456789" not in raised.value.message


def test_no_proxy_of_the_environment_hears_of_it(desk):
    with mock.patch.dict(os.environ, {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}):
        tracker = hook(desk.url)
        assert tracker.send(letter()).how == "created"
        tracker.close()
