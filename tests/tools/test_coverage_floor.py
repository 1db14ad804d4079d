from __future__ import annotations

import json

import pytest

from tools.coverage_floor import PACKAGES, main


def report(**summaries):
    full = {"covered_lines": 100, "num_statements": 100, "covered_branches": 20, "num_branches": 20}
    files = {f"cbops/{name}/a.py": {"summary": full | summaries.get(name, {})} for name in PACKAGES}
    return {
        "files": {path: value for path, value in files.items() if summaries.get(path.split("/")[1]) != {}}
    }


@pytest.mark.parametrize(
    ("summaries", "status"),
    [
        ({}, 0),
        ({"judge": {"covered_lines": 95, "covered_branches": 19}}, 0),
        ({"judge": {"covered_lines": 94}}, 1),
        ({"judge": {"covered_branches": 18}}, 1),
        ({"judge": {"covered_branches": 0, "num_branches": 0}}, 0),
        ({"journal": {}}, 1),
    ],
)
def test_the_floor_holds_for_statements_and_branches_of_every_package(tmp_path, capsys, summaries, status):
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps(report(**summaries)))
    assert main([str(path)]) == status
    assert ("below 95%" in capsys.readouterr().out) == bool(status)
