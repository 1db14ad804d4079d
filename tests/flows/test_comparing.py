"""What a canary is compared with: whose breaker the admin API says is enabled, and what a person sets on record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cbops.flows.steps.loading import load, observations
from cbops.model.observation import Observation
from tests.conftest import Cli
from tests.practice import Practice, adopt, enabled_by_hand, write_config

END = "2025-01-30T00:00:00Z"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Three days of baseline and three with the breaker."""
    with enabled_by_hand(tmp_path_factory.mktemp("compared"), datetime(2025, 1, 30, tzinfo=UTC)) as world:
        yield world


def rollout(cli: Cli) -> Path:
    (folder,) = (cli.folder / "rollouts").iterdir()
    return folder


def controls(data: dict[str, Any]) -> dict[str, Any]:
    opens = next(one for one in data["criteria"] if one["id"] == "unexpected_opens")
    found: dict[str, Any] = opens["evidence"]["controls"]
    return found


@pytest.fixture
def collected(cli: Cli, played: Practice) -> Cli:
    work = adopt(cli, played)
    assert work.json("monitor", "daily", "--all", "--as-of", END).status == 0
    return work


def days(cli: Cli) -> tuple[Observation, ...]:
    state = load(rollout(cli))
    return observations(rollout(cli), (*state.baseline, *state.days))


def judged(cli: Cli) -> dict[str, Any]:
    return cli.json("evaluate", "--as-of", END).data


def test_whose_breaker_is_enabled_is_asked_once_for_all_days_and_judged_offline(
    collected: Cli, played: Practice
) -> None:
    found = days(collected)
    assert len({day.breakers.asked_at for day in found if day.breakers}) == 1
    assert all(day.breakers is not None and day.breakers.requests == 7 for day in found)
    told = {one.tenant: one.enabled for day in found if day.breakers for one in day.breakers.tenants}
    assert told == {"tenant_archive": False, "tenant_billing": False, "tenant_search": False}
    write_config(collected.folder, "http://127.0.0.1:9", played.store, baseline_days=3)
    evidence = controls(judged(collected))
    assert set(evidence["told_by"].values()) == {"admin_api"}
    assert len(evidence["used"]) == 3


def test_without_the_admin_api_the_series_tell_and_what_was_known_is_kept(cli: Cli, played: Practice) -> None:
    work = adopt(cli, played)
    write_config(cli.folder, "http://127.0.0.1:9", played.store, baseline_days=3)
    silent = work.json("monitor", "daily", "--all", "--as-of", END)
    assert silent.status == 0
    (said,) = (text for text in silent.answer["warnings"] if text.startswith("controls: "))
    assert "could not be asked" in said
    assert "told from its series" in said
    assert all(day.breakers is None for day in days(work))
    assert set(controls(judged(work))["told_by"].values()) == {"series"}

    write_config(cli.folder, played.url, played.store, baseline_days=3)
    work.json("monitor", "daily", "--day", "3", "--as-of", END)
    write_config(cli.folder, "http://127.0.0.1:9", played.store, baseline_days=3)
    work.json("monitor", "daily", "--day", "3", "--as-of", END)
    assert days(work)[-1].breakers is not None


def test_controls_and_baseline_set_by_hand_are_on_record_obeyed_and_shown(collected: Cli) -> None:
    ruled = collected.json("canary", "compare").data
    assert (ruled["set_by_hand"], len(ruled["controls"]), len(ruled["baseline"])) == (None, 3, 3)

    collected.json(
        "canary", "compare", "--controls", "tenant_billing,nobody", "--reason", "same prompts", "--by", "ann"
    )
    shown = collected.json(
        "canary", "compare", "--baseline-from", "2025-01-24", "--baseline-to", "2025-01-25",
        "--reason", "an outage on the last day", "--by", "ann",
    )  # fmt: skip

    assert shown.data["baseline"] == ["2025-01-24", "2025-01-25"]
    assert {one["tenant"] for one in shown.data["controls"] if one["used"]} == {"tenant_billing"}
    assert any("control nobody" in text for text in shown.answer["warnings"])
    first = judged(collected)
    assert controls(first)["used"] == ["tenant_billing"]
    word = first["comparison"]
    assert (word["controls"], word["by"]) == (["tenant_billing", "nobody"], "ann")
    assert collected.json("canary", "status").data["comparison"] == word
    told = collected("evaluate", "--as-of", END).stdout + collected("canary", "status").stdout
    line = "set by hand by ann on "
    assert told.count(line) == 2
    assert "Set by hand: controls tenant_billing, nobody; baseline 2025-01-24 to 2025-01-25" in log(collected)
    again = collected.json("evaluate", "--repeat")
    assert again.data["repeated"]["identical"]

    back = collected.json("canary", "compare", "--by-rule", "--reason", "it was a mistake")
    assert (back.data["set_by_hand"], len(back.data["controls"])) == (None, 3)
    assert judged(collected)["comparison"] is None


