"""Channels that are told: a real Apprise, whose `json://` service speaks to a server on this machine."""

from __future__ import annotations

import json
import logging
import threading
import time
from pathlib import Path

import pytest
from loopback import Handler, serving
from test_watch import FAST

from cbops.clients import notifications
from cbops.clients.notifications import Channels
from cbops.journal.reader import read
from cbops.model.config_notifications import ChannelConfig, NotificationKind
from cbops.model.notice import About
from cbops.render.notice import MAX_BODY, MAX_TITLE, notice_text

# One of Apprise's services imports it, where Python still has it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

KINDS = list(NotificationKind)
SECRET = "tok-0123456789"


class Inbox:
    """What a channel got; answers with `status`, and holds the answer back while `slow` isn't set."""

    def __init__(self) -> None:
        self.messages: list[dict] = []
        self.status = 200
        self.slow: threading.Event | None = None

    def __call__(self, handler: Handler) -> None:
        self.messages.append(json.loads(handler.form))
        if self.slow is not None:
            self.slow.wait(30)
        handler.answer(self.status, b"{}")

    @property
    def titles(self) -> list[str]:
        return [each["title"] for each in self.messages]


@pytest.fixture
def inbox():
    made = Inbox()
    with serving(made) as server:
        made.url = server.url.replace("http://", "json://") + f"/{SECRET}"
        yield made
        if made.slow is not None:
            made.slow.set()


def named(work, inbox, *, timeout_seconds: float = 10, **more: object) -> None:
    """One channel, whose address is a secret of the environment."""
    work.cli.environ["OWNER_URL"] = inbox.url
    channels = [{"name": "owner", "url": {"env": "OWNER_URL"}}]
    work.configure(notifications={"channels": channels, "timeout_seconds": timeout_seconds}, **more)


def told(folder: Path) -> list[tuple[str, str, str | None]]:
    return [
        (entry.event.kind.value, entry.event.channel, entry.event.why)
        for entry in read(folder).entries
        if entry.event.type == "channel_told"
    ]


def test_without_channels_nobody_is_told_and_nothing_is_loaded(work):
    folder = work.enabled()
    assert told(folder) == []


def test_enabling_deciding_and_rolling_back_are_told_and_on_record(work, inbox):
    named(work, inbox)
    folder = work.enabled()
    work.ok("decide", "extend", "--by", "Maya", "--reason", "too little data")
    work.rollback("--reason", "a test")
    assert inbox.titles == [
        "[cbops] Circuit breaker enabled for tenant_canary",
        "[cbops] Decision for tenant_canary: extend",
        "[cbops] Rolled back: circuit breaker of tenant_canary",
    ]
    assert told(folder) == [(kind, "owner", None) for kind in ("enabled", "decision", "rollback")]
    enabled, decided, rolled = (each["message"] for each in inbox.messages)
    assert "Policy: canary_policy, provider: openai" in enabled
    assert "- decided by Maya: too little data" in decided
    assert "- why: a test" in rolled
    work.verified()


def test_a_breach_is_told_with_its_ticket_and_so_is_the_rollback_that_follows(work, inbox):
    named(work, inbox)
    folder = work.enabled()
    latency = {"above_ms": 0.001, "min_results": 1, "action": "rollback"}
    named(work, inbox, guard={**FAST, "latency": latency})
    work.play(minutes=2)
    result = work("monitor", "watch", "--for", "20m", "--auto-rollback")
    assert result.status == 20, result
    assert [kind for kind, _, _ in told(folder)] == ["enabled", "breach", "rollback"]
    breach = inbox.messages[1]
    assert breach["title"].startswith("[cbops] BREACH of tenant_canary: ")
    assert "- ticket: CB-OPS-001" in breach["message"]


def test_a_channel_that_fails_is_a_warning_and_on_record_and_fails_nothing(work, inbox):
    inbox.status = 500
    named(work, inbox)
    folder = work.ready()
    result = work("canary", "enable", "--yes")
    assert result.status == 0
    assert result.answer["warnings"][-1] == "the channel 'owner' was not told (enabled): HTTP 500"
    assert told(folder) == [("enabled", "owner", "HTTP 500")]
    assert work.router.enabled()


def test_a_channel_that_does_not_answer_holds_nothing_up_for_longer_than_is_said(work, inbox):
    inbox.slow = threading.Event()
    named(work, inbox, timeout_seconds=0.3)
    folder = work.ready()
    begin = time.monotonic()
    assert work("canary", "enable", "--yes").status == 0
    assert time.monotonic() - begin < 10
    assert told(folder) == [("enabled", "owner", "it did not answer in time")]


def test_an_address_that_cannot_be_read_is_a_warning(work, inbox):
    named(work, inbox)
    del work.cli.environ["OWNER_URL"]
    folder = work.ready()
    result = work("canary", "enable", "--yes")
    assert result.status == 0
    assert "OWNER_URL is not set" in result.answer["warnings"][-1]
    assert told(folder)[0][2] is not None


