"""What a failed call of the admin API says, and whether another attempt could end otherwise."""

from __future__ import annotations

import json
import socket
import ssl

import httpx

from cbops.clients.http.pages import is_page, title

CUT = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
LATER = (429, 502, 503, 504)  # answers of a router, or of a gateway before it, that may be well again soon
SHOWN = 300  # characters of foreign words in a message
PAGE_HEAD = 16_384  # bytes of a page in which its title is looked for

HINTS = {
    409: "Someone else has written meanwhile. Read again: cbops policy show",
    412: "Someone else has written meanwhile. Read again: cbops policy show",
    413: "The policy document is too large for the router.",
    422: "Correct the policy document: cbops policy show",
    400: "Correct the policy document: cbops policy show",
    429: "Wait a while and run the command again.",
}


def may_pass(error: Exception) -> bool:
    """Whether another attempt could end otherwise: not with a certificate or a name that is wrong."""
    if isinstance(error, (httpx.TimeoutException, *CUT)):
        return True
    if not isinstance(error, httpx.ConnectError):
        return False
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return False
        if isinstance(cause, socket.gaierror):
            return cause.errno == socket.EAI_AGAIN
        cause = cause.__cause__ or cause.__context__
    return True


def message_of(body: bytes) -> str:
    """What an error answer says: its message where it is JSON that has one, a page's title, else its beginning."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        text = body[:PAGE_HEAD].decode(errors="replace")
        named = title(text) if is_page("", text) else ""
        return f"a web page: {named}" if named else text[: 2 * SHOWN]
    for key in ("error", "message", "detail", "reason"):
        if isinstance(said, dict) and key in said:
            said = said[key]
            if isinstance(said, dict):
                said = said.get("message", said)
            break
    return said if isinstance(said, str) else json.dumps(said)
