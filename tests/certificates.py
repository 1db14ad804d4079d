"""A certificate authority for one test, made with openssl: a server's certificate, a client's, and a stranger's."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_EXTENSIONS = """\
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {name}
"""


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, in PEM."""

    cert: Path
    key: Path


class Authority:
    """Signs certificates; its own is `ca`."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.ca = self._made(name, "IP:127.0.0.1", None)

    def issue(self, name: str, alternative: str = "IP:127.0.0.1", days: int = 2) -> Pair:
        """For this name; with `days` below zero it has expired."""
        return self._made(name, alternative, self.ca, days)

    def _made(self, name: str, alternative: str, by: Pair | None, days: int = 2) -> Pair:
        made = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.cnf"
        extensions.write_text(_EXTENSIONS.format(name=alternative), encoding="utf-8")
        key = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            str(made.key),
        ]
        _openssl("req", "-new", *key, "-subj", f"/CN={name}", "-out", str(request))
        signer = ["-signkey", str(made.key)] if by is None else ["-CA", str(by.cert), "-CAkey", str(by.key)]
        serial = [] if by is None else ["-CAcreateserial"]
        section = "ca" if by is None else "leaf"
        words = ["-in", str(request), *signer, *serial, "-days", str(days), "-sha256", "-out", str(made.cert)]
        _openssl("x509", "-req", *words, "-extfile", str(extensions), "-extensions", section)
        return made


def encrypted(key: Path, to: Path) -> Path:
    """The private key under a password."""
    _openssl("pkey", "-in", str(key), "-aes256", "-passout", "pass:hidden", "-out", str(to))
    return to


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
