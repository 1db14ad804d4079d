"""Criterion 2: the circuit closes after the provider recovered.

Source: the success criteria of phase 1, and the breaker's rules (only a request moves an open circuit,
probes close it, half_open has no timer). The time allowed after recovery is the policy's timeout, what
its probes need at this traffic, and a margin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from cbops.judge.case import Case, Judged, counted, judged
from cbops.judge.cells import NO_ROW
from cbops.judge.numbers import rounded
from cbops.judge.outages import joined
from cbops.judge.probes import probes_ms
from cbops.judge.rehearsal import judge_without_opens
from cbops.judge.settings import (
    INCIDENT_SLACK_MS,
    OUTAGE_PAUSE_MS,
    UNASKED_RESULTS,
    UNKNOWN_SUCCESS_THRESHOLD,
    UNKNOWN_TIMEOUT_MS,
)
from cbops.model.base import from_ms, iso, to_ms
from cbops.model.observation import Episode
from cbops.model.verdict import Verdict

# met: closed in time; missed: it didn't; running: too early to say; cut: ended by a restart or unseen;
# unasked: results went on, and nothing asked the circuit
Outcome = Literal["met", "missed", "running", "cut", "unasked"]


@dataclass(frozen=True, slots=True)
class Recovery:
    """When the provider was well again (ms), by which evidence; `over` false: it still fails."""

    at: int
    source: str
    over: bool


@dataclass(frozen=True, slots=True)
class Allowance:
    """How long after recovery the circuit may take; `probes_ms` null: too few requests came so far."""

    timeout_ms: int
    probes: int
    probes_ms: int | None
    margin_ms: int

    @property
    def total_ms(self) -> int | None:
        """All together, in milliseconds."""
        return None if self.probes_ms is None else self.timeout_ms + self.probes_ms + self.margin_ms


def _outage_at(case: Case, episode: Episode, opened: int) -> tuple[int, str] | None:
    """The end of the outage that was on at the opening, by the controls, else as declared."""
    after = to_ms(episode.opened_after or episode.opened)
    provider = case.provider(episode.provider)
    for outages in (provider.control_outages, provider.incidents):
        for outage in joined(outages, OUTAGE_PAUSE_MS):
            if outage.start - OUTAGE_PAUSE_MS <= opened and after <= outage.end + INCIDENT_SLACK_MS:
                return outage.end, outage.source
    return None


def _own_failures_end(case: Case, episode: Episode, start: int, end: int) -> int | None:
    """The end of the last bucket in which at least half of the canary's own calls failed."""
    row = case.observed.canary.get(episode.provider, NO_ROW)
    bad = [c for c in row.within(start, end) if c.failure > 0 and c.failure >= c.success]
    return bad[-1].end if bad else None


def provider_recovery(case: Case, episode: Episode) -> Recovery:
    """By the controls or an incident's end; later where the canary's own probes still failed."""
    opened = to_ms(episode.opened)
    end = to_ms(episode.closed) if episode.closed is not None else case.until
    at, source = opened, "none: the provider wasn't seen failing"
    outage = _outage_at(case, episode, opened)
    if outage is not None:
        at, source = outage
    elif case.provider(episode.provider).controls:
        source = "controls: healthy at the opening"
    own = _own_failures_end(case, episode, to_ms(episode.opened_after or episode.opened), end)
    if own is not None and own > at:
        at, source = own, "canary: its own calls still failed"
    return Recovery(at=max(opened, at), source=source, over=at < case.until)


def allowance(case: Case, episode: Episode, recovered: int) -> Allowance:
    """The bound for one episode; an unknown policy has the router's defaults."""
    timeout = UNKNOWN_TIMEOUT_MS if case.policy is None else max(0, case.policy.timeout_ms)
    each = UNKNOWN_SUCCESS_THRESHOLD if case.policy is None else max(1, case.policy.success_threshold)
    # Router instances share nothing: every one of them needs its own probes.
    moves = (move for day in case.observed.days for move in day.transitions)
    instances = {move.instance for move in moves if move.provider == episode.provider}
    probes = each * max(1, len(instances))
    return Allowance(
        timeout_ms=timeout,
        probes=probes,
        probes_ms=probes_ms(case, episode.provider, recovered + timeout, probes),
        margin_ms=case.criteria.recovery_margin_seconds * 1000,
    )


def _hidden_close(case: Case, closed: int, deadline: int) -> bool:
    """Whether nothing was scraped between the deadline and the sample that showed the close."""
    gaps = [gap for day in case.observed.days for gap in day.scrape.gaps]
    return any(to_ms(gap.start) <= deadline and closed <= to_ms(gap.end) + 60_000 for gap in gaps)


def _unasked(case: Case, episode: Episode, deadline: int) -> bool:
    """Whether the circuit had nothing to say to the calls after the deadline: it can't be what holds them.

    The domain description: opens without a half-open under traffic mean a breaker that isn't asked; a
    crash of the breaker process and an operator's call close a circuit without a metric. Where fail_fast
    was never counted, its absence says nothing of a circuit that was asked.
    """
    row = case.observed.canary.get(episode.provider, NO_ROW)
    opened = to_ms(episode.opened)
    denials_counted = any(row.fail_fast)
    probed = any(cell.half_open for cell in row if cell.end > opened)
    later = row.part(row.begun(deadline), len(row))
    acted = any(later.half_open) or any(later.fail_fast)
    went_on = sum(later.success) + sum(later.failure) >= UNASKED_RESULTS
    return went_on and not acted and (denials_counted or not probed)


_UNASKED = (
    "calls went on with neither a half-open nor a fail_fast: the breaker is not being asked, "
    "or the circuit was closed without a metric (an operator's call, a crash)"
)


