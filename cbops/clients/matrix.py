"""Samples in an answer of Prometheus' HTTP API, packed while the JSON is read."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from itertools import islice
from operator import lt
from typing import Any

from cbops.clients.json_keys import DoubledJsonKeyError, single_keys
from cbops.model.series import Series


class _Scrapes:
    """Times of samples, in milliseconds: one for all the series that were scraped at the same moments."""

    __slots__ = ("_cuts", "ascending", "seconds", "times")

    def __init__(self, seconds: tuple[float, ...]) -> None:
        self.seconds = seconds
        self.times = array("q", [round(at * 1000) for at in seconds])
        self.ascending = all(map(lt, self.times, islice(self.times, 1, None)))
        self._cuts: dict[int, array[int]] = {}

    def since(self, first: int) -> array[int]:
        """The times from that index on, shared as well."""
        return self._cuts.setdefault(first, self.times[first:])


class Columns:
    """The samples of one series, packed: 8 bytes each, and 8 for its time where no other series shares it."""

    __slots__ = ("scrapes", "values")

    def __init__(self, scrapes: _Scrapes, values: Iterable[str]) -> None:
        self.scrapes = scrapes
        self.values = array("d", map(float, values))

    @property
    def times(self) -> array[int]:
        """Milliseconds, ascending."""
        return self.scrapes.times


def read_json(text: str) -> object:
    """The JSON, with `Columns` in place of the samples of each series; ValueError says why it is none.

    Lists of one series become arrays as soon as they are read, or a day takes ten times the memory.
    """
    try:
        return json.loads(text, object_pairs_hook=_Packing(), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    except DoubledJsonKeyError as error:
        raise ValueError(f"JSON in which {error}") from None
    except json.JSONDecodeError as error:
        where = f"no JSON from character {error.pos + 1} on" if error.pos else "no JSON"
        raise ValueError(where) from None


def series_of(item: object, begin: int) -> Series | None:
    """One series from its last sample at or before `begin` (ms) on; null when it has none. ValueError: it is none."""
    if not isinstance(item, dict):
        raise ValueError("a series that is no object")  # noqa: TRY004 - of the answer, not of the program
    labels, columns = item.get("metric"), item.get("values")
    if columns is None and "histograms" in item:
        return None  # native histograms are not read
    if not isinstance(labels, dict) or not isinstance(columns, Columns):
        raise ValueError("a series without labels or samples")  # noqa: TRY004
    if not all(isinstance(value, str) for value in labels.values()):
        raise ValueError("a label that is no text")
    first = max(bisect_right(columns.times, begin) - 1, 0)
    if first >= len(columns.times):
        return None
    return Series(
        name=labels.pop("__name__", ""),
        labels=labels,
        times=columns.scrapes.since(first),
        values=columns.values[first:],
    )


class _Packing:
    """Leaves JSON objects as they are, but packs the samples in them."""

    def __init__(self) -> None:
        self._last = _Scrapes(())

    def __call__(self, found: list[tuple[str, Any]]) -> dict[str, Any]:
        """ValueError when they are no samples, and for a key that stands twice."""
        item = single_keys(found)
        pairs = item.get("values")
        if isinstance(pairs, list) and "metric" in item:
            try:
                item["values"] = self._columns(pairs)
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError("samples that are none") from error
            if not self._last.ascending:
                raise ValueError("samples that do not ascend in time")
        return item

    def _columns(self, pairs: list[Any]) -> Columns:
        seconds, values = zip(*pairs, strict=True) if pairs else ((), ())
        if seconds != self._last.seconds:
            self._last = _Scrapes(seconds)
        return Columns(self._last, values)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name}, which is not JSON")
