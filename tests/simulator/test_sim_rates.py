from __future__ import annotations

import asyncio

from cbops.simulator.guard import CALLS, WRONG_KEYS, Allowance, Guard

KEY = (b"x-api-key", b"right")


class Hands:
    """A clock that is moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def _app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def statuses(guard: Guard, count: int, path: str = "/api", headers=()) -> list[int]:
    found: list[int] = []

    async def send(message):
        if message["type"] == "http.response.start":
            found.append(message["status"])
            if message["status"] == 429:
                assert (b"retry-after", b"1") in message["headers"]

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def play():
        for _ in range(count):
            await guard({"type": "http", "path": path, "headers": list(headers)}, receive, send)

    asyncio.run(play())
    return found


def test_an_allowance_is_used_up_and_refilled():
    clock = Hands()
    allowance = Allowance(2, 1, clock)
    assert [allowance.take() for _ in range(3)] == [True, True, False]
    clock.now = 1.5
    assert [allowance.take() for _ in range(2)] == [True, False]
    clock.now = 100
    assert [allowance.take() for _ in range(3)] == [True, True, False]


def test_guessing_keys_is_slowed_down_and_hinders_nobody_who_has_it():
    clock = Hands()
    guard = Guard(_app, "right", clock)
    tries = int(WRONG_KEYS[0])
    assert statuses(guard, tries + 2, headers=[(b"x-api-key", b"wrong")]) == [401] * tries + [429, 429]
    assert statuses(guard, 1, headers=[KEY]) == [200]
    clock.now = 1.0
    assert statuses(guard, 1) == [401]


def test_a_flood_of_calls_is_refused_until_time_has_passed():
    clock = Hands()
    guard = Guard(_app, "right", clock)
    found = statuses(guard, int(CALLS[0]) + 1, headers=[KEY])
    assert found[-2:] == [200, 429]
    assert statuses(guard, 3, path="/metrics") == [200] * 3
    clock.now = 0.01
    assert statuses(guard, 1, headers=[KEY]) == [200]
