"""Prometheus rule files, read with their line numbers. What is wrong with a rule is a finding, not an exception."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import yaml

from cbops.clients.promql import PromqlError, PromqlTooLongError, parse_promql
from cbops.clients.strict import read_text
from cbops.clients.yaml_bounds import BoundedLoader
from cbops.errors import InputError
from cbops.model.rule_check import ReadRule, ReadRules, RuleFinding

_SHAPE = "A rule file looks like: groups: [{name: …, rules: [{alert: …, expr: …}]}]"
_GROUP_KEYS = ("name", "interval", "rules", "limit", "query_offset", "partial_response_strategy", "labels")
_ALERT_KEYS = ("alert", "expr", "for", "keep_firing_for", "labels", "annotations")
_RECORD_KEYS = ("record", "expr", "labels")
_DURATION = re.compile(r"0|(?:\d+(?:ms|[smhdwy]))+")
_RECORD_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_MAX_RULES = 5000


class _Pair(NamedTuple):
    line: int
    value: yaml.Node


class _Reader:
    """One file; findings are collected while it is read."""

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        self.findings: list[RuleFinding] = []

    def say(self, line: int, code: str, sentence: str, fix: str, rule: str | None = None) -> None:
        """An error of the file's form. InputError when there are too many of them."""
        if len(self.findings) >= _MAX_RULES:
            raise InputError(f"{self.file} has more than {_MAX_RULES} faults", hint=_SHAPE)
        self.findings.append(
            RuleFinding(
                file=self.file,
                line=line,
                rule=rule,
                selector=None,
                level="error",
                code=code,
                sentence=sentence,
                fix=fix,
            )
        )

    def pairs(self, node: yaml.MappingNode, known: tuple[str, ...], what: str) -> dict[str, _Pair]:
        """The mapping's keys; unknown and doubled ones are said, merged ones (`<<`) are taken in."""
        found: dict[str, _Pair] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value == "<<":
                continue
            if not isinstance(key, yaml.ScalarNode) or key.value not in known:
                near = get_close_matches(str(key.value), known, n=1)
                fix = f"Did you mean '{near[0]}'?" if near else f"Known there: {', '.join(known)}."
                said = key.value if isinstance(key, yaml.ScalarNode) else "a key that is no text"
                self.say(line, "rule_form", f"{what} has '{said}', which Prometheus refuses", fix)
            elif key.value in found:
                self.say(line, "rule_form", f"{what} has '{key.value}' twice", "Keep one of the two.")
            else:
                found[key.value] = _Pair(line, value)
        return {**_merged(node), **found}


def read_rules(path: Path) -> ReadRules:
    """The file's rules. InputError where it can't be read or is no rule file at all; a fault in the YAML or in a rule
    is a finding with its line.
    """
    text = read_text(path, InputError, "Name a Prometheus rule file.")
    reader = _Reader(path)
    try:
        root = yaml.compose(text, Loader=BoundedLoader)
    except yaml.MarkedYAMLError as wrong:
        line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
        reader.say(line, "yaml", f"not YAML: {wrong.problem or wrong.context}", "Correct it there.")
        return ReadRules(reader.file, (), tuple(reader.findings))
    except (yaml.YAMLError, RecursionError) as wrong:
        raise InputError(f"{path} is not YAML: {' '.join(str(wrong).split())[:200]}", hint=_SHAPE) from wrong
    groups = _groups(path, root)
    rules: list[ReadRule] = []
    for rule in _rules(reader, groups):
        if len(rules) >= _MAX_RULES:
            raise InputError(f"{path} has more than {_MAX_RULES} rules", hint="Check it in parts.")
        rules.append(rule)
    return ReadRules(reader.file, tuple(rules), tuple(reader.findings))


def _groups(path: Path, root: yaml.Node | None) -> yaml.SequenceNode:
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == "groups" and isinstance(value, yaml.SequenceNode):
                return value
        if any(key.value == "spec" for key, _ in root.value):
            raise InputError(
                f"{path} is no rule file, but a resource around one (spec)",
                hint="Give what stands in its spec.",
            )
    raise InputError(f"{path} is no rule file: it has no list of groups", hint=_SHAPE)


