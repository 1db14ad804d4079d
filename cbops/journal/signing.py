"""Ed25519: the one place that uses `cryptography`, loaded when something is signed or a signature is looked at.

Keys are PEM (PKCS 8 without a password), as `openssl genpkey -algorithm ed25519` writes them.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from cbops.errors import InputError

_ED25519 = "cryptography.hazmat.primitives.asymmetric.ed25519"
_FORMS = "cryptography.hazmat.primitives.serialization"


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key; it has no way into words."""

    _key: Any  # Ed25519PrivateKey; its library is loaded by name

    @property
    def public(self) -> str:
        """The public key in hex: 64 digits."""
        return str(self._key.public_key().public_bytes_raw().hex())

    def sign(self, statement: bytes) -> str:
        """The signature in hex: 128 digits."""
        return str(self._key.sign(statement).hex())

    @property
    def pem(self) -> bytes:
        """The private key as it is kept; for the one place that keeps it."""
        forms = importlib.import_module(_FORMS)
        written: bytes = self._key.private_bytes(
            forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()
        )
        return written


def new_signer() -> Signer:
    """A new key."""
    return Signer(importlib.import_module(_ED25519).Ed25519PrivateKey.generate())


def signer_of(pem: bytes, where: str) -> Signer:
    """The key in PEM; InputError names `where`, never what stands there."""
    forms, ed25519 = importlib.import_module(_FORMS), importlib.import_module(_ED25519)
    try:
        key = forms.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{where} holds no private key in PEM without a password",
            hint="Make one: cbops journal seal --new-key FILE",
        ) from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise InputError(
            f"{where} holds a key of another kind than Ed25519",
            hint="Make one: cbops journal seal --new-key FILE",
        )
    return Signer(key)


def public_of(pem: bytes) -> str | None:
    """A public key in PEM as hex; null when it is none of Ed25519."""
    forms, ed25519 = importlib.import_module(_FORMS), importlib.import_module(_ED25519)
    try:
        key = forms.load_pem_public_key(pem)
    except (ValueError, TypeError):
        return None
    return key.public_bytes_raw().hex() if isinstance(key, ed25519.Ed25519PublicKey) else None


def is_signed(statement: bytes, *, key: str, signature: str) -> bool:
    """Whether the signature is this key's, for exactly these bytes."""
    invalid: type[Exception] = importlib.import_module("cryptography.exceptions").InvalidSignature
    ed25519 = importlib.import_module(_ED25519)
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
            bytes.fromhex(signature), statement
        )
    except (invalid, ValueError):
        return False
    return True
