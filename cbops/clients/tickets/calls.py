"""One request of a tracker's API: bounded in time and size, repeated only where that is safe, told in words.

Redirects are not followed, and neither a proxy nor a .netrc of the environment gets to see the headers. What was sent
as a secret is in no message, whatever the server echoes.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import httpx

from cbops.clients.http.caller import without_secrets
from cbops.clients.http.deadline import Deadline
from cbops.clients.http.faults import Server, fault_of
from cbops.clients.http.pages import is_page, said, title
from cbops.clients.http.retrying import TryAgainError, with_retries
from cbops.clients.http.secrets import Secrets
from cbops.clients.http.tls import verification
from cbops.clients.tickets.requests import Answer, Request, refusal, words_of
from cbops.errors import (
    SendingAnswerError,
    SendingError,
    SendingLaterError,
    SendingRefusedError,
    SendingUnclearError,
    SendingUnreachableError,
)
from cbops.model.config import EndpointConfig
from cbops.model.config_tickets import TargetConfig
from cbops.model.sending import PreparedRequest

MIB = 1 << 20
MAX_ANSWER = 16 * MIB  # a hundred issues of the largest size have about 7 MiB
_ERROR_BYTES = 256 * 1024
_CONNECT_SECONDS = 10.0
_ALWAYS = {"user-agent": "cbops", "accept-encoding": "identity"}
_OF_THE_MOMENT = ("webhook-timestamp", "webhook-signature")
_WORD = 6  # characters; shorter ones are "api" and "hooks"
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

Signing = Callable[[Request, bytes], Mapping[str, str]]  # headers that are made for each attempt
Pausing = Callable[[Answer], float | None]  # the pause that a refusal asks for; null: it isn't about a rate


def _unsigned(_request: Request, _body: bytes) -> Mapping[str, str]:
    return {}


class Calls:
    """Calls of one target; close it in the end. `secrets` are the headers that hold one, each with its name.

    ConfigError for TLS files that are wrong. `transport` and `monotonic` are the seams for tests.
    """

    def __init__(
        self,
        name: str,
        url: str,
        config: TargetConfig,
        headers: Mapping[str, str],
        secrets: Mapping[str, str],
        *,
        shown: str | None = None,
        signing: Signing = _unsigned,
        pausing: Pausing,
        transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        section = f"tickets.targets.{config.name}"
        address = "api_url" if name == "GitHub" else "url"
        self.server = Server(
            name=name,
            section=section,
            address=f"{section}.{address}",
            api=name,
            unreachable=SendingUnreachableError,
            refused=SendingRefusedError,
            answer=SendingAnswerError,
        )
        self._root = url
        self.shown = shown or without_secrets(self._root, self.server)
        self._config = config
        self._headers = dict(headers)
        self._masks = dict(secrets)
        # What a header sends, not what stands for it where a request is shown.
        hidden = {name: headers.get(name, value) for name, value in secrets.items()}
        if shown:
            hidden |= _parts(url)
        self._secrets = Secrets.of(hidden, EndpointConfig(), "[secret]")
        self._signing, self._pausing = signing, pausing
        self._monotonic = monotonic
        self._deadline = Deadline()
        self._connect = min(config.timeout_seconds, _CONNECT_SECONDS)
        try:
            self._client = httpx.Client(
                headers={**_ALWAYS, **headers},
                timeout=httpx.Timeout(config.timeout_seconds, connect=self._connect),
                verify=verification(config.tls, url, f"{section}.tls"),
                transport=transport,
                follow_redirects=False,
                trust_env=False,
            )
        except (TypeError, ValueError):
            raise SendingUnreachableError(
                f"A header for {self.named} cannot be sent", hint=f"Check {section}."
            ) from None

    @property
    def named(self) -> str:
        """`GitHub https://api.github.com`."""
        return f"{self.server.name} {self.shown}"

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def prepared(self, request: Request) -> PreparedRequest:
        """The request as it is sent, with the names of secrets in their place."""
        content = request.content
        query = str(httpx.QueryParams(dict(request.query)))
        signed = {
            name: "[made when it is sent]" if name in _OF_THE_MOMENT else value
            for name, value in self._signing(request, content or b"").items()
        }
        kept = {
            name: f"[{self._masks[name]}]" if name in self._masks else value
            for name, value in self._headers.items()
        }
        extra = {} if content is None else {"content-type": "application/json"}
        return PreparedRequest(
            why=request.why,
            method=request.method,
            url=f"{self.shown}{request.path}{'?' if query else ''}{query}",
            headers={**_ALWAYS, **kept, **extra, **signed},
            body=None if content is None else content.decode(),
        )

    def ask(self, request: Request, *also: int) -> Answer:
        """The answer with a status of success, or one of `also`. Raises SendingError."""
        answer = with_retries(lambda: self._once(request), self._config.retries, self._monotonic)
        if 200 <= answer.status < 300 or answer.status in also:
            return answer
        raise refusal(answer, self.server, self.named, self._secrets)

    def json(self, answer: Answer) -> Any:  # noqa: ANN401 - whatever the server says
        """What the answer holds. SendingAnswerError where it is no JSON."""
        try:
            return json.loads(answer.text)
        except (ValueError, RecursionError):
            page = is_page(answer.headers.get("content-type", ""), answer.text)
            what = f"a web page ({self.safe(title(answer.text))})" if page else "no JSON"
            raise self.nonsense(f"HTTP {answer.status}, and {what}") from None

    def nonsense(self, what: str) -> SendingAnswerError:
        """The error for an answer that makes no sense."""
        return SendingAnswerError(
            f"{self.named} gave an answer that makes no sense: {self.safe(what)}",
            hint=f"Check {self.server.address}: is it the right server?",
        )

    def safe(self, text: str) -> str:
        """Foreign words for a message: one line, short, without the secrets."""
        return said(text, self._secrets)

    def _once(self, request: Request) -> Answer:
        content = request.content
        extra = {} if content is None else {"content-type": "application/json"}
        until = self._monotonic() + self._config.timeout_seconds
        try:
            with (
                self._deadline.within(self._config.timeout_seconds),
                self._client.stream(
                    request.method,
                    self._root + request.path,
                    params=dict(request.query) or None,
                    content=content,
                    headers={**extra, **self._signing(request, content or b"")},
                    extensions={"trace": self._deadline.trace},
                ) as response,
            ):
                answer = Answer(
                    response.status_code, self._text(response, until), dict(response.headers.items())
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._lost(error, request) from None
        except UnicodeError:
            raise self.nonsense("no text in UTF-8") from None
        return self._judged(answer, request)

    def _lost(self, error: Exception, request: Request) -> TryAgainError | SendingError:
        """No answer: asked again where nothing was sent, or where twice does no harm; else nobody knows."""
        fault = fault_of(
            error,
            self.server,
            self.shown,
            seconds=self._config.timeout_seconds,
            connect_seconds=self._connect,
            certificate=self._config.tls.cert_file is not None,
        )
        assert isinstance(fault.error, SendingError)
        if fault.again and (request.repeatable or isinstance(error, _NOT_SENT)):
            return TryAgainError(fault.error)
        return self._unclear(fault.error) if fault.again else fault.error

    def _unclear(self, error: SendingError) -> SendingUnclearError:
        return SendingUnclearError(
            f"{error.message}; whether it was carried out is not known",
            hint="Run it again: it is looked up before anything is sent.",
        )

    def _judged(self, answer: Answer, request: Request) -> Answer:
        """As it is, unless it may be asked again."""
        if answer.status in (403, 429):
            pause = self._pausing(answer)
            if pause is not None or answer.status == 429:
                raise TryAgainError(self._later(answer, pause), pause)
        if answer.status >= 500:
            error = self._later(answer, None)
            if request.repeatable and answer.status != 501:
                raise TryAgainError(error, self._pausing(answer))
            raise self._unclear(error)
        return answer

    def _words(self, answer: Answer) -> str:
        return words_of(answer, self._secrets)

    def _later(self, answer: Answer, pause: float | None) -> SendingLaterError:
        limited = answer.status in (403, 429)
        told = "limits the rate of requests" if limited else "could not answer now"
        when = "" if pause is None else f", and asks to wait {pause:g} s"
        return SendingLaterError(
            f"{self.named} {told} (HTTP {answer.status}{when}){self._words(answer)}",
            hint="Wait that long and run it again; what was sent is on record and isn't sent twice.",
        )

    def _text(self, response: httpx.Response, until: float) -> str:
        """The answer as it comes; one that is too large is never held as a whole."""
        good = 200 <= response.status_code < 300
        limit = MAX_ANSWER if good else _ERROR_BYTES
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise self.nonsense(f"it is compressed as '{encoding}', which was not asked for")
        body = bytearray()
        try:
            for part in response.iter_bytes():
                body += part
                if len(body) > limit:
                    if good:
                        raise self.nonsense(
                            f"it is larger than {MAX_ANSWER // MIB} MiB; the rest was not read"
                        )
                    del body[limit:]
                    break
                if self._monotonic() > until:
                    raise httpx.ReadTimeout("the whole answer", request=response.request)
        except (httpx.ReadError, httpx.RemoteProtocolError):
            if good:
                raise
            # A refusal counts though the server resets the connection behind it.
        return str(body, "utf-8", "strict" if good else "replace")


def _parts(url: str) -> dict[str, str]:
    """A secret address, and what a server sees of it: path, query, and each word of them that can't be anything else."""
    try:
        seen = httpx.URL(url).raw_path.decode()
    except (httpx.InvalidURL, UnicodeDecodeError):
        return {"url": url}
    words = {seen, *re.split(r"[/?&=]", seen), *re.split(r"[/?&=]", unquote(seen))}
    return {f"url {number}": word for number, word in enumerate([url, *words]) if len(word) >= _WORD}
