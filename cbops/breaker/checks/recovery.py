"""Policy checks: whether the circuit closes again, and stays closed."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cbops.breaker.checks.data import (
    NO_TRAFFIC,
    SMALL_CHANCE,
    Subject,
    counted,
    percent,
    successes_beside,
    wedge_chance,
)
from cbops.model.checking import Level, PolicyFinding

# From here on a half-open circuit is likelier to wedge than to close.
_LIKELY = 0.5
_MOST_PROBES = 50


def never_closes(subject: Subject) -> Iterator[PolicyFinding]:
    """Fewer probes than the successes that closing takes."""
    successes, probes = subject.settings.success_threshold, subject.settings.half_open_max_calls
    if probes <= 0:
        why = f"half_open_max_calls {probes} lets no probe through"
    elif successes > probes:
        why = f"success_threshold {successes} is more than half_open_max_calls {probes}"
    else:
        return
    yield PolicyFinding(
        code="never_closes",
        level="error",
        sentence=f"{why}: on its probes the circuit can never close, and once half-open it denies for ever",
        fix=f"Set half_open_max_calls to {max(successes, 1) + 1} or more.",
    )


def no_tolerance(subject: Subject) -> Iterator[PolicyFinding]:
    """As many probes as the successes that closing takes."""
    successes, probes = subject.settings.success_threshold, subject.settings.half_open_max_calls
    if successes == probes > 0:
        yield PolicyFinding(
            code="no_lost_probe_tolerance",
            level="warning",
            sentence=f"success_threshold {successes} needs every one of half_open_max_calls {probes}: one probe that ends "
            "as a 4xx, is cancelled or lost leaves the circuit half-open for ever" + _unknown_shares(subject),
            fix=f"Set half_open_max_calls to {probes + 1} or more.",
        )


def wedge_risk(subject: Subject) -> Iterator[PolicyFinding]:
    """How often the shares of ignored and lost results use up the probes."""
    facts, share = subject.facts, subject.facts.unrecorded_share
    successes, probes = max(subject.settings.success_threshold, 1), subject.settings.half_open_max_calls
    if share is None or successes > probes:
        return
    chance = wedge_chance(probes, successes, share)
    if chance <= 0:
        return
    partly = facts.ignored_share is None or facts.lost_share is None
    missing = "ignored" if facts.ignored_share is None else "lost"
    level: Level = "info" if chance < SMALL_CHANCE else "warning" if chance < _LIKELY else "error"
    yield PolicyFinding(
        code="wedge_risk",
        level=level,
        sentence=f"{percent(share)} of the requests end without a result that the breaker records"
        + (f" (the share of {missing} ones is unknown)" if partly else "")
        + f": when more than {probes - successes} of {counted(probes, 'probe')} do, the circuit stays half-open for "
        f"ever; that is {percent(chance)} of the recoveries" + (" at least" if partly else ""),
        fix=_more_probes(successes, probes, share),
    )


def closes_while_probing(subject: Subject) -> Iterator[PolicyFinding]:
    """The first success closes the circuit while other probes are out."""
    successes, probes = subject.settings.success_threshold, subject.settings.half_open_max_calls
    if successes <= 1 < probes:
        yield PolicyFinding(
            code="closes_while_probing",
            level="warning",
            sentence=f"success_threshold {successes} closes the circuit on the first good probe while up to "
            f"{counted(probes - 1, 'other probe')} of half_open_max_calls {probes} may still run; their failures then "
            "count against the closed circuit",
            fix="Set success_threshold to 2 or more.",
        )


def residue(subject: Subject) -> Iterator[PolicyFinding]:
    """The failures that opened the circuit are still in the window when it closes."""
    settings = subject.settings
    window_ms = settings.error_rate_window_seconds * 1000
    if settings.failure_threshold <= 1 or not subject.rate_acts or settings.timeout_ms > window_ms:
        return
    failures, successes = settings.failure_threshold + 1, max(settings.success_threshold, 1)
    rate = failures / (failures + successes)
    reaches = rate >= settings.error_rate_threshold
    probes = counted(successes, "good probe")
    then = (
        f"one new failure can reopen it: after {settings.failure_threshold} failures, {probes} and one more failure "
        f"the error rate is {rate:.2f}"
        if reaches
        else "they count towards reopening it, the more so when failures still come in while it is open"
    )
    shorter = math.ceil(settings.timeout_ms / 1000) - 1
    yield PolicyFinding(
        code="residue_reopens",
        level="warning" if reaches else "info",
        sentence=f"timeout_ms {settings.timeout_ms} is not longer than the window of "
        f"{settings.error_rate_window_seconds} s, which survives closing: the failures that opened the circuit can "
        f"still be in it, and {then}",
        fix=f"Set timeout_ms above {window_ms}"
        + (f", or error_rate_window_seconds to {shorter} or less." if shorter > 0 else "."),
    )


def flapping(subject: Subject) -> Iterator[PolicyFinding]:
    """What makes the circuit open and close by turns."""
    yield from _reopens_at_once(subject)
    yield from _denies_nothing(subject)


def late_results(subject: Subject) -> Iterator[PolicyFinding]:
    """Results of requests sent before the circuit opened arrive in half_open."""
    longest, timeout = subject.facts.longest_latency_ms, subject.settings.timeout_ms
    if longest is not None and timeout < longest:
        yield PolicyFinding(
            code="timeout_below_latency",
            level="warning",
            sentence=f"timeout_ms {timeout} is shorter than the longest request in flight ({longest:.10g} ms): results of "
            "requests sent before the circuit opened can decide the half-open state instead of its probes",
            fix=f"Set timeout_ms to {math.ceil(longest)} or more.",
        )


def _unknown_shares(subject: Subject) -> str:
    unknown = subject.facts.unrecorded_share is None
    return "; how often that happens here is unknown" if unknown else ""


def _more_probes(successes: float, probes: float, share: float) -> str:
    if wedge_chance(probes, successes, share) < SMALL_CHANCE:
        return "None is needed. An operator's call or a restart frees a wedged circuit."
    for more in range(int(probes) + 1, _MOST_PROBES + 1):
        chance = wedge_chance(more, successes, share)
        if chance < SMALL_CHANCE:
            return f"Set half_open_max_calls to {more} or more: {percent(chance)} of the recoveries then."
    return (
        f"No half_open_max_calls up to {_MOST_PROBES} makes it rare. Lower success_threshold, or find out why so "
        "many requests end so."
    )


def _reopens_at_once(subject: Subject) -> Iterator[PolicyFinding]:
    """A single failure outweighs the good probes that have just closed the circuit, in a clean window too."""
    settings = subject.settings
    successes = max(settings.success_threshold, 1)
    if settings.failure_threshold <= 1:
        why = f"failure_threshold {settings.failure_threshold}"
        fix = "Set failure_threshold to 3 or more."
    elif subject.rate_acts and successes <= (most := successes_beside(1, settings.error_rate_threshold)):
        why = f"an error rate of {1 / (successes + 1):.2f}, which reaches {settings.error_rate_threshold}"
        fix = f"Set success_threshold to {most + 1} or more, or raise error_rate_threshold."
    else:
        return
    yield PolicyFinding(
        code="flapping",
        level="warning",
        sentence=f"after {counted(successes, 'good probe')} the circuit closes, and one failure next reopens it ({why}): "
        f"a provider that fails now and then makes it open and close by turns, each time for timeout_ms "
        f"{settings.timeout_ms}",
        fix=fix,
    )


def _denies_nothing(subject: Subject) -> Iterator[PolicyFinding]:
    """An open state too short to keep a request away from the provider."""
    timeout, busy = subject.settings.timeout_ms, subject.facts.busy
    turns = "most requests in an outage are probes, so it goes open and half-open by turns and denies few"
    if timeout <= 0:
        sentence = (
            f"timeout_ms {timeout} ends the open state with the next request: it goes half-open at once"
        )
        fix = "Set timeout_ms to 30000 or more."
    elif busy is None or busy.rpm * timeout >= 60_000:
        return
    elif busy.rpm < NO_TRAFFIC:
        sentence = (
            f"{busy.name} has no traffic, and timeout_ms {timeout} passes between two requests: {turns}"
        )
        fix = "Expect nothing to observe, and little protection, at this traffic."
    else:
        apart = math.ceil(60_000 / busy.rpm)
        sentence = (
            f"timeout_ms {timeout} is shorter than the {apart} ms between two requests in {busy}: {turns}"
        )
        fix = f"Expect little protection at this traffic, or set timeout_ms above {apart}."
    yield PolicyFinding(code="flapping", level="warning", sentence=sentence, fix=fix)
