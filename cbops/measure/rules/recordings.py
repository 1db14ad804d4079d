"""The recorded series, in the order in which they build on each other.

Source: 'Instances', 'The state gauge sticks', 'All tenants have circuits' and 'Zero or unknown' in the domain
description. A circuit without any series is unknown and recorded nowhere; one with results and no open is 0.
"""

from __future__ import annotations

from textwrap import indent

from cbops.measure.names import DECISIONS, EVENTS, FALLBACK_REASON, TRANSITIONS
from cbops.measure.rules import series
from cbops.measure.rules.counting import coverage, minus, restarts, risen
from cbops.measure.rules.vocabulary import Vocabulary
from cbops.model.observation import Dialect
from cbops.model.rules import RecordingRule


def recordings(words: Vocabulary, dialect: Dialect) -> tuple[RecordingRule, ...]:
    """All of them."""
    probes = _failed_probes_router(words) if dialect == "router" else _failed_probes_documented(words)
    return (
        RecordingRule(record=series.RESTARTS_5M, expr=restarts(words, "5m")),
        RecordingRule(record=series.RESTARTS_10M, expr=restarts(words, "10m")),
        RecordingRule(record=series.COVERAGE, expr=coverage(words)),
        *_increases(words, dialect),
        *_states(words, dialect),
        *probes,
        *_circuits(words),
        *_tenants(words),
    )


def _increases(words: Vocabulary, dialect: Dialect) -> tuple[RecordingRule, ...]:
    events = f"{words.instance_circuit}, {words.label('event_type')}"
    counted = [(series.EVENTS_5M, words.selector(EVENTS), events)] + [
        (record, _to(words, dialect, state), words.instance_circuit)
        for record, state in (
            (series.OPENS_5M, "open"),
            (series.HALF_OPENS_5M, "half_open"),
            (series.CLOSES_5M, "closed"),
        )
    ]
    return tuple(
        RecordingRule(record=record, expr=risen(words, selector, "5m", by))
        for record, selector, by in counted
    )


def _to(words: Vocabulary, dialect: Dialect, state: str) -> str:
    """Transitions to a state."""
    return words.selector(TRANSITIONS, **{"to" if dialect == "router" else "state": state})


def _states(words: Vocabulary, dialect: Dialect) -> tuple[RecordingRule, ...]:
    to_open = _to(words, dialect, "open")
    if dialect == "router":
        left = words.selector(TRANSITIONS, **{"from": "open"})
        half_open = minus(
            words,
            _to(words, dialect, "half_open"),
            words.selector(TRANSITIONS, **{"from": "half_open"}),
        )
        extra: tuple[RecordingRule, ...] = (RecordingRule(record=series.HALF_OPEN_COUNTED, expr=half_open),)
        unclosed = _UNCLOSED_ROUTER
    else:
        # Only half-open follows open, so the moves to half_open are the moves away from open.
        left, extra, unclosed = _to(words, dialect, "half_open"), (), _UNCLOSED_DOCUMENTED
    idle = _idle(words)
    return (
        RecordingRule(
            record=series.OPEN_COUNTED,
            expr="# totals of this process: a restart closes every circuit and sets both to 0\n"
            + minus(words, to_open, left),
        ),
        *extra,
        RecordingRule(record=series.IDLE, expr=idle),
        RecordingRule(record=series.OPEN, expr=_OPEN),
        RecordingRule(record=series.UNCLOSED, expr=unclosed),
    )


def _idle(words: Vocabulary) -> str:
    def some(event: str) -> str:
        selector = words.recorded(series.EVENTS_5M, event_type=event)
        return f"sum by ({words.instance_circuit}) ({selector}) > 0"

    return f"""\
# requests succeed, and the breaker neither denies nor moves: whatever the totals say, it holds nothing back
({some("success")})
unless ({some("fail_fast")})
unless ({series.OPENS_5M} > 0)
unless ({series.HALF_OPENS_5M} > 0)"""


_OPEN = f"""\
clamp_max(({series.OPEN_COUNTED} > 0) unless {series.IDLE}, 1)
or 0 * {series.OPEN_COUNTED}"""

_UNCLOSED_ROUTER = f"""\
{series.OPEN} > 0
or
clamp_max(({series.HALF_OPEN_COUNTED} > 0) unless {series.IDLE}, 1)"""

