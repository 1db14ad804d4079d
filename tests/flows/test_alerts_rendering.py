"""`alerts render`: where the file goes, what it never writes over, and which dialect it is in."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from cbops.clients.store import SampleStore
from cbops.errors import MetricsUnreachableError
from cbops.flows.steps.placing import choose_dialect
from cbops.model.base import to_ms
from cbops.model.config import MetricsConfig
from cbops.model.series import Fetched, SeriesQuery
from tests.conftest import ROOT, Cli

ALONE = "circuit-breaker-alerts.yml"
JOURNALS = ROOT / "tests" / "data" / "journals" / "v1"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
NOW = datetime(2025, 2, 1, 12, tzinfo=UTC)


def within(
    cli: Cli, *rollouts: str, config: str = "metrics: {source: embedded, dialect: documented}"
) -> Path:
    """A work folder with cbops.yaml and rollouts of these kinds; the first one's folder."""
    (cli.folder / "cbops.yaml").write_text(f"version: 1\n{config}\n", encoding="utf-8")
    for number, kind in enumerate(rollouts):
        shutil.copytree(JOURNALS / kind, cli.folder / "rollouts" / f"r{number}")
    return cli.folder / "rollouts" / "r0"


def expressions(path: Path) -> str:
    (group,) = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return "\n".join(rule["expr"] for rule in group["rules"])


def test_it_needs_neither_a_configuration_nor_a_rollout_and_then_covers_every_tenant(cli: Cli) -> None:
    result = cli.json("alerts", "render")
    assert result.status == 0
    data = result.data
    assert (data["path"], data["rollout"], data["tenants"], data["tenant_labels"]) == (ALONE, None, [], [])
    assert (data["dialect"], data["dialect_from"], data["changed"]) == ("router", "default", True)
    assert len(data["alerts"]) == 5
    assert data["bytes"] == (cli.folder / ALONE).stat().st_size
    assert "tenant_id=~" not in expressions(cli.folder / ALONE)
    dialect, everyone = result.answer["warnings"]
    assert "there is no cbops.yaml" in dialect
    assert "every tenant" in everyone


def test_rendering_again_changes_nothing_and_says_so(cli: Cli) -> None:
    cli("alerts", "render", "--tenants", "b,a")
    before = (cli.folder / ALONE).read_bytes()
    again = cli.json("alerts", "render", "--tenants", "a, b")
    assert (again.status, again.data["changed"]) == (0, False)
    assert (cli.folder / ALONE).read_bytes() == before
    assert "Nothing to change in the rule file" in cli("alerts", "render", "--tenants", "a,b").stdout


def test_with_other_settings_its_own_file_is_written_anew(cli: Cli) -> None:
    cli("alerts", "render", "--tenants", "a")
    result = cli.json("alerts", "render", "--tenant-label", "breaker=on", "--tenant-label", "tier=gold")
    assert result.data["changed"]
    assert result.data["tenant_labels"] == [
        {"name": "breaker", "value": "on"},
        {"name": "tier", "value": "gold"},
    ]
    assert 'breaker="on",tier="gold"' in expressions(cli.folder / ALONE)


@pytest.mark.parametrize("edited", [True, False], ids=["edited-by-hand", "made-elsewhere"])
def test_a_file_of_somebody_else_is_written_over_only_when_asked(cli: Cli, *, edited: bool) -> None:
    path = cli.folder / ALONE
    if edited:
        cli("alerts", "render", "--tenants", "a")
        path.write_text(path.read_text(encoding="utf-8").replace("10m", "20m"), encoding="utf-8")
    else:
        path.write_bytes(b"groups: []\n\xff")
    before = path.read_bytes()
    refused = cli.json("alerts", "render")
    assert (refused.status, refused.error["code"]) == (6, "conflict")
    assert "--force" in refused.error["hint"]
    assert path.read_bytes() == before
    forced = cli.json("alerts", "render", "--force")
    assert (forced.status, forced.data["changed"]) == (0, True)
    assert path.read_bytes() != before


def test_within_a_rollout_it_is_about_its_tenant_and_lies_in_its_folder(cli: Cli) -> None:
    folder = within(cli, "adopted")
    result = cli.json("alerts", "render")
    assert result.data["rollout"] == "r0"
    assert result.data["path"] == str(folder / "alerts.yml")
    assert len(result.data["tenants"]) == 1
    assert f'tenant_id="{result.data["tenants"][0]}"' in expressions(folder / "alerts.yml")
    assert (result.data["dialect"], result.data["dialect_from"]) == ("documented", "configuration")
    assert result.answer["warnings"] == []
    assert 'state="open"' in expressions(folder / "alerts.yml")


def test_the_record_is_whole_with_the_file_beside_it(cli: Cli) -> None:
    within(cli, "adopted")
    assert cli("alerts", "render").status == 0
    assert cli("journal", "verify").status == 0


def test_options_go_before_the_rollout_and_the_configuration(cli: Cli) -> None:
    folder = within(cli, "adopted")
    result = cli.json("alerts", "render", "--tenants", "x", "--dialect", "router", "--out", "other.yml")
    assert (result.data["tenants"], result.data["dialect_from"]) == (["x"], "option")
    assert result.data["path"] == "other.yml"
    assert not (folder / "alerts.yml").exists()


def test_after_a_rollback_it_says_that_the_breaker_acts_no_longer(cli: Cli) -> None:
    within(cli, "enabled")
    (warning,) = cli.json("alerts", "render").answer["warnings"]
    assert "disabled by a rollback" in warning
    assert cli.json("alerts", "render", "--tenants", "x").answer["warnings"] == []


