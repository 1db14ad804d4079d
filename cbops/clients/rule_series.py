"""What a check of rules asks of a metrics source: a Prometheus server, or the embedded store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cbops.clients.prometheus import PrometheusSource
from cbops.clients.store import SampleStore
from cbops.errors import CbopsError, MetricsAnswerError, MetricsQueryError
from cbops.model.base import to_ms
from cbops.model.promql import NAME
from cbops.model.rule_check import Answered, Found
from cbops.model.series import Matcher

MAX_SERIES = 20_000  # of one metric; more are not held against a rule
_SHARE = 0.8  # of the client's time-out: the server gives up on a query before the client does


class PrometheusRules(PrometheusSource):
    """A RulesPort over the HTTP API; one request for each call."""

    def names(self, start: datetime, end: datetime) -> frozenset[str]:
        """The metrics with samples in the window."""
        data = self._data("GET", f"label/{NAME}/values", _window(start, end))
        if not isinstance(data, list):
            raise self._nonsense("no list of names")
        return frozenset(str(name) for name in data)

    def series(self, name: str, start: datetime, end: datetime) -> Found:
        """The label sets of a metric; read from the index, so it costs the same however many samples there are."""
        selector = "{" + f"{NAME}={json.dumps(name, ensure_ascii=False)}" + "}"
        form = {**_window(start, end), "match[]": selector, "limit": str(MAX_SERIES + 1)}
        data = self._data("POST", "series", form)
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            raise self._nonsense("no list of series")
        complete = len(data) <= MAX_SERIES
        return Found(tuple(data[:MAX_SERIES]), complete=complete)

    def ask(self, expression: str, start: datetime, end: datetime, step_seconds: int) -> Answered:
        """A range query. What one query is too much for is said in the answer; MetricsUnreachableError and
        MetricsRefusedError go through.
        """
        form = {
            **_window(start, end),
            "query": expression,
            "step": str(step_seconds),
            "timeout": f"{self._timeout * _SHARE:g}",
        }
        try:
            data = self._data("POST", "query_range", form)
        except MetricsQueryError as error:
            return Answered(None, told=error.message, refused=True)
        except MetricsAnswerError as error:
            return Answered(None, told=error.message)
        result = data.get("result") if isinstance(data, dict) else None
        if not isinstance(result, list):
            raise self._nonsense("no matrix of samples in it")
        times: set[int] = set()
        for one in result:
            columns = one.get("values") if isinstance(one, dict) else None
            times.update(getattr(columns, "times", ()))
        points = (to_ms(end) - to_ms(start)) // (step_seconds * 1000) + 1
        return Answered(len(times), points)

    def _data(self, method: Any, path: str, form: Mapping[str, str]) -> Any:  # noqa: ANN401 - as the server sent it
        return self._send(method, path, form).get("data")

    def _failed(self, status: int, answer: Mapping[str, Any]) -> CbopsError:
        """An expression that is too much for the server isn't a wrong one."""
        if answer.get("errorType") == "execution":
            text = self._caller.safe(str(answer.get("error", "")))
            return MetricsAnswerError(
                f"The metrics source {self._shown} could not evaluate the expression: {text}",
                hint="Ask for fewer days.",
            )
        return super()._failed(status, answer)


class StoreRules(SampleStore):
    """A RulesPort over the embedded store: it knows series, and evaluates nothing."""

    requests = 0

    def names(self, start: datetime, end: datetime) -> frozenset[str]:
        """The metrics with samples in the window."""
        return frozenset(name for name, _ in self._there(start, end))

    def series(self, name: str, start: datetime, end: datetime) -> Found:
        """The label sets of a metric."""
        found = [labels for each, labels in self._there(start, end, Matcher(NAME, "=", name)) if each == name]
        return Found(tuple(found[:MAX_SERIES]), complete=len(found) <= MAX_SERIES)

    def ask(self, expression: str, start: datetime, end: datetime, step_seconds: int) -> Answered:
        """It says that it can't."""
        del expression, start, end, step_seconds
        return Answered(None, told="the embedded store evaluates no expressions")

    def _there(
        self, start: datetime, end: datetime, name: Matcher | None = None
    ) -> list[tuple[str, dict[str, str]]]:
        chosen, words = ("AND name = ?", [name.value]) if name else ("", [])
        with self._lock:
            self.flush()
            with self._reading() as connection:
                rows = connection.execute(
                    "SELECT name, labels FROM series WHERE EXISTS (SELECT 1 FROM samples "  # noqa: S608 - fixed words
                    f"WHERE series = id AND t > ? AND t <= ? AND v IS NOT NULL) {chosen} ORDER BY name, labels",
                    [to_ms(start), to_ms(end), *words],
                ).fetchall()
                return [(each, json.loads(labels)) for each, labels in rows]


def _window(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": f"{to_ms(start) / 1000:.3f}", "end": f"{to_ms(end) / 1000:.3f}"}
