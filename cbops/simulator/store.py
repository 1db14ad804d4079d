"""Policies with all their versions, in memory or in a file that survives the server."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator

from cbops.errors import InputError, PolicyError, StorageError
from cbops.model.base import Frozen, JsonObject
from cbops.model.policy import parse_version


class StoredVersion(Frozen):
    """One version; times are ISO 8601 in UTC."""

    version: str
    document: JsonObject
    created_at: str
    created_by: str
    comment: str | None = None


class StoredPolicy(Frozen):
    """One policy: its versions in order of writing, which one is live, and when that last changed.

    `armed`: the version that the next reload makes live, null when that is the live one.
    """

    tenant: str
    policy: str
    versions: tuple[StoredVersion, ...]
    active: str
    updated_at: str
    armed: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for each in self.versions:
            parse_version(each.version)
        if self.find(self.active) is None:
            raise ValueError("the live version is missing")
        if self.armed is not None and self.find(self.armed) is None:
            raise ValueError("the version to be taken up is missing")
        return self

    @property
    def etag(self) -> str:
        """The entity tag of its state: every change gives it another one."""
        said = f"{len(self.versions)}/{self.active}/{self.armed}/{self.updated_at}"
        return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'

    def find(self, version: str) -> StoredVersion | None:
        """The version of that number."""
        return next((each for each in self.versions if each.version == version), None)

    @property
    def live(self) -> StoredVersion:
        """The version that requests follow."""
        return next(each for each in self.versions if each.version == self.active)

    def reloaded(self) -> StoredPolicy:
        """The same after a reload: what was armed is live."""
        return self if self.armed is None else self.model_copy(update={"active": self.armed, "armed": None})

    @property
    def latest(self) -> StoredVersion:
        """The highest version, which need not be the live one."""
        return max(self.versions, key=lambda each: parse_version(each.version))


class StoredRouter(Frozen):
    """What the state file holds; times are ms since the epoch, `start_ms` is where the scenario began."""

    schema_version: int = 1
    scenario: str
    start_ms: int
    now_ms: int
    policies: tuple[StoredPolicy, ...]


@dataclass(frozen=True, slots=True)
class StateFile:
    """A state file: read once, then replaced as a whole, so that it is never half written."""

    path: Path

    def read(self, scenario: str) -> StoredRouter | None:
        """What was stored, None where there is no file yet.

        InputError when it isn't a state file or is another scenario's, StorageError when it can't be read.
        """
        try:
            stored = StoredRouter.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(self.path, error) from error
        except (ValidationError, PolicyError) as error:
            raise InputError(
                f"{self.path} is not a state file of the practice router",
                hint="Name another file, or move this one away.",
            ) from error
        if stored.scenario != scenario:
            raise InputError(
                f"{self.path} holds scenario '{stored.scenario}', not '{scenario}'",
                hint=f"Start with --scenario {stored.scenario}, or name another file.",
            )
        return stored

    def write(self, stored: StoredRouter) -> None:
        """Replace the file; StorageError when the disk refuses, and then the old one is whole."""
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("w", encoding="utf-8") as out:
                json.dump(stored.model_dump(mode="json"), out, indent=1)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(self.path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise _refused(self.path, error) from error


def _refused(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path}: {error.strerror or error}",
        hint="Check the folder, its permissions and the space on the disk.",
    )
