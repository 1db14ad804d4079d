"""The faults of the matrix, each as what the proxy does to a call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fault_proxy import Call, Harm

PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
WRONG = "latest"  # where MAJOR.MINOR should stand


def _hang(call: Call) -> None:
    call.released.wait(10)
    call.handler.close_connection = True


def _slow(call: Call) -> None:
    status, body, kind = call.forward()
    call.begin(status, len(body) + 100_000, kind)
    while not call.released.wait(0.05):
        call.handler.wfile.write(b" ")


def _cut(call: Call) -> None:
    status, body, kind = call.forward()
    call.begin(status, len(body), kind)
    call.handler.wfile.write(body[: len(body) // 2])
    call.handler.close_connection = True


def _broken(call: Call) -> None:
    call.answer(500, b'{"error": {"code": "internal", "message": "it broke"}}')


def _gateway(call: Call) -> None:
    call.forward()
    call.answer(502, PAGE, "text/html")


def _busy(call: Call) -> None:
    call.answer(429, b'{"error": {"code": "busy", "message": "too many calls"}}', retry_after="30")


def _no_json(call: Call) -> None:
    call.forward()
    call.answer(200, b'{"versions": [')


def _other_json(call: Call) -> None:
    call.forward()
    call.answer(200, b'{"status": "ok"}')


def _wrong_version(call: Call) -> None:
    status, body, _ = call.forward()
    said = json.loads(body)
    for each in (*said.get("versions", ()), *said.get("policies", ())):
        each["version"] = WRONG
    if "new_version" in said:
        said |= {"new_version": "9.9"}
    call.answer(status, json.dumps(said).encode())


def _nothing(call: Call) -> None:
    said: dict[str, Any] = {"success": True}
    if call.name == "PUT":
        asked = json.loads(call.handler.form)
        said |= {"new_version": asked["version"], "previous_version": None, "updated_at": None}
    call.answer(200, json.dumps(said).encode())


READS = ("GET policies", "GET history", "GET policy", "POST validate")
ACTS = ("PUT", "POST reload", "POST disable")


@dataclass(frozen=True)
class Kind:
    """One fault. `harm` null: nothing listens. `arrives`: a call that writes has reached the router all the same."""

    name: str
    told: str
    arrives: bool
    harm: Harm | None
    calls: tuple[str, ...] = (*READS, *ACTS)


KINDS = (
    Kind("refuse", "nothing listens at the address any more", arrives=False, harm=None),
    Kind("hang", "the call is taken and never answered", arrives=False, harm=_hang),
    Kind(
        "slow body", "the answer's body drips in, a byte at a time, without an end", arrives=True, harm=_slow
    ),
    Kind("cut", "the connection ends in the middle of the answer", arrives=True, harm=_cut),
    Kind("500", "500 with an error in JSON", arrives=False, harm=_broken),
    Kind("502 HTML", "502 with a gateway's web page", arrives=True, harm=_gateway),
    Kind("429", "429 with `Retry-After: 30`, which is beyond the matrix' budget", arrives=False, harm=_busy),
    Kind("no JSON", "200 with JSON that breaks off", arrives=True, harm=_no_json),
    Kind("other JSON", "200 with JSON of another shape", arrives=True, harm=_other_json),
    Kind(
        "wrong version",
        f"every version read is `{WRONG}`; a write is answered with another version than was asked for",
        arrives=True,
        harm=_wrong_version,
        calls=("GET policies", "GET history", "PUT"),
    ),
    Kind("no change", "success is answered, and nothing was done", arrives=False, harm=_nothing, calls=ACTS),
)
BY_NAME = {kind.name: kind for kind in KINDS}
