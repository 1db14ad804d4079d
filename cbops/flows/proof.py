"""`journal verify`: the chain, its head, its evidence and its seals; and what stands outside of the folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from cbops.errors import InputError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort
from cbops.flows.steps.anchors import Anchored, anchor_problem, anchors
from cbops.flows.steps.wording import plural
from cbops.journal.files import JOURNAL, mapped
from cbops.journal.forks import Fork, compare
from cbops.journal.seals import seal_problem, seals_of
from cbops.journal.verification import Verification
from cbops.journal.verification import verify as verify_journal
from cbops.model.answers.record import (
    AnchorsFound,
    ForkFound,
    ForkSide,
    JournalProblem,
    JournalVerifyAnswer,
    SealFound,
)
from cbops.model.events import Entry, RolloutOpened
from cbops.model.events_change import RollbackIntended
from cbops.model.seal import Seal


@dataclass(frozen=True, slots=True)
class Against:
    """What the record is held against, besides itself. `keys`: trusted public keys by name.

    `key` is one that must have sealed it, `seals` are files with seals that were kept elsewhere, `other` is another
    copy, `admin` the router that keeps anchors (null: it isn't asked).
    """

    keys: dict[str, str] = field(default_factory=dict)
    key: str | None = None
    seals: tuple[Path, ...] = ()
    other: Path | None = None
    admin: Callable[[], AdminPort] | None = None


@dataclass(slots=True)
class _Told:
    """What accumulates on the way."""

    problems: list[JournalProblem]
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def wrong(self, file: str, line: int | None, message: str) -> None:
        self.problems.append(JournalProblem(file=file, line=line, message=message))


def verify(folder: Path, against: Against | None = None) -> Outcome[JournalVerifyAnswer]:
    """Prove the record; exit status 7 when anything is wrong.

    Errors: AdminError where the router was to be asked and can't be, InputError for a file that can't be read.
    """
    wanted = against or Against()
    found = verify_journal(folder)
    told = _Told([JournalProblem(file=p.file, line=p.line, message=p.message) for p in found.problems])
    rollout = _rollout(found, folder)
    seals = _seals(found, rollout, wanted, told)
    _kept_seals(found, rollout, wanted, told)
    fork = _fork(folder, wanted.other, told) if wanted.other is not None else None
    anchored = _anchors(found, rollout, wanted.admin(), told) if wanted.admin is not None else None
    problems = tuple(told.problems)
    return Outcome(
        data=JournalVerifyAnswer(
            rollout=folder.name,
            ok=not problems,
            entries=found.entries,
            head=found.head_status,
            evidence_files=found.evidence,
            problems=problems,
            last_hash=found.last_hash,
            seals=seals,
            fork=fork,
            anchors=anchored,
        ),
        headline=_headline(folder.name, found, problems),
        body=(
            *(f"  {p.file}{f', line {p.line}' if p.line else ''}: {p.message}" for p in problems),
            *told.lines,
        ),
        warnings=tuple(told.warnings),
        next_step=_next(found, problems),
        exit_status=7 if problems else 0,
    )


def _headline(name: str, found: Verification, problems: Sequence[JournalProblem]) -> str:
    if not found.ok:
        return f"The journal of {name} is damaged: {plural(len(problems), 'problem')}."
    if problems:
        return f"The journal of {name} fits itself, and not what it was held against: {plural(len(problems), 'problem')}."
    return (
        f"The journal of {name} is whole: {plural(found.entries, 'event')}, "
        f"{plural(found.evidence, 'evidence file')}, each as its hash says."
    )


def _next(found: Verification, problems: Sequence[JournalProblem]) -> str:
    if not problems:
        return "See it: cbops journal show"
    if not found.ok:
        return "Restore the folder from version control or a backup."
    return "Find out which copy is the right one; keep both until then."


def _rollout(found: Verification, folder: Path) -> str:
    """The id that the journal says it is of; the folder's name where it says none."""
    first = found.readable[0].event if found.readable else None
    return first.rollout if isinstance(first, RolloutOpened) else folder.name


def _seals(found: Verification, rollout: str, wanted: Against, told: _Told) -> tuple[SealFound, ...]:
    """Each seal in the journal: whose, how far, and whether it fits."""
    names = {key: name for name, key in wanted.keys.items()}
    listed = []
    for entry, seal in seals_of(rollout, found.readable):
        problem = seal_problem(seal, rollout, found.hashes)
        if problem is None and seal.covers >= entry.seq:
            problem = "it covers itself"
        name = names.get(seal.key)
        known = name is not None or seal.key == wanted.key
        listed.append(
            SealFound(
                event=entry.seq,
                covers=seal.covers,
                key=seal.key,
                name=name,
                known=known,
                sealed_at=seal.sealed_at,
                by=entry.actor,
                ok=problem is None,
            )
        )
        if problem is not None:
            told.wrong(JOURNAL, entry.seq, f"the seal of event {entry.seq} is bad: {problem}")
            continue
        if not known:
            told.warnings.append(
                f"the seal of event {entry.seq} is by a key that is not known here ({seal.key}): "
                "anybody can make one. Name keys that you trust: --key, or signing.trusted"
            )
        whose = name or ("the key of --key" if known else "an unknown key")
        told.lines.append(
            f"  events 1 to {seal.covers} are sealed by {whose} ({seal.key[:16]}…), "
            f"{seal.sealed_at:%Y-%m-%d %H:%M} UTC"
        )
    _coverage(found, listed, wanted, told)
    return tuple(listed)


def _coverage(found: Verification, listed: Sequence[SealFound], wanted: Against, told: _Told) -> None:
    """What came after the last seal that holds, and a key whose seal is missing."""
    holding = [seal for seal in listed if seal.ok]
    if wanted.key is not None and not any(seal.key == wanted.key for seal in holding) and not wanted.seals:
        told.wrong(
            JOURNAL,
            None,
            f"no seal in it is by the key {wanted.key[:16]}…: it was never sealed with it, or rewritten",
        )
    known = [seal for seal in holding if seal.known]
    if not listed:
        return
    last = max((seal.covers for seal in known or holding), default=0)
    after = len(found.hashes) - last
    which = "seal by a known key" if known else "seal that holds"
    told.lines.append(f"  after the last {which}: {plural(after, 'event')} (from event {last + 1})")


def _kept_seals(found: Verification, rollout: str, wanted: Against, told: _Told) -> None:
    """Seals that were kept outside of the folder."""
    trusted = {*wanted.keys.values(), *([wanted.key] if wanted.key else [])}
    for path in wanted.seals:
        seal = _read_seal(path)
        problem = seal_problem(seal, rollout, found.hashes)
        if problem is None and wanted.key is not None and seal.key != wanted.key:
            problem = f"it is by another key than the one of --key ({seal.key[:16]}…)"
        if problem is not None:
            told.wrong(path.name, None, problem)
            continue
        told.lines.append(f"  events 1 to {seal.covers} are as the seal in {path} says")
        if seal.key not in trusted:
            told.warnings.append(f"the seal in {path} is by a key that is not known here ({seal.key})")


def _read_seal(path: Path) -> Seal:
    with mapped(path, "read"), path.open("rb") as file:
        raw = file.read(10_000)
    try:
        return Seal.model_validate_json(raw)
    except ValidationError as error:
        raise InputError(
            f"{path} holds no seal", hint="Name a file that was written by: cbops journal seal --out FILE"
        ) from error


def _fork(folder: Path, other: Path, told: _Told) -> ForkFound:
    """Another copy of the journal: itself proven, and compared."""
    place = other / folder.name if not (other / JOURNAL).is_file() else other
    there = verify_journal(place)
    for problem in there.problems:
        told.wrong(f"{place}/{problem.file}", problem.line, problem.message)
    fork = compare(folder, place)
    told.lines.append(f"  {_fork_words(fork, place)}")
    if fork.relation in ("forked", "unrelated"):
        told.wrong(JOURNAL, fork.common + 1, _fork_problem(fork, place))
    return ForkFound(
        folder=str(place),
        relation=fork.relation,
        common=fork.common,
        here=_side(fork.here),
        there=_side(fork.there),
    )


def _fork_words(fork: Fork, place: Path) -> str:
    more = abs(fork.here_count - fork.there_count)
    return {
        "same": f"the same {plural(fork.common, 'event')} as in {place}",
        "ahead": f"{plural(more, 'event')} ahead of {place}, which has the first {fork.common}",
        "behind": f"{plural(more, 'event')} behind {place}, which has all of this one",
        "forked": f"forked from {place} after event {fork.common}",
        "unrelated": f"no event in common with {place}",
    }[fork.relation]


def _fork_problem(fork: Fork, place: Path) -> str:
    if fork.relation == "unrelated":
        return f"it has no event in common with the journal in {place}: another rollout, or rewritten from the start"
    return (
        f"it and the journal in {place} have the first {plural(fork.common, 'event')} in common and go on differently: "
        f"here {_event_words(fork.here)}; there {_event_words(fork.there)}"
    )


def _event_words(entry: Entry | None) -> str:
    if entry is None:
        return "a line that can't be read"
    account = f" ({entry.system.words})" if entry.system else ""
    return f"'{entry.event.type}' by {entry.actor}{account}, {entry.at:%Y-%m-%d %H:%M:%S} UTC"


def _side(entry: Entry | None) -> ForkSide | None:
    if entry is None:
        return None
    return ForkSide(
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor,
        system=entry.system.words if entry.system else None,
        type=entry.event.type,
    )


def _anchors(found: Verification, rollout: str, admin: AdminPort, told: _Told) -> AnchorsFound:
    """The head hashes that the router keeps in the comments of the writes."""
    first = found.readable[0].event if found.readable else None
    if not isinstance(first, RolloutOpened):
        raise InputError(
            "the journal's first event can't be read, so which policies have anchors is unknown",
            hint="Restore the folder, then hold it against the router.",
        )
    target = first.target
    policies = {target.policy: None} | {
        entry.event.policy: None
        for entry in found.readable
        if isinstance(entry.event, RollbackIntended) and entry.event.tenant == target.tenant
    }
    kept = anchors(admin, target.tenant, policies, rollout)
    fitting = [each for each in kept if _fits(each, found.hashes, told)]
    through = max((each.anchor.seq for each in fitting), default=None)
    if kept:
        told.lines.append(
            f"  the router's history: {plural(len(kept), 'anchor')}, {len(fitting)} as the journal says"
            + (f", the last at event {through}" if through else "")
        )
    else:
        told.warnings.append(
            "the router's history holds no anchor of this rollout: nothing was written by it, "
            "it was written by an earlier release, or the router keeps no comments"
        )
    return AnchorsFound(found=len(kept), fitting=len(fitting), through=through)


def _fits(kept: Anchored, hashes: Sequence[str], told: _Told) -> bool:
    problem = anchor_problem(kept.anchor, hashes)
    if problem is not None:
        told.wrong(
            JOURNAL, kept.anchor.seq, f"version {kept.version} of {kept.policy} says otherwise: {problem}"
        )
    return problem is None
