"""Whole numbers over any range, in PromQL without recording rules: births, restarts and gaps seen, nothing extrapolated.

A range is walked in steps of a minute. In each, a counter is compared with what it was in the minute before, or, after
a gap, with what it was last. What was born or born again in between counts from 0, if its router was known before. A
series that isn't in its router's last scrape is gone, even while the server still hands out its last value.
Source: 'Births', 'Extrapolation', 'Restarts' and 'Extra labels' in the metrics section of the domain description.
"""

from __future__ import annotations

from textwrap import indent

from cbops.measure.panels.words import Words

STEP = "1m"
FRESH = "59999ms"  # the minute (t − 1 min, t], on servers that count the left edge as on those that don't
KNOWN = "6h"  # as far back as other readers look for a series' last sample
RANGE, INTERVAL, RATE = "$__range", "$__interval", "$__rate_interval"


def block(text: str) -> str:
    """Two spaces deeper."""
    return indent(text, "  ")


def now(words: Words, selector: str, seen: str) -> str:
    """The series that are in the last scrape of their router."""
    scraped = f"group by ({words.target}) (last_over_time({seen}[{FRESH}]))"
    return f"(last_over_time({selector}[{FRESH}]) or {selector} unless on ({words.target}) {scraped})"


def _base(words: Words, selector: str, seen: str) -> str:
    """What to compare with: the minute before, else, if the router wasn't scraped then, the last that is known."""
    scraped = (
        f"last_over_time({words.everyone.up}[{FRESH}] offset {STEP}) == 1"
        f" or last_over_time({seen}[{FRESH}] offset {STEP})"
    )
    return f"""\
(
  last_over_time({selector}[{FRESH}] offset {STEP})
  or
  last_over_time({selector}[{KNOWN}] offset {STEP})
    unless on ({words.target}) group by ({words.target}) ({scraped})
)"""


def stepped(words: Words, selector: str, by: str, seen: str | None = None) -> str:
    """How much counters rose in the last minute, added up per `by`; nothing where the router wasn't known before.

    `seen` selects what tells of the router, in the same targets; by default the chosen tenants' results.
    """
    seen = seen or words.seen
    target = words.target
    known = f"last_over_time({seen}[{KNOWN}] offset {STEP}) or {words.everyone.up} offset {STEP} == 1"
    fresh, witness = f"last_over_time({selector}[{FRESH}])", f"last_over_time({seen}[{FRESH}])"
    return f"""\
sum by ({by}) (
  ({fresh} and on ({target}) (
    min by ({target}) (
      {witness} - {_inner(_base(words, seen, seen), 6)}
    ) < 0
  ))
  or
  ({fresh} - {_inner(_base(words, selector, seen), 2)} >= 0)
  or
  ({fresh} and on ({target}) group by ({target}) ({known}))
)"""


def _inner(text: str, by: int) -> str:
    return indent(text, " " * by).lstrip()


def over(expr: str, window: str) -> str:
    """The sum of what the minutes of a window gave: (from, to], on servers that count the left edge as on those that don't."""
    return f"sum_over_time((\n{block(expr)}\n)[{window}:{STEP}] offset -1ms)"


def there(words: Words, window: str, by: str | None = None) -> str:
    """0 for each chosen circuit that had results: what was never counted there is 0, and not unknown."""
    found = words.events if window == INTERVAL else f"last_over_time({words.events}[{window}])"
    return f"0 * sum by ({by or words.circuit}) ({found})"


def counted(words: Words, selector: str, window: str, by: str | None = None) -> str:
    """A count per circuit over a window; 0 for a circuit that was seen and counted nothing."""
    return f"{over(stepped(words, selector, by or words.circuit), window)}\nor {there(words, window, by)}"


def share(part: str, whole: str) -> str:
    """A quotient; without a whole there is none."""
    return f"(\n{block(part)}\n)\n/ (\n{block(whole)}\n> 0)"
