"""Policy checks: what opens the circuit, and what can't."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cbops.breaker.checks.data import (
    NO_TRAFFIC,
    SMALL_CHANCE,
    Hour,
    Subject,
    at_most,
    counted,
    percent,
    successes_beside,
)
from cbops.model.checking import Level, PolicyFinding

# The longest window of the bands that operators start from.
_LONGEST_WINDOW = 300


def window_zero(subject: Subject) -> Iterator[PolicyFinding]:
    """A window of 0 s holds one millisecond."""
    settings = subject.settings
    if settings.error_rate_window_seconds == 0 and 0 < settings.error_rate_threshold <= 1:
        yield PolicyFinding(
            code="window_zero",
            level="error",
            sentence="error_rate_window_seconds 0 keeps only results of the same millisecond: one failure is an "
            f"error rate of 1.0, reaches {settings.error_rate_threshold} and opens the circuit",
            fix="Set error_rate_window_seconds to 60 or more.",
        )


def single_failure(subject: Subject) -> Iterator[PolicyFinding]:
    """One failure opens the circuit: always, or with the few successes that this traffic leaves beside it."""
    settings = subject.settings
    if settings.failure_threshold == 1:
        yield _single_failure(
            "failure_threshold 1: every failure opens the circuit, whatever the traffic",
            "Set failure_threshold to 3 or more.",
        )
    elif settings.failure_threshold > 1 and subject.rate_acts:
        yield from _single_failure_by_rate(subject)


def shadowed(subject: Subject) -> Iterator[PolicyFinding]:
    """The error rate opens the circuit before failure_threshold is reached."""
    settings, quiet, busy = subject.settings, subject.facts.quiet, subject.facts.busy
    if settings.failure_threshold <= 1 or not subject.rate_acts:
        return
    bound = successes_beside(settings.failure_threshold - 1, settings.error_rate_threshold)
    told = (
        f"failure_threshold {settings.failure_threshold} acts before error_rate_threshold "
        f"{settings.error_rate_threshold} only when the last {settings.error_rate_window_seconds} s hold more than "
        f"{counted(bound, 'success', 'successes')}"
    )
    needed = bound * 60 / settings.error_rate_window_seconds
    fix = (
        f"Set failure_threshold lower or error_rate_threshold higher if failures in a row are to decide, or "
        f"leave it: the rate opens the circuit below about {needed:.4g} successes a minute."
    )
    if quiet is None or busy is None:
        yield _shadowed("info", f"{told}; how many they hold here is unknown", fix)
    elif subject.in_window(busy) <= bound:
        about = f"even {busy} leaves about {subject.in_window(busy):.4g} there"
        yield _shadowed("warning", f"{told}; {about}, so the rate decides first", fix)
    elif subject.in_window(quiet) <= bound:
        about = f"{quiet} leaves about {subject.in_window(quiet):.4g} there"
        yield _shadowed("info", f"{told}; {about}, so the rate decides first then", fix)
    elif subject.facts.quietest_rpm is None:
        yield _shadowed("info", f"{told}; {quiet} leaves more, but the quietest hour is unknown", fix)


def rate_never_acts(subject: Subject) -> Iterator[PolicyFinding]:
    """The error rate can open nothing."""
    settings = subject.settings
    rate, failures = settings.error_rate_threshold, settings.failure_threshold
    if rate > 1:
        meant = f"If {rate:g} % is meant, write {rate / 100:g}. " if 1 < rate <= 100 else ""
        yield _rate_never_acts(
            "warning",
            f"error_rate_threshold {rate} is above 1, which no error rate reaches: only {failures} failures in a row "
            "open the circuit",
            f"{meant}Otherwise set it above 0 and up to 1, unless the rate is switched off on purpose.",
        )
    elif settings.error_rate_window_seconds < 0 < rate:
        yield _rate_never_acts(
            "warning",
            f"error_rate_window_seconds {settings.error_rate_window_seconds} keeps no result: the error rate is always "
            f"0 and never reaches {rate}",
            "Set error_rate_window_seconds to 60 or more.",
        )
    elif failures <= 1:
        yield _rate_never_acts(
            "info",
            f"failure_threshold {failures} opens the circuit on the first failure, so error_rate_threshold {rate} never "
            "decides",
            "Set failure_threshold to 3 or more if the rate is to matter.",
        )
    elif subject.rate_acts:
        yield from _rate_too_late(subject)


def stale_streak(subject: Subject) -> Iterator[PolicyFinding]:
    """Failures in a row have no time bound, where no rate opens the circuit before they grow old.

    With a rate of 1 or less, the window holds nothing but failures once the streak is longer than the window,
    so the rate opens the circuit no later.
    """
    settings, quiet = subject.settings, subject.facts.quiet
    off = settings.error_rate_threshold > 1 or settings.error_rate_window_seconds < 0
    if not off or settings.failure_threshold <= 1:
        return
    told = (
        f"{settings.failure_threshold} failures in a row open the circuit however far apart they are, if no success "
        "is recorded between them; 4xx, cancelled and lost requests between them don't count"
    )
    if quiet is None:
        about = "how far apart requests are here is unknown"
    elif quiet.rpm < NO_TRAFFIC:
        about = f"{quiet} has no traffic, so a streak outlives it"
    else:
        span = (settings.failure_threshold - 1) / quiet.rpm
        about = f"in {quiet} that is a streak of about {span:.3g} minutes"
    yield PolicyFinding(
        code="stale_streak",
        level="warning",
        sentence=f"{told}; {about}",
        fix="Switch the error rate on (error_rate_threshold up to 1, error_rate_window_seconds above 0): it decides "
        "before a streak is longer than its window.",
    )


def _single_failure_by_rate(subject: Subject) -> Iterator[PolicyFinding]:
    settings, quiet = subject.settings, subject.facts.quiet
    seconds = settings.error_rate_window_seconds
    beside = successes_beside(1, settings.error_rate_threshold)
    most = f"at most {counted(beside, 'success', 'successes')}" if beside else "no success"
    told = (
        f"one failure opens the circuit whenever the last {seconds} s hold {most} (error_rate_threshold "
        f"{settings.error_rate_threshold}, no minimum volume)"
    )
    fix = "Make error_rate_window_seconds longer, or raise error_rate_threshold"
    if quiet is None:
        yield _single_failure(f"{told}; the traffic is unknown", f"{fix}; give the traffic to know which.")
        return
    chance = at_most(beside, subject.in_window(quiet))
    if chance >= SMALL_CHANCE:
        yield _single_failure(
            f"{told}; {quiet} leaves about {subject.in_window(quiet):.3g} results there, so {percent(chance)} of lone "
            "failures open it, if requests come independently",
            _longer_window(subject, quiet, beside),
        )
    elif subject.facts.quietest_rpm is None:
        yield _single_failure(
            f"{told}; {quiet} leaves enough, but the quietest hour is unknown",
            "Look at the quietest hour's traffic.",
            level="info",
        )


def _longer_window(subject: Subject, hour: Hour, beside: int) -> str:
    """The window that leaves enough results at this traffic, where a usual one does."""
    now = subject.settings.error_rate_window_seconds
    for seconds in range(30, _LONGEST_WINDOW + 1, 30):
        mean = subject.in_window(hour) * seconds / now
        if seconds > now and at_most(beside, mean) < SMALL_CHANCE:
            return f"Set error_rate_window_seconds to {seconds}, or raise error_rate_threshold."
    return (
        f"No window up to {_LONGEST_WINDOW} s holds enough here. Expect such opens, or set error_rate_threshold above 1, "
        f"which leaves it to {subject.settings.failure_threshold} failures in a row."
    )


def _rate_too_late(subject: Subject) -> Iterator[PolicyFinding]:
    """At this traffic, failures without failure_threshold in a row never make the rate."""
    settings, rpm = subject.settings, subject.facts.quietest_rpm
    if rpm is None:
        return
    hour = Hour(rpm, "the quietest hour")
    row = settings.failure_threshold
    # At best every success is followed by one failure less than opens; most failures at the least results.
    least = math.floor(subject.in_window(hour))
    successes = least // row
    events = successes * row + row - 1
    highest = (events - successes) / events
    if highest < settings.error_rate_threshold:
        yield _rate_never_acts(
            "info",
            f"{hour} leaves about {least} results in the last {settings.error_rate_window_seconds} s: short of {row} "
            f"failures in a row the error rate is {highest:.2f} at most there, so error_rate_threshold "
            f"{settings.error_rate_threshold} decides only when the window holds fewer",
            f"Set error_rate_threshold to {math.floor(100 * (row - 1) / row) / 100:g} or less, or failure_threshold "
            "higher, if the rate is to matter.",
        )


def _single_failure(sentence: str, fix: str, level: Level = "warning") -> PolicyFinding:
    return PolicyFinding(code="single_failure_opens", level=level, sentence=sentence, fix=fix)


def _shadowed(level: Level, sentence: str, fix: str) -> PolicyFinding:
    return PolicyFinding(code="consecutive_shadowed", level=level, sentence=sentence, fix=fix)


def _rate_never_acts(level: Level, sentence: str, fix: str) -> PolicyFinding:
    return PolicyFinding(code="rate_never_acts", level=level, sentence=sentence, fix=fix)
