"""Evaluating, deciding and reporting on a short rollout with real measurements."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cbops.model.policy import CANARY_BLOCK, with_breaker
from tests.conftest import Cli
from tests.practice import TOKEN, Practice, adopt, enabled_by_hand, write_config

SEED = Path(__file__).parents[1] / "data" / "render" / "seed.md"
END = "2025-01-30T00:00:00Z"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Three days of baseline and three with the breaker, an outage in the last of them."""
    with enabled_by_hand(tmp_path_factory.mktemp("played"), datetime(2025, 1, 30, tzinfo=UTC)) as world:
        yield world


@pytest.fixture
def adopted(cli: Cli, played: Practice) -> Cli:
    return adopt(cli, played)


@pytest.fixture
def collected(adopted: Cli) -> Cli:
    assert adopted.json("monitor", "daily", "--all", "--as-of", END).status == 0
    return adopted


def test_without_a_collected_day_nothing_is_met(adopted: Cli) -> None:
    judged = adopted.json("evaluate", "--as-of", END)

    assert judged.status == 10
    assert {c["verdict"] for c in judged.data["criteria"]} == {"inconclusive"}
    assert judged.data["days_observed"] == 0
    assert "not collected: day 1-3. Collect: cbops monitor daily --all" in judged.answer["warnings"]


def test_too_few_full_days_extend_and_say_what_is_missing(collected: Cli) -> None:
    judged = collected.json("evaluate", "--as-of", END)

    assert judged.status == 10
    assert (judged.data["days_observed"], judged.data["full_days"]) == (3, 2)
    assert any("day" in what for what in judged.data["missing"])


def test_days_after_the_time_of_judging_are_not_looked_at(collected: Cli) -> None:
    judged = collected.json("evaluate", "--as-of", "2025-01-29T00:00:00Z")
    assert judged.data["days_observed"] == 2
    assert judged.data["episodes"] == []


def test_judging_again_gives_the_same_verdicts_and_the_same_evidence(collected: Cli) -> None:
    first = collected.json("evaluate", "--as-of", END).data
    again = collected.json("evaluate", "--as-of", END).data
    assert first == again


def test_the_evaluation_needs_neither_router_nor_metrics(collected: Cli) -> None:
    before = collected.json("evaluate", "--as-of", END).data
    assert before["drift"] == {
        "checked": True,
        "drifted": False,
        "message": "the live policy is the one that was applied",
        "others": [],
    }
    write_config(collected.folder, "http://127.0.0.1:9", "nowhere.db", baseline_days=3)

    offline = collected.json("evaluate", "--as-of", END)

    assert offline.data["drift"]["checked"] is False
    assert any(w.startswith("drift: the live policy could not be read") for w in offline.answer["warnings"])
    told = {"drift", "evaluation"}
    said = [item.pop("not_asked") for found in (offline.data, before) for item in [evidence_of(found)]]
    assert {each["what"] for each in said[0]} - {each["what"] for each in said[1]} == {"admin API"}
    assert {k: v for k, v in offline.data.items() if k not in told} == {
        k: v for k, v in before.items() if k not in told
    }


def evidence_of(data: dict) -> dict:
    return next(c["evidence"] for c in data["criteria"] if c["id"] == "observability")


def test_a_breaker_that_somebody_disabled_in_silence_is_named_and_stays_on_record(
    collected: Cli, played: Practice
) -> None:
    _, document = played.admin.latest("tenant_canary", "canary_policy")
    silent = with_breaker(document, {**CANARY_BLOCK, "enabled": False})
    played.admin.put("tenant_canary", "canary_policy", silent, version="1.2", comment="in silence")
    try:
        judged = collected.json("evaluate", "--as-of", END)
    finally:
        played.admin.put("tenant_canary", "canary_policy", document, version="1.3", comment="back")

    assert judged.status == 10
    assert judged.data["drift"]["drifted"] is True
    assert "enabled: true → false" in judged.data["drift"]["message"]
    assert any("is not the one that is live" in reason for reason in judged.data["reasons"])
    assert any("is not the one that is live" in what for what in judged.data["missing"])

    write_config(collected.folder, "http://127.0.0.1:9", "nowhere.db", baseline_days=3)
    offline = collected.json("evaluate", "--as-of", END).data
    assert any("when last looked at" in reason for reason in offline["reasons"])


def test_a_persons_word_on_an_open_that_evidence_explains_is_refused(collected: Cli) -> None:
    explained = collected.json("evaluate", "--as-of", END).data["episodes"][0]
    assert explained["classification"] == "expected"
    before = collected.json("journal", "show").data["entries"]

    refused = collected.json("episode", "classify", explained["id"], "unexpected", "--reason", "r")

    assert (refused.status, refused.error["code"]) == (6, "conflict")
    assert explained["evidence"]["text"] in refused.error["message"]
    assert collected.json("journal", "show").data["entries"] == before


