"""The benchmark keeps what was said of each rollout, and goes on from there."""

from __future__ import annotations

import sys

import pytest
from judge.made import ROOT, loaded

BENCHMARKS = ROOT / "benchmarks"
rows = loaded(BENCHMARKS / "judgement_rows.py")
keeping = loaded(BENCHMARKS / "judgement_kept.py")
loaded(BENCHMARKS / "rival_judges.py")
benchmark = loaded(BENCHMARKS / "judgement.py")


def said(recommendation="extend"):
    verdicts = {"error_rate": "met", "latency": "inconclusive"}
    rivals = {"thresholds": "extend", "mann-whitney": "rollback"}
    looks = tuple(rows.Look(day, verdicts, recommendation, rivals) for day in (1, 2))
    return rows.Judged(0.05, 6.0, 1, looks, 0.004)


def test_what_was_kept_is_read_as_it_was(tmp_path):
    keeping.keep(tmp_path / "a.jsonl", 7, said())
    keeping.keep(tmp_path / "a.jsonl", 9, said("proceed"))
    assert keeping.kept(tmp_path / "a.jsonl") == {
        7: (said(), keeping.sources()),
        9: (said("proceed"), keeping.sources()),
    }


def test_a_line_that_was_cut_short_is_played_again_and_spoils_no_other(tmp_path):
    path = tmp_path / "a.jsonl"
    keeping.keep(path, 7, said())
    keeping.keep(path, 8, said())
    path.write_bytes(path.read_bytes()[:-9])
    assert set(keeping.kept(path)) == {7}
    keeping.keep(path, 8, said())
    assert set(keeping.kept(path)) == {7, 8}


def test_a_row_has_the_same_seeds_whatever_else_is_played():
    alone = benchmark.plan(["trip"], [10])
    beside = [row for row in benchmark.plan([]) if row.key == "trip" and row.per_minute == 10]
    assert alone == beside
    every = [seed for row in benchmark.plan([]) for _, seed in row.jobs(1000)]
    assert len(set(every)) == len(every)
    assert [job[1] for job in alone[0].jobs(2)] == [job[1] for job in alone[0].jobs(400)][:2]


def test_a_table_plays_nothing_and_counts_what_is_kept(tmp_path, capsys, monkeypatch):
    row = benchmark.plan(["sound"], [10])[0]
    for _, seed in row.jobs(3):
        keeping.keep(tmp_path / row.file, seed, said("rollback"))
    keeping.keep(tmp_path / row.file, 1, said())  # of no rollout of this row
    found, by = benchmark.played(row, 400, tmp_path, None)
    assert len(found.rollouts) == 3
    assert by == {keeping.sources()}
    monkeypatch.setattr(sys, "argv", ["judgement.py", "--table", "--keep", str(tmp_path), "--only", "sound"])
    assert benchmark.main() == 1  # all of them rolled back
    assert "| sound | 10 | 3 | 100.0 % (43.9–100.0) |" in capsys.readouterr().out


def test_a_table_needs_a_folder(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["judgement.py", "--table"])
    with pytest.raises(SystemExit):
        benchmark.asked_for()
