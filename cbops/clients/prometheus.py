"""Raw samples from a Prometheus server, or from any other that speaks its HTTP API.

A range selector evaluated at the window's end answers with the samples themselves: exact, without
extrapolation. Every foreign exception is mapped to a MetricsError; header values never appear in
a message. Source: 'Births' and 'Extrapolation' in the metrics section of the domain description.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx

from cbops.clients.http.caller import Answer, Caller, Method
from cbops.clients.http.client import Client
from cbops.clients.http.faults import METRICS
from cbops.clients.loaded_rules import loaded_rules
from cbops.clients.matrix import read_json, series_of
from cbops.clients.promql_text import promql, selector_text
from cbops.errors import (
    CbopsError,
    MetricsEmptyError,
    MetricsError,
    MetricsManyError,
    MetricsMissingError,
    MetricsNoDataError,
    MetricsQueryError,
    MetricsUnreachableError,
)
from cbops.model.base import iso, to_ms
from cbops.model.config import MetricsConfig
from cbops.model.promql import selectors
from cbops.model.series import LOOKBACK, Fetched, QueryRecord, Series, SeriesQuery
from cbops.model.telemetry import LoadedRule

_LOOKBACK_MS = round(LOOKBACK.total_seconds() * 1000)
_EXAMPLES = 2  # label sets in a message
_WARNINGS = 10  # of one answer that are kept
_SHOWN = 200  # characters of an expression in a message
_NO_RULES = (404, 405, 501)


class PrometheusSource(Client):
    """A SamplePort and a LoadedRulesPort. `headers` are sent with every request; redirects are not followed.

    What may be retried is; a call raises MetricsUnreachableError, MetricsRefusedError, MetricsQueryError or
    MetricsAnswerError, the constructor ConfigError for TLS files that are wrong. `transport` and `monotonic` are the
    seams for tests. Close it, or use it as a context manager.
    """

    kind = "prometheus"

    def __init__(
        self,
        config: MetricsConfig,
        headers: Mapping[str, str],
        *,
        transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout = config.timeout_seconds
        self._caller = Caller(
            METRICS,
            config.url,
            config,
            headers,
            max_mib=config.max_answer_mib,
            transport=transport,
            monotonic=monotonic,
        )
        super().__init__(self._caller)
        self._shown = self._caller.shown

    def fetch(self, query: SeriesQuery, start: datetime, end: datetime) -> Fetched:
        """Samples with start < t <= end and each series' last one before, at most LOOKBACK back."""
        begin, last = to_ms(start), to_ms(end)
        text = promql(query, last - begin + _LOOKBACK_MS)
        answer = self._ask(text, last)
        data = answer.get("data")
        result = data.get("result") if isinstance(data, dict) else None
        if not isinstance(result, list) or not isinstance(data, dict) or data.get("resultType") != "matrix":
            raise self._nonsense("no matrix of samples in it")
        series = [one for item in result if (one := self._series(item, begin)) is not None]
        series.sort(key=_identity)
        if any(_identity(one) == _identity(other) for one, other in pairwise(series)):
            raise self._nonsense("a series that is there twice")
        record = QueryRecord(
            purpose=query.purpose,
            query=text,
            start=start,
            end=end,
            step_seconds=query.step_seconds,
            series=len(series),
            samples=sum(len(one.times) for one in series),
            warnings=self._warnings(answer),
        )
        return Fetched(tuple(series), record)

    def single(self, expression: str, at: datetime) -> float:
        """The one number that an expression gives at an instant; NaN is a number (0/0: there was no traffic).

        Raises MetricsManyError for several series; where none answers, MetricsMissingError when the server's index
        knows no such series at any time, else MetricsNoDataError.
        """
        data = self._ask(expression, to_ms(at)).get("data")
        kind = data.get("resultType") if isinstance(data, dict) else None
        found = data.get("result") if isinstance(data, dict) else None
        if kind in ("matrix", "string"):
            raise MetricsQueryError(
                f"The expression gives a {kind}, and one number is wanted: {expression[:_SHOWN]}",
                hint="Correct the expression.",
            )
        if kind not in ("vector", "scalar") or not isinstance(found, list):
            raise self._nonsense("no vector of samples in it")
        if kind == "scalar":
            return self._number(found)
        if not found:
            raise self._empty(expression, at)
        if len(found) > 1:
            raise _several(expression, found)
        return self._number(found[0].get("value") if isinstance(found[0], dict) else None)

    def alert_rules(self) -> tuple[LoadedRule, ...] | None:
        """Every loaded alert rule, in one request; null where the server lists none of its rules (it has no such
        API, as with stores that evaluate nothing).
        """
        answer = self._caller.ask("GET", "/api/v1/rules", {"type": "alert"})
        if answer.status in _NO_RULES:
            return None
        try:
            found = self._read(answer)
        except MetricsError as error:
            if "not supported" in error.message.lower():
                return None
            raise
        try:
            return loaded_rules(found.get("data"))
        except ValueError as error:
            raise self._nonsense(str(error)) from None

    def _ask(self, text: str, at_ms: int) -> dict[str, Any]:
        form = {"query": text, "time": f"{at_ms / 1000:.3f}", "timeout": f"{self._timeout:g}"}
        return self._send("POST", "query", form)

    def _send(self, method: Method, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        """A call of the HTTP API under /api/v1/: its answer, where the server says that it succeeded."""
        return self._read(self._caller.ask(method, f"/api/v1/{path}", form))

    def _read(self, answer: Answer) -> dict[str, Any]:
        try:
            found = read_json(answer.text)
        except ValueError as error:
            said = "" if answer.status == 200 else self._caller.safe(answer.text)[:_SHOWN]
            words = f" ({said})" if said else ""
            raise self._nonsense(f"HTTP {answer.status}, and {error}{words}") from None
        if not isinstance(found, dict):
            raise self._nonsense(f"HTTP {answer.status}, and no JSON object")
        if found.get("status") == "success" and answer.status == 200:
            return found
        raise self._failed(answer.status, found)

    def _failed(self, status: int, answer: Mapping[str, Any]) -> CbopsError:
        kind, text = str(answer.get("errorType", "")), self._caller.safe(str(answer.get("error", "")))
        if kind in ("bad_data", "execution") or status in (400, 422):
            return MetricsQueryError(
                f"The metrics source {self._shown} calls the query bad (HTTP {status}): {text}",
                hint="Check metrics.names and metrics.labels; for 'too many samples' raise the server's "
                "--query.max-samples.",
            )
        if kind in ("timeout", "canceled", "unavailable"):
            return MetricsUnreachableError(
                f"The metrics source {self._shown} could not answer now (HTTP {status}): {text}",
                hint="Try again later, or raise the server's --query.timeout.",
            )
        return self._nonsense(f"HTTP {status} {text}".strip())

    def _warnings(self, answer: Mapping[str, Any]) -> tuple[str, ...]:
        """The server's warnings and notes, short enough for a record."""
        lists = [answer.get("warnings"), answer.get("infos")]
        told = [str(one) for found in lists if isinstance(found, list) for one in found]
        each = tuple(dict.fromkeys(self._caller.safe(one) for one in told[:_WARNINGS]))
        return each if len(told) <= _WARNINGS else (*each, f"and {len(told) - _WARNINGS} more")

    def _nonsense(self, what: str) -> CbopsError:
        return self._caller.nonsense(what)

    def _series(self, item: object, begin: int) -> Series | None:
        try:
            return series_of(item, begin)
        except ValueError as error:
            raise self._nonsense(str(error)) from None

    def _number(self, sample: Any) -> float:  # noqa: ANN401 - as the server sent it
        """The value of [time, value]."""
        try:
            return float(sample[1])
        except (TypeError, ValueError, IndexError):
            raise self._nonsense("a sample that is none") from None

    def _empty(self, expression: str, at: datetime) -> MetricsEmptyError:
        """Why an expression gives nothing: asked of the server's index, for each of its selectors."""
        shown = expression[:_SHOWN]
        # Loaded only here: a parser of PromQL is no part of a measurement.
        parse = importlib.import_module("cbops.clients.promql").parse_promql
        try:
            wanted = selectors(parse(expression))
        except ValueError:
            wanted = ()  # the server understood it, the parser here doesn't: nothing can be said of its series
        missing = [text for one in wanted if not self._known(text := selector_text(one.matchers))]
        if missing:
            return MetricsMissingError(
                f"The metrics source {self._shown} has no such series: {', '.join(missing)[:_SHOWN]} (of {shown})",
                hint="Check metrics.names and metrics.labels, and that the routers are scraped.",
            )
        return MetricsNoDataError(
            f"The metrics source {self._shown} has such series, and no sample of them at {iso(at)}: {shown}",
            hint="Were the routers scraped then, and is the data still kept (retention)?",
        )

    def _known(self, selector: str) -> bool:
        """The index has such a series, at any time; as few of them are asked for as the server can limit."""
        data = self._send("GET", "series", {"match[]": selector, "limit": "1"}).get("data")
        if not isinstance(data, list):
            raise self._nonsense("no list of series")
        return bool(data)


def _identity(series: Series) -> tuple[str, list[tuple[str, str]]]:
    return series.name, sorted(series.labels.items())


def _several(expression: str, found: list[Any]) -> MetricsManyError:
    labels = [json.dumps(one.get("metric") if isinstance(one, dict) else one) for one in found[:_EXAMPLES]]
    return MetricsManyError(
        f"{len(found)} series answer where one is expected: {expression[:_SHOWN]}; among them {' and '.join(labels)}",
        hint="Name more labels, or aggregate: sum(…).",
    )
