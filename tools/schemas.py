"""Write docs/schemas/ anew: python -m tools.schemas."""

from __future__ import annotations

import sys
from pathlib import Path

from cbops.cli.schemas import documents

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"


def main() -> None:
    """Write every schema, and remove those of commands that are no more."""
    made = documents()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.json"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(made)} schemas are in {FOLDER}\n")


if __name__ == "__main__":
    main()
