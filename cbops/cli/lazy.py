"""Late imports, in one place: a command imports only what it uses."""

from __future__ import annotations

import importlib
from typing import Any


def lazy(module: str, name: str) -> Any:  # noqa: ANN401 - the caller states the type that it expects
    """The object of that name, its module imported now; ImportError and AttributeError are bugs."""
    return getattr(importlib.import_module(module), name)
