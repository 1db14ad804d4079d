"""A keyring in memory, in place of the system's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend


class Kept(KeyringBackend):
    """What it is given; `fails` is raised instead of reading where it is set, and `refuses` instead of writing."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, held: Mapping[tuple[str, str], str]) -> None:
        super().__init__()
        self.held = dict(held)
        self.fails: Exception | None = None
        self.refuses: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.fails is not None:
            raise self.fails
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.held[service, username] = password


@contextmanager
def keyring_of(held: Mapping[tuple[str, str], str]) -> Iterator[Kept]:
    """The library asks this one for as long as the block lasts."""
    before = keyring.core._keyring_backend
    made = Kept(held)
    keyring.set_keyring(made)
    try:
        yield made
    finally:
        keyring.core._keyring_backend = before
