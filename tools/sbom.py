"""What a release is made of, as CycloneDX has it, without the address of the registry that this machine installs from.

Run: python -m tools.sbom OUT (needs cyclonedx-bom: dependency group `audit`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_SOURCE = "distribution"  # of an external reference: where the package was, or would be, fetched from


def without_registries(document: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """The same document; no reference in it says where a package comes from."""
    if isinstance(document, list):
        return [without_registries(each) for each in document]
    if not isinstance(document, dict):
        return document
    kept = {name: without_registries(value) for name, value in document.items()}
    references = [each for each in kept.pop("externalReferences", []) if each.get("type") != _SOURCE]
    return {**kept, "externalReferences": references} if references else kept


def main() -> None:
    """Write it."""
    out = Path(sys.argv[1])
    words = ["requirements", "constraints.txt", "--pyproject", "pyproject.toml", "--output-reproducible"]
    done = subprocess.run(  # noqa: S603 - fixed words
        [sys.executable, "-m", "cyclonedx_py", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        sys.exit(done.stderr)
    out.parent.mkdir(parents=True, exist_ok=True)
    whole = without_registries(json.loads(done.stdout))
    out.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
