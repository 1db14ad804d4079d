"""Policies and their versions, kept over a restart of the server, and a disk that refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from simulator_worlds import CANARY, advance, enable, value, world

from cbops.errors import InputError, StorageError
from cbops.simulator.problems import CallRefusedError
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND

STORED = (
    '{"scenario": "sound", "start_ms": 0, "now_ms": 0, "policies": [{"tenant": "t", "policy": "p", '
    '"versions": [%s], "active": "%s", "updated_at": ""}]}'
)
VERSION = '{"version": "1.0", "document": {}, "created_at": "", "created_by": ""}'


def test_policies_versions_and_clock_come_back(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    router = Router(world(), state_file=file)
    advance(router, hours=2)
    enable(router)
    router.roll_back(*CANARY, "1.0")
    again = Router(world(), state_file=file)
    assert again.policies() == router.policies()
    assert again.now_ms == router.now_ms
    advance(again, minutes=1)
    assert value(again.metrics(), "router_policy_decisions_total") > 30


def test_a_router_that_activates_on_reload_keeps_the_old_version_live_until_then(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    router = Router(world(), state_file=file, activate_on="reload")
    enable(router)
    assert (router.policy(*CANARY).active, router.policy(*CANARY).latest.version) == ("1.0", "1.1")
    assert router.reload(*CANARY).active == router.policy(*CANARY).active == "1.1"
    router.roll_back(*CANARY, "1.0")
    assert router.reload(*CANARY).active == "1.0"


@pytest.mark.parametrize("how", ["restart", "new process"])
def test_a_restart_takes_up_what_waits_for_its_reload(tmp_path: Path, how: str) -> None:
    file = tmp_path / "state.json"
    router = Router(world(), state_file=file, activate_on="reload")
    enable(router)
    router.restart()
    if how == "new process":
        router = Router(world(), state_file=file, activate_on="reload")
    assert router.policy(*CANARY).active == "1.1"


def test_a_new_policy_is_live_at_once_for_there_is_nothing_to_keep() -> None:
    router = Router(world(), activate_on="reload")
    router.put(CANARY[0], "brand_new", {"version": "1.0"}, check=False)
    assert router.policy(CANARY[0], "brand_new").active == "1.0"


def test_the_file_is_written_as_a_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    router = Router(SOUND, state_file=tmp_path / "state.json")
    enable(router)
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]
    stored = json.loads((tmp_path / "state.json").read_text())
    assert stored["scenario"] == "sound"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"scenario": "sound"}',
        STORED % ("", "1.0"),
        STORED % (VERSION, "2.0"),
        (STORED % (VERSION, "1.0")).replace('"updated_at"', '"armed": "2.0", "updated_at"'),
        STORED % (VERSION.replace("1.0", "one"), "one"),
    ],
)
def test_a_file_that_is_no_state_is_an_error_and_stays_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)
    with pytest.raises(InputError, match="is not a state file"):
        Router(SOUND, state_file=file)
    assert file.read_text() == text


def test_the_state_of_another_scenario_is_an_error(tmp_path: Path) -> None:
    Router(SOUND, state_file=tmp_path / "s.json")
    with pytest.raises(InputError, match="holds scenario 'sound', not 'other'"):
        Router(world(name="other"), state_file=tmp_path / "s.json")


@pytest.mark.parametrize("place", ["missing/state.json", "."])
def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path, place: str) -> None:
    with pytest.raises(StorageError, match=str(tmp_path)):
        Router(SOUND, state_file=tmp_path / place)


def test_a_version_that_cannot_be_stored_is_refused_and_not_live(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    router = Router(world(), state_file=folder / "state.json")
    (folder / "state.json").unlink()
    folder.rmdir()
    with pytest.raises(CallRefusedError) as refused:
        enable(router)
    assert (refused.value.status, refused.value.code) == (507, "storage_failed")
    assert [each.version for each in router.policy(*CANARY).versions] == ["1.0"]


def test_versions_are_compared_as_numbers() -> None:
    router = Router(world())
    document = router.policy(*CANARY).live.document
    for wanted, written in ((None, "1.1"), ("1.9", "1.9"), (None, "1.10"), ("2.0", "2.0")):
        assert router.put(*CANARY, document, version=wanted).version == written
    for taken in ("2.0", "1.11"):
        with pytest.raises(CallRefusedError, match=r"highest, which is 2\.0"):
            router.put(*CANARY, document, version=taken)


def test_a_new_policy_has_no_previous_version() -> None:
    router = Router(world())
    document = router.policy(*CANARY).live.document
    written = router.put("new", "policy", document)
    assert (written.version, written.previous) == ("1.0", None)


def test_the_previous_version_is_the_one_that_was_live() -> None:
    router = Router(world())
    enable(router)
    router.roll_back(*CANARY, "1.0")
    written = router.put(*CANARY, router.policy(*CANARY).live.document)
    assert (written.version, written.previous) == ("1.2", "1.0")
