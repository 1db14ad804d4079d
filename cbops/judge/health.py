"""Why a circuit opened: each open is expected, unexpected or unexplained, with the evidence.

Source: the success criteria of phase 1 (opens only during actual provider failures). Evidence is
taken in this order: declared incidents; the control tenants on that provider at that time; only then
the canary's own results. A person's word decides what is still unexplained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cbops.judge.case import Case
from cbops.judge.cells import NO_ROW, Cell
from cbops.judge.numbers import rounded
from cbops.judge.outages import Tally, tally
from cbops.judge.settings import AFTER_OPENING_MS, INCIDENT_SLACK_MS, MIN_FAILURES
from cbops.model.base import from_ms, iso, to_ms
from cbops.model.observation import Episode
from cbops.model.policy import BreakerPolicy
from cbops.model.verdict import ClassifiedEpisode

# failing and healthy are shown with confidence; unclear: neither; conflicting: controls disagree;
# none: no results at all
Finding = Literal["failing", "healthy", "unclear", "conflicting", "none"]


@dataclass(frozen=True, slots=True)
class Window:
    """The time around an opening: it lies in (after, opened]; evidence comes from (start, end]."""

    start: int
    after: int
    opened: int
    end: int


def opening_window(case: Case, episode: Episode) -> Window:
    """From the error-rate window before the opening to five minutes after it."""
    opened = to_ms(episode.opened)
    after = to_ms(episode.opened_after) if episode.opened_after is not None else opened - INCIDENT_SLACK_MS
    policy = case.policy or BreakerPolicy()
    start = after - max(0, policy.error_rate_window_seconds) * 1000
    return Window(start=start, after=after, opened=opened, end=min(opened + AFTER_OPENING_MS, case.until))


def _incident(case: Case, episode: Episode, window: Window) -> dict[str, Any] | None:
    for outage in case.provider(episode.provider).incidents:
        before = outage.start - INCIDENT_SLACK_MS <= window.opened
        if before and window.after <= outage.end + INCIDENT_SLACK_MS:
            return {"from": iso(from_ms(outage.start)), "to": iso(from_ms(outage.end))}
    return None


def _buckets(cells: Sequence[Cell]) -> tuple[Tally, ...]:
    """One tally a bucket; the cells may be several tenants'."""
    by: dict[int, list[Cell]] = {}
    for cell in cells:
        by.setdefault(cell.start, []).append(cell)
    return tuple(tally(by[start], start, by[start][0].end) for start in sorted(by))


def _finding(buckets: tuple[Tally, ...], window: Window, threshold: float, usual: float) -> Finding:
    """Failing: some bucket clearly was. Healthy: those of the opening were, and none stands out."""
    if not any(bucket.results for bucket in buckets):
        return "none"
    if any(bucket.failing(threshold) for bucket in buckets):
        return "failing"
    opening = [b for b in buckets if b.start < window.opened and window.after < b.end]
    together = Tally(
        window.start, window.end, sum(b.failures for b in opening), sum(b.results for b in opening)
    )
    stands_out = any(
        bucket.failures >= MIN_FAILURES and bucket.bounds[0] > 2 * max(usual, 0.005) for bucket in buckets
    )
    if together.results and together.bounds[1] < threshold and not stands_out:
        return "healthy"
    return "unclear"


def _controls(case: Case, episode: Episode, window: Window) -> dict[str, Any]:
    provider = case.provider(episode.provider)
    usual, threshold = provider.usual, provider.threshold
    buckets = _buckets([cell for row in provider.controls for cell in row.within(window.start, window.end)])
    finding = _finding(buckets, window, threshold, usual)
    tenants: dict[str, Finding] = {}
    for tenant, rows in case.observed.controls.items():
        row = rows.get(episode.provider, NO_ROW).within(window.start, window.end)
        tenants[tenant] = _finding(_buckets(tuple(row)), window, threshold, usual)
    if finding in ("failing", "healthy") and {"failing", "healthy"} <= set(tenants.values()):
        finding = "conflicting"
    return {
        "finding": finding,
        "threshold": rounded(threshold),
        "usual_rate": rounded(usual),
        "tenants": dict(tenants),
        "buckets": [bucket.as_evidence() for bucket in buckets],
    }


def _own(case: Case, episode: Episode, window: Window) -> dict[str, Any]:
    """The canary's own results, without the one failure that every opening needs."""
    provider = case.provider(episode.provider)
    row = case.observed.canary.get(episode.provider, NO_ROW)
    usual, threshold = provider.own_usual, provider.own_threshold
    raw = _buckets(tuple(row.within(window.start, window.end)))
    buckets = tuple(
        Tally(b.start, b.end, max(0, b.failures - 1), b.results - min(1, b.failures)) for b in raw
    )
    return {
        "finding": _finding(buckets, window, threshold, usual),
        "threshold": rounded(threshold),
        "usual_rate": rounded(usual),
        "buckets": [bucket.as_evidence() for bucket in raw],
        "without": "one failure a bucket, as an opening is only looked at because of a failure",
    }


