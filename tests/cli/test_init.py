from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cbops.clients.files import read_config, read_tenants
from cbops.model.config import Config
from cbops.model.tenant import TenantsFile


def test_init_writes_the_defaults_and_says_so(cli):
    result = cli.json("init", "here")
    folder = cli.folder / "here"
    assert result.status == 0
    assert result.data == {
        "folder": str(folder),
        "written": ["cbops.yaml", "tenants.yaml", "rollouts/"],
        "kept": [],
    }
    assert read_config(folder / "cbops.yaml") == Config()
    assert read_tenants(folder / "tenants.yaml") == TenantsFile()
    assert (folder / "rollouts").is_dir()


def test_init_shows_every_setting(cli):
    cli("init")
    written = (cli.folder / "cbops.yaml").read_text()

    def names(model):
        for name, field in model.model_fields.items():
            yield name
            if hasattr(field.annotation, "model_fields"):
                yield from names(field.annotation)

    missing = [name for name in names(Config) if f"{name}:" not in written]
    assert missing == ["scheme"] or not missing


def test_init_keeps_what_is_there(cli):
    (cli.folder / "cbops.yaml").write_text("version: 1\n# mine\n")
    result = cli.json("init")
    assert result.data["written"] == ["tenants.yaml", "rollouts/"]
    assert result.data["kept"] == ["cbops.yaml"]
    assert (cli.folder / "cbops.yaml").read_text() == "version: 1\n# mine\n"


def test_init_twice_changes_nothing(cli):
    cli("init")
    before = (cli.folder / "cbops.yaml").stat().st_mtime_ns
    result = cli("init")
    assert result.status == 0
    assert "was ready already" in result.stdout
    assert (cli.folder / "cbops.yaml").stat().st_mtime_ns == before


def test_init_does_not_follow_a_dangling_link(cli):
    (cli.folder / "cbops.yaml").symlink_to(cli.folder / "elsewhere.yaml")
    assert cli.json("init").data["kept"] == ["cbops.yaml"]
    assert not (cli.folder / "elsewhere.yaml").exists()


def test_init_refuses_a_file_in_the_place_of_a_folder(cli):
    (cli.folder / "rollouts").write_text("")
    assert cli.json("init").error["code"] == "input"
    (cli.folder / "file").write_text("")
    result = cli("init", "file")
    assert result.status == 3
    assert result.stderr.startswith("error: file is not a folder\nhint: ")


def test_a_disk_that_fills_up_leaves_no_half_file(cli):
    """A limit of 1 KiB for any file stands for a full disk."""
    done = subprocess.run(
        f"ulimit -f 1; exec {sys.executable} -B -m cbops init {cli.folder}",
        shell=True,
        executable="/bin/bash",
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "File too large" in done.stderr
    assert list(cli.folder.iterdir()) == []
