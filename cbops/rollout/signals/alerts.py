"""Alert noise: an alert that fires often for brief opens, and a real open without an alert."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from cbops.model.observation import AlertInterval, Observation
from cbops.model.ticket import TicketBody, TicketDraft, TicketKind, TicketPriority, fingerprint
from cbops.model.verdict import ClassifiedEpisode
from cbops.rollout.signals.seen import Found, Gap, Seen, at, context, queries, some

KIND = TicketKind.ALERT_NOISE
OFTEN = 5  # firings of one alert on one day
VERY_OFTEN = 20
BRIEF = timedelta(minutes=2)  # an open shorter than this needs nobody
PAUSE = timedelta(minutes=2)  # between the samples of one firing
LATE = timedelta(minutes=10)  # so long after an open its alert may begin: scrapes, `for`, evaluation
REAL = timedelta(minutes=5)  # an open so long is real, whatever its cause


def alert_signals(seen: Seen) -> Found:
    """Per alert: whether it is noise; per provider: opens that nobody was told of."""
    told = [day for day in seen.days if day.alerts is not None]
    if not seen.days:
        return Found((), (Gap(KIND, "no day was collected since enabling"),))
    if not told:
        return Found((), (Gap(KIND, "the metrics source doesn't tell which alerts fired"),))
    drafts = [
        _noise(seen, told, name) for name in sorted({one.name for day in told for one in day.alerts or ()})
    ]
    drafts += [_silent(seen, told, name) for name in sorted({each.provider for each in seen.episodes})]
    gaps: tuple[Gap, ...] = ()
    if len(told) < len(seen.days):
        silent = ", ".join(str(day.window.day) for day in seen.days if day.alerts is None)
        gaps = (Gap(KIND, f"which alerts fired is unknown on day {silent}"),)
    return Found(tuple(draft for draft in drafts if draft is not None), gaps)


def firings(days: Sequence[Observation], name: str) -> list[AlertInterval]:
    """Each stretch of firing of one alert and provider, over midnight too, in order of time."""
    found: list[AlertInterval] = []
    every = [one for day in days for one in day.alerts or () if one.name == name]
    for one in sorted(every, key=lambda each: (each.provider or "", each.start)):
        last = found[-1] if found else None
        if last is not None and last.provider == one.provider and one.start - last.end <= PAUSE:
            found[-1] = last.model_copy(update={"end": max(last.end, one.end)})
        else:
            found.append(one)
    return sorted(found, key=lambda each: each.start)


def _open_for(seen: Seen, one: AlertInterval) -> timedelta | None:
    """How long the open lasted that this firing is about; null: there is none."""
    near = [
        each
        for each in seen.episodes
        if one.provider in (None, each.provider)
        and each.opened <= one.end
        and one.start <= (each.closed or seen.last) + LATE
    ]
    if not near:
        return None
    last = max(near, key=lambda each: each.opened)
    return (last.closed or seen.last) - last.opened


def _noise(seen: Seen, told: Sequence[Observation], name: str) -> TicketDraft | None:
    """Five firings and more on a day, at least half of them for an open that was over within two minutes."""
    fired = firings(told, name)
    by_day = Counter(f"{one.start:%Y-%m-%d}" for one in fired)
    worst = max(by_day.values(), default=0)
    lengths = [length for one in fired if (length := _open_for(seen, one)) is not None]
    brief = sum(length < BRIEF for length in lengths)
    if worst < OFTEN or 2 * brief < len(fired):
        return None
    critical = any(one.severity == "critical" for one in fired)
    return TicketDraft(
        fingerprint=fingerprint("noisy-alert", seen.state.target.tenant, name),
        kind=KIND,
        title=f"{name} fires often for brief opens",
        priority=TicketPriority.HIGH if critical or worst >= VERY_OFTEN else TicketPriority.MEDIUM,
        signal=f"{name} fired {len(fired)} times, up to {worst} a day; {brief} of them for an open under "
        f"{BRIEF.total_seconds():.0f} s",
        last_seen=fired[-1].end,
        body=_noise_body(seen, told, name, lengths),
    )


def _noise_body(
    seen: Seen, told: Sequence[Observation], name: str, lengths: Sequence[timedelta]
) -> TicketBody:
    """The sections of the ticket about an alert; `lengths` are those of the opens behind its firings."""
    fired = firings(told, name)
    by_day = Counter(f"{one.start:%Y-%m-%d}" for one in fired)
    middle = median(length.total_seconds() for length in lengths)
    rule = next((r for day in reversed(told) for r in day.alert_rules or () if r.name == name), None)
    return TicketBody(
        issue=f"{name} fires for opens that are over before anyone could act, so that people learn to ignore it.",
        context=context(seen, {one.provider for one in fired if one.provider}),
        current=(
            f"{len(fired)} firings over {len(told)} days, the opens behind them {middle:.0f} s long in the middle",
            *(f"{day}: {number} firings" for day, number in sorted(by_day.items())),
        ),
        expected=("An alert fires for an open that needs somebody, once for one outage",),
        evidence=some(f"{at(one.start)} to {at(one.end)}{_of(one)}" for one in fired),
        queries=(rule.expression,) if rule else queries(seen, "ALERTS"),
        proposal=(
            f"Let it wait: 'for' above {BRIEF.total_seconds():.0f} s"
            + (f" (now {rule.for_seconds:.0f} s)" if rule else "")
            + ", and keep_firing_for over the pauses of one outage; cbops alerts render writes such rules",
            "Where the opens themselves are needless, change the thresholds first",
        ),
        user_impact="None",
        system_impact="None",
        business_impact="People on call lose time and trust in the alert; a real outage may be missed",
        checklist=(
            "Settle which opens need somebody",
            "Change the rule and check it: cbops alerts check",
            "Watch a day with the new rule",
        ),
    )


def _of(one: AlertInterval) -> str:
    return f" for {one.provider}" if one.provider else ""


def _real(seen: Seen, episode: ClassifiedEpisode) -> bool:
    """During a failure of its provider and not brief, or long whatever its cause."""
    lasted = (episode.closed or seen.last) - episode.opened
    return lasted >= (BRIEF if episode.classification == "expected" else REAL)


def _answered(told: Sequence[Observation], episode: ClassifiedEpisode, until: datetime) -> bool:
    return any(
        one.provider in (None, episode.provider) and one.start <= until + LATE and episode.opened <= one.end
        for day in told
        for one in day.alerts or ()
    )


def _silent(seen: Seen, told: Sequence[Observation], provider: str) -> TicketDraft | None:
    """Real opens, on days whose alerts are known, with no alert from the opening until ten minutes after the close."""
    silent = [
        each
        for each in seen.episodes
        if each.provider == provider
        and any(day.window.start < each.opened <= day.window.end - LATE for day in told)
        and _real(seen, each)
        and not _answered(told, each, each.closed or seen.last)
    ]
    if not silent:
        return None
    loaded = sorted({rule.name for day in told for rule in day.alert_rules or ()})
    known = [day for day in told if day.alert_rules is not None]
    rules = f"Loaded rules: {', '.join(loaded)}" if loaded else "No alert rule was loaded"
    expected = any(each.classification == "expected" for each in silent)
    count = f"{len(silent)} open{'s' if len(silent) != 1 else ''}"
    return TicketDraft(
        fingerprint=fingerprint("silent-open", seen.state.target.tenant, provider),
        kind=KIND,
        title=f"Circuit to {provider} opened without an alert",
        priority=TicketPriority.HIGH if expected else TicketPriority.MEDIUM,
        signal=f"{count} of the circuit to {provider}, each real, and no alert fired",
        last_seen=silent[-1].opened,
        body=TicketBody(
            issue=f"The circuit to {provider} was open, and nobody was told.",
            context=context(seen, (provider,)),
            current=(f"{count} without an alert from the opening until 10 minutes after the close",),
            expected=("RouterCircuitBreakerOpened fires for each real open",),
            evidence=some(
                (
                    *(
                        f"{each.id}: opened {at(each.opened)}, "
                        f"{'not closed' if each.closed is None else f'closed {at(each.closed)}'}, {each.classification}"
                        for each in silent
                    ),
                    rules if known else "Which rules were loaded is unknown",
                )
            ),
            queries=queries(seen, "ALERTS", "transitions"),
            proposal=(
                "Load rules that count births of series: cbops alerts render; check: cbops alerts check FILE",
            ),
            user_impact="An outage goes unnoticed for longer",
            system_impact="None",
            business_impact="Operations can't rely on the alerts, which the next phase needs",
            checklist=(
                "Check that the rules are loaded and their expressions match series",
                "Correct the rules: cbops alerts check FILE",
                "See the next open with its alert",
            ),
        ),
    )
