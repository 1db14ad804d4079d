"""How cbops speaks to a server: TLS and patience."""

from __future__ import annotations

from pydantic import Field

from cbops.model.base import Frozen


class TlsConfig(Frozen):
    """Files in PEM for an https address, relative to cbops.yaml's folder.

    `verify` false: nobody's certificate is verified, and every command warns of it. `ca_file` stands in place of the certificate authorities that are built in; `cert_file` and `key_file` are the
    client's own certificate (a `cert_file` alone holds both).
    """

    verify: bool = True
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


class RetriesConfig(Frozen):
    """What may be asked again is asked `attempts` times at most; none begins after `seconds`."""

    attempts: int = Field(default=3, ge=1, le=20)
    seconds: float = Field(default=20, gt=0, le=600)
