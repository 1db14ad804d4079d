"""The page that says go or no-go before a rollout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby
from pathlib import Path

from cbops.model.answers.doctor import CheckLevel, DoctorCheck
from cbops.model.calendar import zone
from cbops.model.readiness import Blocker, Readiness
from cbops.model.standing import ItemStanding
from cbops.render import text
from cbops.render.engine import render
from cbops.render.log_view import Field, Tick
from cbops.render.markdown import EMPTY, Markdown, joined, phrase

TEMPLATE = "readiness.md.j2"
_NOTHING = Markdown("None")
_MARKS: dict[CheckLevel, Markdown] = {
    "ok": Markdown("✅"),
    "unknown": Markdown("❔ unknown:"),
    "warning": Markdown("⚠️"),
    "problem": Markdown("❌"),
}


@dataclass(frozen=True, slots=True)
class ReadinessDocument:
    """What templates/readiness.md.j2 puts out. `items`: each with its box and mark; `checks`: a group and its lines."""

    rollout: Markdown
    target: Markdown
    date: Markdown
    status: Markdown
    blockers: tuple[Field, ...]  # the reason, and what resolves it
    items: tuple[Field, ...]
    checks: tuple[Field, ...]
    later: tuple[Markdown, ...]
    next_step: Markdown


def readiness_text(
    found: Readiness, checks: Sequence[DoctorCheck], timezone: str, own: Path | None = None
) -> str:
    """The page as Markdown; the same findings give the same bytes. `own`: the user's templates.

    ConfigError when the time zone is unknown, InputError for a user's template that is wrong.
    """
    return render(TEMPLATE, own, readiness=_document(found, checks, zone(timezone)))


def _document(found: Readiness, checks: Sequence[DoctorCheck], tz: tzinfo) -> ReadinessDocument:
    target = found.target
    number = text.counted(len(found.blockers), "reason")
    go = found.verdict == "go"
    return ReadinessDocument(
        rollout=phrase("{}", found.rollout),
        target=phrase("{} (policy {}, provider {})", target.tenant, target.policy, target.provider),
        date=phrase("{}", text.instant(found.at, tz)),
        status=Markdown("✅ **Go**") if go else phrase("❌ **No-Go** ({})", number),
        blockers=tuple(_blocker(one) for one in found.blockers) or (Field(_NOTHING, ()),),
        items=tuple(_item(one, tz) for one in found.items),
        checks=tuple(
            _group(group, list(members)) for group, members in groupby(checks, lambda one: one.group)
        ),
        later=tuple(phrase("{}", one) for one in found.later),
        next_step=Markdown("Enable the canary: `cbops canary enable`")
        if go
        else Markdown("Resolve each reason above, then look again: `cbops doctor`"),
    )


def _blocker(one: Blocker) -> Field:
    told = phrase("❌ {}: {}", one.name, one.reason)
    return Field(told, (phrase("{}", one.command),) if one.command else ())


def _item(one: ItemStanding, tz: tzinfo) -> Field:
    who = phrase(" by {}, {}", one.by, text.instant(one.at, tz)) if one.by and one.at else EMPTY
    mark = Markdown("✅" if one.done else "❌" if one.state == "failed" else "⚠️")
    told = phrase("{} {} — {} {}{}", Tick(one.done).box, one.title, mark, one.state, who)
    details = [phrase("{}", one.evidence)]
    if one.expires_at is not None:
        details.append(phrase("good until {}", text.local_date(one.expires_at, tz)))
    if one.finding is not None:
        details.append(phrase("evidence {}", Markdown(f"`{one.finding[:12]}`")))
    named = [person.name for person in one.people]
    if named:
        details.append(phrase("people: {}", joined(named, ", ")))
    return Field(told, tuple(details))


def _group(group: str, checks: Sequence[DoctorCheck]) -> Field:
    right = sum(one.level == "ok" for one in checks)
    told = phrase("{}: {} of {} right", group.capitalize(), right, text.counted(len(checks), "check"))
    rest = tuple(phrase("{} {}", _MARKS[one.level], one.text) for one in checks if one.level != "ok")
    return Field(told, rest)
