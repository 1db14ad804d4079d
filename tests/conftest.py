"""What all tests share: programs that may be missing, and the command line with its answers checked."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import jsonschema
import pytest
from hypothesis import HealthCheck, settings

from cbops.cli.app import run
from cbops.cli.schemas import file_name
from cbops.flows.ports import Clock

# The time that a case takes says nothing about cbops: the machine may be busy. CI plays the same cases each time.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=os.environ.get("CI", "").lower() == "true",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "docs" / "schemas"

# What a test's cbops sees of the environment besides what the test gives it.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


PURE = frozenset(
    ROOT / "tests" / name for name in ("model", "breaker", "measure", "judge", "rollout", "journal")
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folder says what is pure."""
    for item in items:
        if not PURE.isdisjoint(item.path.parents):
            item.add_marker("pure")


def missing(item: pytest.Item) -> list[str]:
    programs = [program for marker in item.iter_markers("needs") for program in marker.args]
    return [program for program in programs if shutil.which(program) is None]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A missing program skips the test and is named; with CI=true it fails."""
    absent = missing(item)
    if not absent:
        return
    reason = f"needs {' and '.join(absent)}, which is not installed"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{reason}, and CI=true allows no gap", pytrace=False)
    pytest.skip(reason)


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    path = SCHEMAS / name
    assert path.is_file(), f"docs/schemas/{name} is missing: run 'make schemas'"
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def checked(stdout: str) -> dict[str, Any]:
    """The one JSON document on stdout, valid by the schemas of the envelope and of the command's data."""
    answer = json.loads(stdout)
    validator("envelope.json").validate(answer)
    if answer["data"] is not None:
        validator(file_name(answer["command"])).validate(answer["data"])
    return answer


@dataclass(frozen=True)
class Result:
    """What a run of cbops left behind. `answer` is the JSON document, where one was asked for."""

    status: int
    stdout: str
    stderr: str
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, Any]:
        return self.answer["data"]

    @property
    def error(self) -> dict[str, str]:
        return self.answer["error"]


@dataclass
class Cli:
    """Runs cbops in `folder`, with nothing of the environment but what is in `environ`."""

    folder: Path
    environ: dict[str, str]

    def __call__(
        self, *args: object, stdin: str = "", env: Mapping[str, str] | None = None, clock: Clock | None = None
    ) -> Result:
        """In this process; stdin is not a terminal."""
        out, err = io.StringIO(), io.StringIO()
        words = [str(arg) for arg in args]
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, {**self.environ, **(env or {})}, clear=True),
            mock.patch.object(sys, "stdin", io.StringIO(stdin)),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            status = run(words, clock)
        return self._result(words, status, out.getvalue(), err.getvalue())

    def process(
        self, *args: object, stdin: str = "", env: Mapping[str, str] | None = None, **options: Any
    ) -> Result:
        """As a process of its own."""
        words = [str(arg) for arg in args]
        done = subprocess.run(
            [sys.executable, "-m", "cbops", *words],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            cwd=self.folder,
            env={**self.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            timeout=120,
            check=False,
            **options,
        )
        return self._result(words, done.returncode, done.stdout, done.stderr)

    def json(self, *args: object, **options: Any) -> Result:
        """In this process, with `--format json`."""
        return self(*args, "--format", "json", **options)

    def _result(self, words: list[str], status: int, stdout: str, stderr: str) -> Result:
        wants_json = "--format=json" in words or ("--format", "json") in itertools.pairwise(words)
        answer = checked(stdout) if wants_json else {}
        if answer:
            assert answer["ok"] == (status in (0, 10, 20)), "ok and the exit status disagree"
        return Result(status, stdout, stderr, answer)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """cbops in an empty folder; every JSON answer is checked against docs/schemas."""
    folder = tmp_path / "work"
    folder.mkdir()
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    return Cli(folder, {**environ, "COLUMNS": "100"})
