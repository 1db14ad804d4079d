"""What a router's entity tags are good for: a write that is refused when somebody else wrote since (RFC 9110, 13.1.1).

Only strong tags can be asked for in If-Match. Some servers tag an answer by its bytes, which say more than the policy
(how often it was asked for): a write that is refused for its tag alone, with the versions as they were, is sent without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cbops.errors import PolicyError
from cbops.model.policy import PolicyVersion, parse_version

REFUSED = 412
_STRONG = re.compile(r'"[\x21\x23-\x7e]{1,254}"')

Policy = tuple[str, str]
Seen = frozenset[tuple[str, bool]]


def strong(tag: str | None) -> str | None:
    """The tag, where it is one that If-Match can name."""
    return tag if tag is not None and _STRONG.fullmatch(tag) else None


@dataclass(slots=True)
class Tagged:
    """The policies whose history came with a tag: which versions it named, and which of them was live."""

    _seen: dict[Policy, Seen] = field(default_factory=dict)

    def read(self, policy: Policy, tag: str | None, history: Iterable[PolicyVersion]) -> None:
        """A history came, with this tag or none."""
        if strong(tag) is None:
            self._seen.pop(policy, None)
        else:
            self._seen[policy] = state(history)

    def known(self, policy: Policy) -> Seen | None:
        """What was read last; None where the router sent no tag."""
        return self._seen.get(policy)

    def forget(self, policy: Policy) -> None:
        """It was written, so what was read no longer holds."""
        self._seen.pop(policy, None)


def state(history: Iterable[PolicyVersion]) -> Seen:
    """The versions, and which of them is live."""
    return frozenset((each.version, each.is_active) for each in history)


def highest(seen: Seen) -> str | None:
    """The highest version; None where there is none or one can't be counted."""
    try:
        return max((version for version, _ in seen), key=parse_version, default=None)
    except PolicyError:
        return None
