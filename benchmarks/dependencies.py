"""The size on disk and the import time of each dependency; the table of docs/dependencies.md.

Run: python benchmarks/dependencies.py
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import time

# Distribution, and what cbops imports of it (nothing: only data).
USED = {
    "typer": "typer",
    "rich": "rich.console",
    "httpx": "httpx",
    "pydantic": "pydantic",
    "pyyaml": "yaml",
    "jinja2": "jinja2.sandbox",
    "filelock": "filelock",
    "prometheus-client": "prometheus_client.parser",
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
    "tzdata": "",
    "duckdb": "duckdb",
    "nanoarrow": "nanoarrow",
    "numpy": "numpy",
    "promql-parser": "promql_parser",
    "cryptography": "cryptography.hazmat.primitives.asymmetric.ed25519",
    "grafana-foundation-sdk": "grafana_foundation_sdk.builders.timeseries",
    "stamina": "stamina",
    "numba": "numba",
    "vl-convert-python": "vl_convert",
    "keyring": "keyring",
    "apprise": "apprise",
}


def installed_kb(name: str) -> int:
    """Kilobytes of its own files, without compiled bytecode."""
    found = importlib.metadata.distribution(name)
    paths = [found.locate_file(each) for each in found.files or () if "__pycache__" not in str(each)]
    return sum(path.stat().st_size for path in paths if path.is_file()) // 1024


def seconds(statement: str) -> float:
    """The fastest of nine fresh interpreters."""
    found = []
    for _ in range(9):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", statement], check=True)
        found.append(time.perf_counter() - begin)
    return min(found)


def main() -> None:
    empty = seconds("pass")
    print(f"Python {sys.version.split()[0]}; an empty interpreter takes {empty * 1000:.0f} ms")
    for name, module in USED.items():
        cost = f"{max(0.0, seconds(f'import {module}') - empty) * 1000:.0f} ms" if module else "–"
        print(f"{name:20} {importlib.metadata.version(name):10} {installed_kb(name):6,} KB {cost:>8}")


if __name__ == "__main__":
    main()
