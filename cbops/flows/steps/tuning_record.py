"""A search on its way into a rollout's record."""

from __future__ import annotations

from pathlib import Path

from cbops.flows.steps.recording import Who, canonical, recording
from cbops.flows.steps.texts import MAX_REASON, clipped
from cbops.model.events_replay import Tuned
from cbops.model.tuning import Tuning

# Of the front, so many policies are kept as evidence: a log shows the recommended one, and nobody reads more.
MOST_KEPT = 100


def keep_tuning(folder: Path, who: Who, tuning: Tuning) -> None:
    """The search as evidence, and the event that names it. LockedError, StorageError."""
    text = canonical(brief(tuning).model_dump(mode="json"))
    with recording(folder, who) as (record, _):
        record.append(
            Tuned(
                recommended=tuning.recommended.block,
                tuning=record.put_evidence(text),
                summary=clipped(tuning.summary, 2 * MAX_REASON),
            )
        )


def brief(tuning: Tuning) -> Tuning:
    """The search with the policies that have a role and the best of the front alone; the counts stay."""
    front = [each for each in tuning.candidates if each.on_front and not each.roles][:MOST_KEPT]
    few = tuple(each for each in tuning.candidates if each.roles or each in front)
    return tuning.model_copy(update={"candidates": few})
