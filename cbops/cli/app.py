"""From the words of the command line to an exit status."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from typer.main import get_command

from cbops import __version__
from cbops.cli.emit import Emitter, Presented, silence, streams
from cbops.cli.failure import failure_of
from cbops.cli.lazy import lazy
from cbops.cli.secrets import secrets_read
from cbops.cli.settings import Hoisted, hoist
from cbops.cli.table import TABLE, Located, locate, suggestions
from cbops.cli.tree import build
from cbops.cli.wiring import Surroundings, SystemClock
from cbops.errors import UsageError
from cbops.flows.outcome import Outcome

if TYPE_CHECKING:
    from cbops.flows.ports import Clock  # pydantic is not needed for help

COMPLETE = "_CBOPS_COMPLETE"
INTERRUPT = 130


def run(argv: Sequence[str], clock: Clock | None = None) -> int:
    """Run one command line, by the real time unless another `clock` is given; returns the exit status."""
    environ = os.environ
    into = streams()
    if COMPLETE in environ:
        return _complete(environ)
    hoisted = hoist(argv, environ)
    located = locate(hoisted.words)
    command = located.entry.words if located.entry else located.group or ""
    emitter = Emitter(
        hoisted.settings, into, command, environ.get("TERM"), shutil.get_terminal_size().columns
    )
    try:
        try:
            given = Surroundings(hoisted.settings, environ, clock or SystemClock())
            return _dispatch(hoisted, located, emitter, given)
        except BrokenPipeError:
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a bug is reported, not shown as a traceback
            return emitter.failure(failure_of(error, command, {**environ, **secrets_read()}))
    except BrokenPipeError:
        silence(into.out)  # whoever read stdout left, which is no one's mistake
        return 0
    except OSError as error:
        silence(into.out)  # what the command did stays done; only its answer is lost
        return emitter.unprintable(failure_of(error, command, {**environ, **secrets_read()}))


def _dispatch(hoisted: Hoisted, located: Located, emitter: Emitter, given: Surroundings) -> int:
    _check(hoisted, located)
    words = list(hoisted.words) or ["--help"]
    if words[0] == "--version":
        return emitter.named("version").answer(_version())
    # In JSON only the document may reach stdout, so what Typer prints (help) is caught and wrapped.
    caught = io.StringIO()
    with (
        contextlib.redirect_stdout(caught) if hoisted.settings.format == "json" else contextlib.nullcontext()
    ):
        app = build(located)
        _collect_again()
        result = _call(app, words, given)
    if isinstance(result, Outcome | Presented):
        emitter.streams.err.write(caught.getvalue())  # nothing stray gets between the reader and the document
        return emitter.answer(result)
    if hoisted.settings.format == "json":
        return emitter.named("help").answer(_help(emitter.command, caught.getvalue()))
    return result if isinstance(result, int) else 0


def _collect_again() -> None:
    """What `main` switched off while importing; what is imported by now stays for good."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        gc.enable()


def _call(app: typer.Typer, words: list[str], given: Surroundings) -> object:
    """What the command returned; for help it is an int."""
    try:
        result = get_command(app).main(args=words, prog_name="cbops", standalone_mode=False, obj=given)
    except SystemExit as error:  # Typer's answer to a closed stdout
        raise BrokenPipeError from error
    if result == INTERRUPT:  # Typer's answer to Ctrl-C
        raise KeyboardInterrupt
    return result


def _check(hoisted: Hoisted, located: Located) -> None:
    """UsageError for what can be told before any command is loaded."""
    if hoisted.problem:
        raise UsageError(hoisted.problem, hint="The global options: cbops --help")
    if located.unknown:
        near = suggestions(located)
        meant = f"Did you mean: {' or '.join('cbops ' + words for words in near)}? " if near else ""
        asked = f"{located.group} {located.unknown}" if located.group else located.unknown
        raise UsageError(
            f"there is no command '{asked}'",
            hint=f"{meant}All of them: cbops {located.group or ''}".rstrip() + " --help",
        )
    if located.group and not located.entry and "--help" not in hoisted.words:
        verbs = ", ".join(entry.name for entry in TABLE if entry.group == located.group)
        raise UsageError(
            f"cbops {located.group} needs a command: {verbs}", hint=f"See: cbops {located.group} --help"
        )
    if not hoisted.words and hoisted.settings.format == "json":
        raise UsageError("a command is needed", hint="See: cbops --help")


def _version() -> Outcome[Any]:
    answer = lazy("cbops.model.answers.usage", "VersionAnswer")
    return Outcome(data=answer(version=__version__), headline=f"cbops {__version__}", next_step="")


def _help(about: str, text: str) -> Outcome[Any]:
    answer = lazy("cbops.model.answers.usage", "HelpAnswer")
    return Outcome(data=answer(about=about, help=text), headline="", next_step="")


def _complete(environ: Mapping[str, str]) -> int:
    """Answer the shell: the words of the unfinished line say which command's options are needed."""
    line = environ.get("_TYPER_COMPLETE_ARGS") or environ.get("COMP_WORDS") or ""
    typed = tuple(line.split()[1:])
    located = locate(hoist(typed, environ).words)
    command = get_command(build(located, completing=True))
    words = located.entry.words if located.entry else located.group or ""
    lazy("cbops.cli.completing", "attach")(command, words.split(), typed)
    try:
        command.main(args=[], prog_name="cbops")
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    return 0
