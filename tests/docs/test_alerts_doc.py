"""docs/alerts.md: every alert and every recorded series, and none that isn't there."""

from __future__ import annotations

import re

from cbops.measure.rules import rule_group
from cbops.model.rules import AlertRule, RuleSettings
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
GROUPS = [rule_group(RuleSettings(dialect=dialect)) for dialect in ("router", "documented")]


def alerts() -> dict[str, AlertRule]:
    return {rule.alert: rule for group in GROUPS for rule in group.alerts}


def names() -> set[str]:
    return {rule.record for group in GROUPS for rule in group.recordings}


def test_the_table_of_alerts_has_each_with_its_severity() -> None:
    rows = dict(re.findall(r"^\| `(Router\w+)` \| (\w+) \|", PAGE, re.MULTILINE))
    assert rows == {name: rule.severity for name, rule in alerts().items()}


def test_each_alert_has_a_section() -> None:
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == list(alerts())


def test_the_table_of_series_has_each_recorded_one() -> None:
    table = PAGE.split("## Recorded series\n")[1].split("\nA fleet")[0]
    assert set(re.findall(r"`((?:instance|circuit|tenant):\w+:\w+)`", table)) == names()


def test_the_series_of_one_dialect_alone_are_said_to_be_so() -> None:
    router, documented = ({rule.record for rule in group.recordings} for group in GROUPS)
    rows = [line for line in PAGE.splitlines() if line.startswith("| `instance:")]
    for dialect, only in (("router", router - documented), ("documented", documented - router)):
        said = [row for row in rows if f"{dialect} dialect only" in row]
        assert only
        assert set(re.findall(r"`(instance:[^`]+)`", " ".join(said))) == only
