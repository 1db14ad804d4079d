"""Secrets outside the environment: a file that only its owner can read, an entry of the system keyring.

No secret, and nothing of a file that was refused, is in any message.
"""

from __future__ import annotations

import importlib
import os
import shlex
import stat
from pathlib import Path
from typing import Any

from cbops.errors import ConfigError

MAX_BYTES = 64 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def secret_in_file(path: Path, key: str) -> str:
    """The file's text without the line end at its end. `key` is the setting that names the file.

    ConfigError for a file that is not this user's own, that others may read or write, or that is no text. A symbolic
    link is followed: the file that it leads to is what counts.
    """
    try:
        # Not blocking: a pipe would never answer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ConfigError(
            f"{key}: there is no {path}", hint=f"Write the secret into it, and then: {_chmod(path)}"
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a path"
        raise ConfigError(
            f"{key}: {path} can't be read ({why})", hint="Check its owner and permissions (ls -l)."
        ) from None
    try:
        _private(os.fstat(handle), path, key)
        raw = os.read(handle, MAX_BYTES + 1)
    finally:
        os.close(handle)
    return _text(raw, path, key)


def secret_in_keyring(name: str, key: str) -> str:
    """The password of SERVICE/NAME in the system keyring. ConfigError where there is none, no keyring, or no library."""
    service, _, user = name.partition("/")
    try:
        library: Any = importlib.import_module("keyring")
    except ImportError:
        raise ConfigError(
            f"{key} is read from the system keyring, and cbops was installed without it",
            hint="Install it: pip install 'cbops[keyring]'. Or name a file or an environment variable.",
        ) from None
    try:
        found = library.get_password(service, user)
    except Exception as error:  # noqa: BLE001 - each backend has errors of its own, D-Bus' among them
        raise ConfigError(
            f"{key}: the system keyring can't be asked ({type(error).__name__})",
            hint="Is it unlocked? 'python -m keyring diagnose' says which one is used; a file or an environment "
            "variable will do too.",
        ) from None
    if not isinstance(found, str):
        raise ConfigError(
            f"{key}: the system keyring holds no '{user}' of '{service}'",
            hint=f"Put it there: python -m keyring set {shlex.quote(service)} {shlex.quote(user)}",
        )
    return found


def _private(seen: os.stat_result, path: Path, key: str) -> None:
    if not stat.S_ISREG(seen.st_mode):
        raise ConfigError(f"{key}: {path} is not a file", hint="Name the file that holds the secret.")
    if seen.st_uid != os.geteuid():
        raise ConfigError(
            f"{key}: {path} belongs to another user, who can change it",
            hint=f"Make a file of your own: install -m 600 {shlex.quote(str(path))} COPY, and name that one.",
        )
    mode = stat.S_IMODE(seen.st_mode)
    if mode & _OTHERS:
        raise ConfigError(
            f"{key}: others than its owner may get at {path} (its mode is {mode:04o})",
            hint=f"Run: {_chmod(path)}. Was it readable for long, take another secret.",
        )


def _text(raw: bytes, path: Path, key: str) -> str:
    if len(raw) > MAX_BYTES:
        raise ConfigError(
            f"{key}: {path} is larger than {MAX_BYTES >> 10} KiB",
            hint="It holds the secret and nothing else.",
        )
    try:
        return raw.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ConfigError(
            f"{key}: {path} is not UTF-8", hint="It holds the secret as text, and nothing else."
        ) from None


def _chmod(path: Path) -> str:
    return f"chmod 600 {shlex.quote(str(path))}"
