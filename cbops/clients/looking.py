"""A Prometheus server that is also asked how it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cbops.clients.rule_series import PrometheusRules
from cbops.errors import MetricsAnswerError, MetricsQueryError
from cbops.model.base import to_ms


class PrometheusServer(PrometheusRules):
    """A MetricsServerPort over the HTTP API."""

    def version(self) -> str | None:
        """Its version; null where it doesn't tell."""
        data = self._optional("status/buildinfo", {})
        version = data.get("version") if isinstance(data, dict) else None
        return str(version) if version else None

    def recordings(self) -> Mapping[str, tuple[str, ...]] | None:
        """The expressions of the loaded recording rules, by the name of the series that they record; null where the
        server doesn't list its rules.
        """
        data = self._optional("rules", {"type": "record"})
        if data is None:
            return None
        found: dict[str, tuple[str, ...]] = {}
        try:
            for rule in (rule for group in data["groups"] for rule in group["rules"]):
                if rule.get("type", "recording") == "recording":
                    name = str(rule["name"])
                    found[name] = (*found.get(name, ()), str(rule["query"]))
        except (KeyError, TypeError, AttributeError):
            raise self._nonsense("no list of rules") from None
        return found

    def alertmanagers(self) -> tuple[str, ...] | None:
        """The addresses of the Alertmanagers that it sends its alerts to; null where it doesn't tell."""
        data = self._optional("alertmanagers", {})
        if data is None:
            return None
        try:
            return tuple(str(one["url"]) for one in data["activeAlertmanagers"] or ())
        except (KeyError, TypeError):
            raise self._nonsense("no list of Alertmanagers") from None

    def values(self, expression: str, at: datetime) -> tuple[tuple[Mapping[str, str], float], ...]:
        """The labels and values that an expression has at an instant."""
        data = self._ask(expression, to_ms(at)).get("data")
        try:
            return tuple((one["metric"], float(one["value"][1])) for one in data["result"])  # type: ignore[index]
        except (KeyError, TypeError, ValueError, IndexError):
            raise self._nonsense("no vector of samples in it") from None

    def _optional(self, path: str, form: Mapping[str, str]) -> Any:  # noqa: ANN401 - as the server sent it
        """What not every server of this kind serves; null where this one doesn't."""
        try:
            return self._send("GET", path, form).get("data")
        except (MetricsAnswerError, MetricsQueryError):
            return None