def log(cli: Cli) -> str:
    assert cli.json("report", "log").status == 0
    return next(rollout(cli).rglob("*.md")).read_text("utf-8")


def test_a_baseline_further_back_is_collected_with_the_next_day(cli: Cli, played: Practice) -> None:
    work = adopt(cli, played)
    dates = ("--baseline-from", "2025-01-20", "--baseline-to", "2025-01-21")
    work.json("canary", "compare", *dates, "--reason", "a holiday since")
    work.json("monitor", "daily", "--day", "1", "--as-of", END)
    assert sorted(str(day.window.date) for day in load(rollout(work)).baseline) == [
        "2025-01-20",
        "2025-01-21",
    ]


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (("--controls", "a", "--no-controls", "--reason", "r"), 2, "exclude each other"),
        (("--by-rule", "--baseline-from", "2025-01-20", "--reason", "r"), 2, "exclude each other"),
        (("--baseline-from", "2025-01-20", "--reason", "r"), 2, "two ends"),
        (("--controls", "a"), 2, "needs a reason"),
        (("--reason", "r"), 2, "something to set"),
        (("--controls", "tenant_canary", "--reason", "r"), 3, "is the canary"),
        (("--controls", ",".join("abcdefghijklmnopqrstu"), "--reason", "r"), 3, "room for 20"),
        (("--controls", "a,,b", "--reason", "r"), 3, "is empty"),
        (
            ("--baseline-from", "2025-01-20", "--baseline-to", "2025-01-27", "--reason", "r"),
            3,
            "doesn't lie before",
        ),
        (("--baseline-from", "2024-01-20", "--baseline-to", "2025-01-20", "--reason", "r"), 3, "60 days"),
    ],
)
def test_what_cannot_be_compared_with_is_refused_and_leaves_nothing_on_record(
    cli: Cli, played: Practice, options: tuple[str, ...], status: int, said: str
) -> None:
    work = adopt(cli, played)
    before = (rollout(work) / "journal.jsonl").read_bytes()
    refused = work.json("canary", "compare", *options)
    assert refused.status == status
    assert said in refused.error["message"]
    assert (rollout(work) / "journal.jsonl").read_bytes() == before


def test_the_embedded_store_says_that_it_cannot_be_asked_for_a_shadow_criterion(
    cli: Cli, played: Practice
) -> None:
    cost = {"id": "cost", "query": "sum(cost)", "direction": "lower_is_better", "margin": "5 %"}
    work = adopt(cli, played, criteria={"shadow": [cost]})
    work.json("monitor", "daily", "--day", "2", "--as-of", END)
    found = judged(work)
    assert [one["verdict"] for one in found["shadows"]] == ["error"]
    assert "the embedded store evaluates no PromQL" in found["shadows"][0]["summary"]
    assert "! error        cost              (shadow)" in work("evaluate", "--as-of", END).stdout


def test_a_judgement_with_a_day_that_is_not_over_is_called_preliminary(cli: Cli, played: Practice) -> None:
    work = adopt(cli, played)
    noon = "2025-01-29T12:00:00Z"
    work.json("monitor", "daily", "--day", "3", "--as-of", noon)
    assert work.json("evaluate", "--as-of", noon).data["preliminary"]
    assert work("evaluate", "--as-of", noon).stdout.startswith("Preliminary recommendation for ")
    assert "(preliminary: a day that isn't over was looked at)" in log(work)
    work.json("monitor", "daily", "--day", "3", "--as-of", END)
    assert not judged(work)["preliminary"]
