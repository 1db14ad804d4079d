"""The entry point: signals first, everything else after, so that Ctrl-C is understood from the start."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import NoReturn

from cbops.cli.lazy import lazy


def main() -> NoReturn:
    """Run the command line and exit with its status (docs/commands.md)."""
    try:
        # SIGTERM like Ctrl-C: what is in flight gets to the end of its `finally`.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        # Imports make many objects and no garbage; looking for it would take a tenth of a short command.
        gc.disable()
        # Pydantic would ask every installed package for plugins: time for nothing, and code of others in here.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        status: int = lazy("cbops.cli.app", "run")(sys.argv[1:])
    except KeyboardInterrupt:
        # Before the command line was understood, or a second time while saying so.
        sys.stderr.write("error: interrupted\n")
        status = 130
    sys.exit(status)
