"""The wheel, installed into an environment of its own, works from an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("wheel")]


def done(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run it with nothing of this checkout in reach; a failure shows what it said."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    ran = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, (
        f"{command}: exit {ran.returncode}\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}"
    )
    return ran


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder
    )
    (built,) = folder.glob("cbops-*.whl")
    return built


@pytest.fixture(scope="module")
def cbops(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console script of a fresh environment."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    done(folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    return folder / "bin" / "cbops"


def test_the_wheel_holds_the_package_with_every_template_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    templates = {
        path.relative_to(ROOT / "templates") for path in (ROOT / "templates").rglob("*") if path.is_file()
    }
    assert templates
    assert {f"cbops/_templates/{path}" for path in templates} <= names
    assert "cbops/py.typed" in names
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"cbops"}


def test_help_and_init_work_in_an_empty_folder(cbops, tmp_path):
    assert "Usage: cbops" in done(cbops, "--help", cwd=tmp_path).stdout
    answer = json.loads(done(cbops, "init", "--format", "json", cwd=tmp_path).stdout)
    assert answer["data"]["written"] == ["cbops.yaml", "tenants.yaml", "rollouts/"]


def test_the_module_runs_too(cbops, tmp_path):
    assert done(cbops.with_name("python"), "-m", "cbops", "--version", cwd=tmp_path).stdout.startswith(
        "cbops "
    )


def test_the_demo_plays_from_an_empty_folder(cbops, tmp_path):
    answer = json.loads(done(cbops, "demo", "--dir", "work", "--format", "json", cwd=tmp_path).stdout)
    assert answer["data"]["recommendation"] == "proceed"
    work = tmp_path / "work"
    assert (work / "cbops.yaml").is_file()
    (rollout,) = (path for path in (work / "rollouts").iterdir() if path.is_dir())
    assert (rollout / "journal.jsonl").is_file()
    log = tmp_path / answer["data"]["log"]
    assert log.read_text(encoding="utf-8").startswith("#")
