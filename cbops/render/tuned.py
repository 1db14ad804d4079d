"""A search as plain lines: the best trades side by side, what is recommended and why, and how stable that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cbops.model.policy import BreakerPolicy
from cbops.model.space import Number, SearchSpace
from cbops.model.traffic import TrafficSummary
from cbops.model.tuning import Neighbour, PolicyScore, Stability, Tuning
from cbops.render import text
from cbops.render.figures import span

# The front can be long; the JSON answer has all of it.
ROWS = 20

UNKNOWN_STABILITY = "Stability: unknown, it takes at least two days of traffic"

_FIELDS: dict[str, tuple[str, Callable[[Number], str]]] = {
    "failure_threshold": ("failures", str),
    "error_rate_threshold": ("rate", lambda value: f"{value:g}"),
    "error_rate_window_seconds": ("window", lambda value: f"{value:g} s"),
    "timeout_ms": ("timeout", lambda value: f"{value / 1000:g} s"),
    "success_threshold": ("successes", str),
    "half_open_max_calls": ("probes", str),
}

_FIGURES: tuple[tuple[str, Callable[[PolicyScore], str]], ...] = (
    ("needless", lambda score: text.number(score.needless_opens)),
    ("missed", lambda score: text.number(score.outages_missed)),
    ("rejected", lambda score: text.number(score.rejected)),
    ("through", lambda score: text.number(score.failed_through)),
    ("opens after", lambda score: span(score.opened_after_ms)),
    ("closes after", lambda score: span(score.closed_after_ms)),
    ("wedge", lambda score: f"{score.wedged} now" if score.wedged else text.percent(score.wedge_chance, 1)),
)
LEGEND = (
    (
        "  needless: opens that no outage explains; missed: outages without an open; rejected: good calls denied; "
        "through: failing calls let through;"
    ),
    "  opens/closes after: median over the outages; wedge: the chance that a recovery ends half-open for ever.",
)


def lines(tuning: Tuning) -> tuple[str, ...]:
    """Everything below the headline."""
    parts = (
        searched_lines(tuning),
        table_lines(tuning),
        reason_lines(tuning),
        stability_lines(tuning),
        neighbour_lines(tuning),
        (f"Limit: {tuning.limit}",),
    )
    found: list[str] = []
    for part in parts:
        found += (*part, "") if part else ()
    return tuple(found[:-1])


def searched_lines(tuning: Tuning) -> tuple[str, ...]:
    """Which space, over which band of traffic, and what was left out."""
    searched = tuning.searched
    space = "the usual values of the band" if searched.source == "band" else f"the space of {searched.file}"
    told = [
        (
            f"Traffic: {text.number(tuning.traffic.requests)} requests, {text.counted(tuning.circuits, 'circuit')}, "
            f"{text.counted(tuning.outages, 'outage')}; {searched.band} (busiest hour {searched.busiest_rpm:.4g} req/min)."
        ),
        f"Searched: {space}, {text.counted(searched.policies, 'policy', 'policies')}"
        + (
            f"; {text.number(searched.never_closing)} left out that can never close."
            if searched.never_closing
            else "."
        ),
    ]
    told[1:1] = left_out(tuning.traffic)
    for name, values in searched.fields.fields.items():
        told.append(f"  {name}: {', '.join(f'{value:g}' for value in values)}")
    return tuple(told)


def left_out(traffic: TrafficSummary) -> tuple[str, ...]:
    """What of the trace was not played as it stood: denied by production itself, or out of order."""
    found = []
    if traffic.denied_in_production:
        found.append(
            f"{text.counted(traffic.denied_in_production, 'recorded request')} had been denied by production itself: left "
            "out, because nobody knows how the provider would have answered. Outages look smaller for it, and what a policy "
            "lets through in them too."
        )
    if traffic.out_of_order:
        found.append(f"{text.counted(traffic.out_of_order, 'row')} came after a later arrival: sorted.")
    return tuple(found)


def block_words(block: dict[str, object], fields: Sequence[str] | None = None) -> str:
    """`failures 5, rate 0.5, window 60 s, timeout 30 s`; a field that the block leaves out is left out."""
    parts = []
    for name, (word, told) in _FIELDS.items():
        value = block.get(name)
        if isinstance(value, int | float) and (fields is None or name in fields):
            parts.append(f"{word} {told(value)}")
    return ", ".join(parts)


def table_lines(tuning: Tuning) -> tuple[str, ...]:
    """The front, and the policies with a role, side by side; those that score alike stand in one row."""
    named = [score for score in tuning.candidates if score.roles]
    alike: dict[tuple[object, ...], list[PolicyScore]] = {}
    for score in tuning.candidates:
        if score.on_front and not score.roles:
            alike.setdefault(score.figures, []).append(score)
    best = {id(each[0]): len(each) for each in alike.values()}
    room = max(ROWS - len(named), 0)
    few = dict(list(best.items())[:room])
    shown = [score for score in tuning.candidates if score.roles or id(score) in few]
    fields = [name for name in SearchSpace.model_fields if len({_value(score, name) for score in shown}) > 1]
    if not shown:
        return ()
    heads = ["", *(_FIELDS[name][0] for name in fields), *(head for head, _ in _FIGURES), ""]
    rows = [_row(score, fields, few.get(id(score), 1)) for score in shown]
    widths = [max(len(row[place]) for row in (heads, *rows)) for place in range(len(heads))]
    told = [
        f"Best trades (* marks the {text.counted(tuning.front, 'policy', 'policies')} that none other beats in everything):",
        _line(heads, widths),
        *(_line(row, widths) for row in rows),
    ]
    if len(best) > room:
        told.append(f"  … {len(best) - room} more trades: --format json has all")
    return (*told, *LEGEND)


def _row(score: PolicyScore, fields: Sequence[str], alike: int) -> list[str]:
    numbers = [_FIELDS[name][1](_value(score, name)) for name in fields]
    figures = [told(score) for _, told in _FIGURES]
    last = ", ".join(score.roles) or (f"and {alike - 1} alike" if alike > 1 else "")
    return ["*" if score.on_front else "", *numbers, *figures, last]


def _value(score: PolicyScore, field: str) -> Number:
    """The field's value; the router's where the block leaves it out."""
    value: Number = score.block.get(field, BreakerPolicy.model_fields[field].default)
    return value


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    *columns, last = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return ("  " + "  ".join(columns) + f"  {last.strip()}").rstrip()


def reason_lines(tuning: Tuning) -> tuple[str, ...]:
    """The recommended values, or why there are none."""
    block = tuning.recommended.block
    head = f"Recommended: {block_words(block)}" if block else "Recommended: nothing"
    return (head, *(f"  - {reason}" for reason in tuning.recommended.reasons))


def stability_lines(tuning: Tuning) -> tuple[str, ...]:
    """How often the days drawn again lead to the same choice."""
    stability = tuning.stability
    if stability is None:
        # Without a choice there is nothing that could be stable.
        return (UNKNOWN_STABILITY,) if tuning.recommended.block is not None else ()
    told = [f"Stability: {stability_sentence(tuning, stability)}"]
    told += [f"  {text.share(winner.share)}  {block_words(winner.block)}" for winner in stability.winners]
    return tuple(told)


def stability_sentence(tuning: Tuning, stability: Stability) -> str:
    """The shares in one sentence."""
    name = "live" if tuning.with_role("live") else "base"
    if stability.same is None or stability.near is None or stability.live is None:
        return f"unknown: none of {text.number(stability.resamples)} draws of the days held an outage."
    drawn = f"{text.counted(stability.judged, 'draw')} of the {text.counted(stability.days, 'day')}"
    left = stability.resamples - stability.judged
    unjudged = f" ({text.number(left)} more held no outage)" if left else ""
    return (
        f"of {drawn}{unjudged} {text.share(stability.same)} choose the same policy, {text.share(stability.near)} it or a "
        f"neighbour of it, {text.share(stability.live)} the {name} one."
    )


def neighbour_lines(tuning: Tuning) -> tuple[str, ...]:
    """What one step away from the chosen policy changes."""
    if not tuning.neighbours:
        return ()
    told = [f"  {_neighbour(each)}" for each in tuning.neighbours]
    return ("One step away from it:", *told)


def _neighbour(each: Neighbour) -> str:
    word, shown = _FIELDS[each.field]
    changes = [
        (each.needless_opens, "needless"),
        (each.outages_missed, "missed"),
        (each.rejected, "rejected"),
        (each.failed_through, "through"),
    ]
    told = [f"{change:+,} {name}" for change, name in changes if change]
    if each.opened_after_ms:
        sign = "+" if each.opened_after_ms > 0 else "-"
        told.append(f"opens {sign}{span(abs(each.opened_after_ms))}")
    if each.wedge_chance:
        told.append(f"wedge {each.wedge_chance * 100:+.1f} points")
    return f"{word} {shown(each.value)}: {', '.join(told) or 'no difference'}"
