"""The work folder that a demo leaves: configuration and tenants of the practice router."""

from __future__ import annotations

from pathlib import Path

import yaml

from cbops.errors import InputError, StorageError
from cbops.model.config import Config, MetricsConfig
from cbops.model.tenant import TenantsFile

BASELINE_DAYS = 3
STORE = "samples.db"
STATE = "router.json"

CONFIG = f"""\
# Written by 'cbops demo'. The practice router goes on from where the demo ended with:
#   CBOPS_ADMIN_TOKEN=practice cbops sim serve --clock virtual --state {STATE}
version: 1
router: {{admin_url: "http://127.0.0.1:8080"}}
metrics: {{source: embedded, path: {STORE}}}
tenants: tenants.yaml
rollouts: rollouts
timezone: UTC
baseline_days: {BASELINE_DAYS}
"""


def demo_config(admin_url: str) -> Config:
    """What cbops.yaml says, with the address that the practice router has during the demo."""
    config = Config(metrics=MetricsConfig(source="embedded", path=STORE), baseline_days=BASELINE_DAYS)
    return config.model_copy(update={"router": config.router.model_copy(update={"admin_url": admin_url})})


def prepare(folder: Path, tenants: TenantsFile) -> None:
    """Make the work folder; InputError when something is in it already, StorageError when it can't be made."""
    try:
        if folder.exists() and any(folder.iterdir()):
            raise InputError(
                f"{folder} is not empty, and the demo overwrites nothing",
                hint="Name another folder (--dir DIR), or remove that one.",
            )
        (folder / "rollouts").mkdir(parents=True, exist_ok=True)
        (folder / "cbops.yaml").write_text(CONFIG, encoding="utf-8")
        (folder / "tenants.yaml").write_text(
            yaml.safe_dump(tenants.model_dump(mode="json"), sort_keys=False), encoding="utf-8"
        )
    except OSError as error:
        raise StorageError(
            f"{folder} can't be used: {error.strerror}", hint="Name another folder: --dir DIR"
        ) from error
