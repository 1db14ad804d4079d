"""One call of a server that is only read from: retried, bounded in time and size, its failures told in words.

Redirects are not followed, and neither a proxy nor a .netrc of the environment gets to see the headers. What was sent
in a header is in no message, whatever the server echoes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

import httpx

from cbops.clients.http.deadline import Deadline
from cbops.clients.http.faults import Server, fault_of
from cbops.clients.http.pages import is_page, said, title
from cbops.clients.http.retrying import TryAgainError, asked_pause, with_retries
from cbops.clients.http.secrets import Secrets
from cbops.clients.http.tls import verification
from cbops.errors import CbopsError
from cbops.model.config import EndpointConfig

MIB = 1 << 20
_ERROR_BYTES = 256 * 1024  # so much of an answer that tells of an error is read
_CONNECT_SECONDS = 10.0
_LATER = (429, 502, 503, 504)

Method = Literal["GET", "POST"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is neither a refusal nor a redirect nor a web page; with 200, `text` is all of it."""

    status: int
    text: str


class Caller:
    """Calls one server; close it in the end.

    `headers` are sent with every request. ConfigError for TLS files that are wrong. `transport` and `monotonic` are the
    seams for tests.
    """

    def __init__(
        self,
        server: Server,
        url: str,
        config: EndpointConfig,
        headers: Mapping[str, str],
        *,
        max_mib: int,
        transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.shown = without_secrets(url, server)
        self.requests = 0  # sent so far, repeated ones too
        self.date: str | None = None  # the `Date` header of the last answer
        self._root = url.rstrip("/")
        self._server = server
        self._seconds = config.timeout_seconds
        self._connect_seconds = min(config.timeout_seconds, _CONNECT_SECONDS)
        self._retries = config.retries
        self._certificate = config.tls.cert_file is not None
        self._max_bytes = max_mib * MIB
        self._monotonic = monotonic
        self._deadline = Deadline()
        self._secrets = Secrets.of(headers, config)
        try:
            self._client = httpx.Client(
                headers={"accept": "application/json", "accept-encoding": _encoding(url), **headers},
                timeout=httpx.Timeout(self._seconds, connect=self._connect_seconds),
                verify=verification(config.tls, url, f"{server.section}.tls"),
                transport=transport,
                follow_redirects=False,
                trust_env=False,
            )
        except (TypeError, ValueError):
            raise self._unsendable() from None

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def ask(self, method: Method, path: str, form: Mapping[str, str]) -> Answer:
        """The answer to `form`, in the query of a GET or the body of a POST. Raises the errors of the server's kind."""
        return with_retries(lambda: self._once(method, path, form), self._retries, self._monotonic)

    def nonsense(self, what: str, hint: str | None = None) -> CbopsError:
        """The error for an answer that makes no sense."""
        return self._server.answer(
            f"{self._server.name} {self.shown} gave an answer that makes no sense: {self.safe(what)}",
            hint=hint
            or f"Check {self._server.address}: is it the root of {self._server.api}, the part before /api?",
        )

    def safe(self, text: str) -> str:
        """Foreign words for a message: one line, short, without what was sent in a header."""
        return said(text, self._secrets)

    def _once(self, method: Method, path: str, form: Mapping[str, str]) -> Answer:
        asked, sent = (dict(form), None) if method == "GET" else (None, dict(form))
        self.requests, self.date = self.requests + 1, None
        until = self._monotonic() + self._seconds
        try:
            with (
                self._deadline.within(self._seconds),
                self._client.stream(
                    method,
                    self._root + path,
                    params=asked,
                    data=sent,
                    extensions={"trace": self._deadline.trace},
                ) as response,
            ):
                self.date = response.headers.get("date")
                return self._answer(response, self._text(response, until))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            fault = fault_of(
                error,
                self._server,
                self.shown,
                seconds=self._seconds,
                connect_seconds=self._connect_seconds,
                certificate=self._certificate,
            )
            if fault.again:
                raise TryAgainError(fault.error) from fault.cause
            raise fault.error from fault.cause
        except UnicodeError:
            raise self._unsendable() from None

    def _text(self, response: httpx.Response, until: float) -> str:
        whole = response.status_code == 200
        body = self._body(response, self._max_bytes if whole else _ERROR_BYTES, until, whole=whole)
        page = "html" in response.headers.get("content-type", "")
        try:
            return str(body, "utf-8", "strict" if whole and not page else "replace")
        except UnicodeDecodeError:
            raise self.nonsense("HTTP 200, and no text in UTF-8") from None

    def _body(self, response: httpx.Response, limit: int, until: float, *, whole: bool) -> bytearray:
        """The answer, decompressed while it comes; one that is larger than the limit is never held as a whole."""
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip"):  # others can grow by more, or hold each other
            raise self.nonsense(f"it is compressed as '{encoding}', which was not asked for")
        body = bytearray()
        try:
            for (
                part
            ) in response.iter_bytes():  # as it comes: with a fixed size a slow one would not be noticed
                body += part
                if len(body) > limit and whole:
                    raise self._too_large()
                if len(body) > limit:
                    return body[:limit]
                if self._monotonic() > until:
                    raise httpx.ReadTimeout("the whole answer", request=response.request)
        except (httpx.ReadError, httpx.RemoteProtocolError):
            if whole:
                raise
            # A server that refuses a request before it has read all of it resets the connection behind its answer
            # (plain HTTP to a TLS port, a body that is too large): the status stands, and the words that came.
        return body

    def _answer(self, response: httpx.Response, text: str) -> Answer:
        status = response.status_code
        kind = response.headers.get("content-type", "")
        page = is_page(kind, text)
        if status in (401, 403):
            raise self._refusal(status, "" if page else text)
        if response.is_redirect or 300 <= status < 400:
            raise self._redirected(response)
        if status in _LATER:
            raise self._later(response, title(text) if page else text)
        if page:
            name = title(text)
            raise self.nonsense(
                f"HTTP {status}, and a web page{f' ({self.safe(name)})' if name else ''} where data should be: "
                "from a login page or a proxy before the server?",
                f"Check {self._server.address} and {self._server.section}.headers: how do programs log in there?",
            )
        return Answer(status, text)

    def _refusal(self, status: int, text: str) -> CbopsError:
        section = self._server.section
        return self._server.refused(
            f"{self._server.name} {self.shown} refused the request (HTTP {status}){self._words(text)}",
            hint=f"Check {section}.headers, {section}.basic_auth and the places that their secrets are read from.",
        )

    def _redirected(self, response: httpx.Response) -> CbopsError:
        try:
            found = response.request.url.join(response.headers.get("location", ""))
            where = str(found.copy_with(username=None, password=None, query=None, fragment=None))
        except (httpx.InvalidURL, ValueError, TypeError):
            where = "elsewhere"
        return self.nonsense(
            f"HTTP {response.status_code}, a redirect to {self.safe(where)}; cbops follows none, so that no secret "
            "goes elsewhere",
            f"Set {self._server.address} to the final address. Is it a login page? Then set "
            f"{self._server.section}.headers.",
        )

    def _later(self, response: httpx.Response, text: str) -> TryAgainError:
        """It can't answer now; with 429 or 503 it may say when it can."""
        status = response.status_code
        pause = asked_pause(response.headers.get("retry-after"), response.headers.get("date"))
        when = "" if pause is None else f", and asks to wait {pause:g} s"
        error = self._server.unreachable(
            f"{self._server.name} {self.shown} could not answer now (HTTP {status}{when}){self._words(text)}",
            hint="Try again later." if status == 429 else "Try again later; look into the server's own log.",
        )
        return TryAgainError(error, pause)

    def _words(self, text: str) -> str:
        words = self.safe(text)
        return f": {words}" if words else ""

    def _too_large(self) -> CbopsError:
        key = f"{self._server.section}.max_answer_mib"
        return self._server.answer(
            f"{self._server.name} {self.shown} gave an answer that is larger than {self._max_bytes // MIB} MiB; the "
            "rest was not read",
            hint=f"Is it the right server? If the data are so large, raise {key} (and watch the memory)."
            if self._server.section == "metrics"
            else f"Check {self._server.address}: is it the right server?",
        )

    def _unsendable(self) -> CbopsError:
        return self._server.unreachable(
            f"A header for {self._server.name[0].lower()}{self._server.name[1:]} cannot be sent",
            hint=f"Check {self._server.section}.headers.",
        )


def without_secrets(url: str, server: Server) -> str:
    """The URL without user, password and query, for messages."""
    try:
        parsed = httpx.URL(url)
        return str(parsed.copy_with(username=None, password=None, query=None, fragment=None))
    except (httpx.InvalidURL, ValueError, TypeError):
        return f"at {server.address}"


def _encoding(url: str) -> str:
    """How an answer may be packed: not at all on this machine, where packing costs more time than it saves."""
    try:
        host = httpx.URL(url).host
        near = host == "localhost" or ip_address(host).is_loopback
    except (httpx.InvalidURL, ValueError, TypeError):
        near = False
    return "identity" if near else "gzip"
