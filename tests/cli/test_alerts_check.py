"""`cbops alerts check` on the embedded store, and files that are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cbops.clients.store import SampleStore
from cbops.flows.steps.rule_facts import MAX_METRICS
from cbops.model.base import to_ms
from tests.conftest import Cli

NOW = datetime(2025, 2, 3, 12, tzinfo=UTC)
EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
CIRCUIT = {"tenant_id": "acme", "provider_id": "openai", "job": "router", "instance": "r1"}


class At:
    def now(self) -> datetime:
        return NOW

    def wait(self, seconds: float) -> None:
        raise AssertionError(f"nobody waits {seconds} s for rules")


@pytest.fixture
def rules(cli: Cli) -> Path:
    """Samples of an hour ago in the documented dialect, and an old metric of eight days ago."""
    (cli.folder / "cbops.yaml").write_text("version: 1\nmetrics: {source: embedded}\n", encoding="utf-8")
    with SampleStore(cli.folder / "samples.db") as store:
        for name, labels, ago in (
            (EVENTS, {**CIRCUIT, "event_type": "success"}, 1),
            (TRANSITIONS, {**CIRCUIT, "state": "open"}, 1),
            ("old_total", CIRCUIT, 24 * 8),
        ):
            at = to_ms(NOW - timedelta(hours=ago))
            store.append(at, [(store.series_id(name, labels), 1.0)])
        gone = store.series_id("gone_total", CIRCUIT)
        store.append(to_ms(NOW - timedelta(hours=1)), [(gone, None)])
    return cli.folder / "rules.yml"


def written(rules: Path, *expressions: str) -> None:
    lines = [f"      - alert: A{n}\n        expr: {text}\n" for n, text in enumerate(expressions)]
    rules.write_text("groups:\n  - name: g\n    rules:\n" + "".join(lines), encoding="utf-8")


def check(cli: Cli, *words: object, status: int) -> dict:
    result = cli.json("alerts", "check", *words, clock=At())
    assert result.status == status, result.answer
    return result.data


def found(data: dict) -> list[tuple[str, str, str]]:
    return [(one["rule"], one["level"], one["code"]) for one in data["findings"]]


def test_the_embedded_store_answers_what_it_can_and_says_what_it_cannot(cli: Cli, rules: Path) -> None:
    written(rules, f'{TRANSITIONS}{{state="open"}} > 3', f'{TRANSITIONS}{{to="open"}} > 3')
    data = check(cli, rules, status=7)
    assert (data["source"], data["dialect"], data["requests"]) == ("embedded", "documented", 0)
    assert found(data) == [("A1", "error", "other_dialect")]
    assert [(one["data"], one["selectors"][0]["series"]) for one in data["rules"]] == [
        ("not_asked", 1),
        ("never", 0),
    ]
    assert data["unchecked"] == ["whether 1 rule had data: the embedded store evaluates no expressions"]


def test_only_samples_in_the_window_count(cli: Cli, rules: Path) -> None:
    written(rules, "old_total > 3", "gone_total > 3")
    codes = [("A0", "error", "no_such_metric"), ("A1", "error", "no_such_metric")]
    assert found(check(cli, rules, status=7)) == codes
    assert found(check(cli, rules, "--days", "9", status=7)) == codes[1:]


def test_several_files_are_checked_together(cli: Cli, rules: Path) -> None:
    written(rules, "a:b > 3")
    assert found(check(cli, rules, status=7)) == [("A0", "error", "no_such_metric")]
    other = cli.folder / "other.yml"
    other.write_text(
        f"groups: [{{name: g, rules: [{{record: 'a:b', expr: '{EVENTS}'}}]}}]\n", encoding="utf-8"
    )
    data = check(cli, rules, other, rules, status=0)
    assert data["files"] == [str(rules), str(other)]
    assert [one["data"] for one in data["rules"]] == ["not_asked", "not_asked"]


def test_only_so_many_metrics_are_asked_for(cli: Cli, rules: Path) -> None:
    with SampleStore(cli.folder / "samples.db") as store:
        for number in range(MAX_METRICS):
            store.append(to_ms(NOW), [(store.series_id(f"m{number:03}", CIRCUIT), 1.0)])
    written(rules, "'{__name__=~\"m.*\"} > 3'")
    data = check(cli, rules, status=0)
    assert (
        f"only {MAX_METRICS} of the {MAX_METRICS + 2} metrics that the rules read were asked for"
        in data["unchecked"]
    )
    assert data["rules"][0]["selectors"][0]["series"] is None


def test_the_words_name_file_line_rule_and_fix(cli: Cli, rules: Path) -> None:
    written(rules, f"{EVENTS} > 3", *[f'{EVENTS}{{tenant="x"}} > 3'] * 2)
    result = cli("alerts", "check", "rules.yml", clock=At())
    assert result.status == 7
    lines = result.stdout.splitlines()
    assert lines[0] == "3 rules checked: 2 errors, 0 warnings, 0 info."
    assert lines[1] == "rules.yml:6: A1 error no_such_label"
    assert "  fix: Did you mean 'tenant_id'?" in lines
    assert "  also in the rules of lines 8" in lines
    assert lines[-1] == "next: Correct the errors, and check again."


def test_a_fault_of_the_file_is_a_finding_with_its_line(cli: Cli, rules: Path) -> None:
    rules.write_text("groups:\n  - name: g\n    rules: [\n  - x\n", encoding="utf-8")
    (one,) = check(cli, rules, status=7)["findings"]
    assert (one["line"], one["code"], one["rule"]) == (4, "yaml", None)
    written(rules, "sum(up")
    assert found(check(cli, rules, status=7)) == [("A0", "error", "promql")]


@pytest.mark.parametrize("text", ["version: 1\n", "spec: {groups: []}\n", None])
def test_a_file_that_is_no_rule_file_is_exit_3(cli: Cli, rules: Path, text: str | None) -> None:
    if text is not None:
        rules.write_text(text, encoding="utf-8")
    result = cli.json("alerts", "check", rules, clock=At())
    assert (result.status, result.error["code"]) == (3, "input")


def test_a_store_that_is_not_there_is_exit_5(cli: Cli, rules: Path) -> None:
    written(rules, "up == 0")
    (cli.folder / "samples.db").unlink()
    result = cli.json("alerts", "check", rules, clock=At())
    assert (result.status, result.error["code"]) == (5, "metrics-unreachable")


def test_without_a_configuration_there_is_nobody_to_ask(cli: Cli) -> None:
    result = cli.json("alerts", "check", "rules.yml")
    assert (result.status, result.error["code"]) == (3, "config")


def test_the_number_of_days_has_limits(cli: Cli, rules: Path) -> None:
    written(rules, "up == 0")
    assert cli("alerts", "check", rules, "--days", "0", clock=At()).status == 2
