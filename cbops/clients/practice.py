"""The practice router's clock, so that a rollout can be practised in its time: a week passes in seconds."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

import httpx

from cbops.clients.http.tls import verification
from cbops.errors import ConfigError
from cbops.model.base import as_utc
from cbops.model.config import TlsConfig

_TIMEOUT = httpx.Timeout(10.0, read=600.0)  # letting a month pass takes the router a while


class PracticeClock:
    """A Clock that is read from a practice router and moves it along; close it in the end.

    The router must be one of 'cbops sim serve --clock virtual'; ConfigError says when it isn't.
    """

    def __init__(self, url: str, token: str | None, *, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        headers = {"x-api-key": token} if token else {}
        self._client = httpx.Client(
            headers=headers,
            timeout=_TIMEOUT,
            verify=verification(TlsConfig(), url, "router.tls"),
            transport=transport,
            trust_env=False,
        )

    def now(self) -> datetime:
        """The router's present instant, in UTC."""
        answer = self._ask("GET", "/health")
        return self._time(answer) if "scenario" in answer else self._none("its /health is another router's")

    def wait(self, seconds: float) -> None:
        """Let that much of the router's time pass."""
        if seconds > 0:
            self._time(self._ask("POST", "/sim/advance", {"seconds": seconds}))

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    def _ask(self, method: str, path: str, body: dict[str, float] | None = None) -> dict[str, object]:
        try:
            response = self._client.request(method, self._url + path, json=body)
            response.raise_for_status()
            answer = response.json()
        except httpx.HTTPStatusError as error:
            return self._none(f"{path} answers {error.response.status_code}", error)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return self._none(f"{path} does not answer as its would ({type(error).__name__})", error)
        return answer if isinstance(answer, dict) else self._none(f"{path} answers no object")

    def _time(self, answer: dict[str, object]) -> datetime:
        try:
            return as_utc(datetime.fromisoformat(str(answer.get("now"))))
        except ValueError as error:
            raise self._error("its answer has no time") from error

    def _none(self, why: str, error: Exception | None = None) -> NoReturn:
        raise self._error(why) from error

    def _error(self, why: str) -> ConfigError:
        return ConfigError(
            f"CBOPS_CLOCK asks for the practice router's time, and {self._url} gives none: {why}",
            hint="Serve it (cbops sim serve --clock virtual); on a real router: unset CBOPS_CLOCK",
        )
