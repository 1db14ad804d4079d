"""`journal seal`: sign the head of a record that was proven whole."""

from __future__ import annotations

from pathlib import Path

from cbops.errors import ChecksFailedError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.recording import Who, recording
from cbops.flows.steps.wording import plural
from cbops.journal.files import write_atomically
from cbops.journal.signing import Signer
from cbops.journal.verification import verify
from cbops.model.answers.safeguards import JournalSealAnswer
from cbops.model.base import from_ms, iso, to_ms
from cbops.model.events_safeguards import JournalSealed
from cbops.model.seal import Seal, seal_statement


def seal(
    folder: Path, who: Who, signer: Signer, *, out: Path | None = None, created: str | None = None
) -> Outcome[JournalSealAnswer]:
    """Sign everything up to the last event, and put the seal on record as the next one.

    ChecksFailedError for a record that isn't whole: a seal would make its damage look intended.
    """
    with recording(folder, who) as (record, state):
        found = verify(folder)
        if not found.ok:
            first = found.problems[0]
            raise ChecksFailedError(
                f"not sealed: the record of {state.id} has {plural(len(found.problems), 'problem')}; "
                f"{first.file}: {first.message}",
                hint="See all: cbops journal verify",
            )
        covers, last, at = len(found.hashes), found.hashes[-1], from_ms(to_ms(who.clock.now()))
        made = Seal(
            rollout=state.id,
            covers=covers,
            hash=last,
            sealed_at=at,
            key=signer.public,
            signature=signer.sign(seal_statement(state.id, covers, last, iso(at), signer.public)),
        )
        if out is not None:
            write_atomically(out, f"{made.model_dump_json(indent=2)}\n".encode())
        event = JournalSealed(**made.model_dump(exclude={"v", "rollout"}))
        entry = record.append(event)
    return Outcome(
        data=JournalSealAnswer(
            **made.model_dump(exclude={"v"}),
            event=entry.seq,
            created=created,
            out=str(out) if out else None,
        ),
        headline=f"Sealed: events 1 to {covers} of {state.id}, with the key {made.key[:16]}….",
        body=(
            *((f"  the new private key   {created}",) if created else ()),
            f"  the public key        {made.key}",
            *((f"  the seal, to be kept  {out}",) if out else ()),
        ),
        next_step=f"Hold the record against it, now or in years: cbops journal verify --key {made.key}",
    )
