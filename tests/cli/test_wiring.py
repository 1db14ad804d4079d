from __future__ import annotations

import os
import pty
import pwd
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from cbops.cli.confirm import confirm
from cbops.cli.endpoints import headers
from cbops.cli.rollouts import choose
from cbops.cli.settings import Settings
from cbops.cli.wiring import SystemClock, Workplace, find_config, system_user
from cbops.errors import ConfigError, InterruptedByUserError, TenantsError, UsageError, WrongStageError
from cbops.model.config import Config, HeaderSecret, MetricsConfig

JOURNALS = Path(__file__).parents[1] / "data" / "journals" / "v1"  # 'adopted' is active, 'enabled' is over


def rollouts(folder, **kinds):
    for name, kind in kinds.items():
        shutil.copytree(JOURNALS / kind, folder / name)
    return folder


def test_no_rollout_says_how_to_open_one(tmp_path):
    with pytest.raises(WrongStageError) as caught:
        choose(tmp_path / "rollouts", None)
    assert "cbops canary candidates" in caught.value.hint


def test_the_only_rollout_is_meant_even_when_it_is_over(tmp_path):
    assert choose(rollouts(tmp_path, one="enabled"), None) == tmp_path / "one"


def test_the_only_active_rollout_is_meant(tmp_path):
    folder = rollouts(tmp_path, a="enabled", b="adopted", c="enabled")
    assert choose(folder, None) == tmp_path / "b"


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        ({"a": "adopted", "b": "adopted", "c": "enabled"}, "there are 2 active rollouts: a, b"),
        ({"a": "enabled", "b": "enabled"}, "there are 2 rollouts: a, b"),
    ],
)
def test_when_it_is_not_clear_they_are_listed(tmp_path, kinds, says):
    with pytest.raises(UsageError) as caught:
        choose(rollouts(tmp_path, **kinds), None)
    assert caught.value.message == says
    assert caught.value.hint == "Say which: --rollout ID"


def test_a_damaged_rollout_is_not_passed_over(tmp_path):
    folder = rollouts(tmp_path, a="adopted", b="adopted")
    (folder / "a" / "journal.jsonl").write_text("{}\n{}\n")
    with pytest.raises(UsageError, match="2 active rollouts"):
        choose(folder, None)


def test_the_rollout_that_was_named_is_meant(tmp_path):
    folder = rollouts(tmp_path, a="adopted", b="adopted")
    assert choose(folder, "b") == tmp_path / "b"
    for wrong in ("c", "../a", ".", ""):
        with pytest.raises(UsageError) as caught:
            choose(folder, wrong)
        assert caught.value.hint == "There are: a, b."


def test_a_header_comes_from_the_file_or_from_the_environment(tmp_path):
    metrics = MetricsConfig(headers={"X-Scope": "team", "Authorization": HeaderSecret(env="PROM")})
    assert headers(metrics, {"PROM": "Bearer x"}, tmp_path, "metrics") == {
        "X-Scope": "team",
        "Authorization": "Bearer x",
    }
    for environ, why in (({}, "not set"), ({"PROM": ""}, "empty")):
        with pytest.raises(ConfigError, match=f"PROM is {why}"):
            headers(metrics, environ, tmp_path, "metrics")


def test_the_nearest_configuration_counts(tmp_path):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_config(deep) is None or tmp_path not in find_config(deep).parents
    (tmp_path / "cbops.yaml").touch()
    assert find_config(deep) == tmp_path / "cbops.yaml"
    (tmp_path / "a" / "cbops.yaml").touch()
    assert find_config(deep) == tmp_path / "a" / "cbops.yaml"


def test_paths_of_the_configuration_start_at_its_folder(tmp_path):
    with ExitStack() as closing:
        place = Workplace(
            Settings(),
            Config(rollouts="r", tenants="t.yaml"),
            tmp_path / "cbops.yaml",
            SystemClock(),
            {},
            "init",
            closing,
        )
        assert place.rollouts == tmp_path / "r"
        with pytest.raises(TenantsError, match=f"there is no {tmp_path / 't.yaml'}"):
            place.tenants()


def test_who_acts_is_the_systems_user_unless_said(tmp_path):
    with ExitStack() as closing:
        place = Workplace(
            Settings(), Config(), tmp_path / "c", SystemClock(), {"USER": "forged"}, "decide", closing
        )
        assert place.who().actor == system_user() == pwd.getpwuid(os.getuid()).pw_name
        assert place.who("Ada").actor == "Ada"
        assert place.who().command == "decide"


def test_clients_are_closed_with_the_command(tmp_path):
    config = Config(metrics=MetricsConfig(source="embedded", path="s.db"))
    with ExitStack() as closing:
        place = Workplace(Settings(), config, tmp_path / "c", SystemClock(), {}, "evaluate", closing)
        assert place.admin() is not place.admin()
        assert place.samples().kind == "embedded"


def answer(monkeypatch, typed):
    """Ask at a terminal at which that is typed."""
    master, slave = pty.openpty()
    with open(slave, closefd=False) as stdin, open(slave, "w") as stderr, monkeypatch.context() as patch:  # noqa: PTH123
        patch.setattr(sys, "stdin", stdin)
        patch.setattr(sys, "stderr", stderr)
        os.write(master, typed)
        try:
            confirm("Go on?", yes=False)
        finally:
            os.close(master)


def test_yes_goes_on(monkeypatch):
    answer(monkeypatch, b"y\n")


@pytest.mark.parametrize("typed", [b"n\n", b"\n"])
def test_no_and_nothing_stop(monkeypatch, typed):
    with pytest.raises(InterruptedByUserError, match="nothing was changed"):
        answer(monkeypatch, typed)


def test_without_a_terminal_it_never_waits(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    confirm("Go on?", yes=True)
    with pytest.raises(UsageError, match="there is no terminal") as caught:
        confirm("Go on?", yes=False)
    assert caught.value.hint == "Add --yes."
