"""docs/reliability.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE))))
def test_each_test_that_a_promise_rests_on_exists(name):
    path, _, function = name.partition("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    assert not function or f"def {function}(" in source


def test_every_promise_of_the_journal_names_a_test():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "| held by |" not in line]
    assert rows
    assert all("`tests/" in row for row in rows)
