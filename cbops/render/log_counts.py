"""What a day's counters showed: transitions with their episodes, events, error rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo

from cbops.model.observation import Carried, Episode, Observation, ProviderDay
from cbops.model.state import ClassificationRecord
from cbops.model.verdict import ClassifiedEpisode
from cbops.render import text
from cbops.render.log_view import Field
from cbops.render.markdown import EMPTY, Markdown, joined, phrase

_MARKS = {"expected": "✅", "unexpected": "❌", "unexplained": "⚠️"}
_CLOSED_BY = {
    "restart": Markdown(", closed by a restart"),
    "unseen": Markdown(", its close was not seen itself"),
}


def transitions_field(
    seen: Observation,
    classified: Mapping[str, ClassifiedEpisode],
    words: Mapping[str, ClassificationRecord],
    tz: tzinfo,
) -> Field:
    """Opens, half-opens and closes of each provider, and the episodes; `words` are people's."""
    details = [_carried(each, tz) for each in seen.carried if each.closed or each.reopened]
    details += [episode_line(each, classified.get(each.id), words.get(each.id), tz) for each in seen.episodes]
    return Field(_per_provider(seen, _transitions), tuple(details))


def events_field(seen: Observation) -> Field:
    """Successes, failures and requests that failed fast, of each provider."""
    return Field(_per_provider(seen, _events))


def error_rate_field(seen: Observation, before: Observation | None) -> Field:
    """Failures over results, of each provider and of all, and the change against the day before."""
    value = _per_provider(seen, lambda provider, day: _rate(provider, day.error_rate, day, before))
    overall = overall_rate(seen)
    if len(seen.providers) > 1:
        earlier = overall_rate(before) if before else None
        change = text.points(earlier, overall)
        value = phrase("{}; all providers {} ({})", value, text.percent(overall), change)
    against = "day before not measured" if before is None else f"against day {before.window.day}"
    if before is not None and before.window.day < 1:
        against = "against the day before enabling" if before.window.day == 0 else against
    return Field(phrase("{}; {}", value, against))


def _per_provider(seen: Observation, tell: Callable[[str, ProviderDay], Markdown]) -> Markdown:
    if seen.providers:
        return joined(tell(name, seen.providers[name]) for name in sorted(seen.providers))
    if not seen.scrape.seen:
        return phrase("{} (nothing was scraped)", text.UNKNOWN)
    return Markdown("none (no provider's circuit was seen)")


def _transitions(provider: str, day: ProviderDay) -> Markdown:
    counts = day.transitions
    if counts.open is None and counts.half_open is None and counts.closed is None:
        return phrase("{} {}", provider, text.UNKNOWN)
    opens = text.counted(counts.open, "open")
    half_opens = text.counted(counts.half_open, "half-open")
    return phrase("{} {}, {}, {}", provider, opens, half_opens, text.counted(counts.closed, "close"))


def _events(provider: str, day: ProviderDay) -> Markdown:
    events = (day.events.success, day.events.failure, day.events.fail_fast)
    return phrase("{} {}", provider, joined(map(text.number, events), " / "))


def _rate(provider: str, rate: float | None, day: ProviderDay, before: Observation | None) -> Markdown:
    if rate is None:
        known = day.events.success is not None and day.events.failure is not None
        return phrase("{} {}", provider, "no results" if known else text.UNKNOWN)
    told = phrase("{} {}", provider, text.percent(rate))
    if before is None:
        return told
    earlier = before.providers.get(provider)
    return phrase("{} ({})", told, text.points(earlier.error_rate if earlier else None, rate))


def overall_rate(seen: Observation) -> float | None:
    """Failures over results of all providers; null without any, or where one is unknown."""
    successes = [day.events.success for day in seen.providers.values()]
    failures = [day.events.failure for day in seen.providers.values()]
    known = [count for count in (*successes, *failures) if count is not None]
    if len(known) < 2 * len(seen.providers) or not sum(known):
        return None
    return sum(count for count in failures if count is not None) / sum(known)


def episode_line(
    episode: Episode, told: ClassifiedEpisode | None, word: ClassificationRecord | None, tz: tzinfo
) -> Markdown:
    """From when to when a circuit was open, why, and what is known of the cause."""
    closed = episode.closed or (told.closed if told else None)
    until = (
        phrase("open {}", text.interval(episode.opened, closed, tz))
        if closed
        else phrase("open since {}, not closed so far", text.instant(episode.opened, tz))
    )
    by = _CLOSED_BY.get(episode.closed_by or "", EMPTY)
    reopened = told.reopened if told else episode.reopened
    again = phrase(", reopened {}", text.counted(reopened, "time")) if reopened else EMPTY
    reason = phrase(", reason {}", episode.reason or text.UNKNOWN)
    return phrase("{} {}{}{}{}; {}", episode.provider, until, by, again, reason, _classification(told, word))


def _classification(told: ClassifiedEpisode | None, word: ClassificationRecord | None) -> Markdown:
    """The judge's classification has heard people; their word alone speaks where it is missing."""
    if told is not None:
        why = told.evidence.get("text")
        because = phrase(": {}", why) if isinstance(why, str) else EMPTY
        return phrase("{} {}{}", Markdown(_MARKS[told.classification]), told.classification, because)
    if word is None:
        return Markdown("not classified yet")
    said = word.classified
    mark = Markdown(_MARKS[said.classification])
    return phrase("{} {}, said by {}: {}", mark, said.classification, word.actor, said.reason)


def _carried(carried: Carried, tz: tzinfo) -> Markdown:
    parts = []
    if carried.reopened:
        parts.append(phrase("reopened {}", text.counted(carried.reopened, "time")))
    if carried.closed:
        by = _CLOSED_BY.get(carried.closed_by or "", EMPTY)
        parts.append(phrase("closed {}{}", text.instant(carried.closed, tz), by))
    return phrase("{}, open when the day began: {}", carried.provider, joined(parts, ", "))
