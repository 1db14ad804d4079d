"""The benchmark's generator of rollouts, and the one that plays every request, as modules."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def loaded(path: Path) -> ModuleType:
    """A script, or a package beside the scripts."""
    name = path.parent.name if path.stem == "__init__" else path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


counted = loaded(ROOT / "benchmarks" / "counted" / "__init__.py")
requests = loaded(ROOT / "tests" / "data" / "worlds" / "make_world.py")
