"""Counts over a window, in PromQL: births and restarts seen, nothing extrapolated.

`increase()` sees no increase in a series' first sample and extrapolates the others. Here each series is compared with
itself a window ago, and one that was born or born again in between counts from 0, if its router was being scraped.
Source: 'Births', 'Extrapolation', 'Restarts' and 'Extra labels' in the metrics section of the domain description.
"""

from __future__ import annotations

from textwrap import indent

from cbops.measure.names import EVENTS
from cbops.measure.rules.series import RESTARTS
from cbops.measure.rules.vocabulary import Vocabulary


def risen(words: Vocabulary, selector: str, window: str, by: str) -> str:
    """How much these counters rose in the window, added up per `by` (which names job and instance too).

    A label that splits the series is added up after the counting, so it splits no count.
    """
    return f"""\
sum by ({by}) (
    # its router restarted in the last {window}: all that it counts is new
    ({selector} and on ({words.target}) {RESTARTS[window]})
  or
    # missing in a scrape of the last {window}, so born (again) since: counts from 0
    ({selector} and (
      count_over_time({selector}[{window}])
        < on ({words.target}) group_left () max by ({words.target}) (sum_over_time({words.up}[{window}]))
    ))
  or
    # there {window} ago: the difference
    ({selector} - {selector} offset {window} >= 0)
  or
    # not there {window} ago, or higher, though its router was scraped: counts from 0
    ({selector} and on ({words.target}) ({words.up} offset {window} == 1))
  or
    # its router was not scraped {window} ago: the difference to the first sample since
    ({selector} - min_over_time({selector}[{window}]))
)"""


def restarts(words: Vocabulary, window: str) -> str:
    """Router instances of which a counter fell in the window: the process is a new one."""
    return f"max by ({words.target}) (resets({words.everyone(EVENTS)}[{window}])) > 0"


def coverage(words: Vocabulary) -> str:
    """The share of the last hour's scrapes that succeeded, for each router instance."""
    share = f"avg_over_time({words.up}[1h])"
    if words.config.job:
        return share
    known = f"count by ({words.target}) (max_over_time({words.everyone(EVENTS)}[1h]))"
    return f"{share}\nand on ({words.target})\n{known}"


def minus(words: Vocabulary, left: str, right: str, by: str | None = None) -> str:
    """The difference of two counts, summed per circuit and instance; a right one that was never born is 0."""
    labels = by or words.instance_circuit
    first, second = f"sum by ({labels}) ({left})", f"sum by ({labels}) ({right})"
    zero = indent(f"{second}\nor 0 * {first}", "    ")
    return f"{first}\n- (\n{zero}\n)"
