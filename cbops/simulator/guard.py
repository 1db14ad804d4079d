"""What stands before the application: keys, rates, sizes and odd paths are settled before a body is parsed."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cbops.simulator.problems import CallRefusedError

# (at once, refilled each second): far above what people and a day in fast motion need.
CALLS = (5_000.0, 1_000.0)
WRONG_KEYS = (2_000.0, 100.0)
MAX_BODY_BYTES = 1024 * 1024
_OPEN = frozenset(("/metrics", "/health", "/openapi.json"))


class Allowance:
    """So many calls at once, refilled by so many a second."""

    def __init__(self, calls: float, per_second: float, monotonic: Callable[[], float]) -> None:
        self._most = self._left = calls
        self._per_second = per_second
        self._monotonic = monotonic
        self._seen = monotonic()

    def take(self) -> bool:
        """Use up one call; false when there is none left."""
        now = self._monotonic()
        self._left = min(self._most, self._left + (now - self._seen) * self._per_second)
        self._seen = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Guard:
    """ASGI middleware: 401 without the right key, 429 for too many calls (wrong keys sooner), 413 for a large body, 400
    for a slash inside an id.
    """

    def __init__(self, app: ASGIApp, token: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._token = token.encode()
        self._calls = Allowance(*CALLS, monotonic)
        self._wrong = Allowance(*WRONG_KEYS, monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
            body = await _body(scope, receive)
        except CallRefusedError as refused:
            await _refuse(send, refused)
            return
        await self._app(scope, _replay(body, receive), send)

    def _check(self, scope: Scope) -> None:
        # A slash inside an id would be taken for the end of it, and reach another call.
        raw = bytes(scope.get("raw_path") or b"").lower()
        if b"%2f" in raw or b"%5c" in raw:
            raise CallRefusedError(400, "bad_request", "an id has a slash in it")
        if scope["path"] in _OPEN:
            return
        known = self._known(dict(scope["headers"]))
        if not (self._calls if known else self._wrong).take():
            raise CallRefusedError(429, "too_many", "too many calls; wait a second")
        if not known:
            raise CallRefusedError(
                401, "unauthorized", "send the key as x-api-key, or as Authorization: Bearer"
            )

    def _known(self, headers: dict[bytes, bytes]) -> bool:
        scheme, _, bearer = headers.get(b"authorization", b"").partition(b" ")
        given = [headers.get(b"x-api-key"), bearer.strip() if scheme.lower() == b"bearer" else None]
        return any(key is not None and hmac.compare_digest(key, self._token) for key in given)


async def _body(scope: Scope, receive: Receive) -> bytes:
    """The whole body; 413 as soon as it is known to be too large."""
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    size = int(declared) if declared.isdigit() else 0
    parts = []
    seen = 0
    while size <= MAX_BODY_BYTES and seen <= MAX_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallRefusedError(400, "bad_request", "the connection was closed inside the body")
        parts.append(message.get("body", b""))
        seen += len(parts[-1])
        if not message.get("more_body", False):
            break
    if size > MAX_BODY_BYTES or seen > MAX_BODY_BYTES:
        raise CallRefusedError(413, "too_large", f"a body may have {MAX_BODY_BYTES} bytes")
    return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


async def _refuse(send: Send, refused: CallRefusedError) -> None:
    body = json.dumps({"error": {"code": refused.code, "message": refused.message}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if refused.status == 429:
        headers.append((b"retry-after", b"1"))
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
