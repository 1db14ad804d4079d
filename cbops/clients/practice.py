"""The practice router's clock, so that a rollout can be practised in its time: a week passes in seconds."""

from __future__ import annotations

import json
from datetime import datetime
from typing import NoReturn

import httpx

from cbops.clients.http.tls import verification
from cbops.errors import ConfigError
from cbops.model.base import as_utc
from cbops.model.config import TlsConfig

_MAX_BYTES = 64 * 1024
_TIMEOUT = httpx.Timeout(10.0, read=600.0)  # letting a month pass takes the router a while
_TLS = TlsConfig()


class PracticeClock:
    """A Clock that is read from a practice router and moves it along; close it in the end.

    The router must be one of 'cbops sim serve --clock virtual'; ConfigError says when it isn't.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        tls: TlsConfig = _TLS,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        headers = {"x-api-key": token} if token else {}
        self._client = httpx.Client(
            headers={"accept-encoding": "identity", **headers},
            timeout=_TIMEOUT,
            verify=verification(tls, url, "router.tls"),
            transport=transport,
            follow_redirects=False,  # the key goes nowhere else
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
            with self._client.stream(method, self._url + path, json=body) as response:
                response.raise_for_status()
                answer = json.loads(_whole(response))
        except httpx.HTTPStatusError as error:
            return self._none(f"{path} answers {error.response.status_code}", error)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            return self._none(f"{path} does not answer as its would ({type(error).__name__})", error)
        return answer if isinstance(answer, dict) else self._none(f"{path} answers no object")

    def _time(self, answer: dict[str, object]) -> datetime:
        try:
            return as_utc(datetime.fromisoformat(str(answer.get("now"))))
        except (ValueError, OverflowError) as error:
            raise self._error("its answer has no time") from error

    def _none(self, why: str, error: Exception | None = None) -> NoReturn:
        raise self._error(why) from error

    def _error(self, why: str) -> ConfigError:
        return ConfigError(
            f"CBOPS_CLOCK asks for the practice router's time, and {self._url} gives none: {why}",
            hint="Serve it (cbops sim serve --clock virtual); on a real router: unset CBOPS_CLOCK",
        )


def _whole(response: httpx.Response) -> bytes:
    """The answer; ValueError where it is packed or larger than a clock's is."""
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise ValueError("packed")
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > _MAX_BYTES:
            raise ValueError("too large")
    return bytes(body)
