"""Words: view models and Jinja templates.

Loading is lazy, so that the helpers of `cbops.render.text` cost no template engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cbops.render.engine import execution_log
    from cbops.render.log_builder import execution_log_view
    from cbops.render.log_view import ExecutionLogView

__all__ = ["ExecutionLogView", "execution_log", "execution_log_view"]

_HOMES = {
    "execution_log": "cbops.render.engine",
    "execution_log_view": "cbops.render.log_builder",
    "ExecutionLogView": "cbops.render.log_view",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'cbops.render' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
