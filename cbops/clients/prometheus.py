"""Raw samples from a Prometheus server over its HTTP API.

A range selector evaluated at the window's end answers with the samples themselves: exact, without
extrapolation. Every foreign exception is mapped here to a MetricsError; header values never appear in
a message. Source: 'Births' and 'Extrapolation' in the metrics section of the domain description.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from cbops.errors import (
    MetricsAnswerError,
    MetricsError,
    MetricsQueryError,
    MetricsRefusedError,
    MetricsUnreachableError,
)
from cbops.model.base import to_ms
from cbops.model.config import MetricsConfig
from cbops.model.series import LOOKBACK, Fetched, Matcher, QueryRecord, Series, SeriesQuery, regex_literal

_LOOKBACK_MS = round(LOOKBACK.total_seconds() * 1000)
_HINT_ANSWER = "Check metrics.url: is it the root of a Prometheus server's HTTP API?"


class PrometheusSource:
    """A SamplePort. `headers` are sent with every request; redirects are not followed.

    `transport` is the seam for tests. Close it, or use it as a context manager.
    """

    kind = "prometheus"

    def __init__(
        self,
        config: MetricsConfig,
        headers: Mapping[str, str],
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._api = config.url.rstrip("/") + "/api/v1/"
        self._shown = _without_secrets(config.url)
        self._timeout = config.timeout_seconds
        try:
            self._client = httpx.Client(
                headers=dict(headers),
                timeout=config.timeout_seconds,
                transport=transport,
                follow_redirects=False,
                # Neither a proxy nor a .netrc of the environment gets to see the headers.
                trust_env=False,
            )
        except (TypeError, ValueError) as error:
            raise MetricsUnreachableError(
                "A header for the metrics source cannot be sent", hint="Check metrics.headers."
            ) from error

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fetch(self, query: SeriesQuery, start: datetime, end: datetime) -> Fetched:
        """Samples with start < t <= end and each series' last one before, at most LOOKBACK back.

        Raises MetricsUnreachableError, MetricsRefusedError, MetricsQueryError, MetricsAnswerError.
        """
        begin, last = to_ms(start), to_ms(end)
        text = promql(query, last - begin + _LOOKBACK_MS)
        answer = self._ask(text, last)
        data = answer.get("data")
        result = data.get("result") if isinstance(data, dict) else None
        if not isinstance(result, list) or not isinstance(data, dict) or data.get("resultType") != "matrix":
            raise self._nonsense("no matrix of samples in it")
        series = [one for item in result if (one := self._series(item, begin)) is not None]
        series.sort(key=lambda one: (one.name, sorted(one.labels.items())))
        record = QueryRecord(
            purpose=query.purpose,
            query=text,
            start=start,
            end=end,
            step_seconds=query.step_seconds,
            series=len(series),
            samples=sum(len(one.times) for one in series),
            warnings=_warnings(answer),
        )
        return Fetched(tuple(series), record)

    def _ask(self, text: str, at_ms: int) -> dict[str, Any]:
        form = {"query": text, "time": f"{at_ms / 1000:.3f}", "timeout": f"{self._timeout:g}"}
        return self._send("POST", "query", form)

    def _send(self, method: Literal["GET", "POST"], path: str, form: Mapping[str, str]) -> dict[str, Any]:
        """A call of the HTTP API under /api/v1/: its answer, where the server says that it succeeded."""
        asked, sent = (dict(form), None) if method == "GET" else (None, dict(form))
        try:
            response = self._client.request(method, self._api + path, params=asked, data=sent)
        except httpx.TimeoutException as error:
            raise MetricsUnreachableError(
                f"The metrics source {self._shown} did not answer within {self._timeout:g} s",
                hint="Try again, or raise metrics.timeout_seconds.",
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise MetricsUnreachableError(
                f"The metrics source {self._shown} cannot be reached ({type(error).__name__})",
                hint="Check metrics.url in cbops.yaml, and that the server runs.",
            ) from error
        except UnicodeError as error:
            raise MetricsUnreachableError(
                "A header for the metrics source cannot be sent", hint="Check metrics.headers."
            ) from error
        return self._read(response)

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        status = response.status_code
        if status in (401, 403):
            raise MetricsRefusedError(
                f"The metrics source {self._shown} refused the request (HTTP {status})",
                hint="Check metrics.headers and the variables that they are read from.",
            )
        if response.is_redirect:
            raise self._nonsense(f"HTTP {status}, a redirect, and redirects are not followed")
        try:
            # Lists of one series become arrays as soon as they are read, or a day takes ten times the memory.
            answer = json.loads(response.content, object_hook=_packed)
        except (ValueError, RecursionError) as error:
            raise self._nonsense(f"HTTP {status}, and no JSON") from error
        if not isinstance(answer, dict):
            raise self._nonsense(f"HTTP {status}, and no JSON object")
        if answer.get("status") == "success" and status == 200:
            return answer
        raise self._failed(status, answer)

    def _failed(self, status: int, answer: Mapping[str, Any]) -> MetricsError:
        kind, text = str(answer.get("errorType", "")), str(answer.get("error", ""))[:300]
        if kind in ("bad_data", "execution") or status in (400, 422):
            return MetricsQueryError(
                f"The metrics source {self._shown} calls the query bad (HTTP {status}): {text}",
                hint="Check metrics.names and metrics.labels; for 'too many samples' raise the server's "
                "--query.max-samples.",
            )
        if kind in ("timeout", "canceled", "unavailable") or status in (502, 503, 504):
            return MetricsUnreachableError(
                f"The metrics source {self._shown} could not answer now (HTTP {status}): {text}",
                hint="Try again later, or raise the server's --query.timeout.",
            )
        return self._nonsense(f"HTTP {status} {text}".strip())

    def _nonsense(self, what: str) -> MetricsAnswerError:
        return MetricsAnswerError(
            f"The metrics source {self._shown} gave an answer that makes no sense: {what}", hint=_HINT_ANSWER
        )

    def _series(self, item: object, begin: int) -> Series | None:
        """One series from its last sample at or before `begin` on; null when it has none."""
        if not isinstance(item, dict):
            raise self._nonsense("a series that is no object")
        labels, columns = item.get("metric"), item.get("values")
        if columns is None and "histograms" in item:
            return None  # native histograms are not read
        if not isinstance(labels, dict) or not isinstance(columns, _Columns):
            raise self._nonsense("a series without labels or samples")
        first = max(bisect_right(columns.times, begin) - 1, 0)
        if first >= len(columns.times):
            return None
        return Series(
            name=labels.pop("__name__", ""),
            labels=labels,
            times=columns.times[first:],
            values=columns.values[first:],
        )


class _Columns:
    """The samples of one series, packed: 16 bytes each."""

    __slots__ = ("times", "values")

    def __init__(self, pairs: list[Any]) -> None:
        self.times = array("q", [round(at * 1000) for at, _ in pairs])
        self.values = array("d", [float(value) for _, value in pairs])


def _packed(item: dict[str, Any]) -> dict[str, Any]:
    """A JSON object as it is, but with its samples packed; ValueError when they are no samples."""
    pairs = item.get("values")
    if isinstance(pairs, list) and "metric" in item:
        try:
            item["values"] = _Columns(pairs)
        except (TypeError, OverflowError) as error:
            raise ValueError("not a list of samples") from error
    return item


def _warnings(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """The server's warnings and notes, short enough for a record."""
    lists = [answer.get("warnings"), answer.get("infos")]
    return tuple(str(one)[:300] for found in lists if isinstance(found, list) for one in found)


def promql(query: SeriesQuery, range_ms: int) -> str:
    """The query as PromQL: a range selector, or a subquery for one with a step."""
    if len(query.names) == 1:
        name = Matcher("__name__", "=", query.names[0])
    else:
        name = Matcher("__name__", "=~", "|".join(regex_literal(one) for one in query.names))
    conditions = ",".join(
        f"{_label(one.label)}{one.op}{_quoted(one.value)}" for one in (name, *query.matchers)
    )
    step = "" if query.step_seconds is None else f":{query.step_seconds}s"
    return f"{{{conditions}}}[{range_ms}ms{step}]"


def _label(name: str) -> str:
    """A label name; one that is not a plain identifier is quoted (Prometheus 3)."""
    plain = name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
    return name if plain else _quoted(name)


def _quoted(value: str) -> str:
    """A PromQL string: backslash, quote and line break are escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _without_secrets(url: str) -> str:
    """The URL without user, password and query, for messages."""
    try:
        parsed = httpx.URL(url)
        return str(parsed.copy_with(username=None, password=None, query=None, fragment=None))
    except (httpx.InvalidURL, ValueError, TypeError):
        return "at metrics.url"
