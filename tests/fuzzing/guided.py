"""Coverage-guided fuzzing of one parser with atheris, which finds its way through the branches by itself.

Run: python tests/fuzzing/guided.py NAME --cases N (the names are those of boundaries.py). Each name is a process of its
own; atheris comes with the dependency group `fuzz`, where it can be installed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import atheris

with atheris.instrument_imports(include=["cbops"]):
    from boundaries import BOUNDARIES, run


def main() -> None:
    name, _, cases = sys.argv[1:4]
    boundary = next(one for one in BOUNDARIES if one.name == name)
    work = Path(tempfile.mkdtemp())
    corpus = Path(tempfile.mkdtemp())
    for number, raw in enumerate(boundary.good):
        (corpus / str(number)).write_bytes(raw)
    words = [sys.argv[0], f"-runs={cases}", "-timeout=20", "-max_len=4096", "-verbosity=0", str(corpus)]
    atheris.Setup(words, lambda raw: run(boundary, raw, work))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
