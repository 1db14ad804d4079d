"""`sim serve --log`: a log that can't be written ends the command before it serves."""

from __future__ import annotations

import pytest

from tests.conftest import Cli


@pytest.mark.parametrize(
    ("path", "reason"),
    [("missing/router.log", "No such file or directory"), ("/dev/full", "No space left on device")],
)
def test_a_log_that_cannot_be_written_is_told_at_the_start(cli: Cli, path: str, reason: str) -> None:
    cli.environ["CBOPS_ADMIN_TOKEN"] = "practice"

    result = cli.process("sim", "serve", "--port", 0, "--log", path, "--format", "json")

    assert (result.status, result.error["code"]) == (3, "storage")
    assert result.error["message"] == f"the log {path} can't be written: {reason}"
    assert "practice router" not in result.stderr
