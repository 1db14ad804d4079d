"""What is known against the pinned dependencies. What couldn't be looked up is unknown, and never counted as clean.

Run: python -m tools.audit [constraints.txt] (needs pip-audit: dependency group `audit`). Ends with 0 only where every pin
was looked up and nothing is known against it, 1 where something is, 2 where something is unknown.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")


@dataclass(frozen=True)
class Audit:
    """Names with versions: looked up and clean; known to be vulnerable (with ids); not looked up (with the reason)."""

    clean: tuple[str, ...]
    vulnerable: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def exit_status(self) -> int:
        """1 outranks 2."""
        return 1 if self.vulnerable else 2 if self.unknown else 0


def pins_of(text: str) -> dict[str, str]:
    """Name (normalised) → version."""
    return {_normal(name): version for name, version in _PIN.findall(text)}


def judged(pins: dict[str, str], answer: str) -> Audit:
    """What pip-audit's JSON says of each pin; a pin that it doesn't speak of, or an answer that is none, is unknown."""
    told: dict[str, tuple[str, str]] = {}
    try:
        lines = json.loads(answer)["dependencies"]
        for line in lines:
            name, version = _normal(line["name"]), line.get("version")
            ids = " ".join(each["id"] for each in line.get("vulns", ()))
            if "skip_reason" in line or version != pins.get(name):
                told[name] = ("unknown", str(line.get("skip_reason", "another version was looked up")))
            else:
                told[name] = ("vulnerable", ids) if ids else ("clean", "")
    except (ValueError, KeyError, TypeError, AttributeError):
        told = {}
    found: dict[str, list[str]] = {"clean": [], "vulnerable": [], "unknown": []}
    for name, version in pins.items():
        kind, why = told.get(name, ("unknown", "it was not looked up"))
        found[kind].append(f"{name} {version}{f': {why}' if why else ''}")
    return Audit(tuple(found["clean"]), tuple(found["vulnerable"]), tuple(found["unknown"]))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Print the audit, and end with its status."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "constraints.txt")
    words = [
        "--requirement",
        str(path),
        "--no-deps",
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    done = subprocess.run(  # noqa: S603 - fixed words
        [sys.executable, "-m", "pip_audit", *words], capture_output=True, text=True, check=False, timeout=600
    )
    audit = judged(pins_of(path.read_text(encoding="utf-8")), done.stdout)
    for each in audit.vulnerable:
        print(f"vulnerable: {each}")
    for each in audit.unknown:
        print(f"unknown: {each}")
    print(f"{len(audit.clean)} clean, {len(audit.vulnerable)} vulnerable, {len(audit.unknown)} unknown")
    sys.exit(audit.exit_status)


if __name__ == "__main__":
    main()
