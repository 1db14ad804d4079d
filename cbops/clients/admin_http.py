"""One call of the admin API: sent, bounded, and every way in which it can fail turned into an AdminError.

Secrets: the key is in no message, whatever the server echoes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import httpx

from cbops.clients.admin_call import Call, decoded, encoded, unclear
from cbops.clients.admin_faults import CUT, HINTS, LATER, SHOWN, may_pass, message_of
from cbops.clients.http.deadline import Deadline
from cbops.clients.http.retrying import TryAgainError, asked_pause, with_retries
from cbops.clients.http.secrets import Secrets
from cbops.clients.http.tls import verification
from cbops.clients.json_keys import DoubledJsonKeyError
from cbops.errors import (
    AdminAnswerError,
    AdminError,
    AdminMissingError,
    AdminRefusedError,
    AdminUnreachableError,
    ConfigError,
)
from cbops.model.config import EndpointConfig, RouterConfig

MAX_ANSWER_BYTES = 8 * 1024 * 1024
_NOTHING_PLAIN = EndpointConfig()
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HINT_RUNS = (
    "Check that the router runs and router.admin_url in cbops.yaml; 'cbops rollback' says what to do by hand."
)
_HINT_PATHS = "Check router.admin_url and router.base_path in cbops.yaml: is it the router's admin API?"


class AdminHttp:
    """Sends calls to one router. Redirects are not followed; proxies of the environment are not used.

    What only reads is sent again, within `router.retries`, when it got no answer or one that says "later"; a write and
    an act never are.
    """

    def __init__(
        self,
        config: RouterConfig,
        token: str | None,
        *,
        transport: httpx.BaseTransport | None,
        monotonic: Callable[[], float],
    ) -> None:
        self.requests = 0  # sent so far
        self.status, self.etag = 0, ""  # of the last answer; none: 0 and empty
        self.date: str | None = None  # what the last answer says of the server's clock
        self._root = _root(config.admin_url)
        self._token = token
        self._auth = config.auth
        self._secrets = Secrets.of(_key(config, token), _NOTHING_PLAIN, "[key]")
        self._monotonic = monotonic
        self._seconds = config.timeout_seconds
        self._retries = config.retries
        self._deadline = Deadline()
        self._client = httpx.Client(
            headers={"accept": "application/json", "accept-encoding": "identity", **_key(config, token)},
            timeout=config.timeout_seconds,
            verify=verification(config.tls, config.admin_url, "router.tls"),
            transport=transport,
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def json(self, call: Call) -> object:
        """The answer's JSON, None for an empty one. Raises AdminError, or PolicyError for a body that isn't JSON."""
        body = self._body(call)
        if not body.strip():
            return None
        try:
            return decoded(body)
        except DoubledJsonKeyError as error:
            raise unclear(call, f"in the answer {self._shown(str(error))}", hint=_HINT_PATHS) from None
        except (ValueError, RecursionError) as error:
            raise unclear(call, "the answer is not JSON", hint=_HINT_PATHS) from error

    def _body(self, call: Call) -> bytes:
        if call.reads or call.method == "GET":
            return with_retries(lambda: self._attempt(call), self._retries, self._monotonic)
        try:
            return self._attempt(call)
        except TryAgainError as error:
            raise error.error from error.__cause__

    def _attempt(self, call: Call) -> bytes:
        """A good answer's body; TryAgainError for what may pass, AdminError for what won't."""
        response, body = self._send(call)
        if call.twin is not None and (response.is_redirect or response.status_code == 404):
            response, body = self._send(replace(call, path=call.twin))
        pause = None
        if response.status_code in LATER:
            pause = asked_pause(response.headers.get("retry-after"), self.date)
        try:
            self._check(call, response, body, pause)
        except AdminError as error:
            if response.status_code in LATER:
                raise TryAgainError(error, pause) from None
            raise
        return body

    def _send(self, call: Call) -> tuple[httpx.Response, bytes]:
        try:
            return self._once(call)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            told = self._unreachable(call, error)
            if may_pass(error):
                raise TryAgainError(told) from error
            raise told from error

    def _once(self, call: Call) -> tuple[httpx.Response, bytes]:
        content = None if call.body is None else encoded(call.body)
        headers = {} if content is None else {"content-type": "application/json"}
        until = self._monotonic() + self._seconds
        parts, size = [], 0
        if call.match is not None:
            headers["if-match"] = call.match
        self.requests, self.date, self.status, self.etag = self.requests + 1, None, 0, ""
        with (
            self._deadline.within(self._seconds),
            self._client.stream(
                call.method,
                self._root + call.path,
                params=call.params,
                content=content,
                headers=headers,
                extensions={"trace": self._deadline.trace},
            ) as response,
        ):
            self.date, self.status = response.headers.get("date"), response.status_code
            self.etag = response.headers.get("etag", "")
            packed = response.headers.get("content-encoding", "identity").strip().lower()
            if packed not in ("", "identity"):  # a little of it can grow into very much
                raise unclear(
                    call,
                    f"it is compressed as '{self._shown(packed)}', which was not asked for",
                    hint=_HINT_PATHS,
                )
            # As it comes: with a fixed size a slow one would not be noticed.
            for part in response.iter_bytes():
                size += len(part)
                if size > MAX_ANSWER_BYTES:
                    raise unclear(
                        call, f"the answer is larger than {MAX_ANSWER_BYTES >> 20} MiB", hint=_HINT_PATHS
                    )
                if self._monotonic() > until:
                    raise httpx.ReadTimeout("the whole answer", request=response.request)
                parts.append(part)
        return response, b"".join(parts)

    def _unreachable(self, call: Call, error: Exception) -> AdminError:
        if isinstance(error, httpx.TimeoutException):
            why = f"no answer from {self._root} within {self._seconds:g} s"
        elif isinstance(error, httpx.ConnectError):
            why = f"nothing answers at {self._root} ({self._shown(str(error))})"
        elif isinstance(error, httpx.DecodingError):
            return unclear(call, "the answer can't be decoded", hint=_HINT_PATHS)
        elif isinstance(error, CUT):
            why = f"{self._root} cut the connection"
        else:
            why = f"the call to {self._root} failed ({type(error).__name__})"
        return AdminUnreachableError(f"{call.doing}: {why}", hint=_HINT_RUNS)

    def _check(self, call: Call, response: httpx.Response, body: bytes, pause: float | None) -> None:
        """Raise what the status means; nothing for 2xx. `pause`: the seconds that the router asks to wait."""
        status = response.status_code
        if 200 <= status < 300:
            return
        # Before it is cut to its beginning, which could leave half of the key.
        said = self._shown(message_of(self._secrets.out_of(body.decode(errors="replace")).encode()))
        why = f"{call.doing}: the router answered {status}" + (f" ({said})" if said else "")
        why += "" if pause is None else f" and asks to wait {pause:g} s"
        if 300 <= status < 400:
            where = self._shown(response.headers.get("location", "elsewhere").partition("?")[0])
            raise AdminAnswerError(
                f"{call.doing}: the router redirects to {where}; cbops follows no redirect, so that the key "
                "goes nowhere else",
                hint="Set router.admin_url in cbops.yaml to the final address.",
            )
        if status in (401, 403):
            raise AdminRefusedError(why, hint=self._key_hint())
        if status == 404:
            raise AdminMissingError(why, hint=f"Check the names of tenant and policy. {_HINT_PATHS}")
        if status in (502, 503, 504) or (status >= 500 and call.writes):
            raise AdminUnreachableError(why, hint=_HINT_RUNS)
        raise AdminAnswerError(why, hint=HINTS.get(status, "Look into the router's own log."))

    def _key_hint(self) -> str:
        if self._token is None:
            return f"No key was sent: set the variable that router.auth.env in cbops.yaml names ({self._auth.where})."
        kind, _ = self._auth.place
        what = "the variable" if kind == "env" else f"the {kind}"
        return f"The key was sent and not taken: check {what} that router.auth.{kind} names, and router.auth.header."

    def _shown(self, text: str) -> str:
        """Foreign words for a message: one line, short, without the key."""
        words = self._secrets.out_of(text)
        line = " ".join("".join(each if each.isprintable() else " " for each in words).split())
        return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


def _root(admin_url: str) -> str:
    """The address without a slash at its end; ConfigError when it is none."""
    try:
        url = httpx.URL(admin_url)
    except (httpx.InvalidURL, ValueError) as error:
        raise ConfigError("router.admin_url is not a URL", hint="Write http://HOST:PORT.") from error
    if url.userinfo:
        raise ConfigError(
            "router.admin_url has a user name or password in it",
            hint="Use router.auth, and keep the key out of files.",
        )
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise ConfigError(
            f"router.admin_url is '{admin_url}'", hint="Write http://HOST:PORT or https://HOST."
        )
    return admin_url.rstrip("/")


def _key(config: RouterConfig, token: str | None) -> dict[str, str]:
    """The header that signs a call; ConfigError, without the key in it, when it can't be sent."""
    if not _HEADER_NAME.fullmatch(config.auth.header):
        raise ConfigError(
            f"router.auth.header is '{config.auth.header}'",
            hint="Write the name of a header, such as x-api-key.",
        )
    if token is None:
        return {}
    value = token if config.auth.scheme is None else f"{config.auth.scheme} {token}"
    if not (value.isascii() and value.isprintable()) or value != value.strip() or not token.strip():
        raise ConfigError(
            f"the key in {config.auth.where} can't be sent in a header",
            hint="It may have printable ASCII characters only, and no space or line end around it.",
        )
    return {config.auth.header: value}
