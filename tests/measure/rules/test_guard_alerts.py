"""The alerts about the guard itself, judged by promtool."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from rule_world import QUICK

from cbops.measure.rules import rule_group
from cbops.measure.rules.guarding import MISSING, SILENT
from cbops.model.guard_series import INTERVAL, LAST, RUNNING
from cbops.model.rules import RuleScope, RuleSettings
from cbops.render.rule_file import is_untouched, rule_file

pytestmark = pytest.mark.needs("promtool")

LABELS = '{rollout="r",tenant_id="t",instance="node"}'
ALIVE = "0+60x60"  # a reading a minute, for an hour
HOUR = 60


def settings(dialect: str = "router", tenants: tuple[str, ...] = ("t",)) -> RuleSettings:
    return RuleSettings(dialect=dialect, scope=RuleScope(tenants=tenants), with_watch=True)  # type: ignore[arg-type]


def fires(folder: Path, minute: int, tenants: tuple[str, ...] = ("t",), **series: str) -> set[str]:
    """The alerts that fire at that minute, as promtool says: it is told that none does, and lists them."""
    text = rule_file(rule_group(settings(tenants=tenants)), settings(tenants=tenants))
    (folder / "rules.yml").write_text(text, encoding="utf-8")
    names = {"last": LAST, "interval": INTERVAL, "running": RUNNING}
    given = [{"series": names[each] + LABELS, "values": values} for each, values in series.items()]
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "1m",
                "input_series": given,
                "promql_expr_test": [
                    {"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{minute}m", "exp_samples": []}
                ],
            }
        ],
    }
    (folder / "test.yml").write_text(json.dumps(test), encoding="utf-8")
    words = ["promtool", "test", "rules", str(folder / "test.yml")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=QUICK)
    said = done.stdout + done.stderr
    assert "error" not in said.lower(), said
    return {name for name in (SILENT, MISSING) if f'alertname="{name}"' in said}


def test_a_guard_that_reads_is_silent(tmp_path):
    assert fires(tmp_path, HOUR, last=ALIVE, interval="30x60", running="1x60") == set()


def test_one_whose_readings_stopped_though_it_says_that_it_runs_fires(tmp_path):
    stopped = "0+60x20 1200x39"
    assert fires(tmp_path, 22, last=stopped, interval="30x60", running="1x60") == set()
    assert fires(tmp_path, 26, last=stopped, interval="30x60", running="1x60") == {SILENT}


def test_one_that_reads_seldom_is_given_more_time(tmp_path):
    stopped = "0+60x20 1200x39"
    assert fires(tmp_path, 40, last=stopped, interval="3600x60", running="1x60") == set()


def test_one_that_vanished_while_it_ran_fires(tmp_path):
    gone = {"last": "0+60x20 stale", "interval": "30x20 stale", "running": "1x20 stale"}
    assert fires(tmp_path, 40, **gone) == {SILENT, MISSING}


def test_one_that_ended_in_order_is_not_silent_but_missing(tmp_path):
    ended = "0+60x20 1200x39"
    assert fires(tmp_path, 40, last=ended, interval="30x60", running="1x20 0x39") == {MISSING}


def test_where_there_never_was_one_it_is_missing_for_its_tenant_or_for_all(tmp_path):
    assert fires(tmp_path, 10) == {MISSING}
    assert fires(tmp_path, 10, tenants=()) == {MISSING}
    assert fires(tmp_path, 10, tenants=("t", "other"), last=ALIVE, interval="30x60", running="1x60") == {
        MISSING
    }


@pytest.mark.parametrize("dialect", ["router", "documented"])
def test_the_file_is_valid_its_own_and_without_the_option_as_before(tmp_path, dialect):
    asked = settings(dialect, tenants=("a$1", 'b".c\\'))
    text = rule_file(rule_group(asked), asked)
    path = tmp_path / "rules.yml"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint-fatal", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert is_untouched(text)
    plain = asked.model_copy(update={"with_watch": False})
    (group,) = yaml.safe_load(rule_file(rule_group(plain), plain))["groups"]
    assert not {SILENT, MISSING} & {rule.get("alert") for rule in group["rules"]}
