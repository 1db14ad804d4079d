"""A search put together: the scores, the front, what is recommended and how stable that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cbops.breaker.checks.surroundings import Band
from cbops.breaker.forecast.opened import NEVER
from cbops.breaker.search.board import Board, Counts, figures
from cbops.breaker.search.front import Flags, front
from cbops.breaker.search.recommend import Field, Verdict, recommend
from cbops.breaker.search.rule import RULE, objectives, order_of
from cbops.breaker.search.scoring import Row, Scorer
from cbops.breaker.search.searching import Ready
from cbops.breaker.search.space import Candidate, Policies
from cbops.breaker.search.stability import Step, neighbours, resampled, steps
from cbops.model.space import SearchSpace
from cbops.model.traffic import TrafficSummary
from cbops.model.tuning import PolicyScore, Role, Searched, Stability, Tuning


@dataclass(frozen=True, slots=True)
class Plan:
    """What is searched, and how its stability is judged; `current` is the role of the policy in use."""

    space: SearchSpace
    source: Literal["band", "file"]
    file: str | None
    band: Band
    policies: Policies
    base: Literal["live", "file", "rollout", "canary"]
    timezone: str
    resamples: int
    seed: int

    @property
    def current(self) -> Literal["live", "base"]:
        """Whom a recommendation must beat: the live policy where it is known, else the base."""
        return "live" if any("live" in each.roles for each in self.policies.candidates) else "base"


def tuning_of(
    ready: Ready, scorer: Scorer, plan: Plan, rows: Mapping[int, Row], summary: TrafficSummary
) -> Tuning:
    """Everything about the policies that were scored (`rows` by their places), the current one among them."""
    places = sorted(rows)
    candidates = tuple(plan.policies.candidates[place] for place in places)
    board = scorer.board([rows[place] for place in places])
    field = _field(board, candidates, plan)
    verdict = recommend(field)
    chosen = None if verdict.choice is None else verdict.choice.chosen
    near = () if chosen is None else steps(plan.space, candidates, chosen)
    flags = front(objectives(board, figures(board)))
    complete = len(rows) == len(plan.policies.candidates)
    scores = _scores(board, candidates, flags, chosen if verdict.recommended.block else None)
    return Tuning(
        traffic=summary,
        circuits=len(ready.known),
        outages=ready.outages,
        timezone=plan.timezone,
        base=plan.base,
        searched=_searched(ready, plan),
        scored=len(rows),
        complete=complete,
        front=int(flags.sum()),
        candidates=tuple(scores[place] for place in _best_first(board, field)),
        rule=RULE,
        recommended=verdict.recommended,
        stability=None if chosen is None else _stability(field, chosen, near, plan),
        neighbours=() if chosen is None else neighbours(board, chosen, near),
        summary=_summary(verdict, plan, len(rows)),
    )


def _field(board: Board, candidates: Sequence[Candidate], plan: Plan) -> Field:
    roles = {role: place for place, each in enumerate(candidates) for role in each.roles}
    current = roles[plan.current]
    order = order_of(candidates, current, plan.band)
    return Field(board, candidates, order, current, roles.get("usual", current), plan.current)


def _stability(field: Field, chosen: int, near: Sequence[Step], plan: Plan) -> Stability | None:
    return resampled(
        field.board,
        field.order,
        field.candidates,
        chosen=chosen,
        current=field.current,
        near=near,
        resamples=plan.resamples,
        generator=np.random.default_rng(plan.seed),
        seed=plan.seed,
    )


def _scores(
    board: Board, candidates: Sequence[Candidate], flags: Flags, recommended: int | None
) -> tuple[PolicyScore, ...]:
    totals = {
        name: getattr(board, name).sum(axis=1)
        for name in ("expected", "unexpected", "unexplained", "rejected", "saved", "through", "missed")
    }
    found = []
    for place, each in enumerate(candidates):
        sums = {name: int(column[place]) for name, column in totals.items()}
        roles: tuple[Role, ...] = (*each.roles, "recommended") if place == recommended else each.roles
        found.append(
            PolicyScore(
                block=each.block,
                roles=roles,
                on_front=bool(flags[place]),
                opens=sums["expected"] + sums["unexpected"] + sums["unexplained"],
                expected=sums["expected"],
                unexpected=sums["unexpected"],
                unexplained=sums["unexplained"],
                rejected=sums["rejected"],
                saved=sums["saved"],
                failed_through=sums["through"],
                outages_missed=sums["missed"],
                opened_after_ms=_known(board.opened_after, place),
                closed_after_ms=_known(board.closed_after, place),
                wedged=int(board.wedged[place]),
                wedge_chance=round(float(board.wedge_chance[place]), 6),
            )
        )
    return tuple(found)


def _known(times: Counts, place: int) -> int | None:
    return None if times[place] == NEVER else int(times[place])


def _best_first(board: Board, field: Field) -> list[int]:
    """By the figures of the rule, in its order; equals as the rule ranks them."""
    seen = figures(board)
    order = np.lexsort((field.order.rank, seen.wrong, seen.opens, seen.missed))
    return [int(place) for place in order]


def _searched(ready: Ready, plan: Plan) -> Searched:
    return Searched(
        source=plan.source,
        file=plan.file,
        band=plan.band.name,
        busiest_rpm=round(ready.busiest_rpm, 3),
        fields=plan.space,
        combinations=plan.policies.combinations,
        never_closing=plan.policies.never_closing,
        policies=len(plan.policies.candidates),
    )


def _summary(verdict: Verdict, plan: Plan, scored: int) -> str:
    total = len(plan.policies.candidates)
    done = (
        f"{scored:,} policies searched" if scored == total else f"{scored:,} of {total:,} policies searched"
    )
    return f"{done}: {verdict.sentence}."