def test_of_several_rollouts_one_is_named_unless_everything_is_said(cli: Cli) -> None:
    within(cli, "adopted", "adopted")
    assert cli("alerts", "render").status == 2
    assert cli("alerts", "render", "--tenants", "x").status == 2
    assert cli("alerts", "render", "--tenants", "x", "--out", "x.yml").status == 0
    assert cli.json("alerts", "render", "--rollout", "r1").data["rollout"] == "r1"
    assert cli("alerts", "render", "--rollout", "r7").status == 2


def test_on_stdout_it_is_the_file_alone(cli: Cli) -> None:
    printed = cli("alerts", "render", "--stdout", "--tenants", "a").stdout
    shown = cli.json("alerts", "render", "--stdout", "--tenants", "a").data
    assert (shown["path"], shown["text"], shown["changed"]) == (None, printed, False)
    assert not (cli.folder / ALONE).exists()
    cli("alerts", "render", "--tenants", "a")
    assert (cli.folder / ALONE).read_text(encoding="utf-8") == printed


@pytest.mark.parametrize(
    "words",
    [
        ["--tenants", "a", "--tenant-label", "x=y"],
        ["--tenants", "a,,b"],
        ["--tenants", ""],
        ["--tenant-label", "x"],
        ["--tenant-label", "=y"],
        ["--dialect", "latin"],
    ],
)
def test_options_that_say_nothing_clear_are_refused(cli: Cli, words: list[str]) -> None:
    assert cli("alerts", "render", *words).status == 2
    assert not (cli.folder / ALONE).exists()


@pytest.mark.parametrize(
    "words", [["--tenants", "a\nb"], ["--tenant-label", "x=\x1b"], ["--tenant-label", "a-b=c"]]
)
def test_what_no_rule_can_hold_is_refused(cli: Cli, words: list[str]) -> None:
    assert cli("alerts", "render", *words).status == 3
    assert not (cli.folder / ALONE).exists()


def test_remapped_names_of_the_configuration_are_followed(cli: Cli) -> None:
    within(
        cli,
        config="metrics: {source: embedded, dialect: router, job: gw, labels: {tenant_id: tenant}, names: {"
        f"{TRANSITIONS}: gw_moves_total}}}}",
    )
    assert cli("alerts", "render", "--tenants", "a").status == 0
    text = expressions(cli.folder / ALONE)
    assert 'gw_moves_total{to="open",tenant="a"}' in text
    assert 'up{job="gw"}' in text
    assert TRANSITIONS not in text
    assert "tenant_id" not in text


def test_a_source_that_cannot_be_opened_leaves_the_router_dialect_and_says_so(cli: Cli) -> None:
    within(cli, config="metrics: {source: prometheus, url: 'http://127.0.0.1:9', timeout_seconds: 1}")
    result = cli.json("alerts", "render")
    assert (result.status, result.data["dialect_from"]) == (0, "default")
    assert "cannot be reached" in result.answer["warnings"][0]
    within(cli, config="metrics: {headers: {Authorization: {env: NOT_SET}}}")
    assert "NOT_SET is not set" in cli.json("alerts", "render").answer["warnings"][0]


@pytest.fixture
def store(tmp_path: Path) -> SampleStore:
    return SampleStore(tmp_path / "samples.db")


def transitions(store: SampleStore, **labels: str) -> None:
    number = store.series_id(TRANSITIONS, {"tenant_id": "t", "provider_id": "p", **labels})
    for minutes in range(30):
        store.append(to_ms(NOW - timedelta(minutes=minutes)), [(number, 3)])
    store.flush()


@pytest.mark.parametrize(
    ("labels", "dialect"), [({"from": "closed", "to": "open"}, "router"), ({"state": "open"}, "documented")]
)
def test_the_dialect_is_told_from_the_transitions(
    store: SampleStore, labels: dict[str, str], dialect: str
) -> None:
    transitions(store, **labels)
    chosen = choose_dialect(MetricsConfig(), store, NOW, "")
    assert (chosen.dialect, chosen.by, chosen.notes) == (dialect, "metrics", ())


def test_where_both_are_spoken_it_is_said(store: SampleStore) -> None:
    transitions(store, state="open")
    transitions(store, **{"from": "closed", "to": "open"})
    chosen = choose_dialect(MetricsConfig(), store, NOW, "")
    assert (chosen.dialect, chosen.by) == ("router", "metrics")
    assert "both dialects; 1 series" in chosen.notes[0]


def test_without_transitions_nothing_tells(store: SampleStore) -> None:
    store.append(to_ms(NOW), [(store.series_id("up", {"job": "router"}), 1)])
    store.flush()
    chosen = choose_dialect(MetricsConfig(), store, NOW, "")
    assert (chosen.dialect, chosen.by) == ("router", "default")
    assert "no transition" in chosen.notes[0]


class Silent:
    """A source that does not answer."""

    kind = "prometheus"

    def fetch(self, query: SeriesQuery, start: datetime, end: datetime) -> Fetched:
        raise MetricsUnreachableError("nobody listens", hint="")


def test_a_source_that_does_not_answer_tells_nothing() -> None:
    chosen = choose_dialect(MetricsConfig(), Silent(), NOW, "")
    assert (chosen.dialect, chosen.by) == ("router", "default")
    assert "nobody listens" in chosen.notes[0]
