"""`head.json`: the last event's number and hash, replaced after every append; shows truncation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cbops.journal.codec import LineError, is_hash, parse_object
from cbops.journal.files import HEAD, write_atomically


@dataclass(frozen=True, slots=True)
class Head:
    """The last event that was confirmed."""

    seq: int
    hash: str


def parse_head(raw: bytes) -> Head:
    """LineError when it isn't a head."""
    record = parse_object(raw)
    if record.keys() != {"v", "seq", "hash"} or record["v"] != 1:
        raise LineError("it has other fields than v (1), seq and hash")
    seq, own_hash = record["seq"], record["hash"]
    if type(seq) is not int or seq < 1 or not isinstance(own_hash, str) or not is_hash(own_hash):
        raise LineError("'seq' or 'hash' makes no sense")
    return Head(seq, own_hash)


def write_head(folder: Path, head: Head) -> None:
    """Replace the head, durably. May raise StorageError."""
    text = json.dumps({"v": 1, "seq": head.seq, "hash": head.hash}, sort_keys=True)
    write_atomically(folder / HEAD, f"{text}\n".encode())
