"""The numbers that a judgement rests on, in the execution log: enough to repeat its verdicts by hand.

The evidence file of the judgement has the same numbers and more; here stand those of the formulas in docs/judgement.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cbops.model.verdict import CriterionId, Evaluation
from cbops.render.markdown import Markdown, joined, phrase

Evidence = Mapping[str, Any]
_COMPARED: tuple[tuple[CriterionId, str, str], ...] = (
    ("error_rate", "Error rate", "share of results"),
    ("latency", "Latency", "logarithm of the ratio of means"),
)


def behind(evaluation: Evaluation, sha: str) -> tuple[Markdown, ...]:
    """One line a number or a row of numbers; nothing of a criterion that wasn't compared."""
    evidence = {result.id: result.evidence for result in evaluation.criteria}
    lines = [phrase("All of it: `evidence/{}`; again: `cbops evaluate --repeat`", sha)]
    lines += _days(evidence.get("unexpected_opens", {}))
    for episode in evaluation.episodes:
        lines.append(
            phrase("Open {}: {}, {}", episode.id, episode.classification, str(episode.evidence.get("text")))
        )
    recovery = evidence.get("recovery", {})
    for one in (*recovery.get("open_at_enabling", ()), *recovery.get("episodes", ())):
        lines.append(_recovery(one))
    for criterion, name, unit in _COMPARED:
        lines += _comparison(evidence.get(criterion, {}), name, unit)
    lines += _checks(evidence.get("observability", {}))
    return tuple(lines)


def _days(found: Evidence) -> Iterator[Markdown]:
    """Which days and which tenants were compared."""
    for key, words in (("baseline", "Days before enabling"), ("observed", "Days since")):
        if key in found:
            dates = ", ".join(str(day["date"]) for day in found[key])
            yield phrase("{}: {}", words, dates or "none")
    for number, why in found.get("left_out", {}).items():
        yield phrase("Day {} left out: {}", number, str(why))
    controls = found.get("controls", {})
    if controls:
        yield phrase("Controls: {}", ", ".join(controls.get("used", ())) or "none")
    for tenant, why in controls.get("left_out", {}).items():
        yield phrase("No control: {}, {}", tenant, str(why))


def _recovery(one: Evidence) -> Markdown:
    allowed = one["allowed_is"]
    parts = f"time-out {allowed['timeout_ms'] / 1000:g} s, {allowed['probes']} probes {_number(allowed['probes_seconds'])} s"
    return phrase(
        "Recovery {}: provider well at {} (by {}), closed {}, {} s later; allowed {} s ({}, margin {} s)",
        one["episode"],
        one["recovered"] or "no time so far",
        one["recovered_by"],
        one["closed"] or "not so far",
        _number(one["delay_seconds"]),
        _number(one["allowed_seconds"]),
        parts,
        str(allowed["margin_seconds"]),
    )


def _comparison(found: Evidence, name: str, unit: str) -> Iterator[Markdown]:
    """The blocks, and each interval from them."""
    blocks = found.get("blocks", {})
    if not found.get("intervals"):
        return
    yield phrase("{} ({}), margin {}: {}", name, unit, _number(found["margin"]), found["method"])
    for key, words in (("before", "before"), ("after", "since enabling")):
        yield phrase("{} {}, by day: {}", name, words, _row(blocks.get(key, ())))
    for each in found["intervals"]:
        yield phrase(
            "{}, {}: estimate {}, standard error {} ({} degrees of freedom), {} and {} of them below and above it (levels {} and {})",
            name,
            each["variation"],
            *(
                _number(each[key])
                for key in (
                    "estimate",
                    "standard_error",
                    "degrees_of_freedom",
                    "quantile_missed",
                    "quantile_met",
                    "level_missed",
                    "level_met",
                )
            ),
        )
    yield phrase(
        "{}, the widest binds: from {} to {}", name, _number(found["lower"]), _number(found["upper"])
    )


def _row(blocks: Sequence[Evidence]) -> str:
    return (
        "; ".join(f"{b['day']}: {_number(b['value'])} (weight {_number(b['weight'])})" for b in blocks)
        or "none"
    )


def _checks(found: Evidence) -> Iterator[Markdown]:
    """How many checks of each kind came out how; those that don't agree with their text."""
    counts: dict[str, dict[str, int]] = {}
    for check in found.get("checks", ()):
        by = counts.setdefault(check["check"], {})
        by[check["status"]] = by.get(check["status"], 0) + 1
    if counts:
        told = (
            f"{name} " + ", ".join(f"{n} {status}" for status, n in by.items()) for name, by in counts.items()
        )
        yield phrase("Checks: {}", joined(told))
    for check in found.get("checks", ()):
        if check["status"] in ("explained", "contradiction"):
            yield phrase("Check {}, {}: {}", check["check"], check["status"], check["text"])


def _number(value: float | None) -> str:
    """As it is on record; null is unknown, or without a limit."""
    if value is None:
        return "–"
    return f"{value:.8f}".rstrip("0").rstrip(".")
