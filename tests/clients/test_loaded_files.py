from __future__ import annotations

from cbops.clients.loaded_files import LOADED, as_read, expression
from cbops.model.telemetry import LoadedRule


def alert(name: str, text: str) -> LoadedRule:
    return LoadedRule(name=name, group="g", expression=text)


def test_alerts_come_with_the_recordings_that_they_read_and_no_others() -> None:
    recordings = {"a": ("b + x",), "b": ("sum(y)", "sum(z)"), "other": ("q",)}
    read = as_read([alert("A", "a > 0"), alert("B", "x > 0")], recordings)
    assert [(rule.line, rule.kind, rule.name, rule.text) for rule in read.rules] == [
        (1, "alert", "A", "a > 0"),
        (2, "alert", "B", "x > 0"),
        (3, "record", "a", "b + x"),
        (4, "record", "b", "sum(y)"),
        (5, "record", "b", "sum(z)"),
    ]
    assert read.file == LOADED
    assert read.findings == ()


def test_recordings_that_read_each_other_end() -> None:
    read = as_read([alert("A", "a > 0")], {"a": ("b",), "b": ("a",)})
    assert [rule.name for rule in read.rules] == ["A", "a", "b"]


def test_what_is_no_promql_is_kept_with_its_fault() -> None:
    (rule,) = as_read([alert("A", "sum(")], {}).rules
    assert rule.expr is None
    assert rule.fault
    assert not rule.unread
    (long,) = as_read([alert("A", "(" * 60 + "x" + ")" * 60)], {}).rules
    assert long.unread


def test_layout_and_comments_do_not_matter() -> None:
    assert expression("# why\nsum by (a) (x)\n  > 0") == expression("sum by (a) (x) > 0")
    assert expression("sum(x) > 0") != expression("sum(x) > 1")
    assert expression("sum(") is None
