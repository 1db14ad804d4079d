"""Alerts that should have fired and didn't, or fired without cause.

Source: the section on alerts of the domain description. Only rules that the server lists as loaded are judged, each by
what its name stands for; what is counted is held against what fired, with room for scrapes, evaluations and `for`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cbops.judge.alert_causes import Cause, causes_of
from cbops.judge.case import Case, counted
from cbops.judge.check import Check
from cbops.judge.loaded import SLACK_MS, Watch, watches
from cbops.judge.rule_tenants import names_tenants
from cbops.model.base import from_ms, iso, to_ms
from cbops.model.spans import Span, outside, united

# Where a series ends without a staleness marker, a server hands out its last value for so long.
SHOWN_MS = 300_000


@dataclass(frozen=True, slots=True)
class _Fired:
    """A stretch of firing; `provider` null: the alert names none."""

    provider: str | None
    start: int
    end: int

    def may_tell(self, cause: Cause) -> bool:
        """Whether it may be about that cause: nothing says that they are of two providers."""
        return self.provider is None or cause.provider in (None, self.provider)


def alert_checks(case: Case) -> list[Check]:
    """Two checks a kind that is loaded: whether every cause fired, and whether every firing had one."""
    found: list[Check] = []
    for watch in watches(case).values():
        causes = causes_of(case, watch)
        fired = _fired(case, watch)
        if not watch.of_tenant(case.state.target.tenant):
            text = f"{watch.name}: its rule names other tenants"
            found.append(Check("alerts", "unknown", text, {"alert": watch.name}, _days(watch)))
            continue
        found += [_silent(case, watch, causes, fired), _without_cause(case, watch, causes, fired)]
    return found


def _days(watch: Watch) -> tuple[int, ...]:
    return tuple(day.window.day for day in watch.days)


def _fired(case: Case, watch: Watch) -> list[_Fired]:
    """Over all days, so that one that goes on over midnight is one."""
    by_provider: dict[str | None, list[Span]] = {}
    for day in case.observed.days:
        for one in day.alerts or ():
            if one.name == watch.name:
                by_provider.setdefault(one.provider, []).append((to_ms(one.start), to_ms(one.end)))
    room = 2 * watch.group
    return [
        _Fired(provider, first, last - room)
        for provider, spans in by_provider.items()
        for first, last in united((first, last + room) for first, last in spans)
    ]


def _silent(case: Case, watch: Watch, causes: Sequence[Cause], fired: Sequence[_Fired]) -> Check:
    """Every cause that lasted long enough has an alert."""
    sure = [one for one in causes if one.sure]
    # Its own alert proves that the rule was loaded when the cause was there.
    unanswered = [one for one in sure if not _answered(one, watch, fired)]
    quiet = [(one, _why_silent(case, watch, one)) for one in unanswered if watch.judges(one.seen)]
    silent = [one for one, why in quiet if why is None]
    answered, before = len(sure) - len(unanswered), len(unanswered) - len(quiet)
    judged = answered + len(quiet)
    numbers = {
        "alert": watch.name,
        "counted": judged,
        "answered": answered,
        "silent": len(silent),
        "explained": len(quiet) - len(silent),
        "before_it_was_known_to_be_loaded": before,
    }
    what = causes[0].what if causes else "causes"
    text = f"{watch.name}: {counted(judged, _one(what), what)} counted, {answered} with an alert"
    if before:
        text += f"; {before} before the rule was known to be loaded ({iso(from_ms(max(0, watch.since)))})"
    if silent:
        text += f"; silent at {iso(from_ms(silent[0].seen))}" + _more(len(silent))
        hints = watch.hints(watch.days[-1].dialect)
        return Check("alerts", "contradiction", text + (f": {hints}" if hints else ""), numbers, _days(watch))
    if quiet:
        text += f"; {' and '.join(sorted({why or '' for _, why in quiet}))}"
        return Check("alerts", "explained", text, numbers, _days(watch))
    if not judged and before:
        return Check("alerts", "unknown", text, numbers, _days(watch))
    return Check("alerts", "agree", text, numbers, _days(watch))


def _one(what: str) -> str:
    """'lasting opens' as 'lasting open', 'times with …' as 'time with …'."""
    first, _, rest = what.partition(" with ")
    return f"{first.removesuffix('s')} with {rest}" if rest else first.removesuffix("s")


def _more(number: int) -> str:
    return f" and {number - 1} more" if number > 1 else ""


def _answered(cause: Cause, watch: Watch, fired: Iterable[_Fired]) -> bool:
    """Whether it fired at any time from the cause's beginning until it could no longer."""
    last = cause.end + watch.lingers
    return any(one.start <= last and one.end >= cause.start for one in fired if one.may_tell(cause))


