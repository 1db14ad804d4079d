"""Every way to fail, as a code, a message and a hint; the only place that decides exit statuses."""

from __future__ import annotations

import errno
import os
import platform
import re
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass

import typer

from cbops import __version__
from cbops.cli.settings import FLAGS, VALUES
from cbops.errors import CbopsError, InterruptedByUserError, StorageError, UsageError
from cbops.model.near import did_you_mean

# Typer exports the leaf of its usage errors; the root of them is not at the same place in every version.
TyperUsageError: type[Exception] = typer.BadParameter.__mro__[1]

INTERRUPTED = InterruptedByUserError(
    "interrupted", hint="What was recorded before stays recorded. See where it stands: cbops canary status"
)

_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|KEY|AUTH|CREDENTIAL", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failure:
    """What is said of an error. `causes` are for --verbose, outermost first; `details` are lines to keep."""

    code: str
    message: str
    hint: str
    exit_status: int
    causes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


def failure_of(error: BaseException, command: str, environ: Mapping[str, str]) -> Failure:
    """The failure that any exception stands for. An unknown one is a bug and leaves a report."""
    if isinstance(error, CbopsError):
        return _of(error, error)
    if isinstance(error, TyperUsageError):
        return _of(usage_error(error, command), None)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return _of(INTERRUPTED, None)
    if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
        return _of(storage_error(error), None)
    return _bug(error, command, environ)


def usage_error(error: Exception, command: str) -> UsageError:
    """Typer's complaint about the command line, in our words."""
    says = getattr(error, "format_message", None)
    # Some versions of Typer let the checker behind them show through.
    message = str(says() if callable(says) else error).replace(": Value error, ", ": ")
    asked = f"cbops {command}".strip()
    told = " ".join(message.split()).rstrip(".")
    option = told.removeprefix("No such option: ")
    meant = did_you_mean(option, (*VALUES, *FLAGS)) if option != told else ""
    return UsageError(told, hint=f"{meant}See: {asked} --help")


def storage_error(error: OSError) -> StorageError:
    """The system refused a file: full, read-only, no permission, not there."""
    what = " and ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    reason = error.strerror or str(error)
    return StorageError(f"{what}: {reason}" if what else reason, hint=_storage_hint(error.errno))


def _storage_hint(number: int | None) -> str:
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space there and run the command again."
    if number in (errno.EACCES, errno.EPERM):
        return "Check the owner and the permissions (ls -ld)."
    if number == errno.EROFS:
        return "The file system is read-only; use a folder that can be written to."
    if number in (errno.EMFILE, errno.ENFILE):
        return "Raise the limit of open files (ulimit -n)."
    return "Check the path and run the command again."


def _of(error: CbopsError, cause: BaseException | None) -> Failure:
    return Failure(error.code, error.message, error.hint, error.exit_status, _causes(cause), error.details)


def _causes(error: BaseException | None) -> tuple[str, ...]:
    found: list[str] = []
    while error is not None:
        error = error.__cause__
        if error is not None:
            found.append(f"{type(error).__name__}: {error}")
    return tuple(found)


def _bug(error: BaseException, command: str, environ: Mapping[str, str]) -> Failure:
    name = type(error).__name__
    try:
        where = f"the details are in {write_report(error, command, environ)}"
    except OSError as refused:
        last = traceback.extract_tb(error.__traceback__)[-1:]
        at = "".join(f" at {os.path.basename(frame.filename)}:{frame.lineno}" for frame in last)  # noqa: PTH119
        where = f"it happened{at} (no report could be written: {refused.strerror})"
    return Failure(
        "bug",
        f"this is a bug in cbops ({name}); {where}",
        "Please report it, with that file. What was recorded before stays recorded.",
        1,
    )


def write_report(error: BaseException, command: str, environ: Mapping[str, str]) -> str:
    """Write the traceback, without the values of variables, to a file that only its owner can read."""
    told = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    handle, path = tempfile.mkstemp(prefix="cbops-crash-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"cbops {__version__}, Python {platform.python_version()}, {platform.platform()}\n")
        file.write(f"command: {command or '(none)'}\n\n{without_secrets(told, environ)}")
    return path


def without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """The text with the values of environment variables that may be secret replaced by their names."""
    secret = {
        value: name
        for name, value in environ.items()
        if len(value) >= 4 and (_SECRET_NAME.search(name) or (len(value) >= 12 and "/" not in value))
    }
    for value in sorted(secret, key=len, reverse=True):
        text = text.replace(value, f"[${secret[value]}]")
    return text
