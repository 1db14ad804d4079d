"""The router's JSON logs as files: plain or packed with gzip, read line by line in bounded memory.

Source: criterion 5 of the rollout (metrics and logs are accurate and useful). Lines are untrusted.
"""

from __future__ import annotations

import glob
import gzip
import importlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from cbops.clients.log_lines import PROVIDERS, TARGETS, TENANTS, TIMES, read_line
from cbops.clients.traces.zstandard_frames import is_whole
from cbops.errors import InputError
from cbops.model.telemetry import LogFacts, LoggedTransition, LogSpan

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_LINE = 1 << 20  # bytes; a longer line tells nothing
MAX_FILES = 2000
# Between the last line of a file and the first of the next, where a log was rotated and no file is missing.
ROTATION = timedelta(minutes=1)
MAX_TRANSITIONS = 200_000  # of one tenant: a circuit that flaps every second for two days
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
LOOKED_FOR = (
    f"a JSON object a line, with a time ({', '.join(TIMES)}), a tenant ({', '.join(TENANTS)}), "
    f"a provider ({', '.join(PROVIDERS)}) and the state that a circuit went to ({', '.join(TARGETS)})"
)


def read_router_logs(patterns: Sequence[str], tenant: str) -> LogFacts:
    """What these files (paths and globs) tell of the tenant's circuits.

    Lines that aren't JSON objects are counted. InputError: no such file, one that can't be read or unpacked, one
    that holds no JSON object at all, no line with a time, or more transitions than any log can mean.
    """
    paths = _paths(patterns)
    reading = _Reading(tenant)
    for path in paths:
        before = reading.lines - reading.not_json
        lines = reading.lines
        reading.begin_file()
        for raw in _lines(path):
            reading.take(raw)
        if reading.lines > lines and reading.lines - reading.not_json == before:
            raise InputError(
                f"the log {path} has no line that is a JSON object", hint=f"Expected: {LOOKED_FOR}."
            )
    return reading.facts(paths)


@dataclass(slots=True)
class _Reading:
    tenant: str
    lines: int = 0
    not_json: int = 0
    timeless: int = 0
    others: int = 0
    mine: int = 0
    first: datetime | None = None
    last: datetime | None = None
    found: Counter[LoggedTransition] = field(default_factory=Counter)
    here: Counter[LoggedTransition] = field(default_factory=Counter)  # in this file
    spans: list[tuple[datetime, datetime]] = field(default_factory=list)  # of the files before this one

    def begin_file(self) -> None:
        """What comes now is another file's."""
        if self.first is not None and self.last is not None:
            self.spans.append((self.first, self.last))
        self.first = self.last = None
        self.here.clear()

    def take(self, raw: bytes) -> None:
        """One line; an empty one is none."""
        if not raw.strip():
            return
        self.lines += 1
        line = None if len(raw) > MAX_LINE else read_line(raw)
        if line is None:
            self.not_json += 1
            return
        if line.at is None:
            self.timeless += line.moved is not None
            return
        self.first = line.at if self.first is None else min(self.first, line.at)
        self.last = line.at if self.last is None else max(self.last, line.at)
        if line.moved is None:
            return
        if line.moved.tenant != self.tenant:
            self.others += 1
            return
        told = LoggedTransition(
            at=line.at,
            provider=line.moved.provider,
            instance=line.moved.instance,
            source=line.moved.source,
            target=line.moved.target,
            reason=line.moved.reason,
        )
        self.here[told] += 1
        # A circuit can't make the same move twice in a moment, nor do two files both tell it: a copy, or a line that
        # was shipped twice. In one file without the router's name they may be two routers'.
        if self.found[told] >= (1 if told.instance is not None else self.here[told]):
            return
        self.found[told] += 1
        self.mine += 1
        if self.mine > MAX_TRANSITIONS:
            raise InputError(
                f"the logs hold more than {MAX_TRANSITIONS:,} transitions of {self.tenant}",
                hint="Name the files of fewer days.",
            )

    def facts(self, paths: Sequence[Path]) -> LogFacts:
        """What was read; InputError where nothing has a time."""
        self.begin_file()
        if not self.spans:
            named = ", ".join(map(str, paths[:3])) + (" …" if len(paths) > 3 else "")
            raise InputError(f"no line of {named} is a log line with a time", hint=f"Expected: {LOOKED_FOR}.")
        told = sorted(self.found.elements(), key=lambda one: (one.at, one.provider, one.target))
        return LogFacts(
            files=tuple(str(path) for path in paths),
            lines=self.lines,
            unread=self.not_json + self.timeless,
            others=self.others,
            start=min(first for first, _ in self.spans),
            end=max(last for _, last in self.spans),
            covered=_covered(self.spans),
            transitions=tuple(told),
        )


