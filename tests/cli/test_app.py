"""What every command promises: formats, statuses, one JSON document, no traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import cbops

ROOT = Path(__file__).parents[2]


def test_version(cli):
    assert cli("--version").stdout == f"cbops {cbops.__version__}\n"
    assert cli.json("--version").data == {"version": cbops.__version__}


def test_text_is_headline_body_and_next_step_on_stdout_alone(cli):
    result = cli("init")
    lines = result.stdout.splitlines()
    assert lines[0] == f"{cli.folder} is ready."
    assert lines[1] == "  written  cbops.yaml"
    assert lines[-1].startswith("next: ")
    assert result.stderr == ""


def test_quiet_is_the_headline_alone(cli):
    assert cli("--quiet", "init").stdout == f"{cli.folder} is ready.\n"


def test_cbops_alone_is_its_help(cli):
    assert cli().stdout == cli("--help").stdout
    assert cli().status == 0


def test_help_in_json_is_one_document_too(cli):
    result = cli.json("canary", "status", "--help")
    assert result.status == 0
    assert result.answer["command"] == "help"
    assert result.data["about"] == "canary status"
    assert "Usage: cbops canary status" in result.data["help"]


USAGE = [
    ((), "a command is needed"),
    (("monitr",), "there is no command 'monitr'"),
    (("monitor",), "cbops monitor needs a command: daily, note, watch, scrape"),
    (("monitor", "dialy"), "there is no command 'monitor dialy'"),
    (("init", "--bad"), "No such option: --bad"),
    (("init", "a", "b"), "Got unexpected extra argument"),
    (("init", "--quiet=1"), "--quiet takes no value"),
]


@pytest.mark.parametrize(("words", "says"), USAGE)
def test_a_usage_error_exits_2_as_one_json_document(cli, words, says):
    result = cli.json(*words)
    assert result.status == 2
    assert result.error["code"] == "usage"
    assert result.error["message"].startswith(says)
    assert "--help" in result.error["hint"]
    assert result.stderr == ""


@pytest.mark.parametrize(("words", "says"), USAGE[1:])
def test_a_usage_error_exits_2_in_two_lines(cli, words, says):
    result = cli(*words)
    assert result.status == 2
    assert result.stdout == ""
    error, hint = result.stderr.splitlines()
    assert error.startswith(f"error: {says}")
    assert hint.startswith("hint: ")


def test_without_a_configuration_the_hint_says_how_to_get_one(cli):
    result = cli.json("canary", "status")
    assert result.status == 3
    assert result.error["code"] == "config"
    assert "cbops init" in result.error["hint"]


def test_the_configuration_is_found_upward(cli):
    cli("init")
    deep = cli.folder / "a" / "b"
    deep.mkdir(parents=True)
    cli.folder = deep
    assert cli.json("canary", "status").error["code"] == "wrong-stage"


def test_a_configuration_that_is_a_folder_is_a_usage_error(cli):
    assert cli.json("canary", "status", "--config", ".").status == 2


def test_verbose_says_what_led_to_an_error(cli):
    (cli.folder / "cbops.yaml").write_text("a: [")
    assert "cause: " not in cli("canary", "status").stderr
    assert "\ncause: ParserError: " in cli("canary", "status", "--verbose").stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_a_storage_error(cli):
    cli.folder.chmod(0o500)
    result = cli("init")
    cli.folder.chmod(0o700)
    assert result.status == 3
    assert "Permission denied" in result.stderr


def test_a_folder_that_cannot_be_made_is_a_storage_error(cli):
    result = cli.json("init", "/proc/cbops")
    assert result.status == 3
    assert result.error["code"] == "storage"
    assert result.error["message"].startswith("/proc/cbops: ")


def test_an_escape_sequence_in_a_name_is_shown_and_not_obeyed(cli):
    result = cli("init", "a\x1b]0;owned\x07\nerror: forged\u202e")
    assert result.status == 0
    assert "\x1b" not in result.stdout
    assert "\\x1b]0;owned\\x07\\nerror: forged\\u202e is ready." in result.stdout


BUG = """
import os, sys, types

def command() -> None:
    token = os.environ["CBOPS_ADMIN_TOKEN"]
    raise KeyError(token)

module = types.ModuleType("cbops.cli.commands.init")
module.command = command
sys.modules[module.__name__] = module

from cbops.cli.app import run
sys.exit(run(["init"]))
"""


def test_a_bug_is_said_in_one_line_and_its_report_keeps_secrets(cli, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", BUG],
        cwd=cli.folder,
        env={"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path), "CBOPS_ADMIN_TOKEN": "hunter2hunter2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    (report,) = tmp_path.glob("cbops-crash-*.txt")
    assert (
        done.stderr.splitlines()[0]
        == f"error: this is a bug in cbops (KeyError); the details are in {report}"
    )
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text()
    assert "Traceback" in text
    assert "KeyError: '[$CBOPS_ADMIN_TOKEN]'" in text
    assert "hunter2" not in text


def test_a_reader_that_leaves_is_no_error(cli):
    """As in `cbops --help | true`."""
    done = subprocess.run(
        f"{sys.executable} -m cbops --help | true; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_reader_that_leaves_does_not_change_the_exit_status(cli, format_):
    """As in `cbops evaluate | true`: extend stays 10."""
    shutil.copytree(ROOT / "rollouts", cli.folder / "rollouts", ignore=shutil.ignore_patterns(".lock*"))
    (cli.folder / "cbops.yaml").write_text("version: 1\n", encoding="utf-8")
    evaluate = f"{sys.executable} -m cbops evaluate --as-of 2025-01-28T00:00:00Z --format {format_}"
    done = subprocess.run(
        f"{evaluate} | true; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=cli.folder,
        env={**cli.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 10
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_full_stdout_is_said_on_stderr(cli, format_):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cbops", "init", str(cli.folder), "--format", format_],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert (cli.folder / "cbops.yaml").is_file()


def test_a_closed_stdout_is_no_error(cli):
    done = subprocess.run(
        f"{sys.executable} -m cbops init {cli.folder} >&-",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""


def test_a_character_that_stdout_lacks_is_replaced(cli):
    result = cli.process("init", "größe→", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert result.status == 0
    assert "gr??e-> is ready." in result.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_an_interrupt_exits_130_and_says_so(cli, number, format_):
    """A FIFO as the configuration makes the command wait in its middle."""
    fifo = cli.folder / "cbops.yaml"
    os.mkfifo(fifo)
    running = subprocess.Popen(
        [sys.executable, "-m", "cbops", "canary", "status", "--config", str(fifo), "--format", format_],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with fifo.open("w"):  # returns when the command has opened the other end
        running.send_signal(number)
        stdout, stderr = running.communicate(timeout=30)
    assert running.returncode == 130
    if format_ == "json":
        assert json.loads(stdout)["error"]["code"] == "interrupted"
        assert stderr == ""
    else:
        assert stdout == ""
        assert stderr.startswith("error: interrupted\nhint: ")
