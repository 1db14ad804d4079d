"""`canary status --watch` where there is no terminal, and what encodings with few characters are given."""

from __future__ import annotations

import io
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from cbops.cli.emit import streams
from cbops.cli.legible import LEGIBLE
from tests.conftest import ROOT


class Moving:
    """A clock that only waiting moves; `then` happens at each wait."""

    def __init__(self, then=lambda: None) -> None:
        self.at, self.then, self.waits = datetime(2025, 1, 28, 12, tzinfo=UTC), then, 0

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.waits += 1
        self.then()


@pytest.fixture
def adopted(cli):
    cli("init")
    shutil.copytree(ROOT / "tests" / "data" / "journals" / "v1" / "adopted", cli.folder / "rollouts" / "one")
    return cli


def test_a_pipe_gets_a_line_for_what_changed_and_the_last_answer(adopted):
    clock = Moving()

    def notify() -> None:
        if clock.waits == 2:
            assert adopted("canary", "notify", "--how", "mail").status == 0

    clock.then = notify
    told = adopted("canary", "status", "--watch", "--interval", "10s", "--for", "1m", clock=clock)
    assert (told.status, clock.waits) == (0, 6)
    stamped = [line for line in told.stdout.splitlines() if line.startswith("2025-01-28T12:")]
    news = [line for line in stamped if line.startswith("2025-01-28T12:00:20Z")]
    assert news[0].split(" ", 1)[1].startswith("tenant-a: ")
    assert news[1:] == ["2025-01-28T12:00:20Z   owner      Maya Ö. 🦊, told"]
    assert {line[:20] for line in stamped} == {"2025-01-28T12:00:00Z", "2025-01-28T12:00:20Z"}
    assert told.stdout.splitlines()[-1].startswith("next: ")
    assert "\x1b" not in told.stdout


def test_quiet_is_the_first_line_and_only_when_it_changes(adopted):
    told = adopted("canary", "status", "--watch", "--for", "1m", "--quiet", clock=Moving())
    first, last = told.stdout.splitlines()
    assert first == f"2025-01-28T12:00:00Z {last}"


def test_ctrl_c_ends_it_with_the_last_answer_and_exit_130(adopted):
    def interrupt() -> None:
        raise KeyboardInterrupt

    told = adopted("canary", "status", "--watch", clock=Moving(interrupt))
    assert (told.status, told.stderr) == (130, "")
    assert told.stdout.splitlines()[-1].startswith("next: ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--watch",), "--watch has no JSON"),
        (("--interval", "1s"), "--interval and --for say how to watch"),
        (("--for", "1s"), "--interval and --for say how to watch"),
    ],
)
def test_what_makes_no_sense_together_is_refused(adopted, words, says):
    told = adopted.json("canary", "status", *words)
    assert (told.status, told.error["code"]) == (2, "usage")
    assert told.error["message"].startswith(says)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_encoding_with_few_characters_is_given_their_likeness(encoding, monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding))
    out = streams().out
    out.write("1 → 2 … – “x” ≥ ≤ ✅ Ö 🦊")
    out.flush()
    assert (
        raw.getvalue().decode(encoding)
        == f'1 -> 2 ... - "x" >= <= [x] {"Ö" if encoding == "latin-1" else "?"} ?'
    )


def test_only_what_cannot_be_encoded_is_replaced():
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", LEGIBLE)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("canary", "status", "--wacth"), "--watch"),
        (("canary", "status", "--rolout", "x"), "--rollout"),
        (("canary", "status", "--rollout", "on"), "'one'"),
        (("checklist", "mark", "dashbords"), "'dashboards'"),
        (("demo", "--scenario", "sond", "--dir", "x"), "'sound'"),
        (("monitr",), "cbops monitor"),
    ],
)
def test_what_was_mistyped_is_named_as_it_may_have_been_meant(adopted, words, meant):
    told = adopted(*words)
    assert told.status in (2, 3)
    assert meant in told.stderr
