"""Rule files with their line numbers; what is wrong in them is said, what is none is refused."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from cbops.clients.rule_files import read_rules
from cbops.errors import InputError
from cbops.model.rule_check import ReadRules


def read(folder: Path, text: str) -> ReadRules:
    path = folder / "rules.yml"
    path.write_text(dedent(text), encoding="utf-8")
    return read_rules(path)


def test_rules_have_their_lines_groups_and_expressions(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """\
        # a remark
        groups:
          - name: one
            interval: 1m30s
            rules:
              - record: a:b
                expr: sum(up)
              - alert: Down
                expr: |
                  # a remark
                  up == 0
                for: 5m
                keep_firing_for: 0s
                labels: {severity: warning, team: x}
                annotations: {summary: gone}
          - name: two
            rules:
          - name: three
            rules:
            - {alert: Number, expr: 1}
        """,
    )
    assert found.findings == ()
    assert [(rule.line, rule.group, rule.kind, rule.name) for rule in found.rules] == [
        (6, "one", "record", "a:b"),
        (8, "one", "alert", "Down"),
        (20, "three", "alert", "Number"),
    ]
    assert all(rule.expr is not None for rule in found.rules)


def test_an_expression_that_is_none_is_kept_with_the_reason(tmp_path: Path) -> None:
    (rule,) = read(tmp_path, "groups: [{name: g, rules: [{alert: A, expr: 'sum(up'}]}]").rules
    assert (rule.expr, rule.text) == (None, "sum(up")
    assert rule.fault


def test_anchors_and_merges_are_taken_in(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """\
        groups:
          - name: g
            rules:
              - &first {alert: A, expr: up == 0}
              - {<<: *first, alert: B}
              - {<<: [*first], alert: C, expr: up == 1}
        """,
    )
    assert found.findings == ()
    assert [(rule.name, rule.text) for rule in found.rules] == [
        ("A", "up == 0"),
        ("B", "up == 0"),
        ("C", "up == 1"),
    ]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{alert: A, exprr: up, expr: up}", "'exprr'"),
        ("{alert: A, expr: up, expr: up}", "'expr' twice"),
        ("{alert: A, record: b, expr: up}", "one of 'alert' and 'record'"),
        ("{expr: up}", "one of 'alert' and 'record'"),
        ("{alert: A}", "without an expression"),
        ("{record: 'a b', expr: up}", "can't be the name"),
        ("{alert: '', expr: up}", "can't be the name"),
        ("{record: a, expr: up, for: 5m}", "'for'"),
        ("{alert: A, expr: up, for: soon}", "no duration"),
        ("{alert: A, expr: up, ? [x] : y}", "no text"),
        ("up", "no mapping"),
    ],
)
def test_a_rule_that_prometheus_refuses_is_a_finding_with_its_line(
    tmp_path: Path, rule: str, said: str
) -> None:
    found = read(tmp_path, f"groups:\n  - name: g\n    rules:\n      - {rule}\n")
    assert any(said in one.sentence for one in found.findings)
    assert {(one.line, one.level, one.code) for one in found.findings} == {(4, "error", "rule_form")}


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ("{rules: []}", "without a name"),
        ("{name: g, rules: 5}", "no list"),
        ("{name: g, interval: often}", "no duration"),
        ("{name: g, rulez: []}", "'rulez'"),
        ("g", "no mapping"),
        ("{name: g}\n  - {name: g}", "stands twice"),
    ],
)
def test_a_group_that_prometheus_refuses_is_a_finding(tmp_path: Path, group: str, said: str) -> None:
    (one,) = read(tmp_path, f"groups:\n  - {group}\n").findings
    assert said in one.sentence


def test_broken_yaml_is_a_finding_with_its_line(tmp_path: Path) -> None:
    (one,) = read(tmp_path, "groups:\n  - name: g\n    rules: [\n  - x\n").findings
    assert (one.code, one.level) == ("yaml", "error")
    assert one.line == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no list of groups"),
        ("- a\n", "no list of groups"),
        ("groups: 5\n", "no list of groups"),
        ("version: 1\nmetrics: {}\n", "no list of groups"),
        ("kind: PrometheusRule\nspec: {groups: []}\n", "resource around one"),
        ("a: \x01\n", "not YAML"),
    ],
)
def test_a_file_that_is_no_rule_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(tmp_path, text)


def test_a_missing_file_and_too_many_rules_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no"):
        read_rules(tmp_path / "none.yml")
    many = "groups:\n- name: g\n  rules:\n" + "  - {alert: A, expr: up}\n" * 5001
    with pytest.raises(InputError, match="more than 5000 rules"):
        read(tmp_path, many)
    with pytest.raises(InputError, match="more than 5000 faults"):
        read(tmp_path, many.replace("{alert: A, expr: up}", "x"))