def test_a_rollback_that_does_not_get_through_is_told_too(work, inbox):
    named(work, inbox)
    work.enabled()
    work.wire.down()
    assert work("rollback", "--yes").status == 4
    work.wire.up()
    assert "NOT rolled back yet" in inbox.messages[-1]["message"]


def test_a_rollback_without_a_rollout_is_told_too(work, inbox):
    named(work, inbox)
    work.router.enable()
    work.rollback("--tenant", "tenant_canary", "--policy", "canary_policy", "--scope", "policy")
    assert "Rollout: not known" in inbox.messages[-1]["message"]


def test_the_same_decision_twice_is_told_once(work, inbox):
    named(work, inbox)
    work.enabled()
    for _ in range(2):
        work.ok("decide", "extend", "--by", "Maya", "--reason", "too little data")
    assert inbox.titles.count("[cbops] Decision for tenant_canary: extend") == 1


def test_a_channel_hears_only_what_it_is_named_for(work, inbox):
    work.cli.environ["OWNER_URL"] = inbox.url
    only = {"name": "owner", "url": {"env": "OWNER_URL"}, "events": ["decision"]}
    work.configure(notifications={"channels": [only]})
    folder = work.enabled()
    work.ok("decide", "extend", "--by", "Maya", "--reason", "r")
    assert [kind for kind, _, _ in told(folder)] == ["decision"]


def test_no_token_is_in_what_is_said_or_kept(work, inbox, caplog):
    inbox.status = 401
    named(work, inbox)
    folder = work.ready()
    result = work("canary", "enable", "--yes")
    kept = (folder / "journal.jsonl").read_text()
    assert SECRET not in result.stdout + result.stderr + kept + caplog.text


def test_a_template_of_ones_own_is_used_and_a_wrong_one_is_told(work, inbox):
    own = work.folder / "own"
    (own / "notification").mkdir(parents=True)
    path = own / "notification" / "enabled.txt.j2"
    path.write_text("Ours: {{ notice.tenant }}\nmore")
    work.cli.environ["OWNER_URL"] = inbox.url
    channel = {"channels": [{"name": "owner", "url": {"env": "OWNER_URL"}}]}
    work.configure(notifications=channel, templates="own")
    work.ready()
    path.write_text("{{ notice.tenantt }}")
    assert "line 1" in work("canary", "enable", "--yes").answer["warnings"][-1]
    assert inbox.titles == ["[cbops] Circuit breaker enabled for tenant_canary"]


def test_a_test_message_reaches_the_channel_and_leaves_no_record(work, inbox):
    named(work, inbox)
    assert work.ok("notify", "test", "owner") == {"channels": [{"channel": "owner", "why": None}]}
    assert inbox.titles == ["[cbops] A test message"]
    inbox.status = 404
    result = work("notify", "test")
    assert (result.status, result.data["channels"][0]["why"]) == (7, "HTTP 404")
    assert work("notify", "test", "nobody").status == 3


def channels(url: str) -> Channels:
    channel = ChannelConfig.model_validate({"name": "a", "url": {"env": "A"}})
    return Channels([channel], KINDS, 5, lambda _: url)


def test_an_address_that_apprise_does_not_know_is_told(work):
    made = channels("nonsense://x")
    made.post(NotificationKind.ENABLED, work.clock.now(), "t", "b")
    (one,) = made.finished(wait=True)
    assert one.why == "its address is none that Apprise knows"


def test_without_the_extra_it_says_how_to_install_it(work, monkeypatch):
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(notifications.importlib, "import_module", absent)
    made = channels("json://localhost")
    made.post(NotificationKind.ENABLED, work.clock.now(), "t", "b")
    assert "cbops[notify]" in str(made.finished(wait=True)[0].why)


def test_what_is_still_on_its_way_is_not_waited_for_unless_that_is_asked(work, inbox):
    inbox.slow = threading.Event()
    made = channels(inbox.url)
    made.post(NotificationKind.ENABLED, work.clock.now(), "t", "b")
    assert made.finished(wait=False) == ()
    inbox.slow.set()
    assert [each.why for each in made.finished(wait=True)] == [None]
    assert made.finished(wait=True) == ()


def test_apprise_says_nothing_on_the_screen(work, inbox, capfd):
    inbox.status = 500
    made = channels(inbox.url)
    made.post(NotificationKind.ENABLED, work.clock.now(), "t", "b")
    made.finished(wait=True)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("apprise").propagate is False


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_is_plain_text_that_hostile_names_cannot_stretch(work, kind):
    nasty = "<b>*x*\n# h\u202e" + "y" * 5000
    about = About(tenant=nasty, policy=nasty)
    zone = work.clock.now().tzinfo
    title, body = notice_text(kind, about, "maya", work.clock.now(), zone, (nasty, nasty))
    assert len(title) <= MAX_TITLE
    assert len(body) <= MAX_BODY
    assert "<b>*x* # h\ufffd" in title + body
    assert "\n" not in title