def _person(case: Case, episode: Episode) -> dict[str, Any] | None:
    words = [r for r in case.state.classifications if r.classified.episode == episode.id]
    if not words:
        return None
    last = words[-1]
    return {
        "classification": last.classified.classification,
        "by": last.actor,
        "at": iso(last.at),
        "reason": last.classified.reason,
    }


def _sum(buckets: list[dict[str, Any]]) -> str:
    """'496 of 551' over the bucket that failed most."""
    worst = max(buckets, key=lambda bucket: bucket["rate"] or 0.0)
    return f"{worst['failures']} of {worst['results']} calls failed in its worst five minutes"


_BY_FINDING: dict[Finding, Literal["expected", "unexpected", "unexplained"]] = {
    "failing": "expected",
    "healthy": "unexpected",
    "unclear": "unexplained",
    "conflicting": "unexplained",
    "none": "unexplained",
}


def _not_shared(controls: list[dict[str, Any]], own: list[dict[str, Any]]) -> bool:
    """Whether the controls, too few to show health, still rule out the rate at which the canary failed.

    In each of the buckets in which the canary plainly failed the controls had results, and those speak
    for less than half its rate, with confidence: what failed wasn't the provider as others saw it.
    """
    others = {bucket["from"]: bucket for bucket in controls}
    failed = [bucket for bucket in own if bucket["failures"] > MIN_FAILURES]
    return bool(failed) and all(
        (other := others.get(bucket["from"])) is not None
        and other["results"] > 0
        and other["upper"] < bucket["lower"] / 2
        for bucket in failed
    )


def _measured(evidence: dict[str, Any], provider: str) -> tuple[str, str, str]:
    """(classification, source, sentence) from the controls, else from the canary's own results."""
    controls, own = evidence["controls"], evidence["canary"]
    finding: Finding = controls["finding"]
    if finding == "conflicting":
        return "unexplained", "controls", f"Control tenants disagree about {provider} at that time."
    if finding in ("failing", "healthy"):
        word = "was failing" if finding == "failing" else "was healthy"
        return (
            _BY_FINDING[finding],
            "controls",
            f"{provider} {word} for the control tenants: {_sum(controls['buckets'])}.",
        )
    if finding == "unclear" and any(b["failures"] >= MIN_FAILURES for b in controls["buckets"]):
        return (
            "unexplained",
            "controls",
            f"{provider} failed more than usual for the control tenants, not plainly: {_sum(controls['buckets'])}.",
        )
    finding = own["finding"]
    if finding == "failing" and _not_shared(controls["buckets"], own["buckets"]):
        text = (
            f"{provider} failed for the canary ({_sum(own['buckets'])}), but not for the control tenants "
            f"({_sum(controls['buckets'])})."
        )
        return "unexplained", "controls", text
    if finding in ("failing", "healthy"):
        word = "failing" if finding == "failing" else "healthy"
        return (
            _BY_FINDING[finding],
            "canary",
            f"No control tells; the canary's own results show {provider} {word}: {_sum(own['buckets'])}.",
        )
    return (
        "unexplained",
        "none",
        f"Nothing tells whether {provider} was failing: no incident, too few results.",
    )


def classify_open(case: Case, episode: Episode) -> ClassifiedEpisode:
    """One episode with the cause that the evidence gives it."""
    window = opening_window(case, episode)
    evidence: dict[str, Any] = {
        "window": {"from": iso(from_ms(window.start)), "to": iso(from_ms(window.end))},
        "incident": _incident(case, episode, window),
        "controls": _controls(case, episode, window),
        "canary": _own(case, episode, window),
        "person": _person(case, episode),
    }
    if evidence["incident"] is not None:
        span = f"{evidence['incident']['from']} to {evidence['incident']['to']}"
        found = ("expected", "incident", f"A declared incident of {episode.provider} from {span} covers it.")
    else:
        found = _measured(evidence, episode.provider)
    if found[0] == "unexplained" and evidence["person"] is not None:
        word = evidence["person"]
        found = (word["classification"], "person", f"{word['by']} classified it: {word['reason']}")
    classification, source, text = found
    return ClassifiedEpisode.model_validate(
        {
            "id": episode.id,
            "provider": episode.provider,
            "opened": episode.opened,
            "closed": episode.closed,
            "reopened": episode.reopened,
            "reason": episode.reason,
            "classification": classification,
            "evidence": {"source": source, "text": text, **evidence},
        }
    )


def classify_all(case: Case) -> tuple[ClassifiedEpisode, ...]:
    """Every episode, in order of opening."""
    return tuple(classify_open(case, episode) for episode in case.episodes)
