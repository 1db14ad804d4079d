"""A rule group as a Prometheus rule file, and telling whether a file is one that cbops wrote."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import yaml

from cbops.model.rules import AlertRule, RecordingRule, RuleGroup, RuleSettings

_MARK = "# Written by: cbops alerts render"
_SUM = re.compile(r"^# sha256 of what follows: ([0-9a-f]{64})\n", re.MULTILINE)


class _Block(str):
    """A text that is written as a block, line by line."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Blocks as blocks, and lists indented under their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the library's signature
        """Never indentless."""
        super().increase_indent(flow, False)


def _block(dumper: yaml.SafeDumper, text: _Block) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")


_Dumper.add_representer(_Block, _block)


def rule_file(group: RuleGroup, settings: RuleSettings) -> str:
    """The file's text: the settings as a comment, then the rules. The same arguments give the same bytes."""
    body = _header(settings) + yaml.dump(
        {"groups": [_group(group)]},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=1_000_000,
    )
    return f"{_MARK}\n# sha256 of what follows: {_digest(body)}\n{body}"


def is_untouched(text: str) -> bool:
    """Whether cbops wrote the file and nobody has changed it since."""
    found = _SUM.search(text)
    if not text.startswith(_MARK) or found is None:
        return False
    return _digest(text[found.end() :]) == found[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _header(settings: RuleSettings) -> str:
    scope, metrics = settings.scope, settings.metrics
    lines = [
        f"dialect: {settings.dialect}",
        f"tenants: {', '.join(scope.tenants) or ('by label' if scope.labels else 'all')}",
    ]
    if scope.labels:
        lines.append("tenant labels: " + ", ".join(f"{one.name}={one.value}" for one in scope.labels))
    if metrics.job:
        lines.append(f"scrape job: {metrics.job}")
    if settings.with_watch:
        lines.append("with the guard: a 'cbops monitor watch' must run")
    lines += [f"name: {ours} is {theirs}" for ours, theirs in sorted(metrics.names.items())]
    lines += [f"label: {ours} is {theirs}" for ours, theirs in sorted(metrics.labels.items())]
    lines.append("To change it, change these settings and render again.")
    return "".join(f"# {line}\n" for line in lines)


def _group(group: RuleGroup) -> dict[str, Any]:
    rules = [*map(_recording, group.recordings), *map(_alert, group.alerts)]
    return {"name": group.name, "interval": group.interval, "rules": rules}


def _recording(rule: RecordingRule) -> dict[str, Any]:
    return {"record": rule.record, "expr": _Block(rule.expr + "\n")}


def _alert(rule: AlertRule) -> dict[str, Any]:
    return {
        "alert": rule.alert,
        "expr": _Block(rule.expr + "\n"),
        "for": rule.hold,
        "labels": {"severity": rule.severity},
        "annotations": {
            "summary": rule.summary,
            "description": rule.description,
            "runbook": _Block(rule.runbook),
        },
    }
