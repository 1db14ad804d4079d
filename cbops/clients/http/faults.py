"""What a failed call means, in words: who was asked, what happened, what to do. No header and no secret is in them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from cbops.errors import CbopsError, MetricsAnswerError, MetricsRefusedError, MetricsUnreachableError

_CUT = (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError)
_SHOWABLE = (httpx.ConnectError, httpx.TimeoutException, *_CUT)  # their words hold no header
_OTHER_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH
_TIMES = {9: "It is not valid yet: check this machine's clock.", 10: "It has expired: renew it."}
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNEXPECTED_EOF_WHILE_READING")


@dataclass(frozen=True, slots=True)
class Server:
    """Who is asked: its name at the start of a message, its section of cbops.yaml, the key of its address there,
    what its API is called, and the errors that tell of it.
    """

    name: str
    section: str
    address: str
    api: str
    unreachable: type[CbopsError]
    refused: type[CbopsError]
    answer: type[CbopsError]


METRICS = Server(
    name="The metrics source",
    section="metrics",
    address="metrics.url",
    api="a Prometheus server's HTTP API",
    unreachable=MetricsUnreachableError,
    refused=MetricsRefusedError,
    answer=MetricsAnswerError,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """The error that a foreign exception stands for, whether the call may be made again, and what --verbose may show."""

    error: CbopsError
    again: bool
    cause: Exception | None


def fault_of(
    error: Exception, server: Server, shown: str, *, seconds: float, connect_seconds: float, certificate: bool
) -> Fault:
    """What an exception of httpx means. `certificate`: the client has shown one of its own."""
    cause = error if isinstance(error, _SHOWABLE) else None
    named = f"{server.name} {shown}"
    if isinstance(error, httpx.ConnectTimeout):
        text = f"{named} could not be connected to within {connect_seconds:g} s"
        return Fault(server.unreachable(text, hint=_hint_address(server)), again=True, cause=cause)
    if isinstance(error, httpx.TimeoutException):
        text = f"{named} did not answer within {seconds:g} s"
        hint = f"Try again, or raise {server.section}.timeout_seconds."
        return Fault(server.unreachable(text, hint=hint), again=True, cause=cause)
    if isinstance(error, httpx.DecodingError):
        text = f"{named} gave an answer that makes no sense: it can't be decompressed"
        return Fault(server.answer(text, hint=_hint_address(server)), again=False, cause=None)
    for each in _chain(error):
        if isinstance(each, ssl.SSLError):
            return Fault(_tls(each, server, named, certificate=certificate), again=False, cause=cause)
        if isinstance(each, socket.gaierror):
            text = f"{named} cannot be reached: its name is not known ({each.strerror})"
            told = server.unreachable(text, hint=_hint_address(server))
            return Fault(told, again=each.errno == socket.EAI_AGAIN, cause=cause)
    return _unconnected(error, server, named, cause)


def _unconnected(error: Exception, server: Server, named: str, cause: Exception | None) -> Fault:
    if isinstance(error, httpx.ConnectError):
        refused = any(isinstance(each, ConnectionRefusedError) for each in _chain(error))
        why = "nothing listens there" if refused else _system_word(error)
    elif isinstance(error, _CUT):
        why = "the connection was cut"
    elif isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        why = "the address is none"
    else:
        why = type(error).__name__
    told = server.unreachable(f"{named} cannot be reached: {why}", hint=_hint_address(server))
    return Fault(told, again=isinstance(error, (httpx.ConnectError, *_CUT)), cause=cause)


def _tls(error: ssl.SSLError, server: Server, named: str, *, certificate: bool) -> CbopsError:
    reason = str(error.reason or "")
    keys = f"{server.section}.tls"
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"{named} cannot be reached: its TLS certificate is not trusted ({error.verify_message})"
        if error.verify_code in _OTHER_NAME:
            hint = f"Write the name that the certificate is made for into {server.address}."
        else:
            hint = _TIMES.get(
                error.verify_code,
                f"Set {keys}.ca_file to the certificate of the authority that signed it (PEM).",
            )
        return server.unreachable(text, hint=hint)
    if any(word in reason for word in _NO_TLS):
        text = f"{named} cannot be reached: it does not speak TLS there ({_lower(reason)})"
        return server.unreachable(text, hint=f"Is it http:// and not https://? Check {server.address}.")
    if "ALERT" in reason and not certificate:
        text = f"{named} cannot be reached: it asks for a client certificate ({_lower(reason)})"
        return server.refused(text, hint=f"Set {keys}.cert_file and {keys}.key_file.")
    if "ALERT" in reason:
        text = f"{named} does not take the client certificate ({_lower(reason)})"
        return server.refused(
            text, hint=f"Check {keys}.cert_file and {keys}.key_file: who signed it, until when?"
        )
    text = f"{named} cannot be reached: no TLS connection ({_lower(reason) or 'no reason given'})"
    return server.unreachable(text, hint=f"Check {server.address} and {keys}.")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and what caused it."""
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _system_word(error: Exception) -> str:
    for each in _chain(error):
        if isinstance(each, OSError) and each.strerror:
            return each.strerror
    return "no connection"


def _lower(reason: str) -> str:
    return reason.replace("_", " ").lower()


def _hint_address(server: Server) -> str:
    return f"Check {server.address} in cbops.yaml, and that the server runs."
