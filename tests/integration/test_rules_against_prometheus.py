"""`alerts check` against a real Prometheus: the made world speaks the router dialect, a small one the documented one."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prometheus_server import blocks_from, prometheus

from cbops.flows.steps.rule_facts import MAX_METRICS, MAX_RULES
from tests.conftest import ROOT, Cli

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.needs("promtool"), pytest.mark.long]

WORLD = ROOT / "tests" / "data" / "worlds" / "sample"
EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
HOUR = datetime(2025, 2, 3, tzinfo=UTC).timestamp()


class At:
    """The end of the worlds."""

    def now(self) -> datetime:
        return datetime(2025, 2, 3, 23, tzinfo=UTC)

    def wait(self, seconds: float) -> None:
        raise AssertionError(f"nobody waits {seconds} s for rules")


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("router")
    with tarfile.open(WORLD / "tsdb.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    with prometheus(folder / "tsdb") as url:
        yield url


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A circuit that opened, with the labels of the documents; an hour of scrapes."""
    folder = tmp_path_factory.mktemp("documented")
    target = 'job="router",instance="r1:9001"'
    circuit = f'tenant_id="acme",provider_id="openai",{target}'
    series = {
        EVENTS: [f'{circuit},event_type="{kind}"' for kind in ("success", "failure")],
        TRANSITIONS: [f'{circuit},state="{state}"' for state in ("open", "half_open", "closed")],
        "up": [target],
        "router_policy_decisions_total": [f'tenant_id="acme",policy_id="p",reason="weighted",{target}'],
    }
    lines = []
    for name, labels in series.items():
        lines.append(
            f"# TYPE {name.removesuffix('_total')} {'counter' if name.endswith('_total') else 'gauge'}"
        )
        lines += [
            f"{name}{{{one}}} {1 if name == 'up' else 5 + minute} {HOUR + 60 * minute}"
            for one in labels
            for minute in range(60)
        ]
    (folder / "world.om").write_text("\n".join([*lines, "# EOF", ""]), encoding="utf-8")
    blocks_from(folder / "world.om", folder / "tsdb")
    with prometheus(folder / "tsdb") as url:
        yield url


def within(cli: Cli, url: str) -> Path:
    (cli.folder / "cbops.yaml").write_text(f'version: 1\nmetrics: {{url: "{url}"}}\n', encoding="utf-8")
    return cli.folder / "rules.yml"


def check(cli: Cli, *words: object, status: int) -> dict:
    result = cli.json("alerts", "check", *words, clock=At())
    assert result.status == status, result.answer
    return result.data


def of_level(data: dict, level: str) -> list[tuple[int, str]]:
    return [(one["line"], one["code"]) for one in data["findings"] if one["level"] == level]


@pytest.mark.parametrize("spoken", ["router", "documented"])
def test_the_rendered_rules_pass_in_the_dialect_that_is_spoken_and_in_no_other(
    cli: Cli, request: pytest.FixtureRequest, spoken: str
) -> None:
    within(cli, request.getfixturevalue(spoken))
    other = "documented" if spoken == "router" else "router"
    for dialect in (spoken, other):
        assert (
            cli(
                "alerts", "render", "--dialect", dialect, "--out", f"{dialect}.yml", "--tenants", "acme"
            ).status
            == 0
        )
    # The made world has another tenant.
    for dialect in (spoken, other):
        path = cli.folder / f"{dialect}.yml"
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace('"acme"', '"tenant_canary"' if spoken == "router" else '"acme"'), encoding="utf-8"
        )
    right = check(cli, f"{spoken}.yml", status=0)
    assert right["dialect"] == spoken
    assert of_level(right, "error") == []
    wrong = check(cli, f"{other}.yml", status=7)
    assert {code for _, code in of_level(wrong, "error")} == {"other_dialect"}
    lines = (cli.folder / f"{other}.yml").read_text(encoding="utf-8").splitlines()
    for one in wrong["findings"]:
        if one["level"] == "error":
            assert lines[one["line"] - 1] == f"      - record: {one['rule']}"
            assert one["selector"].startswith(TRANSITIONS)


