"""What stands in an issue and its comments: the ticket, and marks by which both are found again.

A mark is a comment of HTML, which no page shows. Only what the account that opened the issue wrote counts as cbops' own.
"""

from __future__ import annotations

import re

from cbops.clients.tickets.tracker import Letter

MAX_TITLE = 256  # characters: GitHub's own bounds
MAX_BODY = 60_000  # of 65,536
_STEPS = re.compile(r"<!-- cbops:ticket=([0-9a-f]{32}) steps=(\d{1,6}) -->")
_STATE = re.compile(r"<!-- cbops:state=([0-9a-f]{32})-(\d{1,6}) -->")
_MENTION = re.compile(r"(?<!\w)@(?=[A-Za-z0-9])")


def title_of(letter: Letter) -> str:
    """`[CB-OPS] <Brief Description>`, in one line."""
    return " ".join(letter.ticket.heading.split())[:MAX_TITLE]


def body_of(letter: Letter) -> str:
    """The ticket's document, where it comes from, and the mark."""
    ticket = letter.ticket
    foot = (
        f"\n\n---\nThis is {ticket.id} of rollout `{letter.rollout}`, sent by cbops, which keeps the record. "
        "Closing or reopening this issue is taken over there.\n"
        f"<!-- cbops:ticket={letter.key} steps={len(letter.changes)} -->\n"
    )
    return _quiet(_cut(letter.text, MAX_BODY, ticket.id)) + foot


def comment_of(letter: Letter, since: int) -> str:
    """What happened after so many steps, and the mark of the state that this leads to."""
    ticket = letter.ticket
    lines = "\n".join(f"- {change}" for change in letter.changes[since:])
    head = f"**{ticket.id} is {ticket.state.words}**, priority {ticket.priority.value}.\n\n"
    mark = f"\n\n<!-- cbops:state={letter.key}-{len(letter.changes)} -->\n"
    return head + _quiet(_cut(lines, MAX_BODY, ticket.id)) + mark


def steps_in_body(body: object, key: str) -> int | None:
    """How many steps an issue was made with; null: it isn't this ticket's."""
    for found in _STEPS.finditer(body if isinstance(body, str) else ""):
        if found[1] == key:
            return int(found[2])
    return None


def steps_in_comment(body: object, key: str) -> int | None:
    """How many steps a comment leads up to; null: it isn't cbops' about this ticket."""
    for found in _STATE.finditer(body if isinstance(body, str) else ""):
        if found[1] == key:
            return int(found[2])
    return None


def _quiet(text: str) -> str:
    """Nobody is called by a name that stands in a ticket, and no mark is taken from its words."""
    return _MENTION.sub("@\u200b", text).replace("<!--", "<\u200b!--")


def _cut(text: str, longest: int, ticket: str) -> str:
    if len(text) <= longest:
        return text
    return f"{text[:longest]}…\n\n(It goes on in tickets/{ticket}.md of the rollout.)"
