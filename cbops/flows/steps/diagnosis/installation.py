"""What cbops itself runs on; nothing here can be wrong."""

from __future__ import annotations

from cbops.flows.steps.diagnosis.marking import Mark
from cbops.flows.steps.diagnosis.premises import Premises
from cbops.model.answers.doctor import DoctorCheck

_INSTALLED = Mark("installation", "cbops", "cbops")


def installation_check(premises: Premises) -> DoctorCheck:
    """Versions, and which optional parts are there."""
    there = [name for name, installed in premises.extras.items() if installed]
    absent = [name for name, installed in premises.extras.items() if not installed]
    told = f"with {' and '.join(there)}" if there else "without optional parts"
    more = f" (not installed: {', '.join(absent)})" if absent else ""
    versions = ", ".join(f"{name} {version}" for name, version in premises.versions.items())
    return _INSTALLED.ok(
        f"this is {versions}, {told}{more}", extras=dict(premises.extras), versions=dict(premises.versions)
    )
