"""The embedded sample store: one SQLite file, filled by scraping, asked like Prometheus.

WAL mode lets one process write while another reads. Matching follows PromQL: regular expressions are
anchored at both ends and a missing label equals the empty string. A null value is a staleness marker:
the series was gone at that scrape. SQLite has no NaN, so a NaN is kept as the text "NaN".
"""

from __future__ import annotations

import json
import re
import sqlite3
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Self

from cbops.errors import MetricsAnswerError, MetricsQueryError, MetricsUnreachableError, StorageError
from cbops.model.base import to_ms
from cbops.model.series import LOOKBACK, STEP_LOOKBACK, Fetched, Matcher, QueryRecord, Series, SeriesQuery

_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, labels TEXT NOT NULL, UNIQUE (name, labels));
CREATE TABLE IF NOT EXISTS samples (
  series INTEGER NOT NULL, t INTEGER NOT NULL, v REAL, PRIMARY KEY (series, t)) WITHOUT ROWID;
"""
_LOOKBACK_MS = round(LOOKBACK.total_seconds() * 1000)
_STEP_LOOKBACK_MS = round(STEP_LOOKBACK.total_seconds() * 1000)
_BATCH = 100_000  # rows kept back before they are written
_BUSY_SECONDS = 10.0

Value = float | str | None
Row = tuple[int, int, Value]  # series, milliseconds, value


class SampleStore:
    """A SamplePort over one file; `append` and `flush` write, `fetch` reads.

    The file is made by the first append. Safe to use from several threads. Close it, or use it as a
    context manager; what was not flushed is written then.
    """

    kind = "embedded"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._pending: list[Row] = []
        self._ids: dict[tuple[str, str], int] = {}

    def series_id(self, name: str, labels: Mapping[str, str]) -> int:
        """The number of a series, new or known, for `append`. Raises StorageError."""
        identity = (name, json.dumps(dict(sorted(labels.items())), ensure_ascii=False))
        with self._lock:
            known = self._ids.get(identity)
            if known is None:
                with self._writing() as connection:
                    connection.execute("INSERT OR IGNORE INTO series (name, labels) VALUES (?, ?)", identity)
                    found = connection.execute(
                        "SELECT id FROM series WHERE name = ? AND labels = ?", identity
                    ).fetchone()
                known = self._ids[identity] = int(found[0])
            return known

    def append(self, at_ms: int, values: Iterable[tuple[int, float | None]]) -> None:
        """Add one scrape: (series id, value), null where a series is gone. Kept back until `flush`,
        or until there is a large batch of it. Raises StorageError.
        """
        with self._lock:
            self._pending += [
                (series, at_ms, value if value == value else "NaN")  # noqa: PLR0124 - only a NaN differs from itself
                for series, value in values
            ]
            if len(self._pending) >= _BATCH:
                self.flush()

    def flush(self) -> None:
        """Write what was kept back in one transaction; on StorageError it is still kept."""
        with self._lock:
            if not self._pending:
                return
            with self._writing() as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO samples (series, t, v) VALUES (?, ?, ?)", self._pending
                )
            self._pending = []

    def fetch(self, query: SeriesQuery, start: datetime, end: datetime) -> Fetched:
        """Samples with start < t <= end and each series' last one before, at most LOOKBACK back.

        Raises MetricsUnreachableError where there is no store, MetricsQueryError for a bad regular
        expression, MetricsAnswerError for a damaged file.
        """
        span = to_ms(start), to_ms(end)
        wanted = [_matching(matcher) for matcher in query.matchers]
        with self._lock:
            self.flush()
            with self._reading() as connection:
                found = [
                    one
                    for number, name, labels in _known(connection, query.names)
                    if all(holds({"__name__": name, **labels}) for holds in wanted)
                    and (one := _series(name, labels, _rows(connection, number, query, span), span[0]))
                ]
        found.sort(key=lambda one: (one.name, sorted(one.labels.items())))
        record = QueryRecord(
            purpose=query.purpose,
            query=_text(query),
            start=start,
            end=end,
            step_seconds=query.step_seconds,
            series=len(found),
            samples=sum(len(one.times) for one in found),
        )
        return Fetched(tuple(found), record)

    def alert_rules(self) -> None:
        """A LoadedRulesPort that evaluates no rules: always null."""
        return

    def close(self) -> None:
        """Write what was kept back, and close the file."""
        with self._lock:
            try:
                self.flush()
            finally:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; what sqlite says becomes StorageError."""
        try:
            connection = self._connection or self._create()
            with connection:
                yield connection
        except sqlite3.Error as error:
            raise StorageError(
                f"The sample store {self._path} cannot be written: {error}",
                hint="Check the disk's free space and the permissions of the file and its folder.",
            ) from error
        except OSError as error:
            raise StorageError(
                f"The sample store {self._path} cannot be made: {error.strerror}",
                hint="Check the permissions of its folder, or set metrics.path.",
            ) from error

    def _create(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._connect("rwc")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        self._connection = connection
        return connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """What sqlite says becomes MetricsAnswerError."""
        if self._connection is None and not self._path.is_file():
            raise MetricsUnreachableError(
                f"There is no sample store at {self._path}",
                hint="Fill it (cbops monitor scrape), or correct metrics.path in cbops.yaml.",
            )
        try:
            if self._connection is None:
                self._connection = self._connect("rw")
            yield self._connection
        except (sqlite3.Error, ValueError) as error:
            raise MetricsAnswerError(
                f"The sample store {self._path} cannot be read: {error}",
                hint="Is metrics.path a sample store of cbops, and may this user read it?",
            ) from error

    def _connect(self, mode: str) -> sqlite3.Connection:
        uri = f"{self._path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False)


class _LabelTest:
    """One label condition, ready to be asked."""

    def __init__(self, label: str, value: str, pattern: re.Pattern[str] | None, *, wanted: bool) -> None:
        self._label, self._value, self._pattern, self._wanted = label, value, pattern, wanted

    def __call__(self, labels: Mapping[str, str]) -> bool:
        found = labels.get(self._label, "")
        if self._pattern is None:
            return (found == self._value) is self._wanted
        return (self._pattern.fullmatch(found) is not None) is self._wanted


def _matching(matcher: Matcher) -> _LabelTest:
    pattern = None
    if matcher.op in ("=~", "!~"):
        try:
            pattern = re.compile(matcher.value)
        except re.error as error:
            raise MetricsQueryError(
                f"'{matcher.value}' is not a regular expression: {error}",
                hint="Correct the label's condition.",
            ) from error
    return _LabelTest(matcher.label, matcher.value, pattern, wanted=matcher.op in ("=", "=~"))


def _known(connection: sqlite3.Connection, names: Sequence[str]) -> list[tuple[int, str, dict[str, str]]]:
    """The series of these names; without a name, all there are."""
    everything = "SELECT id, name, labels FROM series"
    rows = [row for name in names for row in connection.execute(f"{everything} WHERE name = ?", (name,))]
    if not names:
        rows = connection.execute(everything).fetchall()
    return [(number, name, json.loads(labels)) for number, name, labels in rows]


def _rows(
    connection: sqlite3.Connection, number: int, query: SeriesQuery, span: tuple[int, int]
) -> list[tuple[int, Value]]:
    """Samples from LOOKBACK before the span to its end, at the query's step where it has one."""
    first, last = span[0] - _LOOKBACK_MS, span[1]
    reach = 0 if query.step_seconds is None else _STEP_LOOKBACK_MS
    rows: list[tuple[int, Value]] = connection.execute(
        "SELECT t, v FROM samples WHERE series = ? AND t >= ? AND t <= ? ORDER BY t",
        (number, first - reach, last),
    ).fetchall()
    return rows if query.step_seconds is None else _stepped(rows, query.step_seconds * 1000, first, last)


def _series(
    name: str, labels: Mapping[str, str], rows: Iterable[tuple[int, Value]], begin: int
) -> Series | None:
    """One series from its last sample at or before `begin` on; null when it has none."""
    kept = [(at, value) for at, value in rows if value is not None]
    times = array("q", [at for at, _ in kept])
    first = max(bisect_right(times, begin) - 1, 0)
    if first >= len(times):
        return None
    return Series(name, labels, times[first:], array("d", [float(value) for _, value in kept[first:]]))


def _stepped(rows: Sequence[tuple[int, Value]], step: int, begin: int, last: int) -> list[tuple[int, Value]]:
    """At each multiple of the step the last sample before it, when that is young enough."""
    times = [at for at, _ in rows]
    found: list[tuple[int, Value]] = []
    for point in range(-(-begin // step) * step, last + 1, step):
        index = bisect_right(times, point) - 1
        if index >= 0 and point - times[index] <= _STEP_LOOKBACK_MS:
            found.append((point, rows[index][1]))
    return found


def _text(query: SeriesQuery) -> str:
    """The query for the record, written as PromQL would have it."""
    conditions = [f"__name__=~{json.dumps('|'.join(query.names))}"] if query.names else []
    conditions += [
        f"{one.label}{one.op}{json.dumps(one.value, ensure_ascii=False)}" for one in query.matchers
    ]
    return "{" + ",".join(conditions) + "}"
