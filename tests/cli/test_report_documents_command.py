"""`report log|day|weekly|final` on the committed example, as people call them."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cli

ROLLOUT = "phase1-tenant_canary-20250127"
KEPT = ROOT / "rollouts" / ROLLOUT
DOCUMENTS = {
    ("log",): "execution-log.md",
    ("day", "--day", "3"): "day-3.md",
    ("weekly",): "weekly-summary-1.md",
    ("final",): "final-report.md",
}
LINK = re.compile(r"!\[(.*?)\]\((\S+?)\)$", re.MULTILINE)


@pytest.fixture
def work(cli: Cli) -> Cli:
    """A work folder with the example's record and none of its documents."""
    (cli.folder / "cbops.yaml").write_text("version: 1\n", encoding="utf-8")
    place = cli.folder / "rollouts" / ROLLOUT
    place.mkdir(parents=True)
    for name in ("journal.jsonl", "head.json"):
        shutil.copy(KEPT / name, place / name)
    shutil.copytree(KEPT / "evidence", place / "evidence")
    return cli


def place(work: Cli) -> Path:
    return work.folder / "rollouts" / ROLLOUT


@pytest.fixture
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where vl-convert isn't installed."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "vl_convert" else found(name, *more)
    )


@pytest.mark.parametrize("words", DOCUMENTS, ids=lambda words: words[0])
def test_a_document_is_written_with_the_pictures_that_it_links_and_no_other(work: Cli, words) -> None:
    result = work.json("report", *words)
    assert (result.status, result.answer["warnings"]) == (0, [])
    path = place(work) / DOCUMENTS[words]
    assert result.data["path"] == str(path)
    links = LINK.findall(path.read_text(encoding="utf-8"))
    assert [alt for alt, _ in links if not re.search(r"\d", alt)] == []
    written = {str(each.relative_to(place(work))) for each in (place(work) / "pictures").iterdir()}
    assert written == {target for _, target in links}
    assert {str(Path(each).relative_to(place(work))) for each in result.data["pictures"]} == written


def test_the_committed_documents_are_what_the_record_gives(work: Cli) -> None:
    for words in (("log",), ("weekly",), ("final",)):
        work.json("report", *words)
    made = {
        str(p.relative_to(place(work))): p.read_bytes()
        for p in place(work).rglob("*")
        if p.suffix in (".md", ".svg")
    }
    kept = {
        str(p.relative_to(KEPT)): p.read_bytes()
        for p in KEPT.rglob("*")
        if p.suffix in (".md", ".svg") and p.parent.name != "tickets"
    }
    assert sorted(made) == sorted(kept)
    assert made == kept


def test_written_elsewhere_the_pictures_lie_beside_it(work: Cli) -> None:
    result = work.json("report", "final", "--out", "sent/report.md")
    assert result.status == 3  # the folder is not there
    (work.folder / "sent").mkdir()
    work.json("report", "final", "--out", "sent/report.md")
    assert sorted(each.name for each in (work.folder / "sent" / "pictures").iterdir()) == [
        "criteria.svg",
        "error-rate.svg",
        "events.svg",
        "latency.svg",
    ]
    assert not (place(work) / "pictures").exists()


@pytest.mark.parametrize("words", DOCUMENTS, ids=lambda words: words[0])
def test_to_stdout_it_is_the_same_text_and_nothing_is_written(work: Cli, words) -> None:
    shown = work("report", *words, "--stdout").stdout
    assert not (place(work) / "pictures").exists()
    assert not (place(work) / DOCUMENTS[words]).exists()
    work.json("report", *words)
    assert (place(work) / DOCUMENTS[words]).read_text(encoding="utf-8") == shown


@pytest.mark.parametrize("words", DOCUMENTS, ids=lambda words: words[0])
def test_without_the_extra_there_is_one_hint_and_no_link(work: Cli, without_the_extra, words) -> None:
    result = work.json("report", *words)
    assert result.status == 0
    (warning,) = result.answer["warnings"]
    assert "pip install 'cbops[charts]'" in warning
    assert LINK.findall((place(work) / DOCUMENTS[words]).read_text(encoding="utf-8")) == []
    assert not (place(work) / "pictures").exists()


def test_without_pictures_none_is_asked_for(work: Cli, without_the_extra) -> None:
    result = work.json("report", "log", "--no-pictures")
    assert (result.status, result.answer["warnings"], result.data["pictures"]) == (0, [], [])


def test_a_day_or_a_week_that_was_not_measured_is_an_error_that_says_how_to_get_it(work: Cli) -> None:
    day = work.json("report", "day", "--day", "8")
    assert (day.status, day.error["message"]) == (3, "day 8 was not measured")
    assert "cbops monitor daily --day 8" in day.error["hint"]
    week = work.json("report", "weekly", "--week", "2")
    assert (week.status, week.error["message"]) == (3, "no day of week 2 was measured (days 8 to 14)")


def test_without_a_number_the_last_day_is_told(work: Cli) -> None:
    assert work("report", "day", "--stdout").stdout.startswith(
        "# Circuit Breaker Daily Entry - Day 7 (2025-02-02)\n"
    )


def test_every_document_has_its_template_in_the_list_and_a_typo_in_it_names_the_line(work: Cli) -> None:
    mine = work.folder / "mine"
    mine.mkdir()
    (work.folder / "cbops.yaml").write_text("version: 1\ntemplates: mine\n", encoding="utf-8")
    listed = {each["name"]: each for each in work.json("report", "templates").data["templates"]}
    for words, template, root in (
        (("day",), "daily_entry.md.j2", "entry"),
        (("weekly",), "weekly_summary.md.j2", "week"),
        (("final",), "final_report.md.j2", "final"),
    ):
        assert {"name": f"{root}.rollout", "kind": "text"} in listed[template]["variables"]
        (mine / template).write_text(f"\n\n{{{{ {root}.rolluot }}}}\n", encoding="utf-8")
        wrong = work.json("report", *words)
        assert wrong.status == 3
        assert f"{mine / template}, line 3: " in wrong.error["message"]
        assert not list(place(work).glob("*.md"))
