"""What was sent in a header, and a server's words without it."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

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
    def of(cls, headers: Mapping[str, str], config: EndpointConfig) -> Self:
        """The values of headers, and what is inside of an Authorization. What stands in cbops.yaml is not secret, and
        is looked for only where it is long.
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
            found.update({each: f"[{name}]" for each in inside if len(each) >= _LONG})
            if not isinstance(config.headers.get(name), str):
                short |= {each for each in secret if 0 < len(each) < _LONG}
        return cls(dict(sorted(found.items(), key=lambda each: -len(each[0]))), frozenset(short))

    def out_of(self, words: str) -> str:
        """The words without them."""
        for secret, name in self.long.items():
            words = words.replace(secret, name)
        return _WITHHELD if any(each in words for each in self.short) else words