def _not_closed(case: Case, episode: Episode, recovery: Recovery, allowed: int | None) -> tuple[Outcome, str]:
    if not recovery.over:
        return "running", "the provider hasn't recovered yet"
    if allowed is None:
        return "running", "it is still not closed, and too few requests came to probe with"
    if case.until - recovery.at <= allowed:
        return "running", "it is still not closed, and the time allowed isn't over"
    if _unasked(case, episode, recovery.at + allowed):
        return "unasked", _UNASKED
    return "missed", "it is still not closed"


def _outcome(case: Case, episode: Episode, recovery: Recovery, allowed: int | None) -> tuple[Outcome, str]:
    if episode.closed is None:
        return _not_closed(case, episode, recovery, allowed)
    end = to_ms(episode.closed)
    late = allowed is not None and end - recovery.at > allowed
    if episode.closed_by in ("restart", "unseen"):
        how = "a restart" if episode.closed_by == "restart" else "something that no series shows"
        return ("missed" if late else "cut"), f"it was ended by {how}, not by its probes"
    if late and allowed is not None and _hidden_close(case, end, recovery.at + allowed):
        return "cut", "it closed somewhere in a gap in scraping"
    return ("missed", "it closed too late") if late else ("met", "it closed in time")


def judge_episode(case: Case, episode: Episode) -> tuple[Outcome, dict[str, Any]]:
    """How one episode ended, with every time that the verdict rests on."""
    recovery = provider_recovery(case, episode)
    bound = allowance(case, episode, recovery.at)
    outcome, why = _outcome(case, episode, recovery, bound.total_ms)
    end = to_ms(episode.closed) if episode.closed is not None else case.until
    return outcome, {
        "episode": episode.id,
        "provider": episode.provider,
        "outcome": outcome,
        "why": why,
        "opened": iso(episode.opened),
        "recovered": iso(from_ms(recovery.at)) if recovery.over else None,
        "recovered_by": recovery.source,
        "closed": None if episode.closed is None else iso(episode.closed),
        "closed_by": episode.closed_by,
        "known_until": iso(from_ms(case.until)),
        "delay_seconds": rounded(max(0, end - recovery.at) / 1000, 1),
        "allowed_seconds": None if bound.total_ms is None else rounded(bound.total_ms / 1000, 1),
        "allowed_is": {
            "timeout_ms": bound.timeout_ms,
            "probes": bound.probes,
            "probes_seconds": None if bound.probes_ms is None else rounded(bound.probes_ms / 1000, 1),
            "margin_seconds": bound.margin_ms // 1000,
            "policy": "unknown: the router's defaults" if case.policy is None else "as enabled",
        },
        "reopened": episode.reopened,
    }


def _summary(counts: dict[Outcome, int], episodes: int, standing: int) -> str:
    if standing:
        every = [counted(episodes, "episode")] if episodes else []
        every.append(f"{standing} open at enabling already")
        what = f"{counted(episodes + standing, 'circuit')} that had to close ({', '.join(every)})"
    else:
        what = counted(episodes, "episode")
    parts = [f"{counts['met']} of {what} closed in time after the provider recovered"]
    if counts["missed"]:
        parts.append(f"{counts['missed']} did not")
    if counts["running"]:
        parts.append(f"{counts['running']} still open or too early to judge")
    if counts["cut"]:
        parts.append(f"{counts['cut']} ended by a restart or unseen, which is no recovery")
    if counts["unasked"]:
        parts.append(
            f"{counts['unasked']} {'was' if counts['unasked'] == 1 else 'were'} left without being asked"
        )
    return "; ".join(parts) + "."


def judge_recovery(case: Case) -> Judged:
    """Missed beats unasked and running beat met; what a restart cut short says nothing either way.

    A circuit that was open at enabling counts like an episode: closing it is the breaker's from then on.
    """
    if not case.not_closed:
        return judge_without_opens(case)
    standing = [judge_episode(case, episode) for episode in case.standing]
    episodes = [judge_episode(case, episode) for episode in case.episodes]
    results = [*standing, *episodes]
    counts: dict[Outcome, int] = {"met": 0, "missed": 0, "running": 0, "cut": 0, "unasked": 0}
    for outcome, _ in results:
        counts[outcome] += 1
    evidence = {
        "episodes": [found for _, found in episodes],
        "open_at_enabling": [found for _, found in standing],
        "counts": dict(counts),
        **case.days_evidence(),
    }
    summary = _summary(counts, len(episodes), len(standing))
    if counts["missed"]:
        missed = [found for outcome, found in results if outcome == "missed"]
        worst = missed[0]
        allowed = (
            f"{worst['delay_seconds']:.0f} s after recovery, {worst['allowed_seconds']:.0f} s were allowed"
        )
        summary = f"{summary} {worst['episode']}: {worst['why']} ({allowed})."
        change = (
            "find why the circuit doesn't close (policy show, policy check), then roll back or correct it"
        )
        return judged("recovery", Verdict.MISSED, summary, evidence, (change,))
    if counts["unasked"]:
        left = next(found for outcome, found in results if outcome == "unasked")
        summary = f"{summary} {left['episode']}: {left['why']}."
        missing = (
            "find whether the breaker is still enabled and asked (policy show), or who closed the circuit"
        )
        return judged("recovery", Verdict.INCONCLUSIVE, summary, evidence, (missing,))
    if counts["running"]:
        missing = f"wait until {counted(counts['running'], 'episode')} closed"
        return judged("recovery", Verdict.INCONCLUSIVE, summary, evidence, (missing,))
    if counts["met"]:
        return judged("recovery", Verdict.MET, summary, evidence)
    missing = "one episode that closes on its own probes after the provider recovered"
    return judged("recovery", Verdict.INCONCLUSIVE, summary, evidence, (missing,))
