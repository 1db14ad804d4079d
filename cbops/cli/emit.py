"""The only place that prints: outcomes and failures, as text or as one JSON document.

Text: the headline, the body and the next step go to stdout, warnings and errors to stderr. With
`--quiet` stdout is the headline alone (or the document that was asked for). JSON: stdout is exactly one
document. `ok` is true for exit 0, 10 and 20; a check that found problems (7) and work that was interrupted but found
something (130) have both `data` and `error`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TextIO

from cbops.cli.failure import Failure
from cbops.cli.lazy import lazy
from cbops.cli.legible import LEGIBLE
from cbops.cli.settings import Settings
from cbops.errors import ChecksFailedError, InterruptedByUserError
from cbops.flows.outcome import Outcome

if TYPE_CHECKING:
    from cbops.model.base import Frozen  # pydantic is not needed for help

SCHEMA = 1
GOOD = (0, 10, 20)

# Control characters, and those that reorder what is read; a tab is harmless.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

_BLOCKS = "·▁▂▃▄▅▆▇█░▒╵"


def plain(text: str) -> str:
    """One line without anything that a terminal would obey; what was there is shown as an escape."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def _written(document: dict[str, object]) -> str:
    """The document, indented; ASCII only, so that no encoding of stdout can spoil it."""
    data = document["data"]
    if data is not None:
        # Pydantic is there, and writes a long answer in a tenth of the time.
        with contextlib.suppress(ValueError):  # what is no Unicode, as a file's name may be
            made: bytes = lazy("pydantic_core", "to_json")(document, indent=2, inf_nan_mode="constants")
            if made.isascii() and b"NaN" not in made and b"Infinity" not in made:
                return made.decode()
    dump = getattr(data, "model_dump", None)
    if dump is not None:
        document = {**document, "data": dump(mode="json", by_alias=True)}
    return json.dumps(document, indent=2, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Screen:
    """What a presenter may use: columns, whether colour is wanted, and whether there are block characters."""

    width: int
    colour: bool
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class Presented:
    """An outcome with richer text than its body. The presenter runs only for text output; whatever
    comes from outside must go through `plain` in it, because its lines are printed as they are.
    """

    outcome: Outcome[Any]
    present: Callable[[Any, Screen], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Streams:
    """Where to print. Made once, before anything can replace sys.stdout."""

    out: TextIO
    err: TextIO


def streams() -> Streams:
    """Both, made safe: a character that the encoding lacks is replaced, a closed stream is silent."""
    return Streams(_safe(sys.stdout), _safe(sys.stderr))


def _safe(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed by whoever started us
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - lives as long as the process
    change = getattr(stream, "reconfigure", None)
    if callable(change):
        change(errors=LEGIBLE)
    return stream


def silence(stream: TextIO) -> None:
    """Nothing more can be written there; keep the interpreter from trying at its end."""
    with contextlib.suppress(OSError, ValueError):
        number = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)


def colour_wanted(stream: TextIO, settings: Settings, term: str | None) -> bool:
    """Only on a terminal that can, and when nobody said no."""
    return in_place(stream, term) and not settings.no_color


def in_place(stream: TextIO, term: str | None) -> bool:
    """Whether it is a terminal that can draw over what it shows."""
    return stream.isatty() and term not in ("dumb", "", None)


def has_blocks(stream: TextIO) -> bool:
    """Whether the stream's encoding knows the characters that pictures are drawn with."""
    try:
        _BLOCKS.encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Emitter:
    """Prints the answer of one command."""

    settings: Settings
    streams: Streams
    command: str
    term: str | None = None
    columns: int = 80

    def answer(self, answer: Outcome[Any] | Presented) -> int:
        """Print it; returns the exit status, also when whoever read stdout has left."""
        outcome = answer.outcome if isinstance(answer, Presented) else answer
        try:
            self._print(answer, outcome)
        except BrokenPipeError:
            silence(self.streams.out)
        return outcome.exit_status

    def _print(self, answer: Outcome[Any] | Presented, outcome: Outcome[Any]) -> None:
        if self.settings.format == "json":
            self._json_outcome(outcome)
            return
        for warning in outcome.warnings:
            self._err(f"warning: {plain(warning)}", "33")
        if outcome.document is not None:
            self.streams.out.write(outcome.document)
        else:
            self._words(answer)
        self.streams.out.flush()

    def failure(self, failure: Failure) -> int:
        """Print it; returns the exit status."""
        if self.settings.format == "json":
            error: dict[str, object] = {
                "code": failure.code,
                "message": failure.message,
                "hint": failure.hint,
            }
            if failure.details:
                error["details"] = list(failure.details)
            self._json(ok=False, data=None, warnings=(), error=error)
        else:
            self._err(f"error: {plain(failure.message)}", "31")
            self._err(f"hint: {plain(failure.hint)}")
            for line in failure.details:
                self._err(plain(line), fitted=False)
        if self.settings.verbose:
            for cause in failure.causes:
                self._err(f"cause: {plain(cause)}")
        return failure.exit_status

    def unprintable(self, failure: Failure) -> int:
        """Standard output refused the answer: say it on stderr, whatever the format."""
        self._err(f"error: the answer could not be printed: {plain(failure.message)}", "31")
        self._err(f"hint: {plain(failure.hint)}")
        return failure.exit_status

    def named(self, command: str) -> Emitter:
        """The same for another command."""
        return replace(self, command=command)

    def _words(self, answer: Outcome[Any] | Presented) -> None:
        outcome = answer.outcome if isinstance(answer, Presented) else answer
        self._out(self._bold(plain(outcome.headline)))
        if self.settings.quiet:
            return
        for line in self._body(answer):
            self._out(line)
        if outcome.next_step:
            self._out(f"next: {plain(outcome.next_step)}")

    def _body(self, answer: Outcome[Any] | Presented) -> Sequence[str]:
        if isinstance(answer, Presented):
            colour = colour_wanted(self.streams.out, self.settings, self.term)
            screen = Screen(self.columns, colour, has_blocks(self.streams.out))
            return answer.present(answer.outcome.data, screen)
        return tuple(plain(line) for line in answer.body)

    def _json_outcome(self, outcome: Outcome[Any]) -> None:
        ok = outcome.exit_status in GOOD
        error: dict[str, object] | None = None
        if not ok:
            why = (
                InterruptedByUserError
                if outcome.exit_status == InterruptedByUserError.exit_status
                else ChecksFailedError
            )
            error = {"code": why.code, "message": outcome.headline, "hint": outcome.next_step}
        self._json(ok=ok, data=outcome.data, warnings=outcome.warnings, error=error)

    def _json(
        self, *, ok: bool, data: Frozen | None, warnings: tuple[str, ...], error: dict[str, object] | None
    ) -> None:
        document = {
            "schema": SCHEMA,
            "command": self.command or "cbops",
            "ok": ok,
            "data": data,
            "warnings": list(warnings),
            "error": error,
        }
        self.streams.out.write(_written(document))
        self.streams.out.write("\n")
        self.streams.out.flush()

    def _bold(self, text: str) -> str:
        wanted = colour_wanted(self.streams.out, self.settings, self.term)
        return f"\x1b[1m{text}\x1b[0m" if wanted else text

    def _out(self, line: str) -> None:
        self.streams.out.write(self._fitted(line, self.streams.out) + "\n")

    def _fitted(self, line: str, stream: TextIO) -> str:
        """On a terminal a long line goes on under its own indentation; elsewhere lines stay whole."""
        if len(line) < self.columns or not stream.isatty():
            return line
        text = line.lstrip()
        indent = line[: len(line) - len(text)]
        return textwrap.fill(
            text,
            max(self.columns - 1, 20),
            initial_indent=indent,  # kept before a name that is longer than the line, too
            subsequent_indent=" " * (len(indent) + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _err(self, line: str, sgr: str | None = None, *, fitted: bool = True) -> None:
        """`fitted` false: the line is to be kept as it is, so it stays whole."""
        word, colon, rest = line.partition(":")
        if sgr and colour_wanted(self.streams.err, self.settings, self.term):
            line = f"\x1b[{sgr}m{word}{colon}\x1b[0m{rest}"
        try:
            self.streams.err.write((self._fitted(line, self.streams.err) if fitted else line) + "\n")
            self.streams.err.flush()
        except OSError:
            # Nobody can be told; the exit status still says it.
            return
