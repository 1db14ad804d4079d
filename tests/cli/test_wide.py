"""Long lists and long names, on terminals and in pipes; and what tells that work goes on."""

from __future__ import annotations

import io

import pytest

from cbops.cli.emit import Emitter, Streams
from cbops.cli.settings import Settings
from cbops.cli.working import working
from cbops.flows.outcome import Outcome
from cbops.flows.select import candidate_lines
from cbops.model.answers.usage import VersionAnswer
from cbops.model.plan import Candidate, Weighed
from cbops.model.tenant import Target

NAMES = [f"tenant-{number:03}-{'x' * 109}" for number in range(200)]


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def candidate(name: str) -> Candidate:
    reasons = tuple(
        Weighed(
            criterion="fallback",
            verdict=verdict,
            required=True,
            reason=f"the policy falls back to {provider} for 500, 502, 503 and 504, as it says",
        )
        for verdict, provider in (("for", "anthropic"), ("unknown", "openai"))
    )
    return Candidate(
        target=Target(tenant=name, policy="p" * 60, provider="openai"),
        owner=None,
        busiest_rpm=None,
        mean_rpm=None,
        reasons=reasons,
        eligible=False,
        score=0,
    )


def shown(out: io.StringIO, columns: int) -> str:
    lines = tuple(line for name in NAMES for line in candidate_lines(candidate(name)))
    outcome = Outcome(
        data=VersionAnswer(version="1"), headline="200 candidates.", body=lines, next_step="Choose one."
    )
    Emitter(Settings(), Streams(out, io.StringIO()), "canary candidates", "xterm", columns).answer(outcome)
    return out.getvalue()


@pytest.mark.parametrize("columns", [80, 200])
def test_no_name_is_cut_on_a_terminal_and_only_a_name_is_longer_than_it(columns):
    text = shown(Screen(), columns)
    lines = text.splitlines()
    assert all(sum(name in line for line in lines) == 1 for name in NAMES)
    assert all(len(line) < columns or len(line.split()) == 1 for line in lines[1:])
    assert "…" not in text


def test_the_lines_of_one_candidate_on_80_columns():
    first = shown(Screen(), 80).splitlines()[1:5]
    assert first == [
        f"  {NAMES[0]}",
        f"    / {'p' * 60} / openai:",
        "    does not fit; busiest hour unknown",
        "    + the policy falls back to anthropic for 500, 502, 503 and 504, as it says",
    ]


def test_a_pipe_gets_whole_lines_without_colour():
    text = shown(io.StringIO(), 80)
    assert "\x1b" not in text
    assert sum(f"  {name} / {'p' * 60} / openai: does not fit" in text for name in NAMES) == 200


@pytest.mark.parametrize(
    ("stream", "term", "settings", "told"),
    [
        (Screen, "xterm", Settings(), True),
        (io.StringIO, "xterm", Settings(), False),
        (Screen, "dumb", Settings(), False),
        (Screen, "xterm", Settings(quiet=True), False),
        (Screen, "xterm", Settings(format="json"), False),
    ],
)
def test_work_says_what_it_is_at_where_somebody_looks(monkeypatch, stream, term, settings, told):
    err = stream()
    monkeypatch.setattr("sys.stderr", err)
    monkeypatch.setenv("TERM", term)
    with working(settings, "collecting every day"):
        pass
    assert ("collecting every day" in err.getvalue()) == told
    if told:
        assert "0:00:00" in err.getvalue()
        assert err.getvalue().rfind("\x1b[?25h") > err.getvalue().rfind("\x1b[?25l")
