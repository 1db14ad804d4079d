"""What one call of the admin API is made of: its path, its body, and the words for an answer that makes no sense."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from cbops.clients.json_keys import single_keys
from cbops.errors import AdminAnswerError, AdminError, AdminUnreachableError, InputError, PolicyError

Method = Literal["GET", "POST", "PUT"]


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked, and the words for it in a message: 'reading the history of t/p'.

    `writes`: a call after which a lost answer leaves open whether something was changed.
    `reads`: it changes nothing, so it may be sent again (each GET does so).
    `match`: the entity tag that the policy must still have.
    `twin`: another spelling of the path, for a router that has not this one or redirects from it.
    """

    doing: str
    method: Method
    path: str
    params: Mapping[str, str] | None = None
    body: Mapping[str, object] | None = None
    writes: bool = False
    reads: bool = False
    twin: str | None = None
    match: str | None = None


def path_part(what: str, value: str) -> str:
    """The value, percent-encoded as one part of a path; InputError where no path can carry it."""
    if value in ("", ".", "..") or any(ord(each) < 32 or 127 <= ord(each) < 160 for each in value):
        raise InputError(
            f"{value!r} can't be the id of a {what}",
            hint="An id is not empty, not '.' or '..', and has no control characters.",
        )
    try:
        return quote(value, safe="")
    except UnicodeEncodeError as error:
        raise InputError(f"{value!r} can't be the id of a {what}", hint="It is not valid Unicode.") from error


def unclear(call: Call, why: str, *, hint: str) -> AdminError:
    """An answer that makes no sense. After a write that leaves open what happened, like no answer at all."""
    if call.writes:
        return AdminUnreachableError(
            f"{call.doing}: {why}, so whether it was written is not known", hint="Look: cbops policy show"
        )
    return AdminAnswerError(f"{call.doing}: {why}", hint=hint)


def encoded(body: Mapping[str, object]) -> bytes:
    """The body of a call; PolicyError for what JSON can't hold."""
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise PolicyError(
            f"the policy can't be written as JSON: {error}", hint="Correct the policy file."
        ) from error


def decoded(body: bytes) -> object:
    """The JSON of an answer; ValueError (DoubledJsonKeyError among them) or RecursionError for what isn't."""
    return json.loads(body, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=single_keys)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large a number")
    return value