_UNCLOSED_DOCUMENTED = f"""\
{series.OPEN} > 0
or
# half-open between two failed probes: open a moment ago, and not closed since
(
  (max_over_time({series.OPEN}[5m]) > 0 and {series.OPEN})
  unless ({series.CLOSES_5M} > 0)
  unless {series.IDLE}
)"""


def _failed_probes_router(words: Vocabulary) -> tuple[RecordingRule, ...]:
    moved = words.selector(TRANSITIONS, **{"from": "half_open", "to": "open"})
    return (
        RecordingRule(
            record=series.FAILED_PROBES_10M, expr=risen(words, moved, "10m", words.instance_circuit)
        ),
    )


def _failed_probes_documented(words: Vocabulary) -> tuple[RecordingRule, ...]:
    """half_open→open from targets alone.

    Every half-open ends in an open (a failed probe) or a close, except one that goes on now. So the failed probes of a
    window are half-opens − closes, less one where the circuit is half-open now; when it isn't open, half-open and
    closed can't be told apart, and the lower number is taken. One that was half-open as the window began is missed.
    """
    half_opens, closes = series.HALF_OPENS_10M, series.CLOSES_10M
    return (
        *(
            RecordingRule(
                record=record,
                expr=risen(words, _to(words, "documented", state), "10m", words.instance_circuit),
            )
            for record, state in ((half_opens, "half_open"), (closes, "closed"))
        ),
        RecordingRule(
            record=series.FAILED_PROBES_10M,
            expr=f"""\
# a half-open ends in an open (the probe failed) or in a close; one that may not have ended is not counted
clamp_min(
  {half_opens}
  - ({closes} or 0 * {half_opens})
  - ({series.OPEN_COUNTED} == bool 0),
  0
)""",
        ),
    )


def _circuits(words: Vocabulary) -> tuple[RecordingRule, ...]:
    by, kind = words.circuit, words.label("event_type")
    results = f'{series.EVENTS_5M}{{{kind}=~"success|failure"}}'
    failures = words.recorded(series.EVENTS_5M, event_type="failure")
    denied = words.recorded(series.EVENTS_5M, event_type="fail_fast")
    everything = f"sum by ({by}) ({series.EVENTS_5M})"

    def merged(record: str, source: str) -> RecordingRule:
        return RecordingRule(record=record, expr=f"sum by ({by}) ({source})\nor 0 * {everything}")

    return (
        merged(series.CIRCUIT_OPENS, series.OPENS_5M),
        merged(series.CIRCUIT_FAILED_PROBES, series.FAILED_PROBES_10M),
        merged(series.CIRCUIT_OPEN, series.OPEN),
        merged(series.CIRCUIT_UNCLOSED, series.UNCLOSED),
        RecordingRule(record=series.CIRCUIT_RESULTS, expr=f"sum by ({by}) ({results})"),
        RecordingRule(
            record=series.CIRCUIT_ERRORS,
            expr=share(f"sum by ({by}) ({failures})", series.CIRCUIT_RESULTS),
        ),
        RecordingRule(record=series.CIRCUIT_FAIL_FAST, expr=share(f"sum by ({by}) ({denied})", everything)),
    )


def _tenants(words: Vocabulary) -> tuple[RecordingRule, ...]:
    by = words.tenant
    failures = words.recorded(series.EVENTS_5M, event_type="failure")
    denied = f"sum by ({by}) ({words.recorded(series.EVENTS_5M, event_type='fail_fast')})"
    fallbacks = risen(
        words,
        words.selector(DECISIONS, reason=FALLBACK_REASON),
        "5m",
        words.labels("job", "instance", "tenant_id"),
    )
    return (
        RecordingRule(
            record=series.TENANT_ERRORS,
            expr=share(f"sum by ({by}) ({failures})", f"sum by ({by}) ({series.CIRCUIT_RESULTS})"),
        ),
        RecordingRule(
            record=series.TENANT_OPEN,
            expr=f"count by ({by}) ({series.CIRCUIT_OPEN} > 0)\nor 0 * count by ({by}) ({series.CIRCUIT_OPEN})",
        ),
        RecordingRule(
            record=series.TENANT_DENIED,
            expr=f"""\
clamp_min(
  {denied}
  - (
    sum by ({by}) (
{indent(fallbacks, " " * 6)}
    )
    or 0 * {denied}
  ),
  0
)""",
        ),
    )


def share(part: str, whole: str) -> str:
    """A quotient; a part that was never born is 0, and without a whole there is no share."""
    return f"({part} or 0 * {whole})\n/ ({whole} > 0)"
