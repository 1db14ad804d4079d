"""Bad bytes at every parser and bad words at every command: no traceback, no hang, no file where none belongs.

The long run is `make fuzz`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from boundaries import BOUNDARIES, ONCE, Boundary, run
from campaign import cases_of, tried
from command_lines import ENDLESS, lines, work_folder
from hypothesis import given, settings
from hypothesis import strategies as st

from cbops.cli.table import TABLE
from tests.conftest import Cli

CASES = int(os.environ.get("CBOPS_FUZZ_CASES", "40"))  # for each parser
COMMAND_LINES = int(os.environ.get("CBOPS_FUZZ_LINES", "70"))
SEED = int(os.environ.get("CBOPS_FUZZ_SEED", "20250127"))
IDS = [boundary.name for boundary in BOUNDARIES]


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=IDS)
def test_no_bytes_break_a_parser(boundary: Boundary, tmp_path: Path) -> None:
    assert ONCE.attempts == 1
    inside = tmp_path / "inside"
    inside.mkdir()
    assert all(run(boundary, raw, inside) for raw in boundary.good[:1]) or boundary.kind in ("gzip", "text")
    count = CASES // 4 if boundary.name == "metrics page" else CASES  # each makes a database
    tally = tried(boundary, cases_of(boundary, count, SEED), inside)
    assert tally.bugs == {}
    assert tally.cases == count
    assert list(tmp_path.iterdir()) == [inside]


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
JSON_BOUNDARIES = [boundary for boundary in BOUNDARIES if boundary.kind in ("json", "yaml", "lines")]


@settings(max_examples=max(15, CASES // 10))
@given(raw=st.binary(max_size=200) | TREES.map(lambda tree: json.dumps(tree).encode()))
def test_no_document_of_any_shape_breaks_a_parser(raw: bytes, tmp_path_factory) -> None:
    folder = tmp_path_factory.getbasetemp() / "shapes"
    folder.mkdir(exist_ok=True)
    for boundary in JSON_BOUNDARIES:
        run(boundary, raw, folder)


def test_no_words_break_a_command(cli: Cli) -> None:
    home = cli.folder / "home"
    cli.folder = cli.folder / "work"
    work_folder(cli.folder)
    home.mkdir()
    cli.environ.update(HOME=str(home), TMPDIR=str(home))
    outside = sorted(cli.folder.parent.rglob("*"), key=str)
    outside = [path for path in outside if cli.folder not in path.parents]
    ran = 0
    for words in lines(COMMAND_LINES, SEED):
        result = cli(*words)
        assert result.status in (0, 2, 3, 4, 5, 6, 7, 10, 20), (words, result.stderr)
        assert "Traceback" not in result.stderr
        assert "\x1b" not in result.stdout + result.stderr, words
        ran += 1
    assert ran == COMMAND_LINES
    found = [path for path in sorted(cli.folder.parent.rglob("*"), key=str) if cli.folder not in path.parents]
    assert found == outside


def test_every_command_but_those_that_never_end_is_tried() -> None:
    made = [" ".join(words) for words in lines(len(TABLE), 1)]
    missing = {entry.words for entry in TABLE if not any(entry.words in each for each in made)}
    assert missing == ENDLESS & {entry.words for entry in TABLE}
