"""Scraping a router's /metrics into the sample store, as Prometheus would.

A demonstration scrapes thousands of times, so a line's name and labels are parsed once and then known by
their text; after that a line costs one look-up and one float().
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

from cbops.clients.store import SampleStore
from cbops.errors import ConfigError

MAX_BYTES = 256 << 20
_SECONDS = 60.0  # for one answer as a whole
_TIMEOUT = {"connect": 5.0, "read": 10.0, "write": 5.0, "pool": 5.0}


@dataclass(frozen=True, slots=True)
class Scrape:
    """What one scrape gave; `error` says why it failed (then `up` is 0 and nothing else is new)."""

    lines: int
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


class Scraper:
    """Scrapes one target over a kept-alive connection. Close it, or use it as a context manager.

    Samples get the labels `instance` and `job`; a label of that name in the answer is kept as
    `exported_…`, as Prometheus does. Series that vanish get a staleness marker. The store decides when
    it writes: call its `flush` where others must see the samples.
    """

    def __init__(
        self,
        url: str,
        store: SampleStore,
        *,
        instance: str,
        job: str,
        transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._monotonic = monotonic
        self._target = {"instance": instance, "job": job}
        self._request = httpx.Request(
            "GET",
            _address(url),
            headers={"accept": "text/plain;version=0.0.4", "accept-encoding": "identity"},
            extensions={"timeout": _TIMEOUT},
        )
        # The transport is asked directly: a client's cookies, redirects and hooks would cost more than the rest.
        self._transport = transport or httpx.HTTPTransport()
        self._ids: dict[str, int] = {}  # a line's text before the value → series
        self._last: list[int] = []
        self._twice = False  # whether a series stands on the last page more than once
        self._up: int | None = None

    def scrape(self, at_ms: int) -> Scrape:
        """One GET, stored as of `at_ms`. A failure is a result; only StorageError is raised."""
        try:
            response = self._transport.handle_request(self._request)
            try:
                body = _whole(response, self._monotonic)
            finally:
                response.close()
        except (httpx.HTTPError, httpx.StreamError) as error:
            return self._failed(at_ms, f"{type(error).__name__}: {error}")
        except _UnreadError as error:
            return self._failed(at_ms, str(error))
        if response.status_code != 200:
            return self._failed(at_ms, f"HTTP {response.status_code}")
        try:
            values = self._parse(body.decode("utf-8"))
        except ValueError as error:
            return self._failed(at_ms, f"not Prometheus' text format: {error}")
        self._keep(at_ms, values, up=1.0)
        return Scrape(lines=len(values))

    def close(self) -> None:
        """Give the connection back; the store stays open."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _failed(self, at_ms: int, reason: str) -> Scrape:
        self._keep(at_ms, [], up=0.0)
        return Scrape(lines=0, error=reason)

    def _keep(self, at_ms: int, values: list[tuple[int, float]], *, up: float) -> None:
        if self._up is None:
            self._up = self._store.series_id("up", self._target)
        ids = [series for series, _ in values]
        rows: list[tuple[int, float | None]] = [*values, (self._up, up)]
        if ids != self._last:
            present = set(ids)
            rows += [(series, None) for series in self._last if series not in present]
            self._last = ids
            self._twice = len(present) < len(ids)
        if self._twice:
            rows = [*dict(reversed(rows)).items()]  # the first one counts
        self._store.append(at_ms, rows)

    def _parse(self, text: str) -> list[tuple[int, float]]:
        """(series, value) of every sample; ValueError when a line is no sample."""
        ids = self._ids
        values: list[tuple[int, float]] = []
        for line in text.split("\n"):
            if not line or line[0] == "#":
                continue
            prefix, _, value = line.rpartition(" ")
            series = ids.get(prefix)
            if series is None:
                values.append(self._learn(line, prefix, value))
            else:
                values.append((series, float(value)))
        return values

    def _learn(self, line: str, prefix: str, value: str) -> tuple[int, float]:
        """A line seen for the first time; one with its own timestamp, or set apart by tabs, is parsed each time."""
        try:
            samples = [
                one for family in text_string_to_metric_families(line + "\n") for one in family.samples
            ]
        except (IndexError, KeyError) as error:  # the library's parser has no word for every line
            raise ValueError(line[:200]) from error
        if len(samples) != 1:
            raise ValueError(line[:200])
        sample = samples[0]
        kept = {
            f"exported_{name}" if name in self._target else name: text
            for name, text in sample.labels.items()
            if text  # an empty label is none
        }
        series = self._store.series_id(sample.name, {**kept, **self._target})
        if sample.timestamp is None and _is_number(value):
            self._ids[prefix] = series
        return series, float(sample.value)


class _UnreadError(Exception):
    """An answer that is not read to its end."""


def _whole(response: httpx.Response, monotonic: Callable[[], float]) -> bytes:
    """The answer, bounded in size and time; never unpacked, as a little can grow into very much."""
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise _UnreadError("the answer is compressed, which was not asked for")
    until = monotonic() + _SECONDS
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES:
            raise _UnreadError(f"the answer is larger than {MAX_BYTES >> 20} MiB")
        if monotonic() > until:
            raise _UnreadError(f"the answer took longer than {_SECONDS:g} s")
    return b"".join(parts)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _address(url: str) -> httpx.URL:
    """The URL, checked, as the transport itself does not; ConfigError."""
    hint = "Give the whole address, for example http://127.0.0.1:9001/metrics."
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigError(f"'{url}' is not a URL", hint=hint) from error
    if parsed.scheme not in ("http", "https") or not parsed.host or (parsed.port or 0) > 65535:
        raise ConfigError(f"'{url}' is not the address of a web server", hint=hint)
    return parsed
