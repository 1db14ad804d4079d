"""Rule files: valid for promtool in every variant, the same bytes each time, and known again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from cbops.measure.rules import rule_group
from cbops.model.config import MetricsConfig
from cbops.model.rules import RuleScope, RuleSettings, TenantLabel
from cbops.render.rule_file import is_untouched, rule_file

SCOPES = {
    "all": RuleScope(),
    "list": RuleScope(tenants=("a", 'b".c\\', "ünï: #x")),
    "label": RuleScope(labels=(TenantLabel(name="breaker", value="on"), TenantLabel(name="t", value="1|2"))),
}
NAMES = {
    "plain": MetricsConfig(),
    "remapped": MetricsConfig(
        names={"router_circuit_breaker_events_total": "gw:events", "up": "alive"},
        labels={"tenant_id": "tenant", "provider_id": "upstream", "event_type": "kind", "instance": "pod"},
        job='router"s',
    ),
}
VARIANTS = [
    (
        f"{dialect}-{scope}-{names}",
        RuleSettings.model_validate({"dialect": dialect, "scope": one, "metrics": two}),
    )
    for dialect in ("router", "documented")
    for scope, one in SCOPES.items()
    for names, two in NAMES.items()
]


def text_of(settings: RuleSettings) -> str:
    return rule_file(rule_group(settings), settings)


@pytest.mark.needs("promtool")
def test_promtool_accepts_every_variant(tmp_path: Path) -> None:
    paths = []
    for name, settings in VARIANTS:
        paths.append(tmp_path / f"{name}.yml")
        paths[-1].write_text(text_of(settings), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint=all", "--lint-fatal", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("SUCCESS") == len(VARIANTS) == 12


def test_rendering_again_gives_the_same_bytes_and_other_settings_give_others() -> None:
    texts = [text_of(settings) for _, settings in VARIANTS]
    assert texts == [text_of(settings) for _, settings in VARIANTS]
    assert len(set(texts)) == len(texts)


def test_the_file_says_what_made_it_and_from_which_settings() -> None:
    text = text_of(VARIANTS[3][1])  # a list, remapped
    head = text.split("groups:")[0].splitlines()
    assert all(line.startswith("# ") for line in head)
    assert head[0] == "# Written by: cbops alerts render"
    assert "# dialect: router" in head
    assert '# tenants: a, b".c\\, ünï: #x' in head
    assert '# scrape job: router"s' in head
    assert "# name: up is alive" in head
    assert "# label: tenant_id is tenant" in head
    assert "# tenant labels: breaker=on, t=1|2" in text_of(VARIANTS[4][1])


def test_the_data_survives_the_file() -> None:
    for _, settings in VARIANTS:
        group = rule_group(settings)
        (read,) = yaml.safe_load(text_of(settings))["groups"]
        assert (read["name"], read["interval"]) == (group.name, group.interval)
        recordings, alerts = read["rules"][: len(group.recordings)], read["rules"][len(group.recordings) :]
        assert [(rule["record"], rule["expr"]) for rule in recordings] == [
            (rule.record, rule.expr + "\n") for rule in group.recordings
        ]
        assert [
            (rule["alert"], rule["for"], rule["labels"], rule["annotations"]["runbook"]) for rule in alerts
        ] == [(rule.alert, rule.hold, {"severity": rule.severity}, rule.runbook) for rule in group.alerts]


def test_expressions_are_written_line_by_line() -> None:
    text = text_of(VARIANTS[0][1])
    assert text.count("expr: |\n") == text.count("expr: ") == len(rule_group(VARIANTS[0][1]).recordings) + 5
    assert "\t" not in text


def test_a_file_is_untouched_until_somebody_changes_it() -> None:
    text = text_of(VARIANTS[0][1])
    assert is_untouched(text)
    assert not is_untouched(text + " ")
    assert not is_untouched(text.replace("> 0.5", "> 0.7"))
    assert not is_untouched("groups: []\n")
    assert not is_untouched(text.replace("# sha256", "# sha"))
    assert not is_untouched("\n" + text)
