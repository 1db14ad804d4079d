"""Criterion 1: no unexpected opens.

Source: the success criteria of phase 1: circuits open only during actual provider failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cbops.judge.case import Case, Judged, counted, judged
from cbops.model.verdict import Classification, ClassifiedEpisode, Verdict


def unexpected_by_day(case: Case, episodes: Sequence[ClassifiedEpisode]) -> dict[int, int]:
    """Unexpected opens a day, for the days since enabling."""
    counts: dict[int, int] = {}
    for episode in episodes:
        if episode.classification != "unexpected":
            continue
        for day in case.observed.days:
            if day.window.start < episode.opened <= day.window.end:
                counts[day.window.day] = counts.get(day.window.day, 0) + 1
    return counts


def past_budget(case: Case, episodes: Sequence[ClassifiedEpisode]) -> bool:
    """Whether unexpected opens pass the budget: more than so many on each of so many days."""
    budget = case.criteria.unexpected_opens_budget
    over = [n for n in unexpected_by_day(case, episodes).values() if n > budget.opens]
    return len(over) >= budget.days


def _unknown_days(case: Case) -> list[int]:
    """Days on which some provider's opens weren't measured."""
    return [
        day.window.day
        for day in case.observed.days
        if not day.providers or any(p.transitions.open is None for p in day.providers.values())
    ]


def _evidence(case: Case, episodes: Sequence[ClassifiedEpisode], unknown: list[int]) -> dict[str, Any]:
    budget = case.criteria.unexpected_opens_budget
    return {
        "opens": [
            {
                "episode": e.id,
                "provider": e.provider,
                "opened": e.model_dump(mode="json")["opened"],
                "classification": e.classification,
                "source": e.evidence["source"],
                "text": e.evidence["text"],
            }
            for e in episodes
        ],
        "unexpected_by_day": {str(day): n for day, n in unexpected_by_day(case, episodes).items()},
        "budget": {"opens": budget.opens, "days": budget.days, "passed": past_budget(case, episodes)},
        "days_with_unknown_opens": unknown,
        "controls": case.controls.as_evidence(),
        "min_full_days": case.criteria.min_full_days,
        **case.days_evidence(),
    }


def judge_opens(case: Case, episodes: Sequence[ClassifiedEpisode]) -> Judged:
    """Missed by one unexpected open; met only when each is expected over enough full days."""
    by: dict[Classification, list[ClassifiedEpisode]] = {"expected": [], "unexpected": [], "unexplained": []}
    for episode in episodes:
        by[episode.classification].append(episode)
    unknown = _unknown_days(case)
    evidence = _evidence(case, episodes, unknown)
    counts = ", ".join(f"{len(found)} {word}" for word, found in by.items() if found)
    total = f"{counted(len(episodes), 'open')} ({counts})" if episodes else "No open"
    over = f"over {counted(len(case.full_days), 'full day')}"
    if by["unexpected"]:
        first = by["unexpected"][0]
        text = f"{total} {over}. {first.id}: {first.evidence['text']}"
        change = "change the thresholds so that the policy doesn't open while its provider is healthy"
        return judged("unexpected_opens", Verdict.MISSED, text, evidence, (change,))
    missing = [f"say whether {e.id} was expected (episode classify {e.id} …)" for e in by["unexplained"]]
    if unknown:
        missing.append(f"measure the transitions of day {', '.join(map(str, unknown))} again")
    if not case.enough_days:
        lacking = case.criteria.min_full_days - len(case.full_days)
        missing.append(f"{counted(lacking, 'more full day')}")
    missing += case.without_traffic
    if missing:
        why = f" {by['unexplained'][0].evidence['text']}" if by["unexplained"] else ""
        return judged("unexpected_opens", Verdict.INCONCLUSIVE, f"{total} {over}.{why}", evidence, missing)
    healthy = f"{total} {over}, each during a failure of its provider." if episodes else f"{total} {over}."
    return judged("unexpected_opens", Verdict.MET, healthy, evidence)
