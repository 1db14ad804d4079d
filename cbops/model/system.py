"""The account that a command ran under; stands beside the name that a person gave with `--by`."""

from __future__ import annotations

from cbops.model.base import Frozen


class SystemUser(Frozen):
    """The operating system's user (the real one of the process) and the host's name."""

    user: str
    host: str

    @property
    def words(self) -> str:
        """`maya@build-7`."""
        return f"{self.user}@{self.host}"
