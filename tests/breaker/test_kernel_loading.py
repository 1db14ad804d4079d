"""When the compiler is loaded, and what happens where it can't be. Each case has a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from replaying import needs_compiler

ROOT = Path(__file__).parents[2]

WITHOUT = "import sys; sys.modules.update(numpy=None, numba=None)\n"
LONG = """
from array import array
from cbops.breaker import Trace, replay
from cbops.breaker.replay import REPAYS_LOADING as count
trace = Trace.from_columns(array("q", range(count)), array("q", [0]) * count, b"s" * (count - 2) + b"fs")
result = replay({"error_rate_threshold": 0.1, "failure_threshold": 1}, trace)
print(result.denied == [count - 1], len(result.transitions))
"""


def run(code: str, root: Path = ROOT, **environ: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=root,  # where Python looks first
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(root), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_short_replay_loads_neither_numpy_nor_numba():
    code = """
import sys
from cbops.breaker import Trace, replay
replay({}, Trace.from_columns([1, 2], [0, 0], "sf"))
print("numpy" in sys.modules, "numba" in sys.modules)
"""
    assert run(code) == ["False", "False"]


@needs_compiler
def test_a_long_replay_loads_the_compiler_and_a_short_one_after_it_uses_it():
    code = """
from cbops.breaker import compiled
print(compiled.loaded())
"""
    used = """
small = Trace.from_columns(range(1000), [0] * 1000, "s" * 1000)
replay({}, small)
print(compiled.loaded(), "merged" in vars(trace), "merged" in vars(small))
"""
    assert run(code + LONG + used) == ["False", "True", "1", "True", "True", "True"]


def test_without_the_extra_a_long_replay_is_interpreted():
    assert run(WITHOUT + LONG) == ["True", "1"]


def test_without_the_extra_asking_for_the_compiled_replay_names_it():
    code = """
from cbops.breaker import Replayer, compiled
from cbops.errors import InputError
try:
    Replayer({}, engine="compiled")
except InputError as error:
    print("cbops[fast]" in error.hint, compiled.loaded())
"""
    assert run(WITHOUT + code) == ["True", "False"]


@needs_compiler
@pytest.mark.parametrize("writable", [True, False])
def test_an_install_that_cannot_be_written_compiles_without_its_cache(tmp_path, writable):
    package = tmp_path / "cbops"
    shutil.copytree(ROOT / "cbops", package, ignore=shutil.ignore_patterns("__pycache__"))
    home = tmp_path / "home"
    if not writable:
        # Files where folders are wanted: that stops an administrator too.
        (package / "breaker" / "__pycache__").write_text("")
        home.write_text("")
    code = """
from cbops.breaker import Trace, replay
print(replay({}, Trace.from_rows([(0, 0, "f"), (1, 0, "s")]), engine="compiled").denied)
"""
    found = run(code, tmp_path, HOME=str(home), XDG_CACHE_HOME=str(home / "cache"))
    assert found == ["[1]"]
    assert bool(list(tmp_path.rglob("*.nbi"))) is writable
