"""The marker `needs`: a missing program skips and is named, and fails where CI=true."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASE = """
import pytest

@pytest.mark.needs("no-such-program")
def test_case():
    pass

@pytest.mark.needs("sh")
def test_other():
    pass
"""


@pytest.mark.parametrize(
    ("ci", "status", "summary"),
    [("", 0, "1 passed, 1 skipped"), ("false", 0, "1 passed, 1 skipped"), ("true", 1, "1 passed, 1 error")],
)
def test_a_missing_program_is_named(tmp_path, ci, status, summary):
    (tmp_path / "test_case.py").write_text(CASE)
    options = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "-p", "tests.conftest"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *options,
            str(tmp_path / "test_case.py"),
        ],
        cwd=ROOT,
        env={**os.environ, "CI": ci, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert summary in done.stdout
    assert "needs no-such-program, which is not installed" in done.stdout
