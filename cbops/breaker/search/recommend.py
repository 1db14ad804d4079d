"""What is recommended, in sentences: the rule's way to the policy, and what it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cbops.breaker.checks.data import counted, percent
from cbops.breaker.forecast.opened import NEVER
from cbops.breaker.forecast.words import span
from cbops.breaker.search.board import Board, Figures, figures
from cbops.breaker.search.rule import Choice, Order, choose
from cbops.breaker.search.space import WEDGE_CHANCE, Candidate
from cbops.model.space import SearchSpace
from cbops.model.tuning import Recommended

# A handful of outages is told with the recommendation.
FEW_OUTAGES = 3

NO_OUTAGE = (
    "The traffic holds no outage: whether a policy opens when it must, and how soon, can't be judged, and the policy "
    "that opens least would look best. Search traffic with an outage in it, or declare one with --incidents."
)
NOTHING_FITS = "No policy of the search space was scored, so there is nothing to choose from."


@dataclass(frozen=True, slots=True)
class Field:
    """The scored policies: what they did, who they are, and the places of the current and of the usual one.

    `current` is the live policy, else the base; its `name` says which.
    """

    board: Board
    candidates: Sequence[Candidate]
    order: Order
    current: int
    usual: int
    name: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is recommended; `choice` null: the rule could not be applied."""

    recommended: Recommended
    choice: Choice | None
    sentence: str


def recommend(field: Field) -> Verdict:
    """Apply the rule, and say how it came out; nothing is recommended without an outage in the traffic."""
    seen = figures(field.board)
    if not seen.outages:
        sentence = "nothing is recommended: the traffic holds no outage"
        return Verdict(Recommended(block=None, reasons=(NO_OUTAGE,)), None, sentence)
    if not any(each.in_space for each in field.candidates):
        return Verdict(
            Recommended(block=None, reasons=(NOTHING_FITS,)),
            None,
            f"nothing is recommended: {NOTHING_FITS[0].lower()}{NOTHING_FITS[1:-1]}",
        )
    choice = choose(field.board, seen, field.order)
    way = _way(field, seen, choice)
    if choice.chosen == field.current:
        stays = f"The {field.name} policy stays: it is among those that the rule leaves."
        told = Recommended(block=None, reasons=(stays, way, *_caveats(seen)))
        return Verdict(told, choice, f"no policy does better than the {field.name} one")
    block = {**field.candidates[choice.chosen].block, "enabled": True}
    reasons = [
        (
            f"Against the {field.name} policy ({_changes(field, field.current, choice.chosen)}): "
            f"{_compared(field, seen, field.current, choice.chosen)}."
        )
    ]
    if field.usual not in (field.current, choice.chosen):
        reasons.append(
            f"Against the middle of the band ({_changes(field, field.usual, choice.chosen)}): "
            f"{_compared(field, seen, field.usual, choice.chosen)}."
        )
    sentence = f"{_changes(field, field.current, choice.chosen)}: {_gain(field, seen, choice)}"
    return Verdict(Recommended(block=block, reasons=(*reasons, way, *_caveats(seen))), choice, sentence)


def _gain(field: Field, seen: Figures, choice: Choice) -> str:
    """What the current policy lost by: the first step of the rule that it did not pass."""
    before, after = field.current, choice.chosen
    if not choice.safe[before]:
        return f"chance of a wedge {_risk(field.board, before)} → {_risk(field.board, after)}"
    if not choice.catching[before]:
        return f"{seen.missed[before]:,} → {seen.missed[after]:,} of {counted(seen.outages, 'outage')} missed"
    if not choice.quiet[before]:
        return f"{seen.opens[before]:,} → {counted(int(seen.opens[after]), 'open')} that no outage explains"
    return f"{seen.wrong[before]:,} → {seen.wrong[after]:,} requests treated wrongly"


def _way(field: Field, seen: Figures, choice: Choice) -> str:
    """How many were left after each step of the rule."""
    opens, wrong = int(seen.opens[choice.quiet].min()), int(seen.wrong[choice.alike].min())
    keeps = field.board.wedged[choice.chosen] == 0 and field.board.wedge_chance[choice.chosen] <= WEDGE_CHANCE
    safe = (
        f"chance of a wedge at most {100 * WEDGE_CHANCE:g} %"
        if keeps
        else f"the smallest chance there is; none keeps to {100 * WEDGE_CHANCE:g} %"
    )
    last = (
        "of these it is the one in use"
        if choice.chosen == field.current
        else "of these, without those that another of them beats in everything, it is the nearest to what is usual for the "
        "traffic"
    )
    return (
        f"Of {counted(int(field.order.eligible.sum()), 'policy', 'policies')}, {choice.safe.sum()} are left by the "
        f"wedge rule ({safe}), {choice.catching.sum()} of these by the outages missed (at most "
        f"{int(seen.missed[choice.catching].max())} of {seen.outages}), {choice.quiet.sum()} by the fewest opens that no "
        f"outage explains ({opens}), {choice.alike.sum()} by the fewest requests treated wrongly ({wrong:,}; {seen.stray:,} fail "
        f"outside any outage); {last}."
    )


def _changes(field: Field, before: int, after: int) -> str:
    """`failure_threshold 5 → 8, timeout_ms 30000 → 60000`."""
    old, new = field.candidates[before].numbers, field.candidates[after].numbers
    names = SearchSpace.model_fields
    return ", ".join(
        f"{name} {was} → {now}" for name, was, now in zip(names, old, new, strict=True) if was != now
    )


def _compared(field: Field, seen: Figures, before: int, after: int) -> str:
    board = field.board
    told = [
        f"opens that no outage explains {seen.opens[before]:,} → {seen.opens[after]:,}",
        f"outages missed {seen.missed[before]:,} → {seen.missed[after]:,} of {seen.outages:,}",
        f"good calls rejected {seen.rejected[before]:,} → {seen.rejected[after]:,}",
        f"failing calls let through {seen.through[before]:,} → {seen.through[after]:,}",
        f"time to open {_time(board.opened_after[before])} → {_time(board.opened_after[after])}",
        f"chance of a wedge {_risk(board, before)} → {_risk(board, after)}",
    ]
    return ", ".join(told)


def _time(ms: int) -> str:
    return "never in half the outages" if ms == NEVER else span(ms)


def _risk(board: Board, place: int) -> str:
    wedged = int(board.wedged[place])
    return f"{counted(wedged, 'wedge')} seen" if wedged else percent(float(board.wedge_chance[place]))


def _caveats(seen: Figures) -> tuple[str, ...]:
    if seen.outages >= FEW_OUTAGES:
        return ()
    return (
        f"The traffic holds only {counted(seen.outages, 'outage')}: what opens in time in it may not in the next.",
    )
