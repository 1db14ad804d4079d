"""Where a secret is read from. It never stands in cbops.yaml itself."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from cbops.model.base import Frozen

ADMIN_VARIABLE = "CBOPS_ADMIN_TOKEN"

Place = Literal["env", "file", "keyring"]
PLACES: tuple[Place, ...] = ("env", "file", "keyring")


class SecretSource(Frozen):
    """The one place that holds a secret: an environment variable, a file that only its owner can read (relative to
    cbops.yaml's folder), or an entry of the system keyring (`SERVICE/NAME`).
    """

    env: str | None = None
    file: str | None = None
    keyring: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(getattr(self, place) is not None for place in PLACES) != 1:
            raise ValueError("should name one of env, file and keyring, where the secret is read from")
        return self

    @property
    def place(self) -> tuple[Place, str]:
        """Which of the three, and its name there."""
        return _place(self.env, self.file, self.keyring)


class HeaderSecret(SecretSource):
    """The value of a header."""

    scheme: str | None = None  # "Bearer" puts that word before the value


class AuthConfig(Frozen):
    """How requests to the admin API are signed: the header, and where its value is read from."""

    header: str = "x-api-key"
    env: str = ADMIN_VARIABLE
    file: str | None = None
    keyring: str | None = None
    scheme: str | None = None  # "Bearer" puts that word before the value

    @model_validator(mode="after")
    def _one(self) -> Self:
        named = [
            place for place in PLACES if place in self.model_fields_set and getattr(self, place) is not None
        ]
        if len(named) > 1:
            raise ValueError(f"should name one of {' and '.join(named)}, where the key is read from")
        return self

    @property
    def place(self) -> tuple[Place, str]:
        """Which of the three, and its name there: the variable only where neither of the others is named."""
        return _place(
            None if self.file is not None or self.keyring is not None else self.env, self.file, self.keyring
        )

    @property
    def where(self) -> str:
        """That place in words: 'CBOPS_ADMIN_TOKEN', 'the file admin.key', 'the keyring's cbops/admin'."""
        return said_place(*self.place)


def said_place(kind: Place, name: str) -> str:
    """A place in words."""
    return {"env": name, "file": f"the file {name}", "keyring": f"the keyring's {name}"}[kind]


def _place(env: str | None, file: str | None, keyring: str | None) -> tuple[Place, str]:
    if env is not None:
        return "env", env
    if file is not None:
        return "file", file
    assert keyring is not None
    return "keyring", keyring
