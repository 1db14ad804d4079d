"""Every step of a process that the world outside can see: writes, renames, syncs, locks and calls.

The functions through which Python does such things are wrapped: each has a point before it and one after it,
a write also one in its middle. An audit hook of the interpreter finds what went past the wrappers, so that no
point is forgotten when the code changes.
"""

from __future__ import annotations

import builtins
import fcntl
import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import httpx

STDOUT, STDERR = 1, 2
SHORT = 12  # characters of a hash in a point's name
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate")
FILES = ("rename", "replace", "unlink", "remove", "mkdir", "rmdir", "link", "symlink", "truncate")
DESCRIPTORS = ("fsync", "fdatasync", "ftruncate")


class Points:
    """Counts the points that a process passes; at the wanted one `end` is called, and the process is killed.

    `wanted`: (the name's beginning, the how-manieth of those), or (None, the number of the point from 1); None
    only records.
    """

    def __init__(
        self, folder: Path, wanted: tuple[str | None, int] | None, end: Callable[[Points], None]
    ) -> None:
        self.folder = folder
        self.passed: list[str] = []
        self.missed: list[str] = []  # what went past the wrappers
        self._wanted = wanted
        self._seen = 0
        self._end = end
        self._inside = 0

    def install(self) -> None:
        """Wrap everything, for the rest of this process."""
        for name in FILES:
            self._wrap(os, name, lambda *paths, **_: self._paths(paths))
        for name in DESCRIPTORS:
            self._wrap(os, name, lambda fd, *_: self._of(fd))
        self._wrap(fcntl, "flock", lambda fd, *_: self._of(fd))
        self._wrap_opening()
        self._wrap_writing()
        self._wrap_calls()
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(Raw(STDOUT)), encoding="utf-8")
        sys.stderr = io.TextIOWrapper(io.BufferedWriter(Raw(STDERR)), encoding="utf-8")
        sys.addaudithook(self._audit)

    def due(self, name: str) -> bool:
        """Pass a point; whether the process has to end here."""
        self.passed.append(name)
        if self._wanted is None:
            return False
        beginning, number = self._wanted
        self._seen += beginning is None or name.startswith(beginning)
        return self._seen == number and (beginning is None or name.startswith(beginning))

    def reach(self, name: str) -> None:
        """Pass a point, or end there."""
        if self.due(name):
            self.die()

    def die(self) -> NoReturn:
        """SIGKILL: nothing of this process is run any more."""
        self._end(self)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")

    def _wrap(self, module: Any, name: str, about: Callable[..., str]) -> None:
        real = getattr(module, name)

        def wrapped(*args: Any, **options: Any) -> Any:
            point = f"{name} {about(*args, **options)}"
            self.reach(f"before {point}")
            done = self._within(lambda: real(*args, **options))
            self.reach(f"after {point}")
            return done

        setattr(module, name, wrapped)

    def _within(self, act: Callable[[], Any]) -> Any:
        self._inside += 1
        try:
            return act()
        finally:
            self._inside -= 1

    def _wrap_opening(self) -> None:
        real, real_open = os.open, io.open

        def opened(path: Any, flags: int, *args: Any, **options: Any) -> int:
            creates = bool(flags & (os.O_CREAT | os.O_TRUNC))
            point = f"create {self._name(path)}"
            if creates:
                self.reach(f"before {point}")
            fd = self._within(lambda: real(path, flags, *args, **options))
            if creates:
                self.reach(f"after {point}")
            return int(fd)

        def stream(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            """A file that is written goes through os.open and os.write, where it is seen."""
            if isinstance(file, int) or "opener" in options or not set(mode) & set("wax+"):
                return real_open(file, mode, *args, **options)
            assert "+" not in mode, "no file is read and written at once here"
            how = {"w": os.O_TRUNC, "a": os.O_APPEND, "x": os.O_EXCL}[next(iter(set(mode) & set("wax")))]
            raw = io.BufferedWriter(Raw(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o666)))
            return raw if "b" in mode else io.TextIOWrapper(raw, encoding=options.get("encoding") or "utf-8")

        os.open = opened
        io.open = builtins.open = stream  # type: ignore[assignment]

    def _wrap_writing(self) -> None:
        real = os.write

        def write(fd: int, data: Any) -> int:
            point = f"write {self._of(fd)}"
            self.reach(f"before {point}")
            if len(data) > 1 and self.due(f"half {point}"):
                real(fd, bytes(data)[: len(data) // 2])
                self.die()
            written = real(fd, data)
            self.reach(f"after {point}")
            return written

        os.write = write

    def _wrap_calls(self) -> None:
        real = httpx.HTTPTransport.handle_request

        def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            call = f"{request.method} {request.url.path.rstrip('/').rpartition('/')[2]}"
            self.reach(f"before {call}")
            response: httpx.Response = self._within(lambda: real(transport, request))
            if self.due(f"after {call}"):
                response.read()
                self.die()
            return response

        httpx.HTTPTransport.handle_request = handle  # type: ignore[method-assign]

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if self._inside:
            return
        if event == "open":
            path, _, flags = args
            if not isinstance(path, int) and flags & WRITING:
                self.missed.append(f"open {path}")
        elif event in CHANGES or event in ("subprocess.Popen", "socket.connect"):
            self.missed.append(f"{event} {args[:1]}")

    def _paths(self, paths: tuple[Any, ...]) -> str:
        return " → ".join(self._name(path) for path in paths[:2] if not isinstance(path, int))

    def _of(self, fd: int) -> str:
        if fd in (STDOUT, STDERR):
            return "answer" if fd == STDOUT else "stderr"
        with suppress(OSError):
            return self._name(Path(f"/proc/self/fd/{fd}").readlink())
        return "?"

    def _name(self, path: Any) -> str:
        """Within the rollout's folder, hashes cut short."""
        parts = Path(os.fsdecode(path)).parts
        if "rollouts" in parts:
            parts = parts[parts.index("rollouts") + 2 :] or ("rollout",)
        return "/".join(part if len(part) < 60 else part[:SHORT] for part in parts[-2:])


class Raw(io.RawIOBase):
    """A file descriptor that is written by os.write alone."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def write(self, data: Any) -> int:
        return os.write(self._fd, data)

    def close(self) -> None:
        if not self.closed and self._fd > STDERR:
            os.close(self._fd)
        super().close()