def _covered(spans: Iterable[tuple[datetime, datetime]]) -> tuple[LogSpan, ...]:
    """Those of files that follow each other made one."""
    found: list[LogSpan] = []
    for first, last in sorted(spans):
        if found and first - found[-1].end <= ROTATION:
            found[-1] = LogSpan(start=found[-1].start, end=max(found[-1].end, last))
        else:
            found.append(LogSpan(start=first, end=last))
    return tuple(found)


def _paths(patterns: Sequence[str]) -> tuple[Path, ...]:
    """The files that paths and globs name, each once, in order of their names."""
    found: dict[Path, Path] = {}
    for pattern in patterns:
        for path in _matches(pattern):
            found.setdefault(path.resolve(), path)
    if len(found) > MAX_FILES:
        raise InputError(f"{len(found)} log files are more than {MAX_FILES}", hint="Name fewer of them.")
    return tuple(sorted(found.values(), key=str))


def _matches(pattern: str) -> list[Path]:
    path = Path(pattern)
    if path.is_dir():
        raise InputError(
            f"the log '{pattern}' is a folder", hint=f"Name its files: --logs '{pattern}/*.log*'"
        )
    if path.exists():
        return [path]
    # Path.glob takes no absolute patterns.
    files = [Path(name) for name in glob.glob(pattern, recursive=True) if Path(name).is_file()]  # noqa: PTH207
    if not files:
        raise InputError(
            f"the log '{pattern}': no such file",
            hint="Check the path; quote a glob so that it arrives whole.",
        )
    return files


def _lines(path: Path) -> Iterator[bytes]:
    """Lines of at most MAX_LINE bytes and a little; of a longer one the rest is skipped."""
    try:
        with _opened(path) as stream:
            while raw := stream.readline(MAX_LINE + 2):
                yield raw
                while len(raw) == MAX_LINE + 2 and not raw.endswith(b"\n"):
                    raw = stream.readline(MAX_LINE + 2)
    except (OSError, EOFError, zlib.error) as error:
        told = getattr(error, "strerror", None) or str(error) or "it is cut off"
        raise InputError(
            f"the log {path} can't be read: {told}", hint="Check the file; a packed one may be cut."
        ) from error


def _opened(path: Path) -> AbstractContextManager[IO[bytes]]:
    stream: BufferedReader = path.open("rb")
    head = stream.peek(4)[:4]
    if head.startswith(_GZIP):
        stream.close()
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if head == _ZSTD:
        stream.close()
        return _unpacked(path)
    return stream


def _unpacked(path: Path) -> AbstractContextManager[IO[bytes]]:
    """Zstandard, where the Python that runs has it."""
    try:
        library = importlib.import_module("zstandard")
    except ImportError:
        raise InputError(
            f"the log {path} is packed with Zstandard, which needs a library that isn't here",
            hint=f"Unpack it: zstd -d '{path}'   or: pip install zstandard",
        ) from None
    with path.open("rb") as file:
        if not is_whole(file):
            raise EOFError("it ends in the middle of a frame")
    return cast("IO[bytes]", BufferedReader(_Unpacking(library.open(path, "rb"), library.ZstdError)))


class _Unpacking(RawIOBase):
    """The library's reader as a stream of bytes whose errors are those of a file."""

    def __init__(self, reader: RawIOBase, failure: type[Exception]) -> None:
        self._reader, self._failure = reader, failure

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        """As much as there is room for."""
        try:
            return self._reader.readinto(buffer)
        except self._failure as error:
            raise EOFError(str(error)) from error

    def close(self) -> None:
        """The file too."""
        self._reader.close()
        super().close()