def _rules(reader: _Reader, groups: yaml.SequenceNode) -> Iterator[ReadRule]:
    seen: set[str] = set()
    for node in groups.value:
        line = node.start_mark.line + 1
        if not isinstance(node, yaml.MappingNode):
            reader.say(line, "rule_form", "a group that is no mapping", _SHAPE)
            continue
        pairs = reader.pairs(node, _GROUP_KEYS, "the group")
        name = _text(pairs.get("name"))
        if not name:
            reader.say(line, "rule_form", "a group without a name", "Name it: name: …")
        elif name in seen:
            reader.say(
                line, "rule_form", f"the group '{name}' stands twice in the file", "Rename one of them."
            )
        seen.add(name)
        _check_span(reader, pairs, "interval", None)
        rules = pairs.get("rules")
        if rules is None or not isinstance(rules.value, yaml.SequenceNode):
            if rules is not None and _text(rules) != "":
                reader.say(rules.line, "rule_form", "the rules of a group are no list", _SHAPE)
            continue
        for each in rules.value.value:
            yield from _rule(reader, name, each)


def _rule(reader: _Reader, group: str, node: yaml.Node) -> Iterator[ReadRule]:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        reader.say(line, "rule_form", "a rule that is no mapping", _SHAPE)
        return
    keys = _keys(node) | set(_merged(node))
    if ("alert" in keys) == ("record" in keys):
        reader.say(
            line, "rule_form", "a rule needs one of 'alert' and 'record'", "Give exactly one of the two."
        )
        return
    alert = "alert" in keys
    pairs = reader.pairs(node, _ALERT_KEYS if alert else _RECORD_KEYS, "the rule")
    name, text = _text(pairs["alert" if alert else "record"]), _text(pairs.get("expr"))
    for key in ("for", "keep_firing_for"):
        _check_span(reader, pairs, key, name)
    if not name or (not alert and not _RECORD_NAME.fullmatch(name)):
        reader.say(
            line, "rule_form", f"'{name}' can't be the name of a rule", "Letters, digits, _ and :.", name
        )
    if not text.strip():
        reader.say(line, "rule_form", "a rule without an expression", "Give it one: expr: …", name)
        return
    expr, fault, unread = None, None, False
    try:
        expr = parse_promql(text)
    except PromqlError as wrong:
        fault, unread = str(wrong), isinstance(wrong, PromqlTooLongError)
    yield ReadRule(
        file=reader.file,
        line=line,
        group=group,
        kind="alert" if alert else "record",
        name=name,
        text=text,
        expr=expr,
        fault=fault,
        unread=unread,
    )


def _check_span(reader: _Reader, pairs: dict[str, _Pair], key: str, rule: str | None) -> None:
    if key in pairs and not _DURATION.fullmatch(value := _text(pairs[key])):
        reader.say(
            pairs[key].line,
            "rule_form",
            f"{key}: '{value}' is no duration",
            "Write it as 30s, 10m or 1h.",
            rule,
        )


def _merged(node: yaml.MappingNode) -> dict[str, _Pair]:
    """What `<<: *anchor` takes in from elsewhere."""
    found: dict[str, _Pair] = {}
    for key, value in node.value:
        if key.value != "<<":
            continue
        for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if isinstance(source, yaml.MappingNode):
                for inner, held in source.value:
                    found.setdefault(str(inner.value), _Pair(inner.start_mark.line + 1, held))
    return found


def _keys(node: yaml.Node) -> frozenset[str]:
    if not isinstance(node, yaml.MappingNode):
        return frozenset()
    return frozenset(str(key.value) for key, _ in node.value)


def _text(pair: _Pair | None) -> str:
    return pair.value.value if pair is not None and isinstance(pair.value, yaml.ScalarNode) else ""
