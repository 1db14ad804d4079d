"""Samples into a running Prometheus by its remote-write receiver, staleness markers included.

Written by hand, as it is small: a protobuf message in a snappy block that holds nothing but literals.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

import httpx

# The one NaN that Prometheus takes for "the series is gone".
_STALE = struct.pack("<Q", 0x7FF0000000000002)
_BATCH = 50_000

# Labels with __name__, and (milliseconds, value), ascending; a null value is a staleness marker.
Written = tuple[Mapping[str, str], Sequence[tuple[int, float | None]]]


def write(url: str, series: Iterable[Written]) -> None:
    """All samples, in the order of their times: a server's head keeps no more than an hour open."""
    labels: list[bytes] = []
    samples: list[tuple[int, int, float | None]] = []
    for number, (named, points) in enumerate(series):
        labels.append(b"".join(_pair(name, value) for name, value in sorted(named.items())))
        samples += [(at, number, value) for at, value in points]
    samples.sort(key=itemgetter(0))
    with httpx.Client(base_url=url, timeout=60) as client:
        for first in range(0, len(samples), _BATCH):
            answer = client.post(
                "/api/v1/write",
                content=_snappy(_message(labels, samples[first : first + _BATCH])),
                headers={
                    "Content-Encoding": "snappy",
                    "Content-Type": "application/x-protobuf",
                    "X-Prometheus-Remote-Write-Version": "0.1.0",
                },
            )
            assert answer.status_code == 204, answer.text


def _message(labels: Sequence[bytes], samples: Sequence[tuple[int, int, float | None]]) -> bytes:
    """prometheus.WriteRequest; the earliest first, as an empty server's head begins with what it gets first."""
    points: dict[int, list[bytes]] = {}
    for at, number, value in samples:
        points.setdefault(number, []).append(_point(at, value))
    return b"".join(_field(1, labels[number] + b"".join(mine)) for number, mine in points.items())


def _pair(name: str, value: str) -> bytes:
    return _field(1, _field(1, name.encode()) + _field(2, value.encode()))


def _point(at: int, value: float | None) -> bytes:
    number = _STALE if value is None else struct.pack("<d", value)
    return _field(2, b"\x09" + number + b"\x10" + _varint(at))


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _snappy(content: bytes) -> bytes:
    """The block format, uncompressed."""
    out = [_varint(len(content))]
    for first in range(0, len(content), 65_536):
        piece = content[first : first + 65_536]
        out.append(b"\xf4" + struct.pack("<H", len(piece) - 1) + piece)
    return b"".join(out)
