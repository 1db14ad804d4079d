"""No command that talks to the admin API is missing from the matrix."""

from __future__ import annotations

from fault_world import COMMANDS
from flow_world import Work

from cbops.cli.table import TABLE
from tests.cli.test_e2e_envelope import LIFE

# What LIFE doesn't play, and why it needs no row.
APART = {
    "demo": "has a router of its own in the same process",
    "sim serve": "is the router",
    "monitor scrape": "reads the metrics page",
    "replay tune": "writes what it found, and reads the live policy as `replay run` does",
}


def test_every_command_that_calls_the_admin_api_in_a_rollout_s_life_has_a_row(work: Work) -> None:
    calling = set()
    for words, _ in LIFE:
        work.wire.calls.clear()
        work(*words)
        if work.wire.calls:
            calling.add(next(each.words for each in TABLE if " ".join(words).startswith(each.words)))
    rows = {" ".join(command.words) for command in COMMANDS}
    assert {words for words in calling if not any(row.startswith(words) for row in rows)} == set()
    played = {each.words for each in TABLE for words, _ in LIFE if " ".join(words).startswith(each.words)}
    told = {each.words for each in TABLE if any(row.startswith(each.words) for row in rows)}
    assert {each.words for each in TABLE} - played - told - set(APART) == set()
