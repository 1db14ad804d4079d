"""What was sent in a header, and a server's words without it."""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from cbops.model.config import EndpointConfig

_LONG = 4  # characters; where a shorter one stands in other words, replacing it would tell it
_WITHHELD = "[words left out: a secret that was sent may be among them]"


@dataclass(frozen=True, slots=True)
class Secrets:
    """`long` maps what must not be shown to what stands for it, the longest first; where one of `short` is among the
    words, none of them is shown.
    """

    long: Mapping[str, str]
    short: frozenset[str]

    @classmethod
    def of(cls, headers: Mapping[str, str], config: EndpointConfig, name_for: str | None = None) -> Self:
        """The values of headers, and what is inside of an Authorization, also as JSON, HTML or a URL would write them.
        What stands in cbops.yaml is not secret, and is looked for only where it is long. `name_for` stands for each;
        null: the header's name.
        """
        found: dict[str, str] = {}
        short: set[str] = set()
        for name, value in headers.items():
            word, _, rest = value.partition(" ")
            inside, secret = [value, rest], {value, rest}
            if word.lower() == "basic":
                with contextlib.suppress(binascii.Error, UnicodeDecodeError):
                    user, _, password = base64.b64decode(rest).decode().partition(":")
                    inside += [user, password]
                    secret.add(password)
            written = {way for each in inside if len(each) >= _LONG for way in _ways(each)}
            found.update(dict.fromkeys(written, name_for or f"[{name}]"))
            if not isinstance(config.headers.get(name), str):
                short |= {each for each in secret if 0 < len(each) < _LONG}
        return cls(dict(sorted(found.items(), key=lambda each: -len(each[0]))), frozenset(short))

    def out_of(self, words: str) -> str:
        """The words without them."""
        for secret, name in self.long.items():
            words = words.replace(secret, name)
        return _WITHHELD if any(each in words for each in self.short) else words


def _ways(value: str) -> frozenset[str]:
    """The value as it may be echoed."""
    return frozenset(
        (
            value,
            json.dumps(value)[1:-1],
            html.escape(value),
            quote(value, safe=""),
            quote(value),
            base64.b64encode(value.encode()).decode(),
        )
    )