def test_rules_of_the_documents_are_found_out_with_numbers_and_the_near_miss(cli: Cli, router: str) -> None:
    within(cli, router).write_text(
        f"""\
groups:
  - name: documents
    rules:
      - alert: Opened
        expr: rate({TRANSITIONS}{{state="open"}}[5m]) > 0
      - alert: Open
        expr: router_circuit_breaker_state{{state="open"}} == 1
      - alert: Denied
        expr: increase({EVENTS}{{event_type="fail-fast"}}[5m]) > 0
      - alert: Typo
        expr: {EVENTS.replace("breaker", "braker")} > 0
      - alert: Broken
        expr: sum({EVENTS}
      - alert: TooNew
        expr: mad_over_time({EVENTS}[5m]) > 0
""",
        encoding="utf-8",
    )
    data = check(cli, "rules.yml", status=7)
    assert set(of_level(data, "error")) == {
        (4, "other_dialect"),
        (6, "sticking_gauge"),
        (8, "no_such_value"),
        (10, "no_such_metric"),
        (12, "promql"),
        (14, "refused"),
    }
    assert of_level(data, "warning") == [(4, "first_sample")]
    first = data["findings"][0]
    assert first["sentence"].startswith(f"none of the 6 series of {TRANSITIONS} has the label 'state'")
    assert first["fix"].startswith('Did you mean to="open"?')
    assert [one["series"] for rule in data["rules"] for one in rule["selectors"]] == [0, 3, 0, 0, 11]


def test_never_fired_is_told_apart_from_never_any_data(cli: Cli, router: str) -> None:
    within(cli, router).write_text(
        f"""\
groups:
  - name: g
    rules:
      - alert: Down
        expr: up == 0
      - alert: Quiet
        expr: sum(rate({EVENTS}{{tenant_id="tenant_canary"}}[5m])) > 1e6
      - alert: Flaps
        expr: increase({TRANSITIONS}{{to="open"}}[10m]) > increase({TRANSITIONS}{{to="half_open"}}[10m])
      - record: a:rate
        expr: sum(rate({EVENTS}[5m]))
      - alert: RouterCircuitBreakerOpened
        expr: vector(1) < 0
      - alert: Nowhere
        expr: {EVENTS}{{tenant_id="nobody"}} > 0
      - alert: Recorded
        expr: a:rate > 0
""",
        encoding="utf-8",
    )
    data = check(cli, "rules.yml", status=7)
    assert {rule["name"]: rule["data"] for rule in data["rules"]} == {
        "Down": "never_true",
        "Quiet": "never_true",
        "Flaps": "never",  # 'to' is another one on each side
        "a:rate": "had",
        "RouterCircuitBreakerOpened": "had",  # it fired, as ALERTS has it
        "Nowhere": "never",
        "Recorded": "not_asked",
    }
    assert (8, "never_data") in of_level(data, "warning")
    assert data["unchecked"] == [
        "whether 1 rule had data: they read series that these files record and the server doesn't have yet"
    ]


def test_the_number_of_requests_is_bounded(cli: Cli, router: str) -> None:
    rules = "".join(
        f"      - alert: A{n}\n        expr: {EVENTS} > {10**9 + n}\n" for n in range(MAX_RULES + 5)
    )
    within(cli, router).write_text(f"groups:\n  - name: g\n    rules:\n{rules}", encoding="utf-8")
    data = check(cli, "rules.yml", "--days", "1", status=0)
    assert data["requests"] == 1 + 2 + 2 * MAX_RULES  # events and transitions are there
    assert data["requests"] <= 1 + MAX_METRICS + 2 * MAX_RULES
    assert data["unchecked"] == [f"whether 5 rules had data: not asked: more than {MAX_RULES} rules"]


def test_a_server_that_is_not_there_is_exit_5(cli: Cli) -> None:
    within(cli, "http://127.0.0.1:9").write_text("groups: []\n", encoding="utf-8")
    result = cli.json("alerts", "check", "rules.yml", clock=At())
    assert (result.status, result.error["code"]) == (5, "metrics-unreachable")


def test_what_is_too_much_for_the_server_is_said_and_not_the_rules_fault(cli: Cli, router: str) -> None:
    assert httpx.get(f"{router}/-/ready").status_code == 200
    within(cli, router).write_text(
        f"groups: [{{name: g, rules: [{{record: a:b, expr: 'up + on () group_left () (0 * {EVENTS})'}}]}}]\n",
        encoding="utf-8",
    )
    data = check(cli, "rules.yml", status=0)  # many on both sides: the server can't evaluate it
    (rule,) = data["rules"]
    assert rule["data"] == "not_asked"
    assert "could not evaluate" in rule["told"]