def test_evaluating_before_enabling_is_a_conflict(cli: Cli, played: Practice) -> None:
    cli.environ["CBOPS_ADMIN_TOKEN"] = TOKEN
    write_config(cli.folder, played.url, played.store)
    cli.json(
        "canary", "select", "tenant_canary", "--policy", "canary_policy", "--provider", "openai",
        "--override", "for this test",
    )  # fmt: skip
    for command in (("evaluate",), ("monitor", "daily"), ("decide", "extend", "--by", "M", "--reason", "r")):
        refused = cli.json(*command)
        assert refused.status == 6
        assert "canary enable" in refused.error["hint"]


def test_a_decision_that_differs_from_the_recommendation_is_warned_of_and_recorded(collected: Cli) -> None:
    collected.json("evaluate", "--as-of", END)

    decided = collected.json("decide", "proceed", "--by", "Maya", "--reason", "the owner asks for it")

    assert decided.status == 0
    assert (decided.data["recommended"], decided.data["differs"]) == ("extend", True)
    assert "the recommendation was extend; Maya decided proceed" in decided.answer["warnings"]
    assert collected.json("canary", "status").data["decision"] == "proceed"


def test_a_decision_beside_another_rollout_is_done_when_it_says_so(collected: Cli) -> None:
    """Afterwards no rollout is active, so the choice between the two is not clear any more."""
    (first,) = (collected.folder / "rollouts").iterdir()
    shutil.copytree(first, first.with_name("phase1-older"))
    collected.json("--rollout", "phase1-older", "decide", "proceed", "--by", "Maya", "--reason", "done")

    decided = collected.json("decide", "proceed", "--by", "Maya", "--reason", "done too")

    assert decided.status == 0


def test_the_record_says_who_typed_the_decision_and_who_took_it(collected: Cli) -> None:
    collected.json("decide", "extend", "--by", "Maya", "--reason", "a holiday")
    last = collected.json("journal", "show").data["entries"][-1]
    assert last["data"]["by"] == "Maya"
    assert last["actor"] != "Maya"


def test_a_decision_without_an_evaluation_says_so(collected: Cli) -> None:
    decided = collected.json("decide", "extend", "--by", "Maya", "--reason", "a holiday")
    assert decided.data["recommended"] is None
    assert "nothing was evaluated before this decision" in decided.answer["warnings"]


def test_the_same_decision_said_again_is_on_record_once(collected: Cli) -> None:
    """Whoever was interrupted before the answer says it again."""
    words = ("decide", "extend", "--by", "Maya", "--reason", "a holiday")
    collected.json(*words)
    again = collected.json(*words)
    assert (again.status, again.data["decision"]) == (0, "extend")
    assert "on record already, since" in again.answer["warnings"][0]
    types = [entry["type"] for entry in collected.json("journal", "show").data["entries"]]
    assert types.count("decided") == 1
    collected.json("decide", "proceed", "--by", "Maya", "--reason", "a holiday")
    collected.json(*words)
    types = [entry["type"] for entry in collected.json("journal", "show").data["entries"]]
    assert types.count("decided") == 3


@pytest.mark.parametrize(
    "words",
    [
        ("decide", "proceed", "--reason", "r"),
        ("decide", "proceed", "--by", "Maya"),
        ("decide", "proceed", "--by", " ", "--reason", "r"),
        ("decide", "proceed", "--by", "Maya", "--reason", ""),
        ("decide", "maybe", "--by", "Maya", "--reason", "r"),
    ],
)
def test_a_decision_without_name_or_reason_is_refused(collected: Cli, words: tuple[str, ...]) -> None:
    assert collected.json(*words).status == 2
    assert collected.json("canary", "status").data["decision"] is None


def test_a_persons_word_on_an_episode_that_is_not_there_is_refused(collected: Cli) -> None:
    refused = collected.json("episode", "classify", "nope", "expected", "--reason", "r")
    assert refused.status == 3
    assert "openai-" in refused.error["hint"]


def test_the_log_is_written_under_the_rollout_and_again_with_the_same_bytes(collected: Cli) -> None:
    collected.json("evaluate", "--as-of", END)
    written = collected.json("report", "log")
    path = Path(written.data["path"])
    first = path.read_bytes()
    assert written.data["bytes"] == len(first)

    collected.json("report", "log")

    assert path.read_bytes() == first
    assert collected("report", "log", "--stdout").stdout.encode() == first
    other = collected.folder / "elsewhere.md"
    collected.json("report", "log", "--out", other)
    assert other.read_bytes() == first


def test_the_blank_log_is_the_seed_document(cli: Cli, played: Practice) -> None:
    write_config(cli.folder, played.url)
    blank = cli("report", "log", "--blank", "--stdout").stdout
    headings = [line for line in blank.splitlines() if line.startswith("#")]
    assert headings == [
        line for line in SEED.read_text(encoding="utf-8").splitlines() if line.startswith("#")
    ]


def test_a_log_that_can_not_be_written_is_a_clear_error(collected: Cli) -> None:
    refused = collected.json("report", "log", "--out", "/proc/nope/log.md")
    assert refused.status == 3
    assert "/proc/nope/log.md" in refused.error["message"]
