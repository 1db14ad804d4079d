"""Where keys are kept: a file that its owner alone may read, or the system's keyring (`keyring:SERVICE/NAME`).

The keyring is the extra `cbops[keyring]`, loaded by name.
"""

from __future__ import annotations

import importlib
import os
import re
import stat
from pathlib import Path
from types import ModuleType

from cbops.errors import InputError
from cbops.journal.files import mapped, sync_folder, write_all
from cbops.journal.signing import Signer, new_signer, public_of, signer_of

_KEYRING = "keyring:"
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MOST = 10_000  # bytes of a key's file


def load_signer(place: str, base: Path) -> Signer:
    """The private key of a place; paths start at `base`.

    InputError: no such key, none that can be used, or a file that others may read.
    """
    if place.startswith(_KEYRING):
        kept = _keyring("read").get_password(*_entry(place))
        if kept is None:
            raise InputError(
                f"the system's keyring holds no {place.removeprefix(_KEYRING)!r}",
                hint=f"Make one: cbops journal seal --new-key {place}",
            )
        return signer_of(kept.encode(), place)
    path = _path(place, base)
    return signer_of(_private_bytes(path), str(path))


def create_signer(place: str, base: Path) -> Signer:
    """Make a key and keep it there, durably; InputError where there is one already.

    Beside a file, its public key goes into FILE.pub.
    """
    signer = new_signer()
    if place.startswith(_KEYRING):
        ring = _keyring("write")
        if ring.get_password(*_entry(place)) is not None:
            raise _exists(place)
        ring.set_password(*_entry(place), signer.pem.decode())
        return signer
    path = _path(place, base)
    _create(path, signer.pem, 0o600)
    _create(path.with_name(f"{path.name}.pub"), f"{signer.public}\n".encode(), 0o644)
    return signer


def public_key(text: str, base: Path) -> str:
    """A public key as 64 hex digits, or in a file (hex or PEM). InputError when it is neither."""
    if _HEX.fullmatch(text.strip().lower()):
        return text.strip().lower()
    path = _path(text, base)
    with mapped(path, "read"):
        data = path.read_bytes()[:_MOST]
    found = data.decode("ascii", "replace").strip().lower()
    key = found if _HEX.fullmatch(found) else public_of(data)
    if key is None:
        raise InputError(
            f"{path} holds no public key of Ed25519",
            hint="Give 64 hex digits, or a file with them or in PEM.",
        )
    return key


def _path(place: str, base: Path) -> Path:
    return base / Path(place).expanduser()


def _private_bytes(path: Path) -> bytes:
    """What stands in a file that its owner alone may read."""
    with mapped(path, "read"):
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise InputError(f"{path} is no file", hint="Name the file that holds the private key.")
            if found.st_mode & 0o077:
                raise InputError(
                    f"others may read the private key {path} (mode {stat.S_IMODE(found.st_mode):04o})",
                    hint=f"chmod 600 {path}; if others have read it, make a new one.",
                )
            return os.read(fd, _MOST)
        finally:
            os.close(fd)


def _create(path: Path, data: bytes, mode: int) -> None:
    with mapped(path, "create"):
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        except FileExistsError:
            raise _exists(str(path)) from None
        try:
            os.fchmod(fd, mode)  # whatever the umask says
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(path.parent)


def _exists(place: str) -> InputError:
    return InputError(f"{place} exists already", hint="Use it (--key), or choose another name.")


def _entry(place: str) -> tuple[str, str]:
    """(service, name) in the keyring."""
    service, slash, name = place.removeprefix(_KEYRING).partition("/")
    if not slash or not service.strip() or not name.strip():
        raise InputError(f"'{place}' names no entry of the keyring", hint="Write keyring:SERVICE/NAME.")
    return service, name


def _keyring(doing: str) -> _Ring:
    """The module `keyring`, with a keyring behind it."""
    try:
        ring = importlib.import_module("keyring")
    except ImportError as error:
        raise InputError(
            f"cannot {doing} a key of the system's keyring: the package keyring is missing",
            hint="pip install 'cbops[keyring]', or keep the key in a file.",
        ) from error
    return _Ring(ring)


class _Ring:
    """The keyring, with its errors as ours."""

    def __init__(self, ring: ModuleType) -> None:
        self._ring = ring

    def get_password(self, service: str, name: str) -> str | None:
        """What is kept under the name; null: nothing."""
        try:
            kept: str | None = self._ring.get_password(service, name)
        except (
            Exception
        ) as error:  # backends pass on errors of their own: secretstorage's, jeepney's, a plugin's
            raise self._failed(error) from error
        return kept

    def set_password(self, service: str, name: str, value: str) -> None:
        """Keep it."""
        try:
            self._ring.set_password(service, name, value)
        except (
            Exception
        ) as error:  # backends pass on errors of their own: secretstorage's, jeepney's, a plugin's
            raise self._failed(error) from error

    @staticmethod
    def _failed(error: Exception) -> InputError:
        return InputError(
            f"the system's keyring can't be used ({type(error).__name__})",
            hint="Unlock it, or keep the key in a file.",
        )
