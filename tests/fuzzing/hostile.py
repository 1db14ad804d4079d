"""What is sent against the parsers: good bytes with one thing made bad, at random from a seed."""

from __future__ import annotations

import json
import random
from typing import Any

DEEP = 100_000
# What stands where a value is expected; as JSON writes it, since some of it no value can be.
VALUES = (
    "NaN", "Infinity", "-Infinity", "1e999", "-1e400", "9" * 30, "9" * 5_000, "-1", "0", "0.1", "1e-320", "1e308",
    "9223372036854775808", "null", "true", "false", "[]", "{}", "[[]]", '[{"a": 1}, 2, "x", null]', '{"": {"": []}}', '""',
    '" "', r'"\u0000"', r'"\ud800"', r'"\u202e"', r'"\u001b[2J\u001b]0;x\u0007"', r'"../../etc/passwd"', r'"..\\.."',
    '"<script>alert(1)</script>"', '"{{7*7}}{% include \'/etc/passwd\' %}"', '"a\\nb: c"', '"' + "x" * 100_000 + '"',
    '"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59-23:59"', '"2025-13-45T99:99:99Z"', '"99999-01-01T00:00:00Z"',
    '"2025-01-29T00:00:00.123456789Z"', '"1e400"', '"NaN"', '"+Inf"', '"2025-02-30"', "1e18", "-62135596801", "253402300801",
    '{"a": 1, "a": 2}', '["a", ["b", ["c"]]]', '"*anchor"', '"!!python/object:os.system x"',
)  # fmt: skip
PIECES = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\n", b"\r", b"\x1b[31m", b"{", b"}", b"[", b"]", b'"', b"\\", b":", b",",
    b"&a ", b"*a ", b"!!python/object/apply:os.system ['x'] ", b"!!binary x", b"<<: *a\n", b"- ", b"? ", b"| ", b"%YAML 9.9\n", b"--- \n", b"# ", b"{a: {", b"1e999", b"NaN",
    b" 99999999999999999999 ", b'm{a="', b'{le="+Inf"} ', b"# TYPE m histogram\n", b"[5m:1s]", b"offset -1d", b"@ end()", b"\xe2\x80\xae", "ü".encode(), b"0x7fffffffffffffff",
)  # fmt: skip


def mutated(good: bytes, rng: random.Random) -> bytes:
    """The good bytes with something made bad: a value in the JSON, or bytes anywhere."""
    if rng.random() < 0.5:
        made = _in_json(good, rng)
        if made is not None:
            return made
    return _in_bytes(good, rng)


def _in_json(good: bytes, rng: random.Random) -> bytes | None:
    lines = good.split(b"\n")
    at = rng.randrange(len(lines))
    try:
        document = json.loads(lines[at] if len(lines) > 1 else good)
    except ValueError:
        return None
    marked = json.dumps(_replaced(document, rng))
    for mark in ("@0@", "@1@"):
        marked = marked.replace(f'"{mark}"', rng.choice(VALUES))
    if rng.random() < 0.1:
        marked = marked.replace("{", '{"a": 1, "a": 2, ', 1)
    made = marked.encode("utf-8", "surrogatepass")
    return b"\n".join([*lines[:at], made, *lines[at + 1 :]]) if len(lines) > 1 else made


def _replaced(document: Any, rng: random.Random) -> Any:
    """One node of it, or two, replaced by a mark, left out or put in twice."""
    for mark in ("@0@", "@1@")[: rng.choice((1, 1, 2))]:
        place = _somewhere(document, rng)
        if place is None:
            return mark
        holder, key = place
        act = rng.random()
        if act < 0.1:
            del holder[key]
        elif act < 0.2 and isinstance(holder, list):
            holder.append(holder[key])
        elif act < 0.3 and isinstance(holder, dict):
            holder[rng.choice(("", "extra", "a" * 5_000, "\x1b[0m", "__class__"))] = mark
        else:
            holder[key] = mark
    return document


def _somewhere(document: Any, rng: random.Random) -> tuple[Any, Any] | None:
    """A holder and a key in it; null for a document without any."""
    found, here = None, document
    while isinstance(here, dict | list) and here:
        key = rng.choice(list(here)) if isinstance(here, dict) else rng.randrange(len(here))
        found, here = (here, key), here[key]
        if rng.random() < 0.25:
            break
    return found


def _in_bytes(good: bytes, rng: random.Random) -> bytes:
    raw = bytearray(good)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        at = rng.randrange(len(raw) + 1)
        act = rng.random()
        if act < 0.45:
            raw[at:at] = rng.choice(PIECES)
        elif act < 0.6:
            del raw[at : at + rng.choice((1, 2, 10, 100))]
        elif act < 0.75 and raw:
            raw[at % len(raw)] = rng.randrange(256)
        elif act < 0.85:
            raw[at:at] = rng.choice(VALUES).encode()
        elif act < 0.95:
            other = rng.randrange(len(raw) + 1)
            raw[at:at] = raw[min(at, other) : max(at, other)]
        else:
            del raw[at:]
    return bytes(raw)
