from __future__ import annotations

import errno
import inspect
import stat
from pathlib import Path

import pytest
import typer

from cbops import errors
from cbops.cli.failure import failure_of, without_secrets


def every_error():
    return [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, errors.CbopsError) and value is not errors.CbopsError
    ]


@pytest.mark.parametrize("kind", every_error())
def test_every_error_of_cbops_keeps_its_code_and_status(kind):
    failure = failure_of(kind("what", hint="do"), "init", {})
    assert (failure.code, failure.exit_status) == (kind.code, kind.exit_status)
    assert (failure.message, failure.hint) == ("what", "do")


def test_codes_are_unique():
    codes = [kind.code for kind in every_error()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_an_interrupt_is_130(error):
    assert failure_of(error, "init", {}).exit_status == 130


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "Free some space"),
        (errno.EACCES, "permissions"),
        (errno.EROFS, "read-only"),
        (errno.EMFILE, "ulimit"),
        (errno.ENOENT, "path"),
    ],
)
def test_a_refusing_disk_is_a_storage_error_that_names_the_file(number, hint):
    failure = failure_of(OSError(number, "no", "/a/file"), "init", {})
    assert (failure.code, failure.exit_status) == ("storage", 3)
    assert failure.message == "/a/file: no"
    assert hint in failure.hint


def test_a_usage_error_of_typer_is_ours():
    failure = failure_of(typer.BadParameter("it is empty.", param_hint="--by"), "decide", {})
    assert (failure.code, failure.exit_status) == ("usage", 2)
    assert failure.message == "Invalid value for --by: it is empty"
    assert failure.hint == "See: cbops decide --help"


def test_a_choice_that_is_none_is_told_in_plain_words() -> None:
    """Typer says 'Value error' before the complaint, in some versions."""
    complaint = typer.BadParameter("Value error, 'x' is not one of 'a', 'b'", param_hint="WORD")
    failure = failure_of(complaint, "decide", {})
    assert failure.message == "Invalid value for WORD: 'x' is not one of 'a', 'b'"


@pytest.mark.parametrize("error", [KeyError("x"), ConnectionResetError("x"), RecursionError(), MemoryError()])
def test_anything_else_is_a_bug_with_a_report(error, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    failure = failure_of(error, "init", {})
    (report,) = tmp_path.iterdir()
    assert (failure.code, failure.exit_status) == ("bug", 1)
    assert str(report) in failure.message
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert type(error).__name__ in report.read_text()


def test_a_bug_without_a_place_for_its_report_says_where_it_happened(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/proc/nowhere")
    with pytest.raises(KeyError) as caught:
        {}["x"]
    failure = failure_of(caught.value, "init", {})
    assert f"it happened at {Path(__file__).name}:" in failure.message


def test_values_of_the_environment_that_may_be_secret_are_replaced():
    environ = {
        "MY_TOKEN": "abcd",
        "CUSTOM": "long-and-random-value",
        "HOME": "/home/somebody/x",
        "EMPTY_KEY": "",
    }
    text = "abcd long-and-random-value /home/somebody/x"
    assert without_secrets(text, environ) == "[$MY_TOKEN] [$CUSTOM] /home/somebody/x"
