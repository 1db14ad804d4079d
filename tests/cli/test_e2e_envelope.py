"""Every command of a rollout, played from beginning to end: one JSON document on stdout, and nothing else."""

from __future__ import annotations

import json

import pytest
from flow_fixtures import router, scenario, served, wire, work
from flow_world import POLICY, PROVIDER, TENANT

from cbops.cli.table import TABLE

__all__ = ["router", "scenario", "served", "wire", "work"]

TARGET = (TENANT, "--policy", POLICY, "--provider", PROVIDER)
INCIDENT = ("--provider", "openai", "--from", "2025-01-23T10:00:00Z", "--to", "2025-01-23T11:00:00Z")

# Each command with its exit status, in the order of a rollout's life.
LIFE = [
    (("init",), 0),
    (("doctor",), 7),  # nothing was scraped yet
    (("canary", "candidates"), 0),
    (("canary", "select", *TARGET), 6),
    (("canary", "select", *TARGET, "--override", "known"), 0),
    (("canary", "adopt", *TARGET, "--enabled-at", "2025-01-20"), 6),
    (("canary", "notify", "--how", "mail"), 0),
    (("canary", "enable", "--dry-run"), 0),
    (("canary", "enable", "--yes"), 6),
    (("canary", "approve", "enable", "--yes"), 0),
    (("checklist", "mark", "all"), 0),
    (("checklist", "verify"), 2),
    (("checklist", "verify", "--yes"), 7),  # there are no rules to look at
    (("checklist", "show"), 0),
    (("report", "readiness"), 7),  # nothing was scraped yet
    (("policy", "show"), 0),
    (("policy", "diff"), 0),
    (("policy", "check"), 0),
    (("alerts", "render"), 0),
    (("alerts", "check", "rollouts/none.yml"), 3),
    (("dashboard", "render"), 0),
    (("evaluate",), 6),
    (("canary", "enable"), 2),
    (("canary", "enable", "--yes"), 0),
    (("canary", "status"), 0),
    (("resume",), 0),
    (("monitor", "note", "all is well"), 0),
    (("monitor", "daily"), 2),
    (("monitor", "watch", "--for", "60s"), 0),
    (("monitor", "watch", "--unpause", "r"), 6),
    (("incident", "add", *INCIDENT), 0),
    (("incident", "list"), 0),
    (("canary", "compare"), 0),
    (("evaluate",), 10),
    (("episode", "classify", "nope", "expected", "--reason", "r"), 3),
    (("lesson", "add", "x", "--kind", "well"), 0),
    (("ticket", "signals"), 0),
    (("ticket", "create"), 2),
    (("ticket", "create", "--title", "the dashboard has an empty panel"), 0),
    (("ticket", "create", "--from-signal", "all"), 0),
    (("ticket", "list"), 0),
    (("ticket", "show", "1"), 0),
    (("ticket", "show", "99"), 3),
    (("ticket", "update", "1", "--to", "closed"), 6),
    (("ticket", "update", "1", "--to", "triaged"), 0),
    (("ticket", "send", "--yes"), 3),  # nobody to send them to
    (("ticket", "sync"), 3),
    (("notify", "test"), 3),  # no channel is named
    (("decide", "extend", "--by", "Maya", "--reason", "too little"), 0),
    (("report", "log"), 0),
    (("report", "day"), 3),  # no day is over, so none was measured
    (("report", "weekly"), 3),
    (("report", "final"), 0),
    (("report", "templates"), 0),
    (("journal", "show"), 0),
    (("journal", "seal"), 2),
    (("journal", "seal", "--new-key", "seal.key"), 0),
    (("journal", "verify"), 0),
    (("journal", "verify", "--against-router"), 0),
    (("rollback",), 2),
    (("rollback", "--yes"), 7),
    (("canary", "status"), 0),
]


def test_every_command_answers_with_one_document_and_the_promised_status(work):
    for words, status in LIFE:
        result = work(*words)
        answer = json.loads(result.stdout)
        name = " ".join(
            words[:2]
            if words[0] not in ("init", "doctor", "evaluate", "resume", "decide", "rollback")
            else words[:1]
        )
        assert list(answer) == ["schema", "command", "ok", "data", "warnings", "error"]
        assert (result.status, answer["schema"], answer["command"]) == (status, 1, name), answer
        assert answer["ok"] == (status in (0, 10, 20))
        assert (answer["error"] is None) == answer["ok"]
        assert (answer["data"] is not None) == (status in (0, 7, 10, 20))
        assert result.stderr == ""


def test_the_life_of_a_rollout_uses_every_command_of_its():
    elsewhere = {"demo", "sim serve", "monitor scrape"}
    used = {entry.words for entry in TABLE for words, _ in LIFE if " ".join(words).startswith(entry.words)}
    known = {entry.words for entry in TABLE if not entry.words.startswith(("replay", "loadtest"))}
    assert known - used <= elsewhere


@pytest.mark.parametrize(
    "words",
    sorted({words for words, _ in LIFE if words[0] not in ("init", "alerts", "dashboard")}, key=str),
    ids=lambda words: " ".join(words[:2]),
)
def test_without_a_configuration_every_command_exits_3_and_says_how_to_get_one(cli, words):
    result = cli.json(*words)
    assert (result.status, result.error["code"]) == (3, "config")
    assert result.stderr == ""
