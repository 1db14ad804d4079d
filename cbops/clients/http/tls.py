"""What a TLS connection trusts and shows, from the files that cbops.yaml names."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from cbops.errors import ConfigError
from cbops.model.config import TlsConfig

_HINT_PEM = "Give a file in PEM: -----BEGIN CERTIFICATE----- …"


def verification(tls: TlsConfig, url: str, key: str) -> ssl.SSLContext:
    """For httpx's `verify`: what `tls` says, for an https address; the usual authorities where it says nothing.

    For any other address a context that trusts nobody: no certificate is shown there, and reading the authorities
    takes 20 ms (measured), which is a sixth of a short command.

    `key` is the section of cbops.yaml (`metrics.tls`). Paths are taken as they stand. ConfigError for a file that
    can't be read or isn't what it should be.
    """
    if not url.lower().startswith("https://"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = _trusting(tls.ca_file, key) if tls.verify else _trusting_anybody()
    if tls.cert_file is not None:
        _show(context, tls.cert_file, tls.key_file, key)
    return context


def _trusting(ca_file: str | None, key: str) -> ssl.SSLContext:
    if ca_file is None:
        return httpx.create_ssl_context(trust_env=False)
    _readable(ca_file, f"{key}.ca_file")
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"{key}.ca_file: {ca_file} holds no certificate ({_reason(error)})", hint=_HINT_PEM
        ) from error


def _trusting_anybody() -> ssl.SSLContext:
    """What `verify: false` asks for; the command warns of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _show(context: ssl.SSLContext, cert_file: str, key_file: str | None, key: str) -> None:
    _readable(cert_file, f"{key}.cert_file")
    if key_file is not None:
        _readable(key_file, f"{key}.key_file")
    private = key_file or cert_file
    try:
        context.load_cert_chain(cert_file, key_file, password=_no_password)
    except _EncryptedError:
        raise ConfigError(
            f"{key}.{'key_file' if key_file else 'cert_file'}: the private key in {private} is encrypted, and "
            "cbops has no password for it",
            hint="Give a key without a password that only its owner can read.",
        ) from None
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"{key}.cert_file and {key}.key_file: {cert_file} and {private} are not a certificate and its private "
            f"key ({_reason(error)})",
            hint="Give both in PEM: -----BEGIN CERTIFICATE----- … and -----BEGIN PRIVATE KEY----- …",
        ) from error


class _EncryptedError(Exception):
    """OpenSSL asks for a password."""


def _no_password() -> str:
    """Without this OpenSSL would ask at the terminal, and wait."""
    raise _EncryptedError


def _readable(path: str, key: str) -> None:
    try:
        with Path(path).open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        raise ConfigError(
            f"{key}: there is no {path}", hint="A relative path starts at the folder of cbops.yaml."
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a path"
        raise ConfigError(
            f"{key}: {path} can't be read ({why})", hint="Check its owner and permissions (ls -l)."
        ) from error


def _reason(error: Exception) -> str:
    """OpenSSL's own word, in lower case: `no certificate or crl found`."""
    said = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
    return str(said).replace("_", " ").lower()