def _why_silent(case: Case, watch: Watch, cause: Cause) -> str | None:
    """What explains that an alert stayed silent; null when nothing does."""
    if cause.seen + watch.late > case.until:
        return "what came last may still be pending"
    first, last = cause.start, cause.seen + watch.looks_back
    for day in case.observed.days:
        if any(to_ms(gap.start) < last and first < to_ms(gap.end) for gap in day.scrape.gaps):
            return "a gap in scraping hid it"
        if any(to_ms(one.after) < last + watch.late and first < to_ms(one.at) for one in day.restarts):
            return "a restart set the counters back"
    if cause.lasted + cause.rings < watch.hold + watch.group:
        return f"it was over before the rule's 'for' of {watch.hold // 1000} s"
    return cause.excuse


def _without_cause(case: Case, watch: Watch, causes: Sequence[Cause], fired: Sequence[_Fired]) -> Check:
    """Every firing lies near a cause, sure or not."""
    unjudged = _unjudged(case, watch)
    room = watch.group + watch.scrape + SLACK_MS
    stray: list[tuple[_Fired, Span]] = []
    for one in fired:
        near = [(cause.start - room, cause.end + watch.lingers) for cause in causes if one.may_tell(cause)]
        parts = outside((one.start, max(one.end, one.start + 1)), [*near, *unjudged])
        stray += [(one, part) for part in parts[:1]]
    numbers = {"alert": watch.name, "fired": len(fired), "with_cause": len(fired) - len(stray)}
    text = (
        f"{watch.name}: fired {counted(len(fired), 'time')}, {len(fired) - len(stray)} with a counted cause"
    )
    if not stray:
        return Check("alerts_cause", "agree", text, numbers, _days(watch))
    _, part = stray[0]
    text += f"; without one from {iso(from_ms(part[0]))} to {iso(from_ms(part[1]))}" + _more(len(stray))
    if watch.sticks and all(_stuck(one, part, causes, unjudged) for one, part in stray):
        text += "; the rule reads a gauge that is never set back, which explains it"
        return Check("alerts_cause", "explained", text, numbers, _days(watch))
    restarts = [each for day in case.observed.days for each in day.restarts]
    after = [(to_ms(each.after), to_ms(each.at) + SHOWN_MS + watch.lingers) for each in restarts]
    if not any(outside(each, after) for _, each in stray):
        text += "; a restart explains it: the server shows the counters of before for some minutes more"
        return Check("alerts_cause", "explained", text, numbers, _days(watch))
    if all(one.provider is None for one, _ in stray) and not any(names_tenants(rule) for rule in watch.rules):
        text += "; the alert names no circuit, so that another tenant's may have been the cause"
        return Check("alerts_cause", "unknown", text, numbers, _days(watch))
    return Check("alerts_cause", "contradiction", text, numbers, _days(watch))


def _stuck(one: _Fired, part: Span, causes: Iterable[Cause], unjudged: Iterable[Span]) -> bool:
    """Whether a gauge that is never set back can still tell an earlier open: a counted one, or one of a time that
    nobody counted, as the firing began there.
    """
    if any(first <= one.start <= last for first, last in unjudged):
        return True
    return any(cause.start <= part[0] for cause in causes if one.may_tell(cause))


def _unjudged(case: Case, watch: Watch) -> list[Span]:
    """Where a cause may have been that nobody counted: before the first day, between days, in gaps."""
    days = case.observed.days
    found = [(0, to_ms(days[0].window.start) + watch.lingers)]
    for earlier, later in pairwise(days):
        if later.window.start > earlier.window.end:
            found.append((to_ms(earlier.window.end), to_ms(later.window.start) + watch.lingers))
    found += [(to_ms(day.window.start), to_ms(day.window.end)) for day in days if day not in watch.days]
    return found + [(to_ms(g.start), to_ms(g.end) + watch.lingers) for day in days for g in day.scrape.gaps]
