"""Which measurement of a day stays on record when it is collected again.

A metrics source forgets: what is measured again after its retention has passed shows less than what
was seen in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cbops.errors import RecordError
from cbops.flows.steps.loading import observation
from cbops.flows.steps.recording import Record
from cbops.flows.steps.shadows import remembered
from cbops.model.base import iso
from cbops.model.events import DayCollected
from cbops.model.observation import Drift, Finding, Observation
from cbops.model.state import CollectedDay, RolloutState


@dataclass(frozen=True, slots=True)
class Measured:
    """A day as it was just measured, and what the live policy looked like then."""

    seen: Observation
    drift: Drift


def keep(folder: Path, record: Record, state: RolloutState, new: Measured) -> tuple[str, ...]:
    """Put a measurement on record unless it is worse than the one there; returns what to warn of.

    A policy that was seen drifted goes on record either way.
    """
    window = new.seen.window
    drift = new.drift if window.day >= 1 else None
    days = state.days if window.day >= 1 else state.baseline
    old = next((day for day in days if day.window.day == window.day), None)
    before = None if old is None else on_record(folder, old)
    if old is None or before is None or not _worse(state, before, new.seen):
        if before is not None and window.day < 1 and not new.seen.scrape.seen:
            return ()  # still nothing there
        seen = new.seen if before is None else _with_rules_of(before, remembered(before, new.seen))
        sha = record.put_evidence(seen.model_dump_json(by_alias=True) + "\n")
        record.append(DayCollected(window=window, as_of=new.seen.as_of, observation=sha, drift=drift))
        return ()
    if drift is not None and drift.drifted:
        record.append(
            DayCollected(window=old.window, as_of=old.as_of, observation=old.observation, drift=drift)
        )
    told = f"{_told(before)}; measured now it would be worse ({_told(new.seen)})"
    return (f"day {window.day}: the measurement on record stays: {told}",)


def _with_rules_of(old: Observation, new: Observation) -> Observation:
    """The new measurement; the loaded rules that the old one saw stay where they can't be asked for now."""
    if new.alert_rules is not None or old.alert_rules is None:
        return new
    findings = tuple(one for one in old.findings if one.code in ("alert_rules_many", "alert_rules_kept"))
    if not any(one.code == "alert_rules_kept" for one in findings):
        text = f"Which alert rules are loaded is not known now: those seen at {iso(old.as_of)} are kept."
        findings = (*findings, Finding(code="alert_rules_kept", message=text))
    return new.model_copy(update={"alert_rules": old.alert_rules, "findings": (*new.findings, *findings)})


def _worse(state: RolloutState, old: Observation, new: Observation) -> bool:
    """Whether less of the day was seen; what was measured after disabling is none of the day.

    More of the day may have a gap in it: then it counts that no scrape got lost.
    """
    end = old.window.end if state.disabled_at is None else min(old.window.end, state.disabled_at)
    if new.window.end < end:
        return True
    longer = new.window.end > old.window.end
    return new.scrape.coverage < old.scrape.coverage and not (longer and new.scrape.seen >= old.scrape.seen)


def _told(seen: Observation) -> str:
    return f"coverage {seen.scrape.coverage:.1%} up to {seen.window.end:%Y-%m-%d %H:%M} UTC"


def on_record(folder: Path, day: CollectedDay) -> Observation | None:
    """The measurement of a day. Null when its evidence is damaged: anything is better then."""
    try:
        return observation(folder, day)
    except RecordError:
        return None
